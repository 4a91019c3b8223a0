"""The rows of a large log as Parquet, in a folder of our own: another question over the same log reads no JSON again.

They are only ever faster. Beside them stands what they were made of: our code, and of the log its name, size, times and
how it begins and ends. Where any of it differs, or the rows are damaged or not ours alone, the log is read.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from r1plan import __version__
from r1plan.files.private import private_digest, private_folder, read_private, write_private
from r1plan.report.log_source import LogSource
from r1plan.report.spend import ReportWarning
from r1plan.report.store.stamp import file_stamp, folder_stamp

_CODE = Path(__file__).resolve().parents[2]
_CODE_FOLDERS = ("report", "ledger")
_MOST_BYTES, _MOST_WARNINGS = 2 << 30, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLog:
    """What was kept of a log: the `rows`, a file of this `digest`, and the `warnings` about its lines."""

    rows: str
    digest: str
    warnings: tuple[ReportWarning, ...]


class KeptRows:
    """The rows that are kept in `folder`, `most_bytes` of them at most."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._stamps: dict[Path, str] = {}
        self._found: dict[Path, tuple[Path, KeptLog]] = {}
        self._code: bytes | None = None

    def found(self, source: LogSource) -> tuple[Path, tuple[ReportWarning, ...]] | None:
        """The rows of `source` and the warnings about its lines; None where they have to be read."""
        if source.file not in self._found and (kept := self._read(source)) is not None:
            self._found[source.file] = self._folder / kept.rows, kept
        if source.file not in self._found:
            return None
        path, kept = self._found[source.file]
        return path, tuple(replace(each, file=source.name) for each in kept.warnings)

    def _read(self, source: LogSource) -> KeptLog | None:
        from msgspec import MsgspecError
        from msgspec.json import decode

        stamp = self._stamp(source)
        if stamp is None:
            return None
        with suppress(OSError, MsgspecError, ValueError):
            kept = decode(read_private(self._folder, f"{stamp}.json"), type=KeptLog)
            if private_digest(self._folder, kept.rows) == kept.digest:
                os.utime(self._folder / kept.rows)  # it is used, and goes after others
                return kept
        return None

    def place(self, source: LogSource) -> Path | None:
        """Where rows of `source` may be written, to be kept; None where none are kept of it."""
        stamp = self._stamp(source)
        if stamp is None:
            return None
        try:
            private_folder(self._folder)
        except OSError:
            return None
        return self._folder / f"{stamp}.{os.urandom(4).hex()}.parquet"

    def keep(self, source: LogSource, rows: Path, warnings: tuple[ReportWarning, ...]) -> bool:
        """Keep `rows`, which stand at their `place`, where `source` is still what it was before it was read."""
        from msgspec.json import encode

        stamp = self._stamps.pop(source.file, None)
        if stamp is None or stamp != self._stamp(source) or len(warnings) > _MOST_WARNINGS:
            return False
        try:
            rows.chmod(0o600)
            kept = KeptLog(rows=rows.name, digest=private_digest(self._folder, rows.name), warnings=warnings)
            write_private(self._folder, f"{stamp}.json", encode(kept))
        except OSError:
            return False
        self._keep_last()
        return True

    def _stamp(self, source: LogSource) -> str | None:
        """What the rows of `source` depend on; None for what is not the log itself, such as a copy of a pipe."""
        if str(source.file) != source.name:
            return None
        if source.file not in self._stamps:
            try:
                stamp = file_stamp(source.file)
                if stamp is None:
                    return None
                if self._code is None:
                    self._code = b"".join(folder_stamp(_CODE / name for name in _CODE_FOLDERS))
            except OSError:
                return None
            self._stamps[source.file] = sha256(__version__.encode() + self._code + stamp).hexdigest()[:32]
        return self._stamps[source.file]

    def _keep_last(self) -> None:
        """Remove the rows used least lately, those that nobody finds any more too, where there is too much."""
        with suppress(OSError):
            left = self._most_bytes
            with os.scandir(self._folder) as found:
                rows = [(each.stat(), each.path) for each in found if each.name.endswith(".parquet")]
            sizes = sorted(((status.st_mtime_ns, status.st_size, path) for status, path in rows), reverse=True)
            for _, size, path in sizes:
                left -= size
                if left < 0:
                    gone = Path(path)
                    gone.unlink()
                    gone.with_name(gone.name.partition(".")[0] + ".json").unlink(missing_ok=True)
