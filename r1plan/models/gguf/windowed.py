"""DeepSeek-V4's attention, as the header of a file says it; what llama.cpp would not load is refused by name."""

from __future__ import annotations

from typing import Literal, get_args

from r1plan.catalog.model import WindowedAttention
from r1plan.errors import EngineError
from r1plan.models.gguf.numbers import Numbers

_Ratio = Literal[0, 4, 128]
_RATIOS: tuple[_Ratio, ...] = get_args(_Ratio)
_HYPER_CONNECTIONS: Literal[4] = 4
_GATING = 4  # LLAMA_EXPERT_GATING_FUNC_TYPE_SQRT_SOFTPLUS
# What the first conversions, of April to June 2026, lack or call otherwise.
_SINCE_MERGED = (
    "attention.compress_ratios",
    "attention.output_group_count",
    "attention.output_lora_rank",
    "hyper_connection.count",
    "hash_layer_count",
)
_TENSORS = ("attn_output_a", "attn_output_b", "attn_kv", "hc_attn_fn", "hc_ffn_fn", "ffn_gate_exps")


def windowed_attention(numbers: Numbers, layers: int, heads: int) -> WindowedAttention:
    """The attention of a model of so many layers and heads. Raises EngineError."""
    for key in _SINCE_MERGED:
        if not numbers.has(key):
            raise _early(numbers, f"its header does not say {numbers.architecture}.{key}")
    names = {tensor.name for tensor in numbers.gguf.tensors}
    for name in _TENSORS:
        if f"blk.0.{name}.weight" not in names:
            raise _early(numbers, f"it has no tensor blk.0.{name}.weight")
    states = numbers.number("hyper_connection.count")
    if states != _HYPER_CONNECTIONS:
        raise numbers.wrong("hyper_connection.count", f"llama.cpp knows {_HYPER_CONNECTIONS} alone, got {states}")
    gating = numbers.number("expert_gating_func", least=0)
    if gating != _GATING:
        raise numbers.wrong("expert_gating_func", f"llama.cpp knows {_GATING} alone, got {gating}")
    groups = numbers.number("attention.output_group_count")
    if heads % groups:
        raise numbers.wrong("attention.output_group_count", f"{heads} heads cannot be shared by {groups} groups")
    rope, width = numbers.number("rope.dimension_count"), numbers.number("attention.key_length")
    if rope > width:
        raise numbers.wrong("rope.dimension_count", f"expected at most {width}, a key's width, got {rope}")
    return WindowedAttention(
        window=numbers.number("attention.sliding_window"),
        compress_ratios=_ratios(numbers, layers),
        q_lora_rank=numbers.number("attention.q_lora_rank"),
        rope_dim=rope,
        output_groups=groups,
        output_lora_rank=numbers.number("attention.output_lora_rank"),
        hyper_connections=_HYPER_CONNECTIONS,
        hash_layers=numbers.number("hash_layer_count", least=0, most=1 << 10),
    )


def _ratios(numbers: Numbers, layers: int) -> tuple[_Ratio, ...]:
    """Those of the model's own layers; a file may name more."""
    key, held = "attention.compress_ratios", numbers.list("attention.compress_ratios")
    if len(held) < layers:
        raise numbers.wrong(key, f"{len(held)} for {layers} layers")
    found: list[_Ratio] = []
    for ratio in held[:layers]:
        known = next((each for each in _RATIOS if each == ratio), None)
        if known is None:
            raise numbers.wrong(key, f"llama.cpp knows {', '.join(map(str, _RATIOS))} alone, got {ratio}")
        found.append(known)
    return tuple(found)


def _early(numbers: Numbers, why: str) -> EngineError:
    return EngineError(
        f"{numbers.gguf.name} is an early conversion of DeepSeek-V4, which llama.cpp does not load: {why}.",
        "download a file converted since 29 June 2026, when llama.cpp learned DeepSeek-V4 (build b9842)",
    )
