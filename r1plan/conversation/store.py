"""Saved conversations: one file each, `<data>/conversations/<begun>-<id>.jsonl`, one step a line.

Each line is whole in itself (schema `r1plan.conversation/1`) and written at once, so that a torn line costs that step
alone. Prompts and answers stand in these files, which only their owner can read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from r1plan.conversation.session import Session
from r1plan.conversation.steps import Answered, Asked, Cleared, Step, TookBack, Unbound, Wished, replayed
from r1plan.errors import LogError

SCHEMA = "r1plan.conversation/1"

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
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * torn + line.encode("utf-8", "replace"))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LogError(
            f"the conversation cannot be saved in {path}: {error.strerror or error}.",
            "it goes on all the same; /save FILE writes it elsewhere.",
        ) from error


def latest(folder: Path) -> Path | None:
    """The file that was written last, or None."""
    try:
        files = [(each.stat().st_mtime_ns, each.name, each) for each in folder.glob("*.jsonl")]
    except OSError:
        return None
    return max(files)[2] if files else None


def load(path: Path) -> Saved:
    """Read a conversation back. Raises LogError when it cannot be read, or a newer r1plan wrote it."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or error}.", "begin a new one: r1plan chat") from error
    steps: list[Step] = []
    begun_at: datetime | None = None
    unread = 0
    for row in _rows(text):
        read = None if row is None else _step(row, path)
        if read is None:
            unread += 1
            continue
        at, step = read
        begun_at = begun_at or at
        steps.append(step)
    return Saved(path, begun_at or datetime.fromtimestamp(path.stat().st_mtime, UTC), replayed(steps), unread)


def _rows(text: str) -> Iterator[dict[str, object] | None]:
    for line in text.split("\n"):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            yield row if isinstance(row, dict) else None


def _step(row: dict[str, object], path: Path) -> tuple[datetime, Step] | None:
    from pydantic import TypeAdapter, ValidationError

    schema, at, kind = (row.pop(name, None) for name in ("schema", "at", "step"))
    if schema != SCHEMA:
        if isinstance(schema, str) and schema.startswith("r1plan.conversation/"):
            raise LogError(f"{path} was written by a newer r1plan ({schema}).", "update r1plan, or begin a new one.")
        return None
    wishes = row.get("wishes")
    if isinstance(wishes, dict) and wishes.get("thinking") == "fold":  # a way that there was
        wishes["thinking"] = "dim"
    try:
        return TypeAdapter(datetime).validate_python(at), TypeAdapter(_KINDS[str(kind)]).validate_python(row)
    except (KeyError, ValidationError):
        return None


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
