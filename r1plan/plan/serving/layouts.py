"""The ways in which an engine could serve a model on equal cards, each with what it holds and how fast it is."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.catalog.model import Model
from r1plan.catalog.quality import QuantTable
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.energy import running_cost
from r1plan.plan.reasons import NeedsBlackwell
from r1plan.plan.serving.cards import generation_of
from r1plan.plan.serving.checkpoints import Dtype, served_quality
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.option import ServingOption, ServingPins
from r1plan.plan.serving.sharding import parallel_configs
from r1plan.plan.serving.speed import user_speed
from r1plan.plan.workload import CONTEXT_GOAL, CONTEXT_LEAST, Workload


def refusal(dtype: Dtype, cards: tuple[GpuDevice, ...]) -> NeedsBlackwell | None:
    """Why these cards cannot compute with `dtype`, or None."""
    refused = dtype == "NVFP4" and generation_of(cards[0]) != "blackwell"
    return NeedsBlackwell(dtype) if refused else None


def layouts(
    engine: ServingEngine,
    cards: tuple[GpuDevice, ...],
    model: Model,
    dtype: Dtype,
    tables: tuple[QuantTable, ...],
    workload: Workload,
    pins: ServingPins,
) -> Iterator[ServingOption]:
    """Every layout that the engine accepts, the one with the most memory left first."""
    if refusal(dtype, cards) or (pins.context or 0) > model.context_max:
        return
    quality = served_quality(model, dtype, tables)
    found = []
    for parallel in parallel_configs(len(cards), model):
        if engine.incompatibility(model, dtype, parallel) is not None:
            continue
        memory = engine.budget(model, dtype, parallel, cards[0], pins.settings)
        context = pins.context or min(CONTEXT_GOAL, model.context_max)
        possible = min(memory.context_of(pins.users), model.context_max)
        if pins.context is None and 0 < possible < context:
            context = max(possible // 1024 * 1024, CONTEXT_LEAST)
        depths = tuple(dict.fromkeys((min(workload.typical_depth, context), 0, *workload.depths)))
        used = cards[: parallel.gpus]
        read = engine.step_bytes(model, dtype, parallel, pins.users)
        speed = user_speed(model, parallel, cards[0], pins.settings.kv_type, pins.users, depths, read)
        found.append(
            ServingOption(
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
                # How fast a prompt is read is not predicted, so prompts cost nothing here.
                cost=running_cost(used, workload, speed.decode[0].tok_s.mid * pins.users, None),
            )
        )
    yield from sorted(found, key=lambda option: option.memory.fixed_bytes - option.memory.allowed_bytes)
