"""What a server's step and its prompts ask of each card, in seconds at the data sheet's full speed and in counts.

    step = sum(cause * rate)

The rates say how much longer each takes really, and how long what is counted takes (rates.py). Causes are added and
none hides another: what is so fitted reproduces measured servers better than the larger of reading and arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

from r1plan.catalog.model import INDEXED_RATIO, SUMMARY_RATIO, Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.serving.budget import ServedKv, kv_bytes_per_token
from r1plan.plan.serving.links import link_of
from r1plan.plan.serving.option import Computed
from r1plan.plan.serving.sharding import Parallel
from r1plan.units import GB

_UNKNOWN_GB_S = 300.0
_SUMS_A_LAYER = 2  # behind attention and behind the feed-forward; with experts spread, to them and back
_ROW_BYTES_A_NUMBER = 2
# Kernels that unpack weights to 16 bits do so for every few tokens again, so that many are no faster than in BF16;
# assumed.
_UNPACKING = 1.25


class StepReads(NamedTuple):
    """What each card reads of the weights in a step, and computes for a token, of all layers together.

    `whole_bytes` are read in every step; of `routed_bytes` a token needs `read_share`. `low_flop` and `half_flop` are
    operations that one token of all that the server works on takes of each card, in the type's own arithmetic and in
    16 bits.
    """

    whole_bytes: float
    routed_bytes: float
    read_share: float
    low_flop: float
    half_flop: float

    def routed_bytes_of(self, tokens: float) -> float:
        """The bytes of the experts that any of so many tokens goes to, who choose evenly."""
        return self.routed_bytes * (1 - float((1 - self.read_share) ** tokens))


class StepCauses(NamedTuple):
    """What a step takes. Seconds at full speed, but for `exchanges`, `layers`, `steps` and `users`, which are counted.

    `unpacked_layers` are those whose weights the kernels unpack to 16 bits.
    """

    weights: float
    experts: float
    arithmetic: float
    cache: float
    latent_cache: float
    exchanges: float
    exchanged: float
    layers: float
    unpacked_layers: float
    between_machines: float
    stages: float
    steps: float
    users: float
    rows: float


class PromptCauses(NamedTuple):
    """What reading a prompt takes, in seconds at full speed."""

    arithmetic: float
    attention: float
    exchanged: float
    rows: float


class ServedWork:
    """What one layout of a model on cards like `gpu` takes of each of them.

    A step goes through all stages, one after the other, and serves as many users as share one; the stages work on as
    many steps at once.
    """

    def __init__(
        self, model: Model, parallel: Parallel, gpu: GpuDevice, kv_type: ServedKv, reads: StepReads, computed: Computed
    ) -> None:
        self.model, self.parallel, self.gpu, self.reads, self.computed = model, parallel, gpu, reads, computed
        shape = model.shape
        self.link = link_of(gpu)
        self._bytes_per_s = (gpu.bandwidth_gb_s or _UNKNOWN_GB_S) * GB
        self._half_flops = gpu.fp16_tensor_tflops * 1e12 if gpu.fp16_tensor_tflops else None
        kv_bytes = kv_bytes_per_token(shape, kv_type, parallel.tensor) / parallel.data / parallel.context
        self._cache_s = kv_bytes / self._bytes_per_s
        cards = parallel.tensor * parallel.data
        row_bytes = _SUMS_A_LAYER * shape.layers * shape.hidden_size * _ROW_BYTES_A_NUMBER
        self._exchanged_s = row_bytes * (cards - 1) / cards / parallel.data / self.link.bytes_per_s
        self._rows_s = row_bytes / parallel.data / self._bytes_per_s
        self._arithmetic_s = 0.0
        if self._half_flops is not None:
            self._arithmetic_s = (reads.low_flop / computed.times_as_fast + reads.half_flop) / self._half_flops
            self._arithmetic_s *= _UNPACKING if computed.weight_only else 1.0
        self._attention_s = _attention_flop(model) / cards / self._half_flops if self._half_flops else 0.0

    def step(self, users: float, depth: float) -> StepCauses:
        """A step for `users` requests with `depth` tokens in the cache of each."""
        parallel, layers = self.parallel, self.model.shape.layers
        latent = self.model.shape.heads_a_key == self.model.shape.heads
        at_once = max(users / parallel.pipeline, 1.0)
        on_each = max(at_once, parallel.data)  # a group with nobody in it waits for the others
        cache = self._cache_s * on_each * depth
        together = parallel.tensor * parallel.data > 1
        return StepCauses(
            weights=self.reads.whole_bytes / self._bytes_per_s,
            experts=self.reads.routed_bytes_of(at_once) / self._bytes_per_s,
            arithmetic=self._arithmetic_s * on_each,
            cache=0.0 if latent else cache,
            latent_cache=cache if latent else 0.0,
            exchanges=self.link.times_as_long * _SUMS_A_LAYER * layers * (1 + (parallel.context > 1) / 2) * together,
            exchanged=self._exchanged_s * on_each,
            layers=layers,
            unpacked_layers=layers * self.computed.weight_only,
            between_machines=layers * (parallel.machines > 1 and parallel.data > 1),
            stages=parallel.pipeline - 1,
            steps=1.0,
            users=on_each / parallel.data,
            rows=self._rows_s * on_each,
        )

    def prompt(self, tokens: float, depth: float) -> PromptCauses | None:
        """A prompt of `tokens` behind `depth` in the cache; None where the card's arithmetic is not known."""
        if self._half_flops is None:
            return None
        return PromptCauses(
            arithmetic=self._arithmetic_s * tokens,
            attention=self._attention_s * tokens * (depth + tokens / 2),
            exchanged=self._exchanged_s * tokens,
            rows=self._rows_s * tokens,
        )


def _attention_flop(model: Model) -> float:
    """Operations that a token takes for each token before it, all heads and layers together."""
    shape, latent = model.shape, model.shape.latent_attention
    a_head = 2 * shape.head_dim
    if (windowed := shape.windowed_attention) is not None:
        index = shape.indexer.heads * shape.indexer.head_dim if shape.indexer is not None else 0
        summed = windowed.summary_layers * shape.heads * a_head / SUMMARY_RATIO
        return 2.0 * (windowed.indexed_layers * index / INDEXED_RATIO + summed)
    if latent is not None:
        a_head = latent.qk_nope_head_dim + latent.qk_rope_head_dim + latent.v_head_dim
    return 2.0 * shape.layers * shape.heads * a_head
