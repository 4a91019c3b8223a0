"""What makes one server differ from another, as functions: a new engine is a folder that fills in a ServingEngine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.plan import EngineName
from r1plan.plan.serving.budget import GpuBudget
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.option import ServerSettings
from r1plan.plan.serving.sharding import Parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingEngine:
    """One engine that serves many users. `share_flag` sets how much of each card it may use.

    `incompatibility` says why it cannot split a model so, or None. `budget` is what each of the cards, all like the one
    given, holds. `step_bytes` are the weights that each GPU reads for one step of so many users.
    """

    name: EngineName
    title: str
    share_flag: str
    incompatibility: Callable[[Model, Dtype, Parallel], str | None]
    budget: Callable[[Model, Dtype, Parallel, GpuDevice, ServerSettings], GpuBudget]
    step_bytes: Callable[[Model, Dtype, Parallel, int], float]
