"""What an option means for a month's work: how many requests a machine serves, what they cost, what one answer does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.answer import Timed, quantile
from r1plan.plan.capacity.capacity import Capacity, Limits, capacity_of
from r1plan.plan.cost.break_even import OwnMachine
from r1plan.plan.cost.own import OwnCost, own_cost
from r1plan.plan.cost.power import PowerDraw
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.cost.work import QueueWork
from r1plan.plan.demand import Demand
from r1plan.plan.month.answers import AnswerUsd
from r1plan.plan.plan import PlannedOption
from r1plan.plan.throughput import Throughput
from r1plan.plan.workload import Workload
from r1plan.units import MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOutlook:
    """One option under the workload's month, on `cards` that draw `draw`.

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
    capacity = capacity_of(throughput, demand, limits, thinking_over_r1)
    cards = cards_of(option, machine)
    draw = option.draw
    cost = own_cost(len(cards), draw, capacity, demand, terms, thinking_over_r1)
    return OptionOutlook(
        option_id=option.id,
        cards=cards,
        draw=draw,
        thinking_over_r1=thinking_over_r1,
        capacity=capacity,
        cost=cost,
        answer_usd=_answer_usd(cost, demand, thinking_over_r1),
    )


def cards_of(option: PlannedOption, machine: Machine) -> tuple[GpuDevice, ...]:
    """The cards that `option` uses."""
    return tuple(gpu for gpu in machine.gpus if gpu.index in option.gpu_indices)


def own_machine(
    outlook: OptionOutlook, throughput: Throughput, demand: Demand, limits: Limits, terms: OwnTerms
) -> OwnMachine:
    """The machine of `outlook` as the break-even asks about it."""

    def work_of(asked: Demand) -> QueueWork:
        return QueueWork(throughput, asked, limits, outlook.thinking_over_r1)

    least = 1
    if limits.users is not None:
        without = replace(demand, requests_per_day=None)
        least = capacity_of(throughput, without, limits, outlook.thinking_over_r1).machines_needed or 1
    return OwnMachine(
        cards=len(outlook.cards),
        draw=outlook.draw,
        terms=terms,
        capacity=outlook.capacity,
        work_of=work_of,
        least_machines=least,
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
