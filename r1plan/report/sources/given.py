"""Which files a report reads of the paths, folders, patterns and addresses that somebody gave it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import iglob
from os.path import realpath
from pathlib import Path
from urllib.parse import urlsplit

from r1plan.errors import LogError, UsageError

STDIN = Path("/dev/stdin")
_LOGS = "give usage logs, exports of other tools, or a folder that holds them"
_TEXT = r"jsonl|ndjson|json|csv|tsv"
_PACKED = r"([.](gz|zst|zstd|bz2|xz|lz4))?"
# What some importer may read: texts, also compressed, and files that compress themselves.
_NAME = re.compile(rf".*[.](({_TEXT}){_PACKED}|parquet|db|sqlite|sqlite3|zip|tar{_PACKED}|t[gbx]z|tzst)", re.S | re.I)
_ARCHIVE = re.compile(rf".*[.](zip|tar{_PACKED}|t[gbx]z|tzst)", re.S | re.I)
# One stroke too: Path takes the other away.
_REMOTE = re.compile(r"(https?|s3):/{1,2}", re.I)
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class LogAddress:
    """A file at an address, `https://` or `s3://`, or `http://` on this machine."""

    url: str

    def __str__(self) -> str:
        """The address without what may be a key: a query, a fragment, a name and password."""
        if self.url.startswith("s3:"):
            return self.url  # a key of an object may hold any of these
        found = urlsplit(self.url)
        return f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"


Given = Path | LogAddress


def given_files(paths: Iterable[str | Path]) -> list[Given]:
    """The files of `paths`, each once: of a folder what may be a log or an export, in it and below, in order of name.

    "-" is standard input; a path that is not there and has `*`, `?` or `[` in it is a pattern, `**` any folders. So are
    `s3://` ones, and one that ends in a stroke is a folder there: the bucket is asked what it has.
    Raises LogError when a path does not exist, or a folder or pattern has no file, and UsageError for an address that
    nobody may be asked over.
    """
    found: dict[str, Given] = {}
    for path in paths:
        for each in _inside(str(path)):
            found.setdefault(each.url if isinstance(each, LogAddress) else realpath(each), each)
    return list(found.values())


def may_be_read(name: str) -> bool:
    """Whether a file of this name in a folder or an archive may be a log or an export."""
    return _NAME.fullmatch(name) is not None and not name.startswith("._")


def is_archive(name: str) -> bool:
    """Whether a file of this name is one of several files."""
    return _ARCHIVE.fullmatch(name) is not None


def _inside(text: str) -> Sequence[Given]:
    if _REMOTE.match(text):
        return _remote(text)
    path = STDIN if text == "-" else Path(text)
    if path.is_dir():
        return list(_of_folder(path))
    if os.path.lexists(path):
        return [path]
    if re.search(r"[*?\[]", text):
        return _of_pattern(text)
    raise LogError(f"{text} does not exist.", _LOGS)


def _remote(text: str) -> Sequence[LogAddress]:
    url = _REMOTE.sub(lambda scheme: f"{scheme[1].lower()}://", text)
    if url.startswith("s3:") and url != "s3://":
        from r1plan.report.sources.object_store import objects

        return [LogAddress(each) for each in objects(url, may_be_read)]
    host = urlsplit(url).hostname
    if not host:
        raise UsageError(f"{text} names no host.", "write it as https://HOST/FILE or s3://BUCKET/FILE")
    remote = LogAddress(url)
    if url.startswith("http:") and host not in _HERE:
        raise UsageError(f"{remote} would be read unprotected.", "give it as https://")
    return [remote]


def _of_folder(folder: Path) -> Iterator[Path]:
    """What is no file among them is named by who reads it. What begins with a dot below `folder` is left alone."""
    try:
        found = [folder / name for name in sorted(_names(folder))]
    except OSError as error:
        where = error.filename or folder
        raise LogError(f"the folder {where} cannot be read: {error.strerror}.", _LOGS) from error
    if not found:
        raise LogError(f"the folder {folder} holds no usage log.", _LOGS)
    yield from found


def _names(folder: Path) -> Iterator[str]:
    def stop(error: OSError) -> None:
        if error.filename == os.fspath(folder):
            raise error
        closed.append(error.filename)  # it is named as a folder that is no log

    closed: list[str] = []
    for where, folders, files in os.walk(folder, onerror=stop):
        # A folder that is named as a log is told, and not looked into.
        logs = [name for name in folders if name.endswith(".jsonl")]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in logs)
        yield from (os.path.relpath(os.path.join(where, name), folder) for name in (*files, *logs) if may_be_read(name))  # noqa: PTH118
    yield from (os.path.relpath(name, folder) for name in closed)


def _of_pattern(pattern: str) -> Sequence[Given]:
    found: list[Given] = []
    # Path.glob takes no pattern that begins at the root.
    for name in sorted(iglob(pattern, recursive=True)):  # noqa: PTH207
        path = Path(name)
        if not path.is_dir():
            found.append(path)
    if not found:
        raise LogError(f"no file matches {pattern}.", _LOGS)
    return found
