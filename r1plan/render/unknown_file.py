"""What a model file's header says where r1plan does not know its architecture: all but where the bytes are needed."""

from __future__ import annotations

from typing import Any

from r1plan.models.gguf.file import Gguf, by_layer
from r1plan.models.gguf.naming import quant_name, title, type_sizes
from r1plan.render.model_file import SCHEMA, aligned, types_row
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, memory_size, parameters
from r1plan.render.text.wrap import wrapped


def unknown_file_lines(gguf: Gguf, width: int) -> list[str]:
    """The file for a terminal of `width` columns, the answer in the first line."""
    architecture, params = gguf.text("general.architecture"), _params(gguf)
    whose = f"the architecture '{architecture}', which r1plan does not know" if architecture else "no architecture"
    told = wrapped(
        f"{title(gguf)} at {quant_name(gguf)}, of {whose}: {memory_size(gguf.tensor_bytes)} of weights, "
        f"{_bits(gguf):.2f} bits each.",
        width,
        cut_words=True,
    )
    layers = len({layer for layer, _, _ in by_layer(gguf.tensors) if layer is not None})
    context = gguf.whole(f"{architecture}.context_length")
    reach = f", context {context:,}" if context else ""
    rows = [
        ("file", f"{gguf.name}, {count(gguf.shards, 'file')}, {memory_size(gguf.file_bytes)}"),
        ("model", f"{architecture or 'unknown'}, {parameters(params)} parameters, {count(layers, 'layer')}{reach}"),
        types_row(gguf),
    ]
    return [printable(line) for line in (*told, "", *aligned(rows, width))]


def unknown_file_document(gguf: Gguf) -> dict[str, Any]:
    """The file for a program; what depends on the architecture is null."""
    architecture = gguf.text("general.architecture")
    return {
        "schema": SCHEMA,
        "name": gguf.name,
        "id": title(gguf),
        "known": False,
        "architecture": architecture,
        "quant": quant_name(gguf),
        "bits_per_weight": round(_bits(gguf), 4),
        "params": _params(gguf),
        "active_params": None,
        "context_max": gguf.whole(f"{architecture}.context_length"),
        "has_mla_keys": None,
        "shards": gguf.shards,
        "file_bytes": gguf.file_bytes,
        "header_bytes": gguf.header_bytes,
        "tensors": len(gguf.tensors),
        "tensor_bytes": gguf.tensor_bytes,
        "embedding_bytes": None,
        "output_bytes": None,
        "trunk_bytes": None,
        "expert_bytes": None,
        "read_bytes_a_token": None,
        "widest_expert_tensor_bytes": None,
        "types": type_sizes(gguf),
        "layers": None,
    }


def _params(gguf: Gguf) -> int:
    return sum(tensor.elements for tensor in gguf.tensors)


def _bits(gguf: Gguf) -> float:
    return gguf.tensor_bytes * 8 / max(_params(gguf), 1)
