"""Bytes of a file at an offset, from this disk. `models/hub/files.py` has the same over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from r1plan.errors import EngineError
from r1plan.files.plain import opened_plain


class Source(Protocol):
    """A file of known size, of which parts are read. `name` is for messages and for the names of its other shards."""

    name: str
    size_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`, fewer only at the end. Raises R1PlanError."""
        ...

    def sibling(self, name: str) -> Source:
        """Another file of the same folder. Raises R1PlanError when there is none."""
        ...


class LocalFile:
    """A file on this disk. Raises EngineError when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        try:
            if not path.is_file():
                what = "is a folder" if path.is_dir() else "is not there" if not path.exists() else "is no plain file"
                raise EngineError(f"{path} {what}.", "give a .gguf file, its first shard, or hf:OWNER/REPO/FILE")
            self.size_bytes = path.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""
        try:
            with opened_plain(self._path) as file:
                file.seek(offset)
                return file.read(count)
        except OSError as error:
            raise self._unreadable(error) from error

    def sibling(self, name: str) -> LocalFile:
        """Another file of the same folder."""
        return LocalFile(self._path.with_name(name))

    def _unreadable(self, error: OSError) -> EngineError:
        return EngineError(f"cannot read {self._path}: {error.strerror or error}.", "check the path and its rights")
