"""What a layout really takes: the search's lines replaced by the engine's own plan of its buffers."""

from __future__ import annotations

from r1plan.catalog.model import Model
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.memory.buffers import CONTEXT_STEP
from r1plan.plan.llamacpp.memory.cache import cache_before
from r1plan.plan.llamacpp.memory.linear import LinearBytes
from r1plan.plan.llamacpp.memory.parts import Device, DeviceLoad
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.units import pad


def exactly(where: DeviceLoads, model: Model, weights: Weights, context: int) -> DeviceLoads:
    """`where` with the compute buffers that the engine reserves for `context` tokens a slot, true there alone."""
    placement = where.placement
    cards = [placement.layers_on_gpu[place] for place in placement.used_gpus]
    buffers = compute_bytes(
        model.architecture,
        model.shape,
        where.settings,
        pad(context, CONTEXT_STEP),
        PlacedRuns(
            runs_of(weights, placement.host_layers, cards, placement.expert_layers_on_host),
            len(cards),
            weights.output_bytes,
            placement.pipelined,
        ),
    )
    host, *on_cards = buffers
    if placement.layout == "unified":
        each = [sum(buffers)]
    elif len(where.loads) == len(on_cards):
        each = on_cards
    else:
        each = [*on_cards, host]
    loads = tuple(
        load._replace(peaks=(LinearBytes(size, 0),), compute_basis=_basis(load.device, weights))
        for load, size in zip(where.loads, each, strict=True)
    )
    if model.shape.windowed_attention is not None:
        loads = _with_cache(where, loads, model, pad(context, CONTEXT_STEP) * where.settings.caches)
    return where._replace(loads=loads)


def _with_cache(where: DeviceLoads, loads: tuple[DeviceLoad, ...], model: Model, cells: int) -> tuple[DeviceLoad, ...]:
    """`loads` with the caches that the engine reserves for `cells`, of which lines say a little more."""
    placement, before = where.placement, cache_before(model.shape, where.settings, cells)
    first, each = placement.host_layers, []
    for place in placement.used_gpus:
        end = first + placement.layers_on_gpu[place]
        each.append(before[end] - before[first])
        first = end
    host = before[placement.host_layers]
    if len(loads) > len(each):
        each.append(host)
    else:  # one memory for both
        each[0] += host
    return tuple(
        load._replace(kv_fixed_bytes=size - load.kv_bytes_per_cell * cells)
        for load, size in zip(loads, each, strict=True)
    )


def _basis(device: Device, weights: Weights) -> Basis:
    """The engine's plan is known for the processor and for NVIDIA cards; for others it is taken as alike."""
    if device.kind == "unified" or (device.kind == "gpu" and not device.cuda):
        return "assumed"
    return "exact" if weights.whole_is_exact else "calibrated"


def longest(where: DeviceLoads, model: Model, weights: Weights, least: int) -> int | None:
    """The largest context of a slot, from `least` up, that leaves every device's margin alone; None where none does.

    Buffers hardly ever shrink as the context grows: what those of one context leave room for, no longer one exceeds.
    """
    high = exactly(where, model, weights, least).context_max
    if high < least:
        return None
    low = min(pad(least, CONTEXT_STEP), high)
    guess = where.context_max
    while high - low >= CONTEXT_STEP:
        middle = guess if low < guess <= high else pad((low + high) // 2, CONTEXT_STEP)
        guess = 0
        most = exactly(where, model, weights, middle).context_max
        if most < middle:
            high = middle - CONTEXT_STEP
        else:
            low, high = middle, min(high, most)
    return low
