"""One GGUF file's header: its metadata, and each tensor's name, size and type.

The file is taken for hostile: every count, length and offset is checked before anything of that size is read or kept,
so that no header can exhaust memory or crash. Layout: docs/gguf.md of ggml; versions 2 and 3, little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod

from r1plan.errors import EngineError
from r1plan.ggml_types import BY_NUMBER, TENSOR_ALIGNMENT, BlockType
from r1plan.models.gguf.foreign import FIRST_BYTES, check_first_bytes, check_version
from r1plan.models.gguf.source import Source

# Real files: up to 1,800 tensors, 60 keys, 300,000 tokens and merges in 12 MB, 30 shards.
MOST_TENSORS = 65_536
_MOST_KEYS = 16_384
_MOST_TEXT_BYTES = 1 << 20
_MOST_NAME_BYTES = 512
_MOST_ITEMS = 4_000_000
_MOST_KEPT_ITEMS = 4_096
_MOST_HEADER_BYTES = 64 << 20
_MOST_SHARDS = 512
_MOST_TENSOR_BYTES = 1 << 50
_CHUNK_BYTES = 2 << 20
_MOST_SHOWN = 60

_SCALARS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_TEXT, _ARRAY = 8, 9
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")

Number = int | float | bool


@dataclass(frozen=True, slots=True)
class Items:
    """An array of the metadata. `values` are kept only of a short one of numbers."""

    count: int
    values: tuple[Number, ...] = ()


Value = Number | str | Items


def shown(value: Value | None) -> str:
    """A value as a message shows it, however long it is."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor as the file says it. `bytes` is padded, as in a buffer."""

    name: str
    dims: tuple[int, ...]
    type: BlockType
    bytes: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)


class Header:
    """One shard's header."""

    def __init__(self, source: Source) -> None:
        self.source = source
        cursor = _Cursor(source)
        tensors, keys = self._preamble(cursor)
        self.metadata: dict[str, Value] = {}
        for _ in range(keys):
            key = cursor.text("a key", _MOST_NAME_BYTES)
            if key in self.metadata:
                raise cursor.wrong(f"the key {key!r} is there twice")
            self.metadata[key] = _value(cursor, key)
        alignment = self.metadata.get("general.alignment", TENSOR_ALIGNMENT)
        if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20 or alignment & (alignment - 1):
            raise cursor.wrong(f"general.alignment: expected a power of two, got {shown(alignment)}")
        placed = [_tensor(cursor, alignment) for _ in range(tensors)]
        self.tensors = [tensor for tensor, _ in placed]
        self.data_at = -(-cursor.at // alignment) * alignment
        for tensor, offset in placed:
            end = self.data_at + offset + _stored_bytes(tensor)
            if end > source.size_bytes:
                raise EngineError(
                    f"{source.name} is cut short: {shown(tensor.name)} ends at byte {end:,} of {source.size_bytes:,}.",
                    "download the file again",
                )

    def _preamble(self, cursor: _Cursor) -> tuple[int, int]:
        name, size = self.source.name, self.source.size_bytes
        check_first_bytes(name, size, cursor.peek(min(FIRST_BYTES, size)))
        cursor.skip(4)
        check_version(name, _U32.unpack(cursor.take(4))[0])
        tensors, keys = cursor.count("tensors", MOST_TENSORS), cursor.count("keys", _MOST_KEYS)
        return tensors, keys

    @property
    def shard_count(self) -> int:
        """How many shards the file says it has; 1 when it says nothing."""
        count = self.metadata.get("split.count", 1)
        if not isinstance(count, int) or not 0 <= count <= _MOST_SHARDS:
            raise EngineError(
                f"{self.source.name}: split.count: expected at most {_MOST_SHARDS}, got {shown(count)}.",
                "download the file again",
            )
        return max(int(count), 1)

    @property
    def shard_number(self) -> int:
        """Which shard this is, from 0."""
        number = self.metadata.get("split.no", 0)
        return number if isinstance(number, int) else -1


def _value(cursor: _Cursor, key: str) -> Value:
    kind = cursor.number()
    if kind == _TEXT:
        return cursor.text(key, _MOST_TEXT_BYTES)
    if kind == _ARRAY:
        return _items(cursor, key)
    return _scalar(cursor, key, kind)


def _scalar(cursor: _Cursor, key: str, kind: int) -> Number:
    layout = _SCALARS.get(kind)
    if layout is None:
        raise cursor.wrong(f"{key!r} is of the unknown kind {kind}")
    value: Number = layout.unpack(cursor.take(layout.size))[0]
    return value


def _items(cursor: _Cursor, key: str) -> Items:
    kind, count = cursor.number(), cursor.count(f"items of {key!r}", _MOST_ITEMS)
    if kind == _TEXT:
        cursor.skip_texts(key, count)
        return Items(count)
    layout = _SCALARS.get(kind)
    if layout is None:
        raise cursor.wrong(f"{key!r} holds items of the unknown kind {kind}")
    if count > _MOST_KEPT_ITEMS:
        cursor.skip(count * layout.size)
        return Items(count)
    packed = cursor.take(count * layout.size)
    return Items(count, tuple(value for (value,) in layout.iter_unpack(packed)) if packed else ())


def _tensor(cursor: _Cursor, alignment: int) -> tuple[StoredTensor, int]:
    name = cursor.text("a tensor's name", _MOST_NAME_BYTES)
    rank = cursor.number()
    if not 1 <= rank <= 4:
        raise cursor.wrong(f"the tensor {name!r} has {rank} dimensions")
    dims = struct.unpack(f"<{rank}Q", cursor.take(8 * rank))
    number = cursor.number()
    offset = _U64.unpack(cursor.take(8))[0]
    block = BY_NUMBER.get(number)
    if block is None:
        raise cursor.wrong(
            f"the tensor {name!r} is of the type {number}, which ggml at build 0c1e57098 does not know",
            "a newer or forked engine made it; choose another file",
        )
    shape = "x".join(map(str, dims))
    if 0 in dims or prod(dims) * block.bytes > _MOST_TENSOR_BYTES:
        raise cursor.wrong(f"the tensor {name!r} has the impossible size {shape}")
    if dims[0] % block.elements:
        raise cursor.wrong(f"the tensor {name!r} of {shape} has rows that are no whole blocks of {block.name}")
    if offset % alignment:
        raise cursor.wrong(f"the tensor {name!r} begins at {offset}, off the alignment of {alignment}")
    stored = prod(dims) // block.elements * block.bytes
    return StoredTensor(name, dims, block, -(-stored // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT), offset


def _stored_bytes(tensor: StoredTensor) -> int:
    return tensor.elements // tensor.type.elements * tensor.type.bytes


class _Cursor:
    """Reads a header from its start, some megabytes at a time."""

    def __init__(self, source: Source) -> None:
        self._source, self._chunk, self._chunk_at, self.at = source, b"", 0, 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.at - self._chunk_at
        if start + count > len(self._chunk):
            self._fill(count)
            start = 0
        self.at += count
        return self._chunk[start : start + count]

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, which stay."""
        found = self.take(count)
        self.at -= count
        return found

    def skip(self, count: int) -> None:
        """Leave out the next `count` bytes, which must be there."""
        self.at += count
        self._bounded(self.at)

    def skip_texts(self, key: str, count: int) -> None:
        """Leave out `count` texts of `key`. A vocabulary has 300,000, and many files are read at once: it is a loop."""
        chunk, at, unpack = self._chunk, self.at - self._chunk_at, _U64.unpack_from
        for _ in range(count):
            if at + _U64.size > len(chunk):
                self.at = self._chunk_at + at
                self._fill(_U64.size)
                chunk, at = self._chunk, 0
            length = unpack(chunk, at)[0]
            if length > _MOST_TEXT_BYTES:
                self.at = self._chunk_at + at
                self.count(f"bytes in {key!r}", _MOST_TEXT_BYTES)  # which says so
            at += _U64.size + length
        self.at = self._chunk_at + at
        self._bounded(self.at)

    def _bounded(self, end: int) -> None:
        if end > self._source.size_bytes:
            raise EngineError(
                f"{self._source.name} is cut short: its header goes on after its {self._source.size_bytes:,} bytes.",
                "download the file again",
            )
        if end > _MOST_HEADER_BYTES:
            raise self.wrong(f"its header is longer than {_MOST_HEADER_BYTES >> 20} MiB")

    def _fill(self, count: int) -> None:
        self._bounded(self.at + count)
        wanted = min(max(count, _CHUNK_BYTES), self._source.size_bytes - self.at)
        self._chunk, self._chunk_at = self._source.read(self.at, wanted), self.at
        if len(self._chunk) < count:
            raise EngineError(
                f"{self._source.name} is cut short: {len(self._chunk)} of {count} bytes at {self.at:,}.",
                "download the file again",
            )

    def number(self) -> int:
        """The next 32-bit number."""
        value: int = _U32.unpack(self.take(4))[0]
        return value

    def count(self, what: str, most: int) -> int:
        """The next 64-bit number, which says how much of `what` follows."""
        value: int = _U64.unpack(self.take(8))[0]
        if value > most:
            raise self.wrong(f"it announces {value:,} {what}, and {most:,} is the most that is taken")
        return value

    def text(self, what: str, most: int) -> str:
        """The next text."""
        return self.take(self.count(f"bytes in {what}", most)).decode("utf-8", errors="replace")

    def wrong(self, why: str, hint: str = "download the file again, from its maker") -> EngineError:
        """The error that says what cannot be meant, and where."""
        return EngineError(f"{self._source.name} is no sound GGUF: {why} (near byte {self.at:,}).", hint)
