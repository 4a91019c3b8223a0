"""A report of logs that are closed, kept in the cache for whoever asks the same again: whatever their size, at once.

It is only ever faster. It is told by all that it is made of: the question, the catalogue, our code, and of each log its
name, size, times and how it begins and ends. Where any of it differs, or what is kept is damaged or not ours alone, the
logs are read. It is JSON, read into the values' own types and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from r1plan import __version__
from r1plan.files.private import read_private, write_private
from r1plan.report.findings.finding import FindingKind, SpendFinding
from r1plan.report.sources.given import Given
from r1plan.report.spend import SpendReport
from r1plan.report.store.stamp import file_stamp, folder_stamp
from r1plan.settings import catalog_folders, directories

# A log that changed this lately may change again.
_SETTLED = timedelta(minutes=1)
# Of an open period: no clock is so wrong that a request of then is one that may still end.
_OVER = timedelta(days=2)
_MOST_BYTES, _MOST_REPORTS = 8 << 20, 64
_CODE = Path(__file__).resolve().parents[2]
_CODE_FOLDERS = ("report", "prices", "ledger", "catalog", "cli/spend")


def kept_report(
    question: str, logs: Sequence[Given], now: datetime, build: Callable[[], SpendReport], most: int = _MOST_REPORTS
) -> SpendReport:
    """What `build` makes of `logs`, or what it made of them before where they are the same still and are closed.

    `question` is all else that the report depends on, but for the catalogue and `now`, which changes nothing in a
    report of a period that is over. At most the `most` last reports are kept.
    """
    stamp = _stamp(question, logs, now)
    if stamp is None:
        return build()
    from msgspec import MsgspecError

    wrong = (MsgspecError, TypeError, KeyError, ValueError, OverflowError, RecursionError)
    name = f"{sha256(os.fsencode(question + str(_names(logs)))).hexdigest()[:32]}.json"
    folder = directories().cache / "reports"
    with suppress(OSError, *wrong):
        content = read_private(folder, name)
        if content.startswith(stamp):
            return _decoded(memoryview(content)[len(stamp) :])
    report = build()
    if not _is_over(report, now) or _stamp(question, logs, now) != stamp:
        return report
    with suppress(OSError, *wrong):
        content = _encoded(report)
        if len(content) <= _MOST_BYTES and _decoded(memoryview(content)) == report:
            write_private(folder, name, stamp + content)
            _keep_last(folder, most)
    return report


def _encoded(report: SpendReport) -> bytes:
    """`report` as JSON: what stands out in it by its kind, as each kind has fields of its own."""
    from msgspec.json import encode

    return encode((replace(report, findings=()), [(each.kind, each) for each in report.findings]))


def _decoded(content: memoryview) -> SpendReport:
    from msgspec import Raw
    from msgspec.json import Decoder, decode

    report, findings = Decoder(tuple[SpendReport, list[tuple[FindingKind, Raw]]]).decode(content)
    if findings:
        # Its modules define the kinds.
        import r1plan.report.findings.gather  # noqa: F401
    kinds = {each.kind: each for each in SpendFinding.__subclasses__()}
    return replace(report, findings=tuple(decode(each, type=kinds[kind]) for kind, each in findings))


def _is_over(report: SpendReport, now: datetime) -> bool:
    until = report.period.until
    if until is not None:
        return until <= now
    return report.last_at is None or report.last_at < now - _OVER


def _names(logs: Sequence[Given]) -> list[str]:
    return [str(each) for each in logs]


def _stamp(question: str, logs: Sequence[Given], now: datetime) -> bytes | None:
    """What the report depends on; None where a log is no plain file, or one that changed a moment ago."""
    lately_ns = int((now - _SETTLED).timestamp()) * 10**9
    found = sha256(os.fsencode(f"{__version__}\n{question}\n"))
    code = (_CODE / name for name in _CODE_FOLDERS)
    try:
        for line in folder_stamp((*code, *catalog_folders("pricing"), *catalog_folders("profiles"))):
            found.update(line)
        for log in logs:
            stamp = file_stamp(log, lately_ns) if isinstance(log, Path) else None
            if stamp is None:
                return None
            found.update(stamp)
    except OSError:
        return None
    return found.hexdigest().encode() + b"\n"


def _keep_last(folder: Path, most: int) -> None:
    """Remove all but the `most` reports of `folder` that were kept last."""
    with os.scandir(folder) as found:
        kept = sorted((each.stat().st_mtime_ns, each.path) for each in found if each.name.endswith(".json"))
    for _, path in kept[: max(0, len(kept) - most)]:
        Path(path).unlink()
