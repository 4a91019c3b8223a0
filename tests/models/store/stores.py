"""Stores of models as programs leave them, below a home of a test's own."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path

from r1plan.catalog.load import load_models
from r1plan.models.store.look import StoreListing, look
from r1plan.models.store.places import StoreHost, store_places
from r1plan.tiny import MODEL_PATH
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model

MODEL_LAYER = "application/vnd.ollama.image.model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def header(path: Path, of: str = "R1-Distill-Qwen-7B", quant: str = "Q4_K_M", *, splits: int = 1) -> Path:
    """A GGUF of a model of the catalogue, its weights left out; the first of `splits`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_header(path, model(of), quant, splits=splits)


def hugging_face(hub: Path, repository: str, name: str, source: Path, commit: str = COMMIT) -> Path:
    """`source` moved into a cache as huggingface_hub has it; the link that an engine is given."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    blob = folder / "blobs" / hashlib.sha256(f"{repository}{name}{commit}".encode()).hexdigest()
    link = folder / "snapshots" / commit / name
    for each in (blob, link):
        each.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, blob)
    link.symlink_to(Path("../" * (len(Path(name).parts) + 1)) / "blobs" / blob.name)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(commit)
    return link


def ollama(store: Path, name: str, source: Path | None, *, mark: str = "-") -> Path:
    """`source` moved into Ollama's store under a name such as `deepseek-r1:7b`; None: only its manifest is there."""
    path, _, tag = name.rpartition(":")
    parts = path.split("/")
    where = parts if "." in parts[0] else ["registry.ollama.ai", *(["library"] if len(parts) == 1 else []), *parts]
    digest = hashlib.sha256(name.encode()).hexdigest()
    manifest = store.joinpath("manifests", *where, tag)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": f"sha256:{'0' * 64}", "size": 1},
        {"mediaType": MODEL_LAYER, "digest": f"sha256:{digest}", "size": 1},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    blob = store / "blobs" / f"sha256{mark}{digest}"
    blob.parent.mkdir(exist_ok=True)
    if source is not None:
        shutil.move(source, blob)
    return blob


def host(home: Path, environ: dict[str, str] | None = None, platform: str = "darwin") -> StoreHost:
    """A host whose stores are all below `home`: on a Mac none are anywhere else."""
    return StoreHost(environ or {}, home, home / "data", platform, lambda path: None)


def looked(home: Path, environ: dict[str, str] | None = None) -> StoreListing:
    """What is found in the stores below `home`. Time stands still: a busy machine cuts nothing short."""
    return look(store_places(host(home, environ)), load_models().values(), lambda: 0.0, most_s=60)


def tiny_shards(folder: Path, stem: str = "tiny", count: int = 3) -> list[Path]:
    """r1-tiny as llama.cpp's gguf-split cuts a file: the metadata in the first shard, the tensors dealt over all."""
    data = MODEL_PATH.read_bytes()
    reader = _Reader(data)
    metadata, tensors = reader.metadata, reader.tensors
    folder.mkdir(parents=True, exist_ok=True)
    each = -(-len(tensors) // count)
    paths = []
    for number in range(count):
        own = tensors[number * each : (number + 1) * each]
        split = [
            _key("split.no", 2, struct.pack("<H", number)),
            _key("split.count", 2, struct.pack("<H", count)),
            _key("split.tensors.count", 5, struct.pack("<i", len(tensors))),
        ]
        keys = [*(metadata if number == 0 else []), *split]
        infos, body = b"", b""
        for info, content in own:
            infos += info + struct.pack("<Q", len(body))
            body += content + bytes(-len(content) % 32)
        head = b"GGUF" + struct.pack("<IQQ", 3, len(own), len(keys)) + b"".join(keys) + infos
        path = folder / f"{stem}-{number + 1:05d}-of-{count:05d}.gguf"
        path.write_bytes(head + bytes(-len(head) % 32) + body)
        paths.append(path)
    return paths


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def _key(name: str, kind: int, packed: bytes) -> bytes:
    return _text(name) + struct.pack("<I", kind) + packed


class _Reader:
    """The keys and tensors of a sound GGUF, as bytes."""

    _SIZES = (1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8)

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 8
        tensors, keys = self._number("Q"), self._number("Q")
        self.metadata = [self._one_key() for _ in range(keys)]
        found = []
        for _ in range(tensors):
            start = self._at
            self._skip_text()
            dimensions = self._number("I")
            self._at += 8 * dimensions + 4
            found.append((data[start : self._at], self._number("Q")))
        begin = -(-self._at // 32) * 32
        ends = [*sorted(offset for _, offset in found)[1:], len(data) - begin]
        after = dict(zip(sorted(offset for _, offset in found), ends, strict=True))
        self.tensors = [(info, data[begin + offset : begin + after[offset]]) for info, offset in found]

    def _number(self, kind: str) -> int:
        layout = struct.Struct(f"<{kind}")
        self._at += layout.size
        value: int = layout.unpack_from(self._data, self._at - layout.size)[0]
        return value

    def _skip_text(self) -> None:
        length = self._number("Q")
        self._at += length

    def _one_key(self) -> bytes:
        start = self._at
        self._skip_text()
        self._skip_value(self._number("I"))
        return self._data[start : self._at]

    def _skip_value(self, kind: int) -> None:
        if kind == 8:
            self._skip_text()
        elif kind == 9:
            item = self._number("I")
            for _ in range(self._number("Q")):
                self._skip_value(item)
        else:
            self._at += self._SIZES[kind]
