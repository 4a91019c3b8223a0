"""The usage log of one process: what it writes, and what guards may read of it and of every other process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append, append_once_decided
from r1plan.ledger.months import month_before, month_log, month_logs, month_span

# What reads rows is imported when a guard wants them: an answer from here needs none.
if TYPE_CHECKING:
    from r1plan.ledger.month_sum import MonthSpending, MonthSum
    from r1plan.ledger.requests import LoggedRequest


class UsageLog:
    """The monthly files in `logs`. With `writes` False nothing is written: the rows of this process stay in memory.

    So guards still know what this process has asked, and nobody else does.
    """

    def __init__(self, logs: Path, *, writes: bool = True) -> None:
        self._logs = logs
        self._writes = writes
        self._unwritten: list[LoggedRequest] = []

    @property
    def writes(self) -> bool:
        """Whether later runs will find the rows."""
        return self._writes

    def append(self, entry: UsageEntry) -> Path | None:
        """Write a row and say where; None when it only stays in memory. Raises LogError."""
        if self._writes:
            return append(entry, self._logs)
        from r1plan.ledger.requests import of_entry

        self._unwritten.append(of_entry(entry))
        return None

    def recent(self) -> list[LoggedRequest]:
        """The last requests of every process, a few hundred at least where there are as many."""
        from r1plan.ledger.requests import by_request, last_rows

        return by_request([*last_rows(self._logs), *self._unwritten])

    def this_month(self, at: datetime) -> MonthSpending:
        """What counts in the UTC month of `at`. Raises LogError."""
        from r1plan.ledger.sum_file import keep_sum, unlocked_sum

        log = month_log(self._logs, at)
        try:
            if self._writes:
                for each in (log, *self._others(log, at)):
                    keep_sum(each)
            return self._spending(log, at, unlocked_sum(log))
        except OSError as error:
            raise LogError(
                f"the usage log in {self._logs} cannot be read: {error.strerror or error}.",
                "the monthly budgets of budgets.yaml are kept by it; nothing was sent.",
            ) from error

    def append_once_decided(
        self, at: datetime, decide: Callable[[MonthSpending], UsageEntry]
    ) -> tuple[UsageEntry, Path | None]:
        """Write the row that `decide` makes of what counts in this UTC month. No other process writes one in between.

        What `decide` raises goes through, and nothing is written then. Raises LogError.
        """
        if not self._writes:
            from r1plan.ledger.requests import of_entry

            entry = decide(self.this_month(at))
            self._unwritten.append(of_entry(entry))
            return entry, None
        from r1plan.ledger.sum_file import keep_sum, locked_sum, prepared

        log = month_log(self._logs, at)

        def decided(descriptor: int) -> UsageEntry:
            return decide(self._spending(log, at, locked_sum(log, descriptor, ready)))

        ready = None
        with suppress(OSError):  # what is wrong is said where the row is written
            for each in self._others(log, at):
                keep_sum(each)
            ready = prepared(log)
        return append_once_decided(at, decided, self._logs)

    def _others(self, log: Path, at: datetime) -> tuple[Path, ...]:
        """The file of the month before that of `log`, and those of all later ones."""
        later = (each for each in month_logs(self._logs) if each.name > log.name)
        return month_before(self._logs, at), *later

    def _spending(self, log: Path, at: datetime, this: MonthSum | None) -> MonthSpending:
        """What counts in the month of `at`, of whose file `log` `this` is the sum. Raises OSError."""
        from r1plan.ledger.month_sum import MonthSum, spending
        from r1plan.ledger.sum_file import unlocked_sum

        before, *later = (unlocked_sum(each) for each in self._others(log, at))
        span = month_span(at)
        found = spending(this or MonthSum(*span), before, [each for each in later if each is not None])
        if not self._unwritten:
            return found
        own = MonthSum(*span)
        own.add_on(self._unwritten)
        return found.with_sum(own)
