"""Saved conversations: one file each, `<data>/conversations/<begun>-<id>.jsonl`, one step a line.

Each line is whole in itself (schema `r1plan.conversation/1`) and written at once, so that a torn line costs that step
alone. Prompts and answers stand in these files, which only their owner can read.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.conversation.session import Session
from r1plan.conversation.steps import Answered, Asked, Cleared, Step, TookBack, Unbound, Wished, replayed
from r1plan.errors import LogError
from r1plan.files.plain import plain_bytes
from r1plan.files.system import PLAIN, read_at
from r1plan.instants import parsed

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = "r1plan.conversation/1"
_MOST_BYTES = 64 << 20  # what a person reads in a year
_MOST_STEPS = 10_000
_MOST_FIGURE = 10**15
# A budget, a project: without them more would be spent or sent away than was allowed. What bound an answer to this
# machine stands beside the answer, and is lost with it.
_WISHES = re.compile(r'"step"\s*:\s*"wished"')

_KINDS: Mapping[str, type[Step]] = {
    "asked": Asked,
    "answered": Answered,
    "took_back": TookBack,
    "cleared": Cleared,
    "unbound": Unbound,
    "wished": Wished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Saved:
    """A conversation read back. `unread` counts lines that were torn or make no sense."""

    path: Path
    begun_at: datetime
    session: Session
    unread: int = 0


def append(path: Path, step: Step, at: datetime) -> None:
    """Write `step`. The folder is made with mode 0700, the file with 0600. Raises LogError."""
    row = {"schema": SCHEMA, "at": at.isoformat(), "step": _NAMES[type(step)], **asdict(_without_password(step))}
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | PLAIN, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and read_at(descriptor, 1, size - 1) != b"\n"
            data = b"\n" * torn + line.encode("utf-8", "replace")
            if os.write(descriptor, data) != len(data):
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LogError(
            f"the conversation cannot be saved in {path}: {error.strerror or error}.",
            "it goes on all the same; /save FILE writes it elsewhere.",
        ) from error


def latest(folder: Path) -> Path | None:
    """The file that was written last, or None. What is no plain file is none."""
    try:
        states = [(each, each.stat()) for each in folder.glob("*.jsonl")]
    except OSError:
        return None
    files = [(status.st_mtime_ns, each.name, each) for each, status in states if stat.S_ISREG(status.st_mode)]
    return max(files)[2] if files else None


def load(path: Path) -> Saved:
    """Read a conversation back, without the lines that cannot be read.

    Raises LogError when it cannot be read at all, a newer r1plan wrote it, or such a line holds wishes: what it may
    cost, and under which project it goes.
    """
    try:
        text = plain_bytes(path, _MOST_BYTES).decode("utf-8", "replace")
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise LogError(f"cannot read {path}: {why}.", "begin a new one: r1plan chat") from error
    steps: list[Step] = []
    begun_at: datetime | None = None
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _row(line)
        read = None if row is None else _step(row, path)
        if read is None:
            if _WISHES.search(line):
                raise LogError(
                    f"{path}: line {number} says how the conversation is to go on, and cannot be read.",
                    "mend the line, or begin a new one: r1plan chat",
                )
            unread += 1
            continue
        at, step = read
        begun_at = begun_at or at
        steps.append(step)
        if len(steps) > _MOST_STEPS:
            raise LogError(f"{path} holds more than {_MOST_STEPS:,} steps.", "begin a new one: r1plan chat")
    return Saved(path, begun_at or changed_at, replayed(steps), unread)


def _row(line: str) -> dict[str, object] | None:
    try:
        row = json.loads(line)
        if "\\u" in line:
            json.dumps(row, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _step(row: dict[str, object], path: Path) -> tuple[datetime, Step] | None:
    from pydantic import ValidationError

    schema, at, kind = (row.pop(name, None) for name in ("schema", "at", "step"))
    if schema != SCHEMA:
        if isinstance(schema, str) and re.fullmatch(r"r1plan\.conversation/[0-9]{1,4}", schema):
            raise LogError(f"{path} was written by a newer r1plan ({schema}).", "update r1plan, or begin a new one.")
        return None
    wishes = row.get("wishes")
    if isinstance(wishes, dict) and wishes.get("thinking") == "fold":  # a way that there was
        wishes["thinking"] = "dim"
    instant = parsed(at) if isinstance(at, str) else None
    if instant is None or instant.tzinfo is None or not isinstance(kind, str) or kind not in _KINDS:
        return None
    try:
        step: Step = _reader(kind).validate_python(row)
    except ValidationError:
        return None
    return (instant, step) if all(_is_sane(each) for each in _figures(step)) else None


@cache
def _reader(kind: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(_KINDS[kind])


def _figures(step: Step) -> Iterator[object]:
    if isinstance(step, Answered) and step.spent is not None:
        yield from (getattr(step.spent, each.name) for each in fields(step.spent))
    elif isinstance(step, Wished):
        yield step.wishes.budget_usd


def _is_sane(figure: object) -> bool:
    """Whether a number may have been counted or paid; no other value is judged here."""
    if isinstance(figure, Decimal):
        exponent = figure.as_tuple().exponent
        return figure.is_finite() and 0 <= figure < _MOST_FIGURE and isinstance(exponent, int) and exponent > -100
    return not isinstance(figure, int) or 0 <= figure < _MOST_FIGURE


def _without_password(step: Step) -> Step:
    """`step` as it may be written: an address in it may have come with a user and a password."""
    if not isinstance(step, Wished) or step.wishes.base_url is None:
        return step
    from r1plan.engine.address import stored_address

    return Wished(replace(step.wishes, base_url=stored_address(step.wishes.base_url)))


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")
