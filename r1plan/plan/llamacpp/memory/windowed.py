"""Lines that DeepSeek-V4's compute buffers stay under: what the search works with (compute/buffers.py is exact)."""

from __future__ import annotations

from r1plan.catalog.model import INDEXED_RATIO, SUMMARY_RATIO, Shape
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.settings import KV_TYPES, PIPELINE_COPIES, EngineSettings
from r1plan.units import KIB, MIB

_F32_BYTES, _F16_BYTES = 4, 2


def windowed_peaks(
    shape: Shape,
    settings: EngineSettings,
    *,
    has_output: bool,
    pipelined: bool = False,
    on_card: bool = False,
    copied: LinearBytes | None = None,
) -> tuple[LinearBytes, ...]:
    """Candidates for a compute buffer, in host memory or on a card; the arguments are those of `gpu_peaks`.

    While attention runs there are the hidden state, four states wide, and the one that it makes; queries and what
    attention makes of them, with a gap as long; masks and the indexer's scores; and all keys in a row.
    """
    windowed, experts, indexer, ub = shape.windowed_attention, shape.experts, shape.indexer, settings.n_ubatch
    if windowed is None or experts is None or indexer is None:
        raise ValueError("a shape without windowed attention, experts or an indexer")
    row, kv = shape.hidden_size * _F32_BYTES, KV_TYPES[settings.kv_type]
    wide, queries = windowed.hyper_connections * row, shape.heads * shape.head_dim * _F32_BYTES
    mask = _F16_BYTES if settings.flash_attn else _F32_BYTES
    routed = experts.used_per_token * (2 * experts.ffn_size + shape.hidden_size) * _F32_BYTES
    window = windowed.window + ub + 256
    zeros = windowed.indexed_layers * indexer.top_k * mask
    index = 2 * indexer.heads * indexer.head_dim * _F32_BYTES + 2 * indexer.top_k * _F32_BYTES
    fixed = MIB + ub * (3 * row + 3 * wide + max(3 * queries, routed) + index + zeros + 2 * mask * window)
    # The indexer's mask and scores; its picks' mask, filled and added; and the row of both.
    seen = (_F16_BYTES + _F32_BYTES + 4 * mask) / INDEXED_RATIO + 2 * mask / SUMMARY_RATIO
    if not settings.flash_attn:
        fixed += ub * 2 * shape.heads * window * _F32_BYTES
        seen += 2 * shape.heads * _F32_BYTES / INDEXED_RATIO
    keys = kv.bytes_of(shape.head_dim) + (2 * _F16_BYTES * shape.head_dim if kv.name != "f16" else 0)
    keys += 0 if settings.flash_attn else kv.bytes_of(shape.head_dim)
    inputs = _inputs(shape, settings)
    fixed += inputs.fixed_bytes if KV_TYPES[settings.kv_type].quantised else 0
    streams = settings.slots / settings.caches
    slope = -(-int(ub * seen) // settings.caches) + 1 + int(streams * keys / INDEXED_RATIO)
    fixed += settings.slots * keys * (window + 256)
    kept = inputs.times(PIPELINE_COPIES).plus(LinearBytes(PIPELINE_COPIES * ub * (wide + 4 * row), 0))
    kept = kept if pipelined else LinearBytes(0, 0)
    attending = LinearBytes(fixed, slope).plus(kept)
    if copied is not None:
        cells = copied.bytes_per_cell * (2 if on_card else 0)
        # What is made between two matrices of experts may lie where the first was, so that the next finds no room.
        attending = attending.plus(LinearBytes(2 * copied.fixed_bytes, cells))
    if not has_output:
        return (attending,)
    logits = settings.outputs * (shape.vocab_size * _F32_BYTES + 3 * row + 2 * wide) + ub * (wide + row + zeros)
    return attending, LinearBytes(logits, 0).plus(inputs).plus(kept)


def windowed_host_line(shape: Shape, settings: EngineSettings, *, pipelined: bool) -> LinearBytes:
    """The pinned host buffer beside cards: two hidden states and the inputs; a pipeline holds these four times."""
    state = LinearBytes(settings.n_ubatch * _F32_BYTES * shape.hidden_size + MIB, 0)
    return state.plus(_inputs(shape, settings).times(PIPELINE_COPIES if pipelined else 1))


def _inputs(shape: Shape, settings: EngineSettings) -> LinearBytes:
    """An embedding a token, and four masks: of the window, of each kind of compressed keys, and the indexer's."""
    ub, window = settings.n_ubatch, shape.windowed_attention.window if shape.windowed_attention is not None else 0
    mask = _F16_BYTES if settings.flash_attn else _F32_BYTES
    fixed = ub * (shape.hidden_size * _F32_BYTES + 256 + mask * (window + ub + 3 * 256))
    # Which tokens each key is made of, and what turns keys before a quantised cache takes them.
    fixed += settings.slots * 8 * KIB + (
        3 * shape.head_dim**2 * _F32_BYTES if KV_TYPES[settings.kv_type].quantised else 0
    )
    fixed += 256 * KIB
    seen = (mask + _F16_BYTES) / INDEXED_RATIO + mask / SUMMARY_RATIO
    return LinearBytes(fixed, int(ub * seen) // settings.caches + 1)
