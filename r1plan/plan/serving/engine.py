"""What makes one server differ from another, as functions: a new engine is a folder that fills in a ServingEngine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.plan import EngineName
from r1plan.plan.reasons import NotComputed
from r1plan.plan.serving.budget import GpuBudget, ServedKv
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.option import Computed, ServerSettings
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.causes import StepReads
from r1plan.plan.serving.speed.era import ServerName


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingEngine:
    """One engine that serves many users. `share_flag` sets how much of each card it may use.

    `server` is whose measured rates count.

    `refusal` says why cards like the one given do not compute a model in a type, or None, and `types_to_try` which of
    the known types are worth planning there. `incompatibility` says why it cannot split a model so, or None. `budget`
    is what each card of a stage holds. `step_reads` are the weights that the cards which hold one layer together each
    read in a step, all layers of the model together. `computed` is how the arithmetic is done.
    """

    name: EngineName
    server: ServerName
    title: str
    share_flag: str
    refusal: Callable[[Model, Dtype, ServedKv, GpuDevice], NotComputed | None]
    types_to_try: Callable[[tuple[Dtype, ...], GpuDevice], tuple[Dtype, ...]]
    incompatibility: Callable[[Model, Dtype, Parallel, GpuDevice], str | None]
    budget: Callable[[Model, Dtype, Parallel, GpuDevice, ServerSettings, int], GpuBudget]
    step_reads: Callable[[Model, Dtype, Parallel], StepReads]
    computed: Callable[[Dtype, GpuDevice], Computed]
