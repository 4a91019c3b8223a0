"""Which message of a conversation was no longer what it had been, where the log keeps the text of both turns."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 256 << 20
_MOST_LINE_BYTES = 32 << 20

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedMessage:
    """The message `number`, the first of a conversation being 1, of `role`, changed at its character `at`, from 0.

    `was_removed`: the later turn has no such message.
    """

    number: int
    role: str
    at: int
    was_removed: bool = False


def changed_message(before: Sequence[Message], after: Sequence[Message]) -> ChangedMessage | None:
    """The first of the messages `before` that is another, or none, in `after`; None where all are still there."""
    for number, old in enumerate(before, start=1):
        role = str(old.get("role"))
        if number > len(after):
            return ChangedMessage(number=number, role=role, at=0, was_removed=True)
        new = after[number - 1]
        if new.get("role") != old.get("role"):
            return ChangedMessage(number=number, role=role, at=0)
        if new.get("content") != old.get("content"):
            return ChangedMessage(number=number, role=role, at=_alike(str(old.get("content")), str(new.get("content"))))
    return None


def changes_of(turns: Iterable[tuple[str, str]], logs: Iterable[Path]) -> dict[str, ChangedMessage]:
    """What changed from one turn to the next, each a pair of ids, by the id of the later one.

    Only what our own logs keep is known, and only files are read, not pipes, of at most 256 MB together.
    """
    pairs = tuple(turns)
    texts = kept_messages({each for pair in pairs for each in pair}, logs)
    found = {}
    for before, after in pairs:
        if before in texts and after in texts and (change := changed_message(texts[before], texts[after])):
            found[after] = change
    return found


def kept_messages(ids: set[str], logs: Iterable[Path]) -> dict[str, Sequence[Message]]:
    """The messages of the requests `ids`, of those whose text is kept in `logs`."""
    found: dict[str, Sequence[Message]] = {}
    needles = [json.dumps(each, ensure_ascii=False).encode() for each in sorted(ids)]
    left = _MOST_BYTES
    for log in logs:
        try:
            status = log.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > left:
                continue
            left -= status.st_size
            for line in _lines(log):
                if b'"text"' in line and any(needle in line for needle in needles):
                    _keep(line, ids, found)
        except OSError:  # it was readable when the report read it
            continue
    return found


def _lines(log: Path) -> Iterator[bytes]:
    with log.open("rb") as file:
        while line := file.readline(_MOST_LINE_BYTES):
            yield line


def _keep(line: bytes, ids: set[str], found: dict[str, Sequence[Message]]) -> None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return
    if not isinstance(row, dict) or row.get("id") not in ids or not isinstance(text := row.get("text"), dict):
        return
    messages = text.get("messages")
    if isinstance(messages, list) and all(isinstance(each, dict) for each in messages):
        found[row["id"]] = messages


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
