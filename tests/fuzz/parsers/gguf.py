"""A GGUF's header, and the model that the planner takes it for."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from random import Random

from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.model import model_file
from tests.fuzz.mutation import mutated
from tests.fuzz.parser import FuzzedParser

_U32, _F32, _BOOL, _TEXT, _ARRAY, _U64, _F64 = 4, 6, 7, 8, 9, 10, 12
_EDGES = (0, 1, 2, 3, 31, 32, 33, 127, 128, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_LONG_EDGES = (*_EDGES, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_NAMES = ("", "a", "\x1b]52;c;x\x07", "\u202ex", "x" * 600, "general.alignment", "split.count", "split.no", "\ufffd")
_TENSORS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "attn_norm", "ffn_gate_exps")


class _InMemory:
    """A file that is only in memory, `size_bytes` long as far as anybody is told."""

    def __init__(self, content: bytes, size_bytes: int) -> None:
        self.name = "model-Q4_K_M.gguf"
        self.size_bytes = size_bytes
        self._content = content

    def read(self, offset: int, count: int) -> bytes:
        """What is there, then zeros."""
        found = self._content[offset : offset + count]
        return found + bytes(min(count, self.size_bytes - offset, 1 << 20) - len(found))

    def has_sibling(self, name: str) -> bool:
        """Every shard is there."""
        return True

    def sibling(self, name: str) -> _InMemory:
        """Another shard: the same content."""
        found = _InMemory(self._content, self.size_bytes)
        found.name = name
        return found


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _value(random: Random) -> bytes:
    kind = random.choice((_U32, _F32, _BOOL, _TEXT, _ARRAY, _U64, _F64, random.randrange(20)))
    if kind == _TEXT:
        return struct.pack("<I", kind) + _text(random.choice(_NAMES))
    if kind == _ARRAY:
        inner, count = (
            random.choice((_U32, _TEXT, _F32, random.randrange(20))),
            random.choice((0, 1, 2, 61, *_LONG_EDGES)),
        )
        item = _text("x") if inner == _TEXT else struct.pack("<I", random.choice(_EDGES))
        return struct.pack("<IIQ", kind, inner, count) + item * min(count, 70)
    if kind in (_U64, _F64):
        return struct.pack("<IQ", kind, random.choice(_LONG_EDGES))
    return struct.pack("<II", kind, random.choice(_EDGES))


def _keys(random: Random, architecture: str, layers: int) -> list[bytes]:
    sound = {
        "block_count": layers,
        "context_length": 131_072,
        "embedding_length": 64,
        "feed_forward_length": 128,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "expert_count": 8,
        "expert_used_count": 2,
        "leading_dense_block_count": 1,
        "attention.key_length": 16,
        "attention.kv_lora_rank": 16,
        "vocab_size": 96,
        "rope.dimension_count": 16,
        "attention.key_length_mla": 16,
        "attention.value_length_mla": 16,
        "attention.value_length": 16,
        "expert_shared_count": 1,
    }
    found = [_text("general.architecture") + struct.pack("<I", _TEXT) + _text(architecture)]
    for name, number in sound.items():
        if random.random() < 0.985:
            value = struct.pack("<II", _U32, number) if random.random() < 0.98 else _value(random)
            found.append(_text(f"{architecture}.{name}") + value)
    others = (*_NAMES, "general.name", "general.file_type", "x")
    more = random.choice((0, 0, 0, 1, 2))
    return found + [_text(random.choice(others)) + _value(random) for _ in range(more)]


def _tensor(random: Random, name: str, dims: tuple[int, ...]) -> bytes:
    if random.random() < 0.004:
        dims = tuple(random.choice(_LONG_EDGES) for _ in range(random.choice((0, 1, 2, 4, 5))))
    kind = 0 if random.random() < 0.99 else random.choice((1, 2, 8, 12, 30, 39, random.randrange(50)))
    offset = 0 if random.random() < 0.995 else random.choice(_LONG_EDGES)
    return _text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


def _made(random: Random) -> bytes:
    architecture = random.choice(("qwen2", "llama", "qwen3", "deepseek2", "deepseek32", "mamba", ""))
    layers = random.choice((1, 2, 3))
    keys = _keys(random, architecture, layers)
    tensors = [_tensor(random, "token_embd.weight", (64, 96)), _tensor(random, "output.weight", (64, 96))]
    for layer in range(layers):
        names = [f"blk.{layer}.{name}.weight" for name in _TENSORS if random.random() < 0.99]
        tensors += [_tensor(random, name, (64, 64)) for name in names]
    random.shuffle(tensors)
    counts = [len(tensors), len(keys)]
    if random.random() < 0.05:
        counts[random.randrange(2)] = random.choice(_LONG_EDGES)
    version = 3 if random.random() < 0.98 else random.choice(_EDGES)
    content = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(keys + tensors)
    return mutated(random, [content]) if random.random() < 0.25 else content


@cache
def _models() -> tuple[object, ...]:
    from r1plan.catalog.load import load_models

    return tuple(load_models().values())


def _read(content: bytes) -> str:
    size = len(content) + (1 << 20) if len(content) % 3 else len(content)
    found = model_file(read_gguf(_InMemory(content, size)), _models())  # type: ignore[arg-type]
    return f"a model of {found.model.architecture} with {found.model.shape.layers} layers"


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    yield _read


PARSER = FuzzedParser("gguf", _made, _opened)
