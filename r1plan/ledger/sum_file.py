"""The running sum of a monthly file, kept beside it, so that no guard reads a whole month under its lock.

The file `.sums/YYYY-MM` is a seal and a sum of the first `offset` bytes of the log; it is made again from the log
whenever the seal is broken. Long stretches of the log are read without its lock; under it only the rows since.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from msgspec import MsgspecError, Struct

from r1plan.files.system import NO_FOLLOW, NO_WAIT, PLAIN, is_own, others_may, read_at
from r1plan.ledger.blocks import LONGEST_LINE_BYTES, TOO_LONG, blocks_from_the_end, opened_log
from r1plan.ledger.journal import locked
from r1plan.ledger.month_sum import EndedSum, MonthSum, sum_backwards
from r1plan.ledger.months import month_span
from r1plan.ledger.projection import decoder, encoder
from r1plan.ledger.requests import LoggedRequest
from r1plan.ledger.seal import SEAL_BYTES, seal, sum_id_of, sum_path

# Rows that are read under the lock, about 500, and those after which the sum is written anew, about 60.
_MOST_UNDER_LOCK_BYTES, _WRITE_AFTER_BYTES = 256 << 10, 32 << 10
# A sum that is larger has more projects, or more requests that never ended, than is worth keeping.
_MOST_SUM_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 18
_LOOKS, _LOOK_EVERY_S = 3, 0.001
_BAD = (MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


class _Part(Struct, array_like=True):
    provider: str
    project: str | None
    later: bool
    spent_usd: Decimal
    aside_usd: Decimal
    uncounted: int


class _Stored(Struct, kw_only=True):
    rules: Literal[1] = 1
    offset: int
    parts: list[_Part]
    open: list[LoggedRequest]
    from_outside: list[str]
    unreadable: int
    is_doubtful: bool


_decoder, _encoder = decoder(_Stored), encoder()


@dataclass(slots=True)
class KeptSum:
    """The sum of the first `offset` bytes of a monthly file, under the name `sum_id`, which one seal after another has.

    `is_new`: it is not in the file of the sum.
    """

    sum_id: bytes
    offset: int
    total: MonthSum
    is_new: bool = False


def prepared(log: Path) -> KeptSum | None:
    """Read without the lock what would take too long under it. None: there is nothing of that kind.

    Raises OSError where `log` is there and cannot be read.
    """
    try:
        stream = opened_log(log)
    except FileNotFoundError:
        return None
    with stream:
        descriptor = stream.fileno()
        found = _stored(log, descriptor)
        size = os.fstat(descriptor).st_size
        if found is None and (size <= _MOST_UNDER_LOCK_BYTES or (found := _sealed(log)) is None):
            return None
        size = os.fstat(descriptor).st_size
        if found.offset and not found.total.is_doubtful:
            if size - found.offset <= _MOST_UNDER_LOCK_BYTES:
                return None
            found.offset = _add_rows(descriptor, found.total, found.offset, size)
            return KeptSum(found.sum_id, found.offset, found.total, is_new=True)
        offset = _line_end(descriptor, size)
        return KeptSum(found.sum_id, offset, _whole_sum(log, offset), is_new=True)


def locked_sum(log: Path, descriptor: int, ready: KeptSum | None) -> MonthSum:
    """What the whole of `log`, which is open and locked, comes to. `ready` is what `prepared` gave.

    Writes the sum where that saves the next one work. Raises OSError.
    """
    found = _stored(log, descriptor)
    if ready is not None and _sum_id(log, descriptor) == ready.sum_id:
        is_better = found is None or found.total.is_doubtful or ready.offset >= found.offset
        found = ready if is_better else found
    size = os.fstat(descriptor).st_size
    if found is None:
        offset = _line_end(descriptor, size)
        found = KeptSum(_new_id(), offset, _whole_sum(log, offset), is_new=True)
    before = found.offset
    found.offset = _add_rows(descriptor, found.total, before, size)
    if found.is_new or found.offset - before > _WRITE_AFTER_BYTES:
        _write(log, descriptor, found)
    _add_rows(descriptor, found.total, found.offset, size, unfinished=True)
    return found.total


def keep_sum(log: Path) -> None:
    """Write the sum of `log` where reading it takes long, so that a look at it is short. Raises OSError."""
    if (ready := prepared(log)) is not None:
        with locked(log) as descriptor:
            locked_sum(log, descriptor, ready)


def unlocked_sum(log: Path) -> MonthSum | None:
    """What `log`, which is not locked, comes to; nothing is written. None when it is not there. Raises OSError."""
    try:
        stream = opened_log(log)
    except FileNotFoundError:
        return None
    with stream:
        descriptor = stream.fileno()
        found = _stored(log, descriptor)
        for _ in range(_LOOKS):
            if found is not None or not sum_path(log).exists():
                break
            # Its writer may be about to renew the seal. Not under the lock: whoever looks holds another month's.
            time.sleep(_LOOK_EVERY_S)
            found = _stored(log, descriptor)
        if found is None or found.total.is_doubtful:
            return _whole_sum(log)
        size = os.fstat(descriptor).st_size
        found.offset = _add_rows(descriptor, found.total, found.offset, size)
        _add_rows(descriptor, found.total, found.offset, size, unfinished=True)
        return found.total


def _span(log: Path) -> tuple[datetime, datetime]:
    return month_span(datetime(int(log.stem[:4]), int(log.stem[5:7]), 1, tzinfo=UTC))


def _new_id() -> bytes:
    return os.urandom(12).hex().encode()


def _whole_sum(log: Path, end: int | None = None) -> MonthSum:
    return sum_backwards(blocks_from_the_end(log, end=end), *_span(log))


def _sealed(log: Path) -> KeptSum | None:
    """The sum that is kept, else one of nothing yet: from now on it is seen whether others touch the file.

    None: it cannot be kept. A seal may have been found broken because its writer was just about to renew it.
    """
    with locked(log) as descriptor:
        found = _stored(log, descriptor)
        if found is None:
            found = KeptSum(_new_id(), 0, MonthSum(*_span(log)))
            if not _write(log, descriptor, found):
                return None
        return found


def _add_rows(log: int, total: MonthSum, offset: int, size: int, *, unfinished: bool = False) -> int:
    """Count the rows of the open file `log` from `offset` to `size`; where the last whole line of them ends.

    `unfinished`: the line that does not end there too.
    """
    rest: list[bytes] = []
    rest_bytes, place, done = 0, offset, offset
    while place < size and (block := read_at(log, min(_BLOCK_BYTES, size - place), place)):
        lines = block.split(b"\n")
        place += len(block)
        rest.append(lines[0])
        rest_bytes += len(lines[0])
        if rest_bytes >= LONGEST_LINE_BYTES:
            rest = [TOO_LONG]
        if len(lines) > 1:
            lines[0], rest = b"".join(rest), [lines.pop()]
            rest_bytes, done = len(rest[0]), place - len(rest[0])
            total.add_lines(lines)
    if unfinished:
        total.add_lines([b"".join(rest)])
    return done


def _line_end(log: int, size: int) -> int:
    """Where the last whole line of the first `size` bytes of the open file `log` ends."""
    place = size
    while place > 0:
        start = max(0, place - _BLOCK_BYTES)
        found = read_at(log, place - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        place = start
    return 0


def _sum_id(log: Path, descriptor: int) -> bytes | None:
    with suppress(OSError), _opened_sum(log) as its:
        return sum_id_of(read_at(its, SEAL_BYTES, 0), descriptor)
    return None


def _stored(log: Path, descriptor: int) -> KeptSum | None:
    """The sum that is kept of the open file `log`; None where there is none that can be relied on."""
    with suppress(OSError), _opened_sum(log) as its:
        content = read_at(its, SEAL_BYTES + _MOST_SUM_BYTES, 0)
        sum_id = sum_id_of(content[:SEAL_BYTES], descriptor)
        if sum_id is not None:
            with suppress(*_BAD):
                return _kept(sum_id, _decoder.decode(content[SEAL_BYTES:]), _span(log))
    return None


@contextmanager
def _opened_sum(log: Path) -> Iterator[int]:
    """The file of the sum of `log`. Raises OSError, also where others can have written it."""
    descriptor = os.open(sum_path(log), os.O_RDONLY | NO_FOLLOW | NO_WAIT | PLAIN)
    try:
        its = os.fstat(descriptor)
        if not stat.S_ISREG(its.st_mode) or not is_own(its) or others_may(its, 0o022):
            raise PermissionError(f"others can have written {sum_path(log)}")
        yield descriptor
    finally:
        os.close(descriptor)


def _write(log: Path, descriptor: int, kept: KeptSum) -> bool:
    """Put `kept` beside `log`, which is open and locked, under its seal; whether that could be done."""
    content = _encoder.encode(_of_kept(kept))
    if len(content) > _MOST_SUM_BYTES:
        return False
    path = sum_path(log)
    # Only who holds the lock writes it, so one name is enough, and what a killed writer left is written over.
    unfinished = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NO_FOLLOW | PLAIN
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as stream:
            stream.write(seal(descriptor, kept.sum_id) + content)
        unfinished.replace(path)
    except OSError:
        return False
    kept.is_new = False
    return True


def _of_kept(kept: KeptSum) -> _Stored:
    total = kept.total
    parts = [
        _Part(provider, project, later, its.spent_usd, its.aside_usd, its.uncounted)
        for later, sums in ((False, total.ended), (True, total.ended_later))
        for (provider, project), its in sums.items()
    ]
    return _Stored(
        offset=kept.offset,
        parts=parts,
        open=list(total.open.values()),
        from_outside=sorted(total.from_outside),
        unreadable=total.unreadable,
        is_doubtful=total.is_doubtful,
    )


def _kept(sum_id: bytes, stored: _Stored, span: tuple[datetime, datetime]) -> KeptSum:
    total = MonthSum(
        *span,
        from_outside=set(stored.from_outside),
        unreadable=stored.unreadable,
        is_doubtful=stored.is_doubtful,
    )
    for part in stored.parts:
        sums = total.ended_later if part.later else total.ended
        its = EndedSum(part.spent_usd, part.aside_usd, part.uncounted)
        sums[part.provider, part.project] = its
    total.open = {row.id: row for row in stored.open}
    return KeptSum(sum_id, stored.offset, total)
