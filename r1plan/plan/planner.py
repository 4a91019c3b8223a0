"""What a planner is: an engine's way to turn a machine, models and wishes into a plan."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from r1plan.hardware.machine import Machine
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import EngineName, Plan, PlannedOption
from r1plan.plan.workload import Workload

if TYPE_CHECKING:
    from r1plan.plan.capacity.throughput import Throughput
    from r1plan.plan.headroom import Headroom

# What a person may ask for that not every engine has, in the order in which an engine without it refuses.
EngineOption = Literal[
    "--ubatch",
    "--gpu-layers",
    "--experts-on-cpu",
    "--flash-attn",
    "--no-flash-attn",
    "--mmap",
    "--no-mmap",
    "--disk-bandwidth",
    "--runtime",
    "--model FILE.gguf",
    "--gpu-memory-utilization",
    "--gpus-per-node",
]
# Those that only a server of many users has.
SERVERS_ALONE: frozenset[EngineOption] = frozenset({"--gpu-memory-utilization", "--gpus-per-node"})


OptionT = TypeVar("OptionT", bound=PlannedOption)


class Planner(Protocol[OptionT]):
    """Plans for one engine. It has all options of `recommend` but those of EngineOption that it does not understand."""

    @property
    def engine(self) -> EngineName:
        """The engine's name, as --engine says it."""

    @property
    def understands(self) -> Collection[EngineOption]:
        """Which of the options that not every engine has this one does."""

    def checked(self, pins: Pins) -> Pins:
        """`pins`, when they can be meant together. Raises UsageError, which names the option and its value."""

    def plan(self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins) -> Plan[OptionT]:
        """What is best, what else is worth a look, and what was rejected and why.

        Raises NotFound for an unknown model or quant, and UsageError for pins that mean nothing here.
        """

    def choice(
        self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins, *, quick: bool
    ) -> OptionT | None:
        """The choice of `plan` alone, without all that is said beside it; raises what `plan` does.

        `quick`: its longest context need not be known to the token, and what reads from disk is none.
        """

    def headroom(self, plan: Plan[OptionT], models: ModelSet, pins: Pins) -> Headroom[OptionT] | None:
        """What limits the choice of such a plan and what more room would buy; None where that is not known."""

    def throughput(self, plan: Plan[OptionT], option: OptionT, models: ModelSet | None = None) -> Throughput:
        """What several requests at once get of an option of such a plan; `models` are those that were planned with."""
