"""Which of our own monthly logs a report reads."""

from __future__ import annotations

from pathlib import Path

from r1plan.ledger.months import LONGEST_REQUEST, month_logs, month_of
from r1plan.report.period import Period


def monthly_logs(folder: Path, period: Period) -> list[Path]:
    """The files of `folder` that can hold rows of requests of `period`, each named after a UTC month.

    The row at a request's end is in the month of its end. One that began in the period's last minutes has its end in
    the month after it: without that file it would look as if it had not ended.
    """
    first = month_of(period.start) if period.start else ""
    last = month_of(period.until + LONGEST_REQUEST) if period.until else "9999-99"
    return [path for path in month_logs(folder) if first <= path.stem <= last]
