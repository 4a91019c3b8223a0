"""What models here have read of saved conversations: one file beside each, `<data>/conversations/<begun>-<id>.state`.

It holds the conversation in another form, so it is its owner's alone, goes when the conversation is removed, and is
never written where the conversation is not saved.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time

from r1plan.engine.local.kept.place import StatePlace
from r1plan.units import GIB

_ENDING = ".state"
_UNFINISHED = ".part"
_STALE_S = 3600.0  # a writer that takes longer has ended
_MOST_BYTES = 4 * GIB
_MOST_SHARE_OF_FREE = 0.1


def state_place(conversation: Path) -> StatePlace:
    """Where the state of the conversation saved in the file `conversation` may be kept."""
    _remove_orphans(conversation.parent)
    return StatePlace(conversation.with_suffix(_ENDING), partial(make_room, conversation))


def make_room(conversation: Path, needed_bytes: int, most_bytes: int = _MOST_BYTES) -> bool:
    """Whether `needed_bytes` may be written for it, after the states that were used longest ago are removed.

    All together have `most_bytes`, and a tenth of what is free on the disk. False for a conversation that is not saved.
    """
    folder = conversation.parent
    if not conversation.is_file():
        return False
    _remove_orphans(folder)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return False
    own = conversation.with_suffix(_ENDING)
    others = [(status.st_mtime_ns, status.st_size, path) for path, status in _states(folder) if path != own]
    held = sum(size for _, size, _ in others)
    bound = min(most_bytes, round((free + held) * _MOST_SHARE_OF_FREE))
    if needed_bytes > bound:
        return False
    for _, size, path in sorted(others):
        if held + needed_bytes <= bound:
            break
        with suppress(OSError):
            path.unlink()
            held -= size
    return held + needed_bytes <= bound


def _remove_orphans(folder: Path) -> None:
    """Remove the states whose conversation is gone, and what a writer that was killed has left."""
    for path, _ in _states(folder):
        if not path.with_suffix(".jsonl").exists():
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        for path in folder.glob(f".*{_ENDING}.*{_UNFINISHED}"):
            with suppress(OSError):
                if time() - path.stat().st_mtime > _STALE_S:
                    path.unlink()


def _states(folder: Path) -> Iterable[tuple[Path, os.stat_result]]:
    with suppress(OSError):
        for path in folder.glob(f"*{_ENDING}"):
            with suppress(OSError):
                yield path, path.stat(follow_symlinks=False)
