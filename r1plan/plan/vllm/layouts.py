"""The ways in which vLLM could serve a model on a machine's cards, each with what it holds and how fast it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.quality import QuantTable
from r1plan.errors import UsageError
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.quality import Quality, QuantQuality, quality_of
from r1plan.plan.vllm.cost import vllm_cost
from r1plan.plan.vllm.memory import generation_of, gpu_budget
from r1plan.plan.vllm.option import VllmOption, VllmPins
from r1plan.plan.vllm.speed import vllm_speed
from r1plan.plan.vllm.weights import Dtype, Parallel, incompatibility
from r1plan.plan.workload import CONTEXT_GOAL, CONTEXT_LEAST, Workload
from r1plan.units import GIB

_BITS = {"BF16": 16.0, "FP8": 8.0, "NVFP4": 4.5}


def equal_gpus(machine: Machine) -> tuple[tuple[GpuDevice, ...], tuple[str, ...]]:
    """The cards that can serve together, the one with the least memory first, and what to say of the others.

    Raises UsageError when there is none.
    """
    cards = [gpu for gpu in machine.gpus if gpu.vendor in ("nvidia", "amd", "unknown") and not gpu.mig]
    cards = cards or [gpu for gpu in machine.gpus if gpu.mig][:1]  # slices cannot work together
    if not cards:
        what = f"{machine.gpus[0].name} is none" if machine.gpus else "the machine has none"
        raise UsageError(
            f"--engine vllm needs NVIDIA or AMD cards, and {what}.", "--engine llama.cpp runs on Apple chips and CPUs"
        )
    names = [gpu.name for gpu in cards]
    most = max(dict.fromkeys(names), key=names.count)
    notes = []
    if len(set(names)) > 1:
        left = ", ".join(dict.fromkeys(name for name in names if name != most))
        notes.append(f"Tensor parallelism wants equal cards: {left} left out.")
    equal = sorted((gpu for gpu in cards if gpu.name == most), key=lambda gpu: (gpu.free_bytes, gpu.index))
    least, largest = equal[0].free_bytes, equal[-1].free_bytes
    if largest - least > largest // 100:
        notes.append(
            f"The card with the least memory counts for all: {least / GIB:.1f} GiB free on gpu{equal[0].index}, "
            f"{largest / GIB:.1f} on gpu{equal[-1].index}."
        )
    return tuple(equal), tuple(notes)


def refused(dtype: Dtype, cards: tuple[GpuDevice, ...]) -> str | None:
    """Why these cards cannot compute with `dtype`, or None."""
    generation = generation_of(cards[0])
    if dtype == "NVFP4" and generation != "blackwell":
        return "NVFP4 needs Blackwell cards, such as B200"
    return None


def layouts(
    cards: tuple[GpuDevice, ...],
    model: Model,
    dtype: Dtype,
    tables: tuple[QuantTable, ...],
    workload: Workload,
    pins: VllmPins,
) -> Iterator[VllmOption]:
    """Every layout that vLLM accepts, the one with the most memory left first."""
    if refused(dtype, cards) or (pins.context or 0) > model.context_max:
        return
    quality = _quality(model, dtype, tables)
    found = []
    for parallel in parallel_configs(len(cards), model):
        if incompatibility(model, dtype, parallel) is not None:
            continue
        memory = gpu_budget(model, dtype, parallel, cards[0], pins.settings)
        context = pins.context or min(CONTEXT_GOAL, model.context_max)
        possible = min(memory.context_of(pins.users), model.context_max)
        if pins.context is None and 0 < possible < context:
            context = max(possible // 1024 * 1024, CONTEXT_LEAST)
        depth = min(workload.typical_depth, context)
        depths = tuple(dict.fromkeys((depth, 0, *workload.depths)))
        used = cards[: parallel.gpus]
        speed = vllm_speed(model, dtype, parallel, cards[0], pins.settings.kv_type, pins.users, depths)
        found.append(
            VllmOption(
                model=model,
                dtype=dtype,
                parallel=parallel,
                settings=pins.settings,
                gpus=used,
                memory=memory,
                context=context,
                context_max=possible,
                users=memory.users(context),
                users_wanted=pins.users,
                speed=speed,
                quality=quality,
                cost=vllm_cost(used, speed, workload, pins.users),
            )
        )
    yield from sorted(found, key=lambda option: option.memory.fixed_bytes - option.memory.allowed_bytes)


def parallel_configs(cards: int, model: Model) -> Iterator[Parallel]:
    """Ways to share the cards, the plainest first: 1, 2, 4 … of them in tensor parallel.

    With latent attention, whose cache every card repeats, also all cards with one cache together, and all with the
    attention repeated and the experts spread.
    """
    counts = [count for count in (1 << power for power in range(10)) if count <= cards]
    for count in counts:
        yield Parallel(count)
    if model.shape.latent_attention is not None and counts[-1] > 1:
        yield Parallel(counts[-1], context=counts[-1])
        yield Parallel(1, data=counts[-1])


def _quality(model: Model, dtype: Dtype, tables: tuple[QuantTable, ...]) -> Quality:
    """As published for the type that the makers trained in (FP8 for the mixture, BF16 for its distills), or finer."""
    bits = _BITS[dtype]
    quant = Quant(
        name=dtype, bits_per_weight=bits, tensor_bytes=max(round(model.params * bits / 8), 1), metadata_bytes=0
    )
    quality = quality_of(model, quant, tables)
    if bits >= (8 if model.shape.experts is not None else 16):
        points = quality.quant.points_lost
        own = QuantQuality(1.0, "exact", "the type that the scores were published for")
        return replace(quality, quant=own, index=quality.index + points)
    return quality
