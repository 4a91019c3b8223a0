"""The engine's buffers by shape and settings: KV cache, compute buffer, and what CUDA takes besides.

Formulas are llama.cpp's at build 0c1e57098 (llama-cpp-python 0.3.36); the CUDA ones reproduce the H100 readings kept in
tests/measured/vram_measured_h100.jsonl. Everything is linear in the cells of the KV cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Shape
from r1plan.plan.kv_types import KV_TYPES, KvType
from r1plan.plan.workload import Runtime
from r1plan.units import KIB, MIB, pad

CONTEXT_STEP = 256  # llama_context pads n_ctx to this

# Not derived from shapes: R1's working set a token of the micro-batch, with its experts on the card and with a copy of
# them from host memory (readings at n_ubatch 512 and 2048).
_MLA_BYTES_PER_UBATCH_TOKEN = 835_584
_MLA_BYTES_PER_UBATCH_TOKEN_STREAMED = 417_792
# What turns keys and values before a quantised cache takes them (the engine's dry run).
_ROTATION_BYTES = 80 * KIB
# The experts' part of a layer without flash attention (the engine's dry run).
_MLA_BYTES_PER_UBATCH_TOKEN_NO_FLASH = 802_816
# Scratch of a quantised cache under MLA, a cell and element of the hidden state (reported by users, not measured).
_MLA_SCRATCH = 0.94


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine is started. Each of `slots` has its own cache, or all have `one_cache` for whoever needs it."""

    kv_type: KvType = "f16"
    n_ubatch: int = 512
    slots: int = 1
    flash_attn: bool = True
    runtime: Runtime = "in-process"
    one_cache: bool = False

    @property
    def caches(self) -> int:
        """How many times the context is allocated."""
        return 1 if self.one_cache else self.slots

    @property
    def outputs(self) -> int:
        """Rows of logits kept: a plain context reserves one a token of the micro-batch, llama-server one a slot."""
        return self.n_ubatch if self.runtime == "in-process" else self.slots


@dataclass(frozen=True, slots=True)
class Line:
    """Bytes as a line over the cells of the KV cache."""

    fixed_bytes: int
    bytes_per_cell: int

    def at(self, cells: int) -> int:
        """The bytes at `cells`."""
        return self.fixed_bytes + self.bytes_per_cell * cells

    def plus(self, other: Line) -> Line:
        """Both at once."""
        return Line(self.fixed_bytes + other.fixed_bytes, self.bytes_per_cell + other.bytes_per_cell)


def kv_bytes_per_cell(shape: Shape, kv_type: KvType, layers: int | None = None) -> int:
    """Bytes that one token costs in the KV cache of `layers` layers (all by default).

    MLA caches one vector of kv_lora_rank + qk_rope_head_dim a layer and no V: R1 takes 70,272 bytes at f16.
    """
    if shape.latent_attention is not None:
        elements = shape.latent_attention.kv_lora_rank + shape.latent_attention.qk_rope_head_dim
    else:
        elements = 2 * shape.kv_heads * shape.head_dim
    return (shape.layers if layers is None else layers) * KV_TYPES[kv_type].bytes_of(elements)


def cells_of(context: int, caches: int) -> int:
    """KV cells of `caches` contexts of `context` tokens, each padded as llama.cpp does."""
    return pad(context, CONTEXT_STEP) * caches


def context_of(cells: int, caches: int) -> int:
    """The largest context of one cache that `cells` hold, in whole steps."""
    return max(cells, 0) // caches // CONTEXT_STEP * CONTEXT_STEP


def cpu_peaks(shape: Shape, settings: EngineSettings) -> tuple[Line, ...]:
    """Candidates for the CPU backend's compute buffer; tests/oracle compares them with llama.cpp's own dry run.

    With flash attention they are exact, but that a quantised cache keeps one hidden state more while logits are written
    only when the mask is longer than a hidden state: it is always counted.
    """
    ub, hidden, values = settings.n_ubatch, shape.hidden_size, 2 * shape.kv_heads * shape.head_dim
    mask = mask_line(settings)
    logits = Line(settings.outputs * shape.vocab_size * 4 + 2 * ub * hidden * 4, 0)
    attention = Line(0, -(-shape.heads * ub * 4 // settings.caches)).plus(mask)
    if shape.latent_attention is not None:
        if settings.flash_attn:
            return (logits, Line(ub * _MLA_BYTES_PER_UBATCH_TOKEN, 0).plus(mask))
        feed_forward = Line(ub * _MLA_BYTES_PER_UBATCH_TOKEN_NO_FLASH, 0).plus(mask)
        return (logits, feed_forward, Line(ub * _MLA_BYTES_PER_UBATCH_TOKEN, 0).plus(attention))
    if not settings.flash_attn:
        feed_forward = Line(ub * 4 * (3 * shape.ffn_size + 4 * hidden), 0).plus(mask)
        return (logits, feed_forward, Line(ub * 4 * (5 * hidden + values), 0).plus(attention))
    if settings.kv_type == "f16":
        return (logits, Line(ub * 4 * (3 * shape.ffn_size + 4 * hidden), 0).plus(mask))
    feed_forward = Line(ub * 4 * (3 * shape.ffn_size + 3 * hidden) + _ROTATION_BYTES, 0).plus(mask)
    return (logits.plus(Line(ub * hidden * 4, 0)), feed_forward)


def mask_line(settings: EngineSettings) -> Line:
    """The attention mask: a row a token of the micro-batch, as long as one cache; f32 without flash attention."""
    return Line(0, -(-(2 if settings.flash_attn else 4) * settings.n_ubatch // settings.caches))


def host_line(shape: Shape, settings: EngineSettings) -> Line:
    """The pinned host buffer beside a GPU: two hidden states and the mask."""
    return Line(settings.n_ubatch * 8 * shape.hidden_size, 0).plus(mask_line(settings))


def gpu_peaks(
    shape: Shape,
    settings: EngineSettings,
    *,
    has_output: bool,
    alone: bool,
    split: bool,
    streamed_expert_bytes: int,
) -> tuple[Line, ...]:
    """Candidates for a GPU's compute buffer.

    `alone`: the whole model is on this one card; `split`: it is on several. `streamed_expert_bytes`: the widest expert
    tensor when experts lie in host memory (batches of 32 tokens and more copy it to the card), else 0.
    """
    ub, hidden, attention = settings.n_ubatch, shape.hidden_size, shape.latent_attention
    mask = mask_line(settings)
    peaks = []
    if has_output:
        peaks.append(Line(settings.outputs * shape.vocab_size * 4 + (1 if alone else 2) * ub * hidden * 4, 0))
    if attention is not None:
        scratch = 0 if settings.kv_type == "f16" else round(_MLA_SCRATCH * hidden)
        peaks.append(Line(ub * _MLA_BYTES_PER_UBATCH_TOKEN, scratch).plus(mask))
        if streamed_expert_bytes:
            streamed = Line(streamed_expert_bytes + ub * _MLA_BYTES_PER_UBATCH_TOKEN_STREAMED, 0)
            peaks.append(streamed.plus(mask))
    else:
        peaks.append(Line(ub * 4 * (3 * shape.ffn_size + 4 * hidden), 0).plus(mask))
        if settings.kv_type != "f16":
            # One layer's K and V as f16 while a prompt is read.
            peaks.append(Line(4 * ub * hidden * 4, 2 * shape.kv_heads * shape.head_dim * 2).plus(mask))
    if not settings.flash_attn:
        wide = 14 if attention is not None else 4
        peaks.append(Line(wide * ub * hidden * 4, shape.heads * ub * 4).plus(mask))
    if split and streamed_expert_bytes == 0:
        # Layers split over cards run as a pipeline, which holds the mask four times.
        peaks = [peak.plus(Line(0, 3 * mask.bytes_per_cell)) for peak in peaks]
    return tuple(peaks)


def pools_bytes(n_ubatch: int) -> int:
    """CUDA's pools and workspaces: 90 MiB at n_ubatch 512 and 120 at 2048 on an H100 (three readings of one model)."""
    return 80 * MIB + 20 * KIB * n_ubatch
