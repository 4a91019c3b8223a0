"""Writes a GGUF that is its header alone, grown sparse to full length: all that llama.cpp's dry run needs.

The metadata are those that `convert_hf_to_gguf.py` writes for the family and llama.cpp needs to load; the vocabulary is
llama.cpp's own dummy ("no_vocab"), of the model's size. A 671B file takes some 60 KB of disk.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from r1plan.catalog.model import Model, Shape, WindowedAttention
from r1plan.ggml_types import BLOCK_TYPES, TENSOR_ALIGNMENT, tensor_bytes
from r1plan.plan.arch.spec import Tensor
from r1plan.plan.llamacpp.weights.quantize_recipe import QuantizeRecipe

_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _UINT16 = 4, 6, 7, 8, 9, 2
Value = str | int | float | bool | tuple[int, ...] | tuple[float, ...]
TypeOf = Callable[[Tensor, int], str]


def write_header(
    path: Path,
    model: Model,
    quant: str,
    *,
    type_of: TypeOf | None = None,
    imatrix: bool = True,
    joined_kv_b: bool = False,
    splits: int = 1,
    extra: dict[str, Value] | None = None,
) -> Path:
    """A sparse header-only GGUF of `model`, each tensor typed by the recipe of `quant`, or by `type_of(tensor, layer)`.

    `joined_kv_b` writes latent attention as in files from before April 2025: `attn_kv_b`, no `*_mla` keys and a key
    head for each query head. With `splits` above one, the files are called `<stem>-00001-of-0000N.gguf` and the tensors
    are dealt over all. `extra` adds or replaces metadata. Returns the first file.
    """
    recipe = QuantizeRecipe(
        quant=quant, architecture=model.architecture, shape=model.shape, imatrix=imatrix, joined_kv_b=joined_kv_b
    )
    chosen = type_of or recipe.type_of
    tensors = [(tensor.name, tensor, chosen(tensor, 0)) for tensor, _ in recipe.outer()]
    for layer in range(model.shape.layers):
        tensors += [(f"blk.{layer}.{each.name}", each, chosen(each, layer)) for each in recipe.tensors(layer)]
    tensors += [(f"blk.{layer}.{each.name}", each, chosen(each, layer)) for layer, each, _ in recipe.unloaded()]
    metadata = {**_metadata(model, quant, joined_kv_b), **(extra or {})}
    if splits == 1:
        _write(path, metadata, tensors)
        return path
    first = None
    each = -(-len(tensors) // splits)
    for number in range(splits):
        shard = path.with_name(f"{path.stem}-{number + 1:05d}-of-{splits:05d}.gguf")
        split = {"split.no": number, "split.count": splits, "split.tensors.count": len(tensors)}
        _write(shard, {**(metadata if number == 0 else {}), **split}, tensors[number * each : (number + 1) * each])
        first = first or shard
    assert first is not None
    return first


def _metadata(model: Model, quant: str, joined_kv_b: bool) -> dict[str, Value]:
    shape, arch = model.shape, model.architecture
    latent, experts = shape.latent_attention, shape.experts
    values: dict[str, Value] = {
        "general.architecture": arch,
        "general.name": model.id,
        f"{arch}.block_count": shape.layers + shape.nextn_layers,
        f"{arch}.context_length": model.context_max,
        f"{arch}.embedding_length": shape.hidden_size,
        f"{arch}.feed_forward_length": shape.ffn_size,
        f"{arch}.attention.head_count": shape.heads,
        f"{arch}.attention.head_count_kv": shape.kv_heads if latent is None or joined_kv_b else 1,
        f"{arch}.attention.layer_norm_rms_epsilon": 1e-6,
        f"{arch}.rope.freq_base": 10000.0,
        f"{arch}.vocab_size": shape.vocab_size,
        "tokenizer.ggml.model": "no_vocab",
    }
    if shape.windowed_attention is not None:
        values |= _windowed(shape, arch, shape.windowed_attention)
    elif latent is None:
        values |= {f"{arch}.attention.key_length": shape.head_dim, f"{arch}.attention.value_length": shape.head_dim}
        values[f"{arch}.rope.dimension_count"] = shape.head_dim
    else:
        key, rank, rope = (
            latent.qk_nope_head_dim + latent.qk_rope_head_dim,
            latent.kv_lora_rank,
            latent.qk_rope_head_dim,
        )
        values |= {
            f"{arch}.attention.q_lora_rank": latent.q_lora_rank,
            f"{arch}.attention.kv_lora_rank": rank,
            f"{arch}.attention.key_length": key if joined_kv_b else rank + rope,
            f"{arch}.attention.value_length": latent.v_head_dim if joined_kv_b else rank,
            f"{arch}.rope.dimension_count": rope,
            f"{arch}.rope.scaling.type": "yarn",
            f"{arch}.rope.scaling.factor": 40.0,
            f"{arch}.rope.scaling.original_context_length": 4096,
            f"{arch}.rope.scaling.yarn_log_multiplier": 0.1,
        }
        if not joined_kv_b:
            values |= {f"{arch}.attention.key_length_mla": key, f"{arch}.attention.value_length_mla": latent.v_head_dim}
    if shape.nextn_layers:
        values[f"{arch}.nextn_predict_layers"] = shape.nextn_layers
    if shape.indexer is not None:
        values |= {
            f"{arch}.attention.indexer.head_count": shape.indexer.heads,
            f"{arch}.attention.indexer.key_length": shape.indexer.head_dim,
            f"{arch}.attention.indexer.top_k": shape.indexer.top_k,
        }
    if experts is not None:
        values |= {
            f"{arch}.leading_dense_block_count": experts.dense_layers,
            f"{arch}.expert_count": experts.routed,
            f"{arch}.expert_used_count": experts.used_per_token,
            f"{arch}.expert_shared_count": experts.shared,
            f"{arch}.expert_feed_forward_length": experts.ffn_size,
            f"{arch}.expert_weights_scale": 2.5,
            f"{arch}.expert_weights_norm": True,
            f"{arch}.expert_gating_func": 2 if shape.windowed_attention is None else 4,
        }
    if quant in _FILE_TYPES:
        values["general.file_type"] = _FILE_TYPES[quant]
    return values


def _windowed(shape: Shape, arch: str, windowed: WindowedAttention) -> dict[str, Value]:
    return {
        f"{arch}.attention.head_count_kv": 1,
        f"{arch}.attention.key_length": shape.head_dim,
        f"{arch}.attention.value_length": shape.head_dim,
        f"{arch}.rope.dimension_count": windowed.rope_dim,
        f"{arch}.attention.q_lora_rank": windowed.q_lora_rank,
        f"{arch}.attention.sliding_window": windowed.window,
        f"{arch}.attention.output_group_count": windowed.output_groups,
        f"{arch}.attention.output_lora_rank": windowed.output_lora_rank,
        # One more than there are layers, as the real files have it.
        f"{arch}.attention.compress_ratios": (*windowed.compress_ratios, 0),
        f"{arch}.attention.compress_rope_freq_base": 160000.0,
        f"{arch}.hyper_connection.count": windowed.hyper_connections,
        f"{arch}.hyper_connection.sinkhorn_iterations": 20,
        f"{arch}.hyper_connection.epsilon": 1e-6,
        f"{arch}.hash_layer_count": windowed.hash_layers,
        f"{arch}.embedding_length_out": windowed.hyper_connections * shape.hidden_size,
        f"{arch}.swiglu_clamp_exp": (10.0,) * (shape.layers + shape.nextn_layers),
        f"{arch}.swiglu_clamp_shexp": (10.0,) * (shape.layers + shape.nextn_layers),
        f"{arch}.rope.scaling.type": "yarn",
        f"{arch}.rope.scaling.factor": 16.0,
        f"{arch}.rope.scaling.original_context_length": 65536,
    }


# llama.h's llama_ftype, for the plain ones; llama.cpp guesses the others from the tensors.
_FILE_TYPES = {"F32": 0, "F16": 1, "Q8_0": 7, "BF16": 32, "Q4_K_M": 15}


def _write(path: Path, metadata: dict[str, Value], tensors: Iterable[tuple[str, Tensor, str]]) -> None:
    listed = list(tensors)
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(metadata)))
        for key, value in metadata.items():
            _text(file, key)
            _value(file, key, value)
        offset = 0
        for name, tensor, type_name in listed:
            _text(file, name)
            file.write(struct.pack("<I", len(tensor.dims)))
            file.write(struct.pack(f"<{len(tensor.dims)}Q", *tensor.dims))
            file.write(struct.pack("<IQ", BLOCK_TYPES[type_name].number, offset))
            offset += tensor_bytes(tensor.elements, type_name)
        data = -(-file.tell() // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT
        file.truncate(data + offset)


def _value(file: BinaryIO, key: str, value: Value) -> None:
    if isinstance(value, str):
        file.write(struct.pack("<I", _STRING))
        _text(file, value)
    elif isinstance(value, bool):
        file.write(struct.pack("<I?", _BOOL, value))
    elif isinstance(value, float):
        file.write(struct.pack("<If", _FLOAT32, value))
    elif isinstance(value, tuple):
        letter, kind = ("f", _FLOAT32) if isinstance(value[0], float) else ("I", _UINT32)
        file.write(struct.pack(f"<IIQ{len(value)}{letter}", _ARRAY, kind, len(value), *value))
    elif key in ("split.no", "split.count"):
        file.write(struct.pack("<IH", _UINT16, value))
    elif key == "split.tensors.count":
        file.write(struct.pack("<Ii", 5, value))
    else:
        file.write(struct.pack("<II", _UINT32, value))


def _text(file: BinaryIO, text: str) -> None:
    encoded = text.encode()
    file.write(struct.pack("<Q", len(encoded)) + encoded)
