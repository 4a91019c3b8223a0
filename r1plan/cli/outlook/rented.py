"""Rented machines that stand beside one's own: what most people rent for R1 and its larger distills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from r1plan.catalog.load import load_hardware, load_models
from r1plan.hardware.described import describe
from r1plan.hardware.names.ids import cards_named
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.model_set import ModelSet
from r1plan.plan.month.thinking import OwnThinking
from r1plan.plan.outlook.option_outlook import cards_of, limits_of, option_outlook
from r1plan.plan.outlook.ways import UncomparedWay, own_way
from r1plan.plan.pins import Pins
from r1plan.plan.vllm.planner import VllmPlanner

if TYPE_CHECKING:
    from r1plan.hardware.machine import GpuDevice
    from r1plan.plan.cost.rent import RentAbsence
    from r1plan.plan.month.demand import Demand
    from r1plan.plan.outlook.frontier import Way
    from r1plan.plan.workload import Workload


class RentedMachine(NamedTuple):
    """Cards as --gpu names them, by their ids, and what a server makes of them."""

    gpu: str
    model: str
    dtype: str


# The fewest cards of a kind that is rented everywhere for each: R1 itself in the type that it is published in, and the
# distills whose weights in FP8 leave room for many users.
RENTED = (
    RentedMachine("h200-sxm-141gb:8", "DeepSeek-R1-0528", "FP8"),
    RentedMachine("h200-sxm-141gb", "R1-Distill-Llama-70B", "FP8"),
    RentedMachine("h100-sxm-80gb", "R1-Distill-Qwen-32B", "FP8"),
)


def rented_ways(
    workload: Workload,
    demand: Demand,
    own: OwnThinking,
    price_of: Callable[[tuple[GpuDevice, ...]], OwnTerms | RentAbsence],
) -> Iterator[Way | UncomparedWay]:
    """Each of RENTED under vLLM, at the price of its cards; what nobody offers is left out in silence."""
    planner, models, hardware = VllmPlanner(), ModelSet(load_models(), ()), load_hardware()
    for each in RENTED:
        machine = describe(cards_named([each.gpu], hardware))
        pins = planner.checked(Pins(model=each.model, quant=each.dtype))
        plan = planner.plan(machine, models, workload, pins)
        option = plan.choice
        if option is None or not option.fits:
            continue
        terms = price_of(cards_of(option, machine))
        if not isinstance(terms, OwnTerms):
            continue
        outlook = option_outlook(
            option,
            machine,
            planner.throughput(plan, option, models),
            demand,
            limits_of(workload),
            terms,
            own.ratio(option.model.id).over_r1,
        )
        yield own_way(option, outlook, workload)
