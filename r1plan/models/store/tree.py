"""The files below a store's folder: bounded in number and depth, and never out of the store.

Folders that are links are not entered, so that no loop and no other disk is; but the store's folder itself, and those
that every store of its kind has, may have been moved and linked to. A link to a file counts where it leads to a file of
the store itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MOST_ENTRIES = 200_000
_MOST_DEPTH = 16


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file as it is named, and `real`, where its bytes lie; None: at a link that leads out of the store or nowhere.

    `is_outside` tells the two apart. `bytes` and `modified_s` are 0 without them.
    """

    path: Path
    real: Path | None
    bytes: int = 0
    modified_s: float = 0.0
    is_outside: bool = False


@dataclass(slots=True)
class StoreTree:
    """A look through the tree at `root`. `ended` says when to stop; `unreadable` are the folders that were not read."""

    root: Path
    ended: Callable[[], bool]
    most_entries: int = MOST_ENTRIES
    unreadable: list[Path] = field(default_factory=list)
    is_cut_short: bool = False
    _seen: int = 0

    def files(self, below: Path | None = None) -> Iterator[TreeFile]:
        """All files at and below `below`, by default the root, in the order of their names."""
        inside = self._inside()
        pending = [(self.root if below is None else below, 0)]
        while pending:
            folder, depth = pending.pop()
            entries = self._entries(folder)
            deeper = []
            for entry in entries:
                if self._is_enough():
                    return
                if _is_folder(entry):
                    if depth < _MOST_DEPTH:
                        deeper.append((folder / entry.name, depth + 1))
                    continue
                found = _file(folder / entry.name, inside)
                if found is not None:
                    yield found
            pending.extend(reversed(deeper))

    def folders(self) -> list[Path]:
        """The folders directly in the store, those that are links left out, in the order of their names."""
        return [self.root / each.name for each in self._entries(self.root) if _is_folder(each)]

    def file(self, path: Path) -> TreeFile | None:
        """What is at `path`; None where there is nothing, or no plain file."""
        return _file(path, self._inside()) if os.path.lexists(path) else None

    def _inside(self) -> tuple[str, ...]:
        """What a link may lead to: the store, and a folder of blobs that was moved and linked to."""
        tops = (self.root, self.root / "blobs")
        return tuple({f"{os.path.realpath(each)}{os.sep}" for each in tops if each.is_dir()})

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                entries = []
                for entry in found:
                    if self._is_enough():
                        break
                    self._seen += 1
                    entries.append(entry)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:
            self.unreadable.append(folder)
            return []
        return sorted(entries, key=lambda each: each.name)

    def _is_enough(self) -> bool:
        if self._seen >= self.most_entries or self.ended():
            self.is_cut_short = True
        return self.is_cut_short


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _file(path: Path, inside: tuple[str, ...]) -> TreeFile | None:
    """The plain file at `path`; None for a pipe, a socket, a link to a folder and what cannot be looked at."""
    try:
        status = os.lstat(path)
        if not stat.S_ISLNK(status.st_mode):
            return TreeFile(path, path, status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else None
        real = os.path.realpath(path)
        if not real.startswith(inside):
            return TreeFile(path, None, is_outside=True)
        status = os.lstat(real)
    except FileNotFoundError:
        return TreeFile(path, None)
    except (OSError, ValueError):
        return None
    return TreeFile(path, Path(real), status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else None
