"""The lines of one model under one setting of the engine, which every layout of it shares: each is worked out once."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate

from r1plan.catalog.model import Shape
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.buffers import gpu_peaks
from r1plan.plan.llamacpp.memory.cache import cache_before, cache_line, kv_bytes_per_cell
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.memory.pools import pools_line
from r1plan.plan.llamacpp.settings import EngineSettings


class BufferLines:
    """What caches, pools and compute buffers take, as lines over the cells of the KV cache."""

    def __init__(self, shape: Shape, weights: Weights, settings: EngineSettings) -> None:
        self.shape, self.weights, self.settings = shape, weights, settings
        self._peaks: dict[tuple[bool, bool, bool, LinearBytes | None], tuple[LinearBytes, ...]] = {}

    def cache(self, first: int, end: int) -> LinearBytes:
        """The KV caches of layers `first` to `end` (exclusive)."""
        return cache_line(self.shape, self.settings, first, end)

    def cache_before(self, cells: int) -> list[int]:
        """The bytes of the caches of the layers before each, exactly."""
        return cache_before(self.shape, self.settings, cells)

    @cached_property
    def pools(self) -> LinearBytes:
        """What a card's pools take."""
        return pools_line(self.shape, self.settings, plain=self.weights.plain)

    def copied(self, host_layers: int, experts_on_host: int) -> LinearBytes | None:
        """What the first card copies from host memory for batches of 32 tokens and more; None: nothing lies there.

        At once those are the widest matrix there and, with whole layers, one layer's cache. It is always the first: the
        scheduler hands such an operation to the first backend that takes it (ggml_backend_sched_backend_id_from_cur).
        """
        widest = self._widest_matrix_before[host_layers]
        if experts_on_host:
            experts_end = self.weights.dense_layers + experts_on_host
            widest = max(widest, self._widest_expert_before[experts_end])
        if not (host_layers or widest):
            return None
        return LinearBytes(widest, self._copied_cache_bytes if host_layers else 0)

    def peaks(
        self, *, has_output: bool, alone: bool, pipelined: bool, copied: LinearBytes | None
    ) -> tuple[LinearBytes, ...]:
        """See `gpu_peaks`."""
        key = has_output, alone, pipelined, copied
        found = self._peaks.get(key)
        if found is None:
            found = self._peaks[key] = gpu_peaks(
                self.shape, self.settings, has_output=has_output, alone=alone, pipelined=pipelined, copied=copied
            )
        return found

    @cached_property
    def _widest_matrix_before(self) -> list[int]:
        return list(accumulate(self.weights.widest_matrices, max, initial=0))

    @cached_property
    def _widest_expert_before(self) -> list[int]:
        return list(accumulate(self.weights.widest_experts, max, initial=0))

    @cached_property
    def _copied_cache_bytes(self) -> int:
        """A cell's keys, and values that are no part of them."""
        a_layer = kv_bytes_per_cell(self.shape, self.settings.kv_type, 1)
        return (2 if self.shape.latent_attention is not None else 1) * a_layer
