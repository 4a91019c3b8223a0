"""A GGUF as a whole: the headers of all its shards. The weights themselves are never read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from r1plan.errors import EngineError
from r1plan.models.gguf.foreign import MissingShards, check_is_model
from r1plan.models.gguf.header import MOST_TENSORS, Header, StoredTensor, Value
from r1plan.models.gguf.source import Source

_LAYER = re.compile(r"blk\.([0-9]{1,5})\.")
_MOST_NAMED = 4
SHARD = re.compile(r"^(.*)-(\d{5})-of-(\d{5})\.gguf$")
"""The name of a shard: what all have, which it is and how many there are."""


@dataclass(frozen=True, slots=True)
class Gguf:
    """All shards of a file together. `file_bytes` is their size, `header_bytes` what of it is not weights."""

    name: str
    metadata: Mapping[str, Value]
    tensors: tuple[StoredTensor, ...]
    file_bytes: int
    header_bytes: int
    shards: int

    @property
    def tensor_bytes(self) -> int:
        """All tensors."""
        return sum(tensor.bytes for tensor in self.tensors)

    def text(self, key: str) -> str | None:
        """The metadata's text of that key; None when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def whole(self, key: str) -> int | None:
        """The metadata's whole number of that key; None when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_gguf(source: Source) -> Gguf:
    """The header of `source` and of its other shards, whichever of them is given.

    Raises EngineError for a file that is no GGUF, is cut short, or holds what cannot be meant.
    """
    first = Header(source)
    check_is_model(source.name, first.metadata, len(first.tensors))
    count = first.shard_count
    if count == 1:
        return _joined(source.name, [first])
    named = SHARD.match(source.name)
    if named is None or int(named[3]) != count:
        raise EngineError(
            f"{source.name} is one of {count} shards, and its name does not say which.",
            f"give it its own name, such as model-00001-of-{count:05d}.gguf",
        )
    names = [f"{named[1]}-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]
    headers = []
    for number, name in enumerate(names):
        if name != source.name and not source.has_sibling(name):
            raise _missing([each for each in names if each != source.name and not source.has_sibling(each)], count)
        header = first if name == source.name else Header(source.sibling(name))
        if (header.shard_number, header.shard_count) != (number, count):
            raise EngineError(
                f"{name} says it is shard {header.shard_number + 1} of {header.shard_count}.", "download it again"
            )
        if number:
            header.metadata.clear()  # the first shard's count; many shards' would fill the memory
        headers.append(header)
        if sum(len(each.tensors) for each in headers) > MOST_TENSORS:
            raise EngineError(f"{name}: the shards hold more than {MOST_TENSORS:,} tensors.", "download them again")
    joined = _joined(headers[0].source.name, headers)
    expected = joined.whole("split.tensors.count")
    if expected is not None and expected != len(joined.tensors):
        raise EngineError(
            f"{joined.name}: its {count} shards hold {len(joined.tensors)} tensors of {expected}.",
            "download the shards again",
        )
    return joined


def _missing(names: list[str], count: int) -> MissingShards:
    """The error for shards that are not beside the one that was given."""
    if len(names) == 1:
        said, what = f"{names[0]} is not there, one of {count} shards.", "download it into the same folder"
    else:
        said = f"{names[0]} is not there, nor {', '.join(names[1:_MOST_NAMED])}, of {count} shards."
        what = f"download all {count} into one folder"
    return MissingShards(said, what)


def _joined(name: str, headers: list[Header]) -> Gguf:
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    seen: set[str] = set()
    for tensor in tensors:
        if tensor.name in seen:
            raise EngineError(f"{name}: the tensor {tensor.name!r} is there twice.", "download the file again")
        seen.add(tensor.name)
    return Gguf(
        name=name,
        metadata=headers[0].metadata,
        tensors=tensors,
        file_bytes=sum(header.source.size_bytes for header in headers),
        header_bytes=sum(header.data_at for header in headers),
        shards=len(headers),
    )


def layer_of(name: str) -> int | None:
    """The layer a tensor belongs to, `blk.N.` before its name; None for one of no layer."""
    found = _LAYER.match(name)
    return int(found[1]) if found else None


def by_layer(tensors: tuple[StoredTensor, ...]) -> Iterator[tuple[int | None, str, StoredTensor]]:
    """Each tensor with its layer and its name there."""
    for tensor in tensors:
        found = _LAYER.match(tensor.name)
        yield int(found[1]) if found else None, tensor.name[found.end() :] if found else tensor.name, tensor
