"""What a model file's header says: a sentence and aligned lines for a person, a document for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from r1plan.models.gguf.file import Gguf
from r1plan.models.gguf.model import ModelFile
from r1plan.models.gguf.naming import type_sizes
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, memory_size, parameters, percent
from r1plan.render.text.wrap import labelled, wrapped

SCHEMA = "r1plan.model_file/1"
OLD_CACHE = (
    "this file is from before April 2025: every engine expands its attention, and R1's cache takes 71 times as much as "
    "with a newer conversion."
)


def model_file_lines(gguf: Gguf, file: ModelFile, width: int) -> list[str]:
    """The file for a terminal of `width` columns, the answer in the first line."""
    model, weights, shape = file.model, file.weights, file.model.shape
    known = "" if file.known else ", which the catalogue does not know"
    told = wrapped(
        f"{model.id} at {file.quant.name}{known}: {memory_size(weights.total_bytes)} of weights, "
        f"{file.quant.bits_per_weight:.2f} bits each.",
        width,
        cut_words=True,
    )
    rows = [
        ("file", f"{gguf.name}, {count(gguf.shards, 'file')}, {memory_size(gguf.file_bytes)}"),
        (
            "model",
            f"{model.architecture}, {parameters(model.params)} parameters, {count(shape.layers, 'layer')}, "
            f"context {model.context_max:,}",
        ),
        ("embedding", f"{memory_size(weights.embedding_bytes)}, in main memory"),
        ("layers", memory_size(weights.trunk_bytes) + (" without their experts" if weights.expert_bytes else "")),
    ]
    if weights.expert_bytes:
        rows.append(
            (
                "experts",
                f"{memory_size(weights.expert_bytes)} in {count(weights.expert_layers, 'layer')}, "
                f"the widest tensor {memory_size(weights.widest_expert_tensor_bytes)}",
            )
        )
    rows.append(("output", memory_size(weights.output_bytes)))
    if file.has_mla_keys is not None:
        rows.append(("attention", "latent" if file.has_mla_keys else "latent, in an old file: its cache is expanded"))
    rows.append(types_row(gguf))
    return [printable(line) for line in (*told, "", *aligned(rows, width))]


def types_row(gguf: Gguf) -> tuple[str, str]:
    """How the bytes are stored, the type with most of them first."""
    parts = [f"{name} {percent(size, gguf.tensor_bytes)}" for name, size in type_sizes(gguf).items()]
    return "types", ", ".join(parts)


def aligned(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Labels with their texts beside them, wrapped to `width` columns."""
    for label, text in rows:
        yield from labelled(label, text, width)


def model_file_document(gguf: Gguf, file: ModelFile) -> dict[str, Any]:
    """The file for a program; `layers` has one entry a layer."""
    model, weights = file.model, file.weights
    return {
        "schema": SCHEMA,
        "name": gguf.name,
        "id": model.id,
        "known": file.known is not None,
        "architecture": model.architecture,
        "quant": file.quant.name,
        "bits_per_weight": round(file.quant.bits_per_weight, 4),
        "params": model.params,
        "active_params": model.active_params,
        "context_max": model.context_max,
        "has_mla_keys": file.has_mla_keys,
        "shards": gguf.shards,
        "file_bytes": gguf.file_bytes,
        "header_bytes": gguf.header_bytes,
        "tensors": len(gguf.tensors),
        "tensor_bytes": gguf.tensor_bytes,
        "embedding_bytes": weights.embedding_bytes,
        "output_bytes": weights.output_bytes,
        "trunk_bytes": weights.trunk_bytes,
        "expert_bytes": weights.expert_bytes,
        "read_bytes_a_token": weights.read_bytes_a_token,
        "widest_expert_tensor_bytes": weights.widest_expert_tensor_bytes,
        "types": type_sizes(gguf),
        "layers": [
            {"trunk_bytes": weights.trunk_of(n, n + 1), "expert_bytes": weights.experts_of(n, n + 1)}
            for n in range(weights.layers)
        ],
    }
