"""The layouts worth trying for a model on a machine, each the best of its kind for a wanted context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1plan.catalog.model import Shape
from r1plan.plan.buffers import EngineSettings, Line, cells_of, gpu_peaks, kv_bytes_per_cell, pools_bytes
from r1plan.plan.devices import Devices
from r1plan.plan.memory import Device
from r1plan.plan.placement import Placement
from r1plan.plan.weights import Weights


def layouts(
    devices: Devices, shape: Shape, weights: Weights, settings: EngineSettings, context: int
) -> Iterator[Placement]:
    """Placements from the fastest kind to the slowest. They are proposals: what really fits, `placed` says.

    On unified memory there is one. With cards: all layers on as few cards as hold them at `context`, else on all; then,
    for a mixture, everything but experts on the cards; then as many layers as fit. CPU only comes last.
    """
    layers = shape.layers
    if devices.unified:
        yield Placement("unified", layers, (layers,))
        return
    if devices.gpus:
        cells = cells_of(context, settings.caches)
        fill = _Filling(devices.gpus, shape, weights, settings, cells)
        whole = fill.whole()
        yield whole or fill.even()
        if whole is None and weights.expert_layers:
            yield fill.experts_in_ram()
        if whole is None:
            partial = fill.partial()
            if partial is not None:
                yield partial
    yield Placement("cpu", layers, (0,) * len(devices.gpus), weights.expert_layers)


def fixed_layout(devices: Devices, shape: Shape, weights: Weights, gpu_layers: int, experts_on_cpu: bool) -> Placement:
    """The placement that `gpu_layers` (llama.cpp's, output head included) asks for, spread by free memory."""
    layers = shape.layers
    expert_layers = weights.expert_layers
    if gpu_layers <= 0:
        return Placement("cpu", layers, (0,) * len(devices.gpus), expert_layers)
    wanted = min(gpu_layers - 1, layers)
    if devices.unified:
        return Placement("unified", layers, (wanted,))
    shares = spread(wanted, [device.free_bytes for device in devices.gpus])
    on_host = expert_layers if experts_on_cpu else min(max(layers - wanted - weights.dense_layers, 0), expert_layers)
    if wanted < layers:
        return Placement("partial", layers, shares, on_host)
    if on_host:
        return Placement("experts-in-ram", layers, shares, on_host)
    return Placement("gpu-split" if sum(map(bool, shares)) > 1 else "gpu", layers, shares)


def spread(count: int, by: Sequence[int], at_most: Sequence[int] | None = None) -> tuple[int, ...]:
    """`count` things spread in proportion to `by`, the largest remainders first, none above `at_most`."""
    total = sum(by)
    if not total:
        return (count, *[0] * (len(by) - 1))
    exact = [count * each / total for each in by]
    shares = [int(each) for each in exact]
    order = sorted(range(len(by)), key=lambda i: (shares[i] - exact[i], i))
    while sum(shares) < count:
        free = [i for i in order if at_most is None or shares[i] < at_most[i]] or order
        for i in free[: count - sum(shares)]:
            shares[i] += 1
    return tuple(shares)


class _Filling:
    """How many layers each card holds at a number of cells."""

    def __init__(
        self,
        gpus: tuple[Device, ...],
        shape: Shape,
        weights: Weights,
        settings: EngineSettings,
        cells: int,
    ) -> None:
        self.gpus, self.shape, self.weights, self.settings, self.cells = gpus, shape, weights, settings, cells
        layers = shape.layers
        self.trunk = -(-weights.trunk_bytes // layers) + kv_bytes_per_cell(shape, settings.kv_type, 1) * cells
        self.expert = -(-weights.expert_bytes // weights.expert_layers) if weights.expert_layers else 0
        # The widest card first: it then holds the output head's neighbours only when it must.
        self.order = sorted(range(len(gpus)), key=lambda i: (-gpus[i].room_bytes, i))

    def room(self, index: int, *, last: bool, alone: bool, split: bool, streamed: bool = False) -> int:
        """What card `index` has for layers."""
        peaks: tuple[Line, ...] = gpu_peaks(
            self.shape,
            self.settings,
            has_output=last,
            alone=alone,
            split=split,
            streamed_expert_bytes=self.weights.widest_expert_tensor_bytes if streamed else 0,
        )
        taken = pools_bytes(self.settings.n_ubatch) + max(peak.at(self.cells) for peak in peaks)
        return self.gpus[index].room_bytes - taken - (self.weights.output_bytes if last else 0)

    def whole(self) -> Placement | None:
        """All layers on as few cards as hold them; None when all together do not."""
        layers, dense = self.shape.layers, self.weights.dense_layers
        for count in range(1, len(self.gpus) + 1):
            chosen = sorted(self.order[:count])
            caps = []
            for index in chosen:
                room = self.room(index, last=index == chosen[-1], alone=count == 1, split=count > 1)
                fits = max(room, 0) // (self.trunk + self.expert)
                if index == chosen[0] and self.expert:
                    # The dense layers come first and hold no routed experts.
                    fits = max(room + min(dense, layers) * self.expert, 0) // (self.trunk + self.expert)
                caps.append(min(fits, layers))
            if sum(caps) >= layers:
                return self._on(chosen, spread(layers, caps, caps))
        return None

    def even(self) -> Placement:
        """All layers on all cards, by room, though they do not fit: what the shortfall is counted from."""
        return self._on(list(range(len(self.gpus))), spread(self.shape.layers, [d.free_bytes for d in self.gpus]))

    def _on(self, chosen: list[int], shares: tuple[int, ...]) -> Placement:
        on_gpu = [0] * len(self.gpus)
        for index, layers in zip(chosen, shares, strict=True):
            on_gpu[index] = layers
        return Placement("gpu" if len(chosen) == 1 else "gpu-split", self.shape.layers, tuple(on_gpu))

    def experts_in_ram(self) -> Placement:
        """Everything but experts on the cards, and the last expert layers too as far as there is room.

        Cards are filled from the last one; the first takes what is left, with as many of its experts as fit.
        """
        layers, left = self.shape.layers, self.shape.layers
        experts_left = self.weights.expert_layers
        on_gpu = [0] * len(self.gpus)
        several = len(self.gpus) > 1
        for index in range(len(self.gpus) - 1, 0, -1):
            last = index == len(self.gpus) - 1
            room = self.room(index, last=last, alone=False, split=several, streamed=True)
            on_gpu[index] = max(min(room // (self.trunk + self.expert), left - 1, experts_left - 1), 0)
            left -= on_gpu[index]
            experts_left -= on_gpu[index]
        on_gpu[0] = left
        room = self.room(0, last=not several or not any(on_gpu[1:]), alone=not several, split=several, streamed=True)
        here = (room - left * self.trunk) // self.expert
        experts_left -= max(min(here, experts_left), 0)
        return Placement("experts-in-ram", layers, tuple(on_gpu), experts_left)

    def partial(self) -> Placement | None:
        """As many whole layers on the cards as fit, the rest in host memory; None when not one fits."""
        last_card = len(self.gpus) - 1
        several = len(self.gpus) > 1
        on_gpu = []
        for index in range(len(self.gpus)):
            room = self.room(
                index, last=index == last_card, alone=False, split=several, streamed=bool(self.weights.expert_layers)
            )
            on_gpu.append(max(room, 0) // (self.trunk + self.expert))
        while sum(on_gpu) >= self.shape.layers:
            on_gpu[on_gpu.index(max(on_gpu))] -= 1
        if not any(on_gpu):
            return None
        on_host = max(self.shape.layers - sum(on_gpu) - self.weights.dense_layers, 0)
        return Placement("partial", self.shape.layers, tuple(on_gpu), min(on_host, self.weights.expert_layers))
