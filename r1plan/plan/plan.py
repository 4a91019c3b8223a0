"""What every planner answers with: options, the chosen one first, and every rejected one with its cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from r1plan.catalog.model import Model
from r1plan.hardware.machine import Machine
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.doubts import MeasurementDoubt
from r1plan.plan.pins import Pins
from r1plan.plan.quality import Quality
from r1plan.plan.reasons import Cause, Difference, MemoryCause, Note, Slow, Standing, TooLate
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload

EngineName = Literal["llama.cpp", "vllm"]


class PlannedOption(Protocol):
    """What options of all engines have: one model at one type of weights, laid out on the machine."""

    @property
    def id(self) -> str:
        """The model and its type of weights: `R1-Distill-Qwen-32B:Q4_K_M`."""

    @property
    def model(self) -> Model:
        """The model."""

    @property
    def quant_name(self) -> str:
        """Its type of weights alone: `Q4_K_M`, `FP8`."""

    @property
    def context(self) -> int:
        """The tokens that each request may have."""

    @property
    def context_max(self) -> int:
        """The most that each request could have."""

    @property
    def fits(self) -> bool:
        """Whether it runs here."""

    @property
    def gpu_indices(self) -> frozenset[int]:
        """The cards in use, by their indices."""

    @property
    def on_gpus_alone(self) -> bool:
        """Whether all of it is on those cards, so that as many others could run it once more."""

    @property
    def tok_s(self) -> float:
        """What a request gets in the middle of a typical answer."""

    @property
    def speed(self) -> Speed:
        """How fast it is."""

    @property
    def quality(self) -> Quality:
        """How good its answers are."""

    @property
    def draw(self) -> PowerDraw | None:
        """What the machine draws with it at work; None: a card's limit is not known."""

    @property
    def why(self) -> Standing | None:
        """Why it stands where it does."""


OptionT_co = TypeVar("OptionT_co", bound=PlannedOption, covariant=True)


class Rejection(NamedTuple):
    """An option that is not offered."""

    id: str
    cause: Cause

    @property
    def shortfall_bytes(self) -> int | None:
        """What was missing; None when memory was not the cause."""
        return self.cause.shortfall_bytes if isinstance(self.cause, MemoryCause) else None


class Elsewhere(NamedTuple):
    """What `engine` could run, where nothing of what was asked can be, and the `command` that plans it here.

    Without one it is the same command with less asked for.
    """

    engine: EngineName
    model: str
    quant: str
    context: int
    tok_s: float
    command: str | None = None


class R1Beside(NamedTuple):
    """R1 itself beside one of its distills: its smallest file that is to be had, `id`, with its weights.

    `memory_bytes` is all that the machine has free. `tok_s` is how fast R1 would be here, where that was planned and it
    would run.
    """

    id: str
    weights_bytes: int
    memory_bytes: int
    tok_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[OptionT_co]):
    """The answer for a machine and a workload. `choice` is None when nothing fits; `notes` are of the machine.

    `nearest_miss` is the rejected option to speak of then, and `elsewhere` what could run. `rejected` begins
    with those that lack the least memory. `larger` is an option of better quality that fits too and takes longer than
    the patience. `doubts` are of what was measured here. `r1` is what R1 itself would need,
    where the choice is a distill of it. `successors` are the best option of each of R1's successors that fits, where
    R1's own family was chosen among; the best of them first. `pins` are what was fixed.
    """

    engine: EngineName
    machine: Machine
    workload: Workload
    choice: OptionT_co | None = None
    alternatives: tuple[OptionT_co, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    nearest_miss: Rejection | None = None
    elsewhere: Elsewhere | None = None
    r1: R1Beside | None = None
    successors: tuple[OptionT_co, ...] = ()
    notes: tuple[Note, ...] = ()
    larger: OptionT_co | None = None
    doubts: tuple[MeasurementDoubt, ...] = ()
    pins: Pins = field(default_factory=Pins)

    @property
    def options(self) -> tuple[OptionT_co, ...]:
        """All that are offered, the chosen one first."""
        return (*(() if self.choice is None else (self.choice,)), *self.alternatives)


def nearest_first(rejected: Iterable[Rejection]) -> tuple[Rejection, ...]:
    """Those that failed for memory by how little was missing, then the others."""
    return tuple(sorted(rejected, key=lambda each: (each.shortfall_bytes is None, each.shortfall_bytes or 0)))


def fastest_of_the_slow(rejected: Iterable[Rejection]) -> Rejection | None:
    """Of the too slow the soonest that only comes too late, else the fastest, or None."""
    slow = [(each.cause, each) for each in rejected if isinstance(each.cause, Slow)]
    late = [(each, cause.ttft_s) for cause, each in slow if isinstance(cause, TooLate)]
    if late:
        return min(late, key=lambda each: each[1])[0]
    return max(slow, key=lambda each: each[0].tok_s)[1] if slow else None


def difference(option: PlannedOption, choice: PlannedOption) -> Difference:
    """How `option` differs from `choice` in quality, speed, and how long it thinks."""
    lost, lost_of_choice = (each.quality.quant.per_cent_lost for each in (option, choice))
    return Difference(
        quality_points=option.quality.index - choice.quality.index,
        speed_ratio=option.tok_s / choice.tok_s,
        thinking_ratio=_ratio(option.quality.thinking_over_r1, choice.quality.thinking_over_r1),
        per_cent_lost=lost - lost_of_choice,
    )


def _ratio(one: float, other: float) -> float:
    """How many times as long the one thinks; 1 where the other does not think, of which nothing is a multiple."""
    return one / other if other else 1.0
