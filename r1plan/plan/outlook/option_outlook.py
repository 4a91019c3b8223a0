"""What an option means for a month's work: how many requests a machine serves, what they cost, what one answer does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.answer import Timed, quantile
from r1plan.plan.capacity.capacity import Capacity, Limits, capacity_of
from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.cost.break_even import OwnMachine
from r1plan.plan.cost.own import OwnCost, own_cost
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.cost.work import QueueWork
from r1plan.plan.month.answers import AnswerUsd
from r1plan.plan.month.demand import Demand
from r1plan.plan.plan import PlannedOption
from r1plan.plan.workload import Workload
from r1plan.units import MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOutlook:
    """One option under the workload's month, each copy of it on `cards` that draw `draw`.

    `machine_cards` are those of the whole machine, which is rented or bought with all of them.
    `thinking_over_r1` is how many times as long as the month's lengths say it is taken to think.

    `answer_usd` is at the price of the month's output, waiting and prompts included; None where that is not known.
    """

    option_id: str
    cards: tuple[GpuDevice, ...]
    draw: PowerDraw | None
    thinking_over_r1: float
    capacity: Capacity
    cost: OwnCost
    answer_usd: AnswerUsd | None
    context: int | None = None
    machine_cards: tuple[GpuDevice, ...] = ()


def limits_of(workload: Workload) -> Limits:
    """What the workload asks of each answer."""
    return Limits(workload.slo_ttft_s, workload.slo_tok_s, workload.users)


def option_outlook(
    option: PlannedOption,
    machine: Machine,
    throughput: Throughput,
    demand: Demand,
    limits: Limits,
    terms: OwnTerms,
    thinking_over_r1: float,
) -> OptionOutlook:
    """What `option`, which fits, does with a month of `demand` within `limits` and what that costs on `terms`."""
    copies = copies_of(option, machine)
    capacity = capacity_of(throughput, demand, limits, thinking_over_r1, context=option.context, copies=copies)
    cards, had = cards_of(option, machine), had_cards(option, machine)
    draw = option.draw
    cost = own_cost(len(had), draw, capacity, demand, terms, thinking_over_r1)
    return OptionOutlook(
        option_id=option.id,
        cards=cards,
        draw=draw,
        thinking_over_r1=thinking_over_r1,
        capacity=capacity,
        cost=cost,
        answer_usd=_answer_usd(cost, demand, thinking_over_r1),
        context=option.context,
        machine_cards=had,
    )


def cards_of(option: PlannedOption, machine: Machine) -> tuple[GpuDevice, ...]:
    """The cards that `option` uses."""
    return tuple(gpu for gpu in machine.gpus if gpu.index in option.gpu_indices)


def had_cards(option: PlannedOption, machine: Machine) -> tuple[GpuDevice, ...]:
    """The cards that are rented or bought with those that `option` uses: all, but for unused graphics of a processor.

    Empty where it uses none.
    """
    if not option.gpu_indices:
        return ()
    return tuple(gpu for gpu in machine.gpus if gpu.index in option.gpu_indices or not gpu.unified)


def copies_of(option: PlannedOption, machine: Machine) -> int:
    """How many times `option` runs on `machine`: more than once where like cards stay free, and it needs them alone."""
    used = cards_of(option, machine)
    if not used or not option.on_gpus_alone or any(gpu.unified for gpu in used):
        return 1
    needed = Counter(gpu.name for gpu in used)
    least = min(gpu.free_bytes for gpu in used)
    there = Counter(gpu.name for gpu in machine.gpus if gpu in used or gpu.free_bytes >= least)
    return min(there[name] // number for name, number in needed.items())


def own_machine(outlook: OptionOutlook, throughput: Throughput, limits: Limits, terms: OwnTerms) -> OwnMachine:
    """The machine of `outlook` as the break-even asks about it."""

    def work_of(asked: Demand) -> QueueWork:
        return QueueWork(throughput, asked, limits, outlook.thinking_over_r1, outlook.context)

    return OwnMachine(
        cards=len(outlook.machine_cards),
        draw=outlook.draw,
        terms=terms,
        capacity=outlook.capacity,
        work_of=work_of,
    )


def _answer_usd(cost: OwnCost, demand: Demand, thinking_over_r1: float) -> AnswerUsd | None:
    if cost.usd_per_mtok_output is None:
        return None
    tokens = [
        Timed(each.thinking_tokens * thinking_over_r1 + each.answer_tokens, each.share) for each in demand.lengths
    ]
    return AnswerUsd(*(_usd(cost.usd_per_mtok_output, quantile(tokens, level)) for level in (0.5, 0.9)))


def _usd(usd_per_mtok: Decimal, tokens: float) -> Decimal:
    return (usd_per_mtok * Decimal(tokens) / MTOK).quantize(Decimal("0.000001"))
