"""Where each layer goes. A placement says it; `device_loads` says what that costs every device."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, NamedTuple

from r1plan.catalog.model import Shape
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.buffers import cells_of, context_of, cpu_peaks, host_line
from r1plan.plan.llamacpp.memory.devices import Devices, disk_of
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.memory.lines import BufferLines
from r1plan.plan.llamacpp.memory.parts import Device, DeviceLoad, DeviceMemory, MemoryPart
from r1plan.plan.llamacpp.settings import EngineSettings

Layout = Literal["gpu", "gpu-split", "experts-in-ram", "partial", "cpu", "unified"]
_NO_POOLS = LinearBytes(0, 0)


class Placement(NamedTuple):
    """The layers in order: first those in host memory, then those of each GPU in `devices`' order.

    `layers_on_gpu` has one entry a GPU, 0 for an unused one. The experts of the first `expert_layers_on_host` expert
    layers stay in host memory even where the rest of the layer is on a GPU; `dense_layers` without experts come before
    them. With `mapped` the host's weights are pages of the file, which the system may drop and read again; without,
    they are memory of the process. With `from_disk` experts that find no room in host memory are read from the file
    when a token needs them.
    """

    layout: Layout
    layers: int
    layers_on_gpu: tuple[int, ...]
    expert_layers_on_host: int = 0
    dense_layers: int = 0
    mapped: bool = True
    from_disk: bool = False

    @property
    def host_layers(self) -> int:
        """Layers whose attention and cache are in host memory."""
        return self.layers - sum(self.layers_on_gpu)

    @property
    def gpu_layers(self) -> int:
        """llama.cpp's --gpu-layers: the output head counts as one more and is the first to go to a GPU."""
        on_gpu = sum(self.layers_on_gpu)
        return on_gpu + 1 if self.layout != "cpu" else 0

    @property
    def used_gpus(self) -> tuple[int, ...]:
        """Places in `layers_on_gpu` of the cards that hold something; the output head is on the last of them."""
        if self.layout == "cpu":
            return ()
        used = tuple(place for place, layers in enumerate(self.layers_on_gpu) if layers)
        return used or (len(self.layers_on_gpu) - 1,)  # the output head alone

    @property
    def tensor_split(self) -> tuple[int, ...]:
        """llama.cpp's --tensor-split, in whole layers a GPU, so that the engine's cuts are these.

        The engine shares out the output head like a layer (llama_model_base::load_tensors), so the card that holds it
        counts one more and the sum is `gpu_layers`.
        """
        used = self.used_gpus
        return tuple(n + 1 if used and place == used[-1] else n for place, n in enumerate(self.layers_on_gpu))

    @property
    def n_cpu_moe(self) -> int:
        """llama.cpp's --n-cpu-moe, which counts from the first layer of all; 0 where it would change nothing."""
        absolute = self.dense_layers + self.expert_layers_on_host
        on_gpu = self.layout != "cpu" and absolute > self.host_layers
        return absolute if self.expert_layers_on_host and on_gpu else 0

    @property
    def pipelined(self) -> bool:
        """Whether the engine computes several micro-batches at once: only with all layers whole on several cards."""
        return len(self.used_gpus) > 1 and not self.host_layers and not self.expert_layers_on_host


class DeviceLoads(NamedTuple):
    """A placement with its loads; what each device holds follows from the context.

    `disk` is set where experts may be read from it, and `disk_bytes`, by `at_context`, to those that have to be.
    """

    placement: Placement
    loads: tuple[DeviceLoad, ...]
    settings: EngineSettings
    model_context: int
    disk: Device | None = None
    disk_bytes: int = 0

    @property
    def context_max(self) -> int:
        """The largest context of one slot that leaves every device's margin alone; at most the model's own."""
        limits = [cells for load in self.loads if (cells := load.most_cells()) is not None]
        return min(self.model_context, context_of(min(limits), self.settings.caches)) if limits else self.model_context

    def full_at(self) -> tuple[tuple[str, int], ...]:
        """Each device's name with the largest context of a slot that it alone would allow, the tightest first."""
        limits = [(load.device.name, load.most_cells()) for load in self.loads]
        caches = self.settings.caches
        return tuple(
            sorted(
                ((name, context_of(cells, caches)) for name, cells in limits if cells is not None),
                key=lambda each: each[1],
            )
        )

    def at_context(self, context: int) -> DeviceLoads:
        """The same with `disk_bytes` as they are at `context` tokens a slot."""
        if self.disk is None or (read := self.read_from_disk_at(context)) == self.disk_bytes:
            return self
        return self._replace(disk_bytes=read)

    def read_from_disk_at(self, context: int) -> int:
        """Bytes of experts that find no room in memory at `context` tokens a slot; 0 without `from_disk`."""
        cells = cells_of(context, self.settings.caches)
        return sum(load.dropped_at(cells) for load in self.loads if load.droppable_bytes)

    def memory_at(self, context: int) -> tuple[DeviceMemory, ...]:
        """Every device's parts at `context` tokens a slot."""
        cells = cells_of(context, self.settings.caches)
        held = tuple(load.at(cells) for load in self.loads)
        if self.disk is None:
            return held
        left = MemoryPart(
            "weights", self.read_from_disk_at(context), "assumed", "experts that find no room, read when needed"
        )
        none = (MemoryPart("kv_cache", 0, "exact", ""), MemoryPart("compute", 0, "exact", ""))
        return (*held, DeviceMemory(self.disk, (left, *none, MemoryPart("overhead", 0, "exact", ""))))


def device_loads(
    placement: Placement,
    devices: Devices,
    shape: Shape,
    weights: Weights,
    settings: EngineSettings,
    model_context: int,
) -> DeviceLoads:
    """`placement` with what it puts on each device. Devices that hold nothing are left out."""
    return Loading(devices, BufferLines(shape, weights, settings), model_context).of(placement)


class Loading:
    """Says what layouts of one model under one setting put on `devices`."""

    def __init__(self, devices: Devices, lines: BufferLines, model_context: int) -> None:
        self.devices, self.lines = devices, lines
        self._model_context = model_context
        self._cache_why = _cache_why(lines.shape, lines.settings)
        self._split_basis: Basis = "exact" if lines.weights.whole_is_exact else "assumed"

    def of(self, placement: Placement) -> DeviceLoads:
        """See `device_loads`."""
        lines, weights, devices = self.lines, self.lines.weights, self.devices
        used, host_layers, experts_on_host = placement.used_gpus, placement.host_layers, placement.expert_layers_on_host
        pipelined = len(used) > 1 and not host_layers and not experts_on_host
        streamed = weights.dense_layers + experts_on_host
        whole = len(used) == 1 and host_layers == 0
        copied = lines.copied(host_layers, experts_on_host)
        loads = []
        first = host_layers
        for index in used:
            end = first + placement.layers_on_gpu[index]
            last = index == used[-1]
            held = weights.trunk_of(first, end) + weights.experts_of(max(first, min(streamed, end)), end)
            if last:
                held += weights.output_bytes
            device, cache = devices.gpus[index], lines.cache(first, end)
            loads.append(
                DeviceLoad(
                    device=device,
                    weights_bytes=held,
                    weights_basis=self._split_basis,
                    kv_bytes_per_cell=cache.bytes_per_cell,
                    kv_fixed_bytes=cache.fixed_bytes,
                    peaks=lines.peaks(
                        has_output=last,
                        alone=whole,
                        pipelined=pipelined,
                        copied=copied if index == used[0] else None,
                    ),
                    compute_basis="calibrated" if whole and device.kind == "gpu" else "assumed",
                    pools=lines.pools,
                    cache_why=self._cache_why,
                )
            )
            first = end
        host = self._on_host(placement, host_layers, pipelined=pipelined)
        if devices.host is not None:
            loads.append(host)
        else:
            loads = [_merged(loads[0], host)] if loads else [host]
        disk = disk_of(weights.total_bytes) if placement.from_disk else None
        return DeviceLoads(placement, tuple(loads), lines.settings, self._model_context, disk)

    def _on_host(self, placement: Placement, layers: int, *, pipelined: bool) -> DeviceLoad:
        lines, weights = self.lines, self.lines.weights
        streamed = weights.dense_layers + placement.expert_layers_on_host
        experts = weights.experts_of(0, max(layers, streamed))
        held = weights.embedding_bytes + weights.trunk_of(0, layers) + experts
        peaks, cache = self._peaks_beside_cards[pipelined], lines.cache(0, layers)
        if placement.layout == "cpu":
            held += weights.output_bytes_beside_embedding
            peaks = cpu_peaks(lines.shape, lines.settings)
        return DeviceLoad(
            device=self.devices.host or self.devices.gpus[0],
            weights_bytes=held,
            weights_basis=self._split_basis,
            kv_bytes_per_cell=cache.bytes_per_cell,
            kv_fixed_bytes=cache.fixed_bytes,
            peaks=peaks,
            compute_basis="calibrated" if lines.settings.flash_attn else "assumed",
            pools=_NO_POOLS,
            cache_why=self._cache_why,
            droppable_bytes=experts if placement.from_disk else 0,
            weights_why="pages of the mapped file" if placement.mapped else "copied into the process's own memory",
        )

    @cached_property
    def _peaks_beside_cards(self) -> tuple[tuple[LinearBytes, ...], tuple[LinearBytes, ...]]:
        """Host memory's without a pipeline, and with one."""
        shape, settings = self.lines.shape, self.lines.settings
        return (host_line(shape, settings),), (host_line(shape, settings, pipelined=True),)


def _cache_why(shape: Shape, settings: EngineSettings) -> str:
    """Which builds of the engine hold latent attention's cache so (shared by keys and values since January 2026).

    Of DeepSeek-V4 that there is a window besides, and a stream for every slot.
    """
    if shape.windowed_attention is not None:
        each = f" for each of {settings.slots} slots" if settings.slots > 1 else ""
        return f", and the window and unfinished keys{each}"
    latent = shape.latent_attention
    if latent is None or shape.indexer is not None:  # no build before 2026 knows an indexer
        return ""
    now = latent.kv_lora_rank + latent.qk_rope_head_dim
    return f"; builds before 2026 take {(now + latent.kv_lora_rank) / now:.1f} times as much"


def _merged(card: DeviceLoad, host: DeviceLoad) -> DeviceLoad:
    """Both loads on one unified device."""
    return card._replace(
        weights_bytes=card.weights_bytes + host.weights_bytes,
        kv_bytes_per_cell=card.kv_bytes_per_cell + host.kv_bytes_per_cell,
        kv_fixed_bytes=card.kv_fixed_bytes + host.kv_fixed_bytes,
        peaks=tuple(peak.plus(line) for peak in card.peaks for line in host.peaks),
    )
