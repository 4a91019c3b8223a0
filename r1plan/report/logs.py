"""Which files a report reads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from os.path import realpath
from pathlib import Path

from r1plan.errors import LogError
from r1plan.ledger.months import LONGEST_REQUEST, month_logs, month_of
from r1plan.report.period import Period

_LOGS = "give usage logs (*.jsonl) or a folder that holds them"
_STDIN = "standard input is /dev/stdin here"
_LOG = re.compile(r".*[.]jsonl([.](gz|zst|bz2|xz|zip|lz4))?", re.DOTALL)


def given_logs(paths: Iterable[Path]) -> list[Path]:
    """The files of `paths`, each once, folders standing for the `*.jsonl` in them, in order of name.

    Compressed ones of a folder are among them, so that who reads names them. Raises LogError when a path does not
    exist, or a folder holds no log.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = _logs_in(path)
        elif path.exists():
            inside = [path]
        else:
            raise LogError(f"{path} does not exist.", _STDIN if str(path) == "-" else _LOGS)
        for each in inside:
            found.setdefault(realpath(each), each)
    return list(found.values())


def _logs_in(folder: Path) -> list[Path]:
    """What is no file among them is named by who reads it."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise LogError(f"the folder {folder} cannot be read: {error.strerror}.", _LOGS) from error
    found = [folder / name for name in names if _LOG.fullmatch(name)]
    if not found:
        raise LogError(f"the folder {folder} holds no usage log.", _LOGS)
    return found


def monthly_logs(folder: Path, period: Period) -> list[Path]:
    """The files of `folder` that can hold rows of requests of `period`, each named after a UTC month.

    The row at a request's end is in the month of its end. One that began in the period's last minutes has its end in
    the month after it: without that file it would look as if it had not ended.
    """
    first = month_of(period.start) if period.start else ""
    last = month_of(period.until + LONGEST_REQUEST) if period.until else "9999-99"
    return [path for path in month_logs(folder) if first <= path.stem <= last]
