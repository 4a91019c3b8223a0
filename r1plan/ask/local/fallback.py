"""How the loading of a planned file may give way where there is less room than its plan was made for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from r1plan.ask.local.cards import EngineMachine
from r1plan.ask.local.no_room import what_fits
from r1plan.ask.local.plan import LocalPlan, PlanKnowledge, PlannedFile, UnplannedFile, local_plan, planned_option
from r1plan.engine.local.room.step_down import LoadChange, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import GpuProcess
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import KvType, Pins

_KV_TYPES: Mapping[str, KvType] = {each: each for each in get_args(KvType)}
_NUMBER = re.compile(r"[A-Za-z]+([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanner:
    """Plans the file of `plan` anew. `here` looks at the machine as it is then; `threads` are the engine's."""

    plan: LocalPlan
    planned: PlannedFile | None
    unplanned: UnplannedFile
    pins: Pins
    threads: int
    known: PlanKnowledge
    here: Callable[[], EngineMachine]

    def fallback(self, changed: Callable[[LoadChange], object]) -> LoadFallback:
        """What the engine asks where there is no room; `changed` is told what came of it."""
        return LoadFallback(
            pinned=pinned_settings(self.pins),
            reserve_bytes=reserve_bytes(self.plan.option),
            replan=self.replan,
            tok_s=self._tok_s,
            holders=self.holders,
            smaller=self._smaller,
            changed=changed,
        )

    def replan(self, free_bytes: Sequence[int]) -> LoadSettings | None:
        """The settings for cards with so much free, in the engine's order; None where nothing fits, or has no plan."""
        here = self.here()
        if here.machine is None or len(here.machine.gpus) != len(free_bytes):
            return None
        gpus = tuple(replace(gpu, free_bytes=free) for gpu, free in zip(here.machine.gpus, free_bytes, strict=True))
        now = replace(here, machine=replace(here.machine, gpus=gpus), free_bytes=sum(free_bytes))
        try:
            found = local_plan(self.planned, self.unplanned, now, self.pins, self.threads, self.known)
        except R1PlanError:
            return None
        return found.settings if found.option is not None and found.option.fits else None

    def changed(self, change: LoadChange) -> LocalPlan:
        """The plan as it is carried out then."""
        option = self._option(change.after)
        changes = (*self.plan.changes, change)
        return replace(self.plan, settings=change.after, option=option, changes=changes)

    def holders(self, device: str) -> tuple[GpuProcess, ...]:
        """Who else holds memory on the card that the engine calls so, such as CUDA0."""
        number, here = _NUMBER.fullmatch(device), self.here()
        if number is None or here.machine is None or int(number[1]) >= len(here.machine.gpus):
            return ()
        return tuple(each for each in here.machine.gpus[int(number[1])].processes if each.pid != os.getpid())

    def _tok_s(self, settings: LoadSettings) -> float | None:
        option = self._option(settings)
        return None if option is None else option.tok_s

    def _option(self, settings: LoadSettings) -> Option | None:
        """The plan of these settings on the machine that was planned for; None where it has none."""
        plan, machine = self.plan, self.plan.machine
        if settings == plan.settings:
            return plan.option
        same_experts = settings.experts_on_host == plan.settings.experts_on_host
        if self.planned is None or machine is None or (settings.uses_cards and not same_experts):
            return None
        pins = replace(
            self.pins,
            context=settings.context_tokens,
            kv_type=_KV_TYPES.get(settings.kv_type),
            n_ubatch=settings.n_ubatch,
            gpu_layers=settings.gpu_layers if settings.uses_cards else None,
            mapped=settings.mapped,
        )
        on = machine if settings.uses_cards else replace(machine, gpus=())
        try:
            return planned_option(self.planned, on, pins, self.known)
        except R1PlanError:
            return None

    def _smaller(self) -> str | None:
        option, machine = self.plan.option, self.here().machine
        return None if option is None or machine is None else f"{what_fits(option, (), machine, self.known)}."


def pinned_settings(pins: Pins) -> frozenset[str]:
    """The fields of LoadSettings that a person fixed."""
    fixed = {
        "context_tokens": pins.context is not None,
        "kv_type": pins.kv_type is not None,
        "n_ubatch": pins.n_ubatch is not None,
        "gpu_layers": pins.gpu_layers is not None,
        "tensor_split": pins.gpu_layers is not None,
        "experts_on_host": pins.experts_on_cpu,
        "mapped": not pins.mapped,
        "flash_attn": not pins.flash_attn,
    }
    return frozenset(name for name, is_fixed in fixed.items() if is_fixed)


def reserve_bytes(option: Option | None) -> int | None:
    """What the fullest card takes while it calculates, by the plan; None without one, or without a card."""
    loads = () if option is None else option.memory
    pools = [
        each.bytes_of("overhead") - each.device.fixed_overhead_bytes for each in loads if each.device.kind == "gpu"
    ]
    return max(pools, default=None)
