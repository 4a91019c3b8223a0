"""Bytes of a file at an offset, from this disk. `models/hub/files.py` has the same over HTTP."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from r1plan.errors import EngineError
from r1plan.files.plain import opened_plain

_GIVE = "give a .gguf file, its first shard, or hf:OWNER/REPO/FILE"


class Source(Protocol):
    """A file of known size, of which parts are read. `name` is for messages and for the names of its other shards."""

    name: str
    size_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`, fewer only at the end. Raises R1PlanError."""
        ...

    def has_sibling(self, name: str) -> bool:
        """Whether another file of the same folder is known to be there, or nobody can say. Raises R1PlanError."""
        ...

    def sibling(self, name: str) -> Source:
        """Another file of the same folder. Raises R1PlanError when there is none."""
        ...


_MOST_NAMED = 6
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


def _no_file(path: Path) -> EngineError:
    """The error for a path that is no file: what it is, and which model files are there."""
    if path.is_dir():
        held = models_in(path)
        if held:
            return EngineError(f"{path} is a folder.", f"name a file in it: {few(held)}")
        checkpoint = any(path.glob("*.safetensors"))
        what = "a checkpoint of safetensors and no .gguf" if checkpoint else "no .gguf"
        hint = "--engine vllm plans for checkpoints, by the model's name" if checkpoint else _GIVE
        return EngineError(f"{path} is a folder that holds {what}.", hint)
    if path.exists():
        return EngineError(f"{path} is no plain file.", _GIVE)
    beside = models_in(path.parent) if path.parent.is_dir() else []
    by_stem = {name[: -len(".gguf")]: name for name in beside}
    near = get_close_matches(path.stem, by_stem, n=1)
    return EngineError(f"{path} is not there.", f"did you mean {path.with_name(by_stem[near[0]])}?" if near else _GIVE)


def models_in(folder: Path) -> list[str]:
    """The model files in a folder by name, of shards the first."""
    try:
        names = sorted(each.name for each in folder.iterdir() if each.name.casefold().endswith(".gguf"))
    except OSError:
        return []
    return [name for name in names if not _LATER_SHARD.search(name)] or names


def few(names: list[str]) -> str:
    """Some names, with how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


class LocalFile:
    """A file on this disk. Raises EngineError when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        try:
            if not path.is_file():
                raise _no_file(path)
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

    def has_sibling(self, name: str) -> bool:
        """Whether another file of the same folder is there."""
        return self._path.with_name(name).exists()

    def sibling(self, name: str) -> LocalFile:
        """Another file of the same folder."""
        return LocalFile(self._path.with_name(name))

    def _unreadable(self, error: OSError) -> EngineError:
        return EngineError(f"cannot read {self._path}: {error.strerror or error}.", "check the path and its rights")
