"""Where each layer goes. A placement says it; `loads` says what that costs every device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from r1plan.catalog.model import Shape
from r1plan.plan.buffers import (
    EngineSettings,
    Line,
    cells_of,
    context_of,
    cpu_peaks,
    gpu_peaks,
    host_line,
    kv_bytes_per_cell,
    pools_bytes,
)
from r1plan.plan.devices import Devices
from r1plan.plan.memory import Basis, Device, DeviceMemory, Load
from r1plan.plan.weights import Weights

Layout = Literal["gpu", "gpu-split", "experts-in-ram", "partial", "cpu", "unified"]


@dataclass(frozen=True, slots=True)
class Placement:
    """The layers in order: first those in host memory, then those of each GPU in `devices`' order.

    `layers_on_gpu` has one entry a GPU, 0 for an unused one. The experts of the first `expert_layers_on_host` expert
    layers stay in host memory even where the rest of the layer is on a GPU.
    """

    layout: Layout
    layers: int
    layers_on_gpu: tuple[int, ...]
    expert_layers_on_host: int = 0

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
    def tensor_split(self) -> tuple[int, ...]:
        """llama.cpp's --tensor-split: layers a GPU."""
        return self.layers_on_gpu


@dataclass(frozen=True, slots=True)
class Placed:
    """A placement with its loads; what each device holds follows from the context."""

    placement: Placement
    loads: tuple[Load, ...]
    settings: EngineSettings
    model_context: int

    @property
    def context_max(self) -> int:
        """The largest context of one slot that leaves every device's margin alone; at most the model's own."""
        limits = [cells for load in self.loads if (cells := load.most_cells()) is not None]
        return min(self.model_context, context_of(min(limits), self.settings.caches)) if limits else self.model_context

    def memory_at(self, context: int) -> tuple[DeviceMemory, ...]:
        """Every device's parts at `context` tokens a slot."""
        cells = cells_of(context, self.settings.caches)
        return tuple(load.at(cells) for load in self.loads)


def placed(
    placement: Placement,
    devices: Devices,
    shape: Shape,
    weights: Weights,
    settings: EngineSettings,
    model_context: int,
) -> Placed:
    """`placement` with what it puts on each device. Devices that hold nothing are left out."""
    used = [index for index, layers in enumerate(placement.layers_on_gpu) if layers]
    on_gpu = placement.layout != "cpu"
    if on_gpu and not used:
        used = [len(placement.layers_on_gpu) - 1]  # the output head alone
    streamed = weights.dense_layers + placement.expert_layers_on_host
    copies_experts = weights.widest_expert_tensor_bytes if placement.expert_layers_on_host else 0
    whole = len(used) == 1 and placement.host_layers == 0
    split_basis: Basis = "exact" if weights.whole_is_exact else "assumed"
    loads = []
    first = placement.host_layers
    for index in used if on_gpu else []:
        end = first + placement.layers_on_gpu[index]
        last = index == used[-1]
        held = weights.trunk_of(first, end) + weights.experts_of(max(first, min(streamed, end)), end)
        if last:
            held += weights.output_bytes
        device = devices.gpus[index]
        loads.append(
            Load(
                device=device,
                weights_bytes=held,
                weights_basis=split_basis,
                kv_bytes_per_cell=kv_bytes_per_cell(shape, settings.kv_type, end - first),
                peaks=gpu_peaks(
                    shape,
                    settings,
                    has_output=last,
                    alone=whole,
                    split=len(used) > 1,
                    streamed_expert_bytes=copies_experts if placement.layers_on_gpu[index] else 0,
                ),
                compute_basis="calibrated" if whole and device.kind == "gpu" else "assumed",
                pools_bytes=pools_bytes(settings.n_ubatch),
            )
        )
        first = end
    host = _host_load(placement, devices, shape, weights, settings, split_basis)
    if devices.host is not None:
        loads.append(replace(host, device=devices.host))
    else:
        loads = [_merged(loads[0], host)] if loads else [host]
    return Placed(placement, tuple(loads), settings, model_context)


def _host_load(
    placement: Placement,
    devices: Devices,
    shape: Shape,
    weights: Weights,
    settings: EngineSettings,
    split_basis: Basis,
) -> Load:
    layers = placement.host_layers
    streamed = weights.dense_layers + placement.expert_layers_on_host
    held = weights.embedding_bytes + weights.trunk_of(0, layers) + weights.experts_of(0, max(layers, streamed))
    peaks: tuple[Line, ...] = (host_line(shape, settings),)
    basis: Basis = split_basis
    if placement.layout == "cpu":
        held += weights.output_bytes
        peaks = cpu_peaks(shape, settings)
        basis = "exact" if weights.whole_is_exact else "assumed"
    device: Device = devices.host or devices.gpus[0]
    return Load(
        device=device,
        weights_bytes=held,
        weights_basis=basis,
        kv_bytes_per_cell=kv_bytes_per_cell(shape, settings.kv_type, layers) if layers else 0,
        peaks=peaks,
        compute_basis="calibrated" if settings.flash_attn else "assumed",
        pools_bytes=0,
    )


def _merged(card: Load, host: Load) -> Load:
    """Both loads on one unified device."""
    return replace(
        card,
        weights_bytes=card.weights_bytes + host.weights_bytes,
        kv_bytes_per_cell=card.kv_bytes_per_cell + host.kv_bytes_per_cell,
        peaks=tuple(peak.plus(line) for peak in card.peaks for line in host.peaks),
    )
