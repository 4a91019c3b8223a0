"""The planner for llama.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.choose import choice_of, choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import checked_pins
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import EngineName, Plan
from r1plan.plan.planner import SERVERS_ALONE, EngineOption
from r1plan.plan.workload import Workload

if TYPE_CHECKING:
    from r1plan.plan.capacity.throughput import Throughput
    from r1plan.plan.headroom import Headroom


class LlamaCppPlanner:
    """Plans for llama.cpp: one option is a GGUF quant laid out over cards, RAM and disk.

    `learned` is what was measured of the machine that is planned for.
    """

    engine: EngineName = "llama.cpp"
    understands: frozenset[EngineOption] = frozenset(get_args(EngineOption)) - SERVERS_ALONE

    def __init__(self, learned: LearnedRates = NOTHING_LEARNED) -> None:
        self.learned = learned

    def checked(self, pins: Pins) -> Pins:
        """`pins`, when they can be meant together."""
        return checked_pins(pins)

    def plan(self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins) -> Plan[Option]:
        """See `choose`."""
        return choose(machine, models, workload, pins, self.learned)

    def choice(
        self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins, *, quick: bool
    ) -> Option | None:
        """See `choice_of`."""
        return choice_of(machine, models, workload, pins, self.learned, quick=quick)

    def headroom(self, plan: Plan[Option], models: ModelSet, pins: Pins) -> Headroom[Option] | None:
        """See `headroom_of`."""
        from r1plan.plan.llamacpp.headroom import headroom_of

        return headroom_of(plan, models, pins, self.learned)

    def throughput(self, plan: Plan[Option], option: Option, models: ModelSet | None = None) -> Throughput:
        """See `slots_throughput`."""
        from r1plan.plan.llamacpp.throughput import slots_throughput

        return slots_throughput(plan, option, models, self.learned)
