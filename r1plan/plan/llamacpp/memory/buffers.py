"""The engine's buffers by shape and settings: the KV cache, and lines that the compute buffers stay under.

Formulas are llama.cpp's at build 0c1e57098 (llama-cpp-python 0.3.36). Lines over the cells of the KV cache can be
solved for, so the search for a layout works with them; what is then said of a layout is exact (compute/buffers.py).
"""

from __future__ import annotations

from functools import lru_cache

from r1plan.catalog.model import Shape
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.memory.windowed import windowed_host_line, windowed_peaks
from r1plan.plan.llamacpp.settings import PIPELINE_COPIES, EngineSettings
from r1plan.units import KIB, pad

CONTEXT_STEP = 256  # llama_context pads n_ctx to this

# Not derived from shapes: R1's working set a token of the micro-batch, with its experts on the card and with a copy of
# them from host memory (readings at n_ubatch 512 and 2048).
_MLA_BYTES_PER_UBATCH_TOKEN = 835_584
_MLA_BYTES_PER_UBATCH_TOKEN_STREAMED = 417_792
# What turns keys and values before a quantised cache takes them (the engine's dry run).
_ROTATION_BYTES = 80 * KIB
# The experts' part of a layer without flash attention (the engine's dry run).
_MLA_BYTES_PER_UBATCH_TOKEN_NO_FLASH = 802_816
# While MLA's attention runs, with what lies between (compute/buffers.py, its highest in the tests).
_MLA_ATTENTION_BYTES_PER_UBATCH_TOKEN = 1_013_760
# What V3.2's indexer adds to that besides what `index_line` counts by cells and layers (as above).
_INDEXER_BYTES_PER_UBATCH_TOKEN = 40_960


def cells_of(context: int, caches: int) -> int:
    """KV cells of `caches` contexts of `context` tokens, each padded as llama.cpp does."""
    return pad(context, CONTEXT_STEP) * caches


def context_of(cells: int, caches: int) -> int:
    """The largest context of one cache that `cells` hold, in whole steps."""
    return max(cells, 0) // caches // CONTEXT_STEP * CONTEXT_STEP


@lru_cache(maxsize=2048)
def cpu_peaks(shape: Shape, settings: EngineSettings) -> tuple[LinearBytes, ...]:
    """Candidates for the CPU backend's compute buffer; tests/oracle compares them with llama.cpp's own dry run.

    With flash attention they are exact, but that a quantised cache keeps one hidden state more while logits are written
    only when the mask is longer than a hidden state: it is always counted.
    """
    if shape.windowed_attention is not None:
        return windowed_peaks(shape, settings, has_output=True)
    ub, hidden, values = settings.n_ubatch, shape.hidden_size, 2 * shape.kv_heads * shape.head_dim
    mask, index = mask_line(shape, settings), index_line(shape, settings)
    logits = LinearBytes(settings.outputs * shape.vocab_size * 4 + 2 * ub * hidden * 4, 0)
    attention = LinearBytes(0, -(-shape.heads * ub * 4 // settings.caches)).plus(mask)
    if shape.latent_attention is not None:
        if settings.flash_attn:
            return (logits, LinearBytes(ub * _MLA_BYTES_PER_UBATCH_TOKEN, 0).plus(mask).plus(index))
        feed_forward = LinearBytes(ub * _MLA_BYTES_PER_UBATCH_TOKEN_NO_FLASH, 0).plus(mask).plus(index)
        if shape.indexer is not None:
            attention = attention.plus(LinearBytes(0, 2 * shape.latent_attention.kv_lora_rank))  # values, straightened
        return (logits, feed_forward, LinearBytes(ub * _MLA_BYTES_PER_UBATCH_TOKEN, 0).plus(attention).plus(index))
    if not settings.flash_attn:
        feed_forward = LinearBytes(ub * 4 * (3 * shape.ffn_size + 4 * hidden), 0).plus(mask)
        return (logits, feed_forward, LinearBytes(ub * 4 * (5 * hidden + values), 0).plus(attention))
    if settings.kv_type == "f16":
        return (logits, LinearBytes(ub * 4 * (3 * shape.ffn_size + 4 * hidden), 0).plus(mask))
    feed_forward = LinearBytes(ub * 4 * (3 * shape.ffn_size + 3 * hidden) + _ROTATION_BYTES, 0).plus(mask)
    return (logits.plus(LinearBytes(ub * hidden * 4, 0)), feed_forward)


def mask_line(shape: Shape, settings: EngineSettings) -> LinearBytes:
    """The attention mask: a row a token of the micro-batch, as long as one cache; f32 without flash attention.

    An indexer has one of its own, always f16.
    """
    number = (2 if settings.flash_attn else 4) + (2 if shape.indexer is not None else 0)
    return LinearBytes(0, -(-number * settings.n_ubatch // settings.caches))


def index_line(shape: Shape, settings: EngineSettings) -> LinearBytes:
    """What an indexer adds to a peak, from above.

    A leaf a layer with a number a token and picked cell; and a number a token and cell: the scores, or two more masks,
    which are twice as long without flash attention.
    """
    indexer, ub = shape.indexer, settings.n_ubatch
    if indexer is None:
        return LinearBytes(0, 0)
    leaves = shape.layers * ub * indexer.top_k * 4
    scores = (4 if settings.flash_attn else 8) * ub
    return LinearBytes(leaves + ub * _INDEXER_BYTES_PER_UBATCH_TOKEN, -(-scores // settings.caches))


@lru_cache(maxsize=2048)
def host_line(shape: Shape, settings: EngineSettings, *, pipelined: bool = False) -> LinearBytes:
    """The pinned host buffer beside cards: two hidden states and the mask; a pipeline holds the inputs four times."""
    if shape.windowed_attention is not None:
        return windowed_host_line(shape, settings, pipelined=pipelined)
    state = LinearBytes(settings.n_ubatch * 4 * shape.hidden_size, 0)
    inputs = state.plus(mask_line(shape, settings))
    return state.plus(inputs.times(PIPELINE_COPIES if pipelined else 1))


@lru_cache(maxsize=2048)
def gpu_peaks(
    shape: Shape,
    settings: EngineSettings,
    *,
    has_output: bool,
    alone: bool,
    pipelined: bool,
    copied: LinearBytes | None = None,
) -> tuple[LinearBytes, ...]:
    """Candidates for a GPU's compute buffer, from above: what the search works with (compute/buffers.py is exact).

    `alone`: the whole model is on this one card; `pipelined`: it is on several. `copied`: see `BufferLines`.
    """
    if shape.windowed_attention is not None:
        return windowed_peaks(shape, settings, has_output=has_output, pipelined=pipelined, on_card=True, copied=copied)
    ub, latent = settings.n_ubatch, shape.latent_attention
    state, mask = LinearBytes(ub * shape.hidden_size * 4, 0), mask_line(shape, settings)
    layer = LinearBytes(
        ub * _MLA_BYTES_PER_UBATCH_TOKEN if latent else ub * 4 * (3 * shape.ffn_size + 4 * shape.hidden_size), 0
    )
    kept = state.plus(mask).times(PIPELINE_COPIES) if pipelined else LinearBytes(0, 0)
    if pipelined:
        mask = LinearBytes(0, 0)  # it is among what is kept
    mask = mask.plus(index_line(shape, settings))
    peaks = [layer.plus(mask)]
    if has_output:
        peaks.append(LinearBytes(settings.outputs * shape.vocab_size * 4, 0).plus(state.times(1 if alone else 2)))
    attending = LinearBytes(ub * _MLA_ATTENTION_BYTES_PER_UBATCH_TOKEN, 0) if latent else state.times(4)
    as_f16 = LinearBytes(0, 0 if settings.kv_type == "f16" else kv_bytes_per_cell(shape, "f16", 1))
    if as_f16.bytes_per_cell:
        # One layer's keys and values while a prompt is read.
        peaks.append(attending.plus(as_f16).plus(mask))
    if not settings.flash_attn:
        straight = 2 * latent.kv_lora_rank if latent else 0
        peaks.append(attending.plus(LinearBytes(0, shape.heads * ub * 4 // settings.caches + straight)).plus(mask))
    if copied is not None:
        streamed = LinearBytes(ub * _MLA_BYTES_PER_UBATCH_TOKEN_STREAMED, 0) if latent else layer
        peaks.append(streamed.plus(mask).plus(LinearBytes(copied.fixed_bytes, 0)))
        if copied.bytes_per_cell:
            scores = LinearBytes(0, 0 if settings.flash_attn else shape.heads * ub * 4 // settings.caches)
            cells = (
                attending.plus(state.times(2)).plus(scores).plus(LinearBytes(copied.fixed_bytes, copied.bytes_per_cell))
            )
            peaks.append(cells.plus(mask).plus(as_f16))
    return tuple(peak.plus(kept) for peak in peaks)
