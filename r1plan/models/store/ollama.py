"""Ollama's store: `manifests/HOST/NAMESPACE/NAME/TAG` say which blobs, `blobs/sha256-…`, a model is made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from r1plan.files.plain import plain_bytes
from r1plan.models.store.stored import StoredFile, begins_as_gguf, stored_file
from r1plan.models.store.tree import StoreTree

_MODEL = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_OWN_HOST, _OWN_NAMESPACE = "registry.ollama.ai", "library"
_MOST_MANIFEST_BYTES = 1 << 20
_SHOWN_DIGITS = 12


def ollama_files(tree: StoreTree) -> Iterator[StoredFile]:
    """The models that a manifest names, and those whose download has not ended.

    Models without a GGUF, such as those that Ollama runs elsewhere, are left out.
    """
    manifests = tree.root / "manifests"
    for file in tree.files(manifests):
        name = _name(file.path.relative_to(manifests).parts)
        if name is None or file.real is None:
            continue
        for digest in _model_digests(file.path):
            yield _blob(tree, name, digest)
    for file in tree.files(tree.root / "blobs"):
        if file.path.name.endswith("-partial") and file.real is not None and begins_as_gguf(file.path):
            name = file.path.name.removesuffix("-partial")
            shown = name[: len("sha256-") + _SHOWN_DIGITS]
            yield replace(stored_file("ollama", shown, file), flaw="unfinished")


def _name(parts: tuple[str, ...]) -> str | None:
    """What Ollama calls the model of a manifest: "deepseek-r1:32b", "hf.co/unsloth/…:Q4_K_M"; None: it is no manifest.

    Copies that a Mac leaves beside files begin with a dot.
    """
    if len(parts) < 3 or any(each.startswith(".") for each in parts):
        return None
    *path, tag = parts
    if path[0] == _OWN_HOST:
        path = path[2:] if path[1] == _OWN_NAMESPACE and len(path) > 2 else path[1:]
    return f"{'/'.join(path)}:{tag}"


def _model_digests(manifest: Path) -> list[str]:
    """The sums of the blobs that are models; none where the manifest cannot be read."""
    try:
        fields = json.loads(plain_bytes(manifest, _MOST_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return []
    layers = fields.get("layers") if isinstance(fields, dict) else None
    digests = []
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and layer.get("mediaType") == _MODEL and isinstance(layer.get("digest"), str):
            found = _DIGEST.fullmatch(layer["digest"])
            digests += [found[1]] if found else []
    return digests


def _blob(tree: StoreTree, name: str, digest: str) -> StoredFile:
    # Before version 0.1.33 Ollama wrote the colon into the name.
    paths = [tree.root / "blobs" / f"sha256{mark}{digest}" for mark in "-:"]
    for path in paths:
        if (file := tree.file(path)) is not None:
            return stored_file("ollama", name, file)
    return StoredFile(store="ollama", names=(name,), path=paths[0], real=paths[0], flaw="gone")
