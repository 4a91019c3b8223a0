"""The ways in which an engine could serve a model on equal cards, each with what it holds and how fast it is."""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.choice.patience import context_for
from r1plan.plan.cost.option_draw import power_drawn
from r1plan.plan.model_set import ModelSet
from r1plan.plan.serving.budget import GpuBudget
from r1plan.plan.serving.checkpoints import Dtype, served_quality
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.option import ServerSettings, ServingOption, ServingPins
from r1plan.plan.serving.sharding import Hosts, Parallel, parallel_configs
from r1plan.plan.serving.speed.causes import ServedWork
from r1plan.plan.serving.speed.timing import ServedTime
from r1plan.plan.serving.speed.user import user_speed
from r1plan.plan.workload import CONTEXT_GOAL, CONTEXT_LEAST, Workload

_K = 1024  # contexts are in so many tokens


def layouts(
    engine: ServingEngine,
    cards: tuple[GpuDevice, ...],
    hosts: Hosts,
    model: Model,
    dtype: Dtype,
    models: ModelSet,
    workload: Workload,
    pins: ServingPins,
) -> list[ServingOption]:
    """Every layout that the engine accepts, the one with the most memory left first."""
    gpu = cards[0]
    if engine.refusal(model, dtype, pins.settings.kv_type, gpu) or (pins.context or 0) > model.context_max:
        return []
    quality = models.with_own_thinking(model, served_quality(model, dtype, models.quant_tables))
    found = []
    for parallel in parallel_configs(hosts, model):
        if engine.incompatibility(model, dtype, parallel, gpu) is not None:
            continue
        wanted = pins.context or min(context_for(workload, quality.thinking_over_r1), model.context_max)
        users = pins.users
        settings = _settings(pins, parallel)
        stages = _stages(engine, model, dtype, parallel, gpu, settings)
        memory = _fullest(stages)
        context = pins.context or min(max(CONTEXT_GOAL, wanted), model.context_max)
        possible = min(memory.context_of(users), model.context_max)
        if pins.context is None and 0 < possible < context:
            context = max(possible // _K * _K, CONTEXT_LEAST)
        depths = tuple(dict.fromkeys((min(workload.typical_depth, context), 0, *workload.depths)))
        used = cards[: parallel.gpus]
        computed = engine.computed(dtype, gpu)
        work = ServedWork(model, parallel, gpu, settings.kv_type, engine.step_reads(model, dtype, parallel), computed)
        speed = user_speed(ServedTime(work, engine.server), users, depths)
        found.append(
            ServingOption(
                model=model,
                dtype=dtype,
                parallel=parallel,
                settings=settings,
                gpus=used,
                memory=memory,
                stages=stages,
                computed=computed,
                context=context,
                context_max=possible,
                wanted_context=wanted,
                users=memory.users(context),
                users_wanted=users,
                speed=speed,
                quality=quality,
                draw=power_drawn(used, speed.bottleneck),
            )
        )
    return sorted(found, key=lambda option: option.memory.fixed_bytes - option.memory.allowed_bytes)


def _fullest(stages: tuple[GpuBudget, ...]) -> GpuBudget:
    return min(stages, key=lambda each: (each.allowed_bytes - each.fixed_bytes) / each.block_bytes)


def _settings(pins: ServingPins, parallel: Parallel) -> ServerSettings:
    """As pinned; users that are let in at once are shared out over the groups that serve each for themselves."""
    if not pins.cap_users:
        return pins.settings
    return replace(pins.settings, sequences=-(-pins.users // parallel.data))


def _stages(
    engine: ServingEngine, model: Model, dtype: Dtype, parallel: Parallel, gpu: GpuDevice, settings: ServerSettings
) -> tuple[GpuBudget, ...]:
    """What a card of each stage holds; all have as many blocks of cache, those of the fullest."""
    each = [engine.budget(model, dtype, parallel, gpu, settings, stage) for stage in range(parallel.pipeline)]
    blocks = min(stage.blocks for stage in each)
    return tuple(stage if stage.blocks == blocks else stage.with_blocks(blocks) for stage in each)
