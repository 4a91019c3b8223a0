"""What running an option costs in electricity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.basis import Basis
from r1plan.plan.cost.power import DrawReading, PowerDraw, measured_draw, power_draw
from r1plan.plan.speed import Bottleneck
from r1plan.plan.workload import Workload
from r1plan.units import DAYS_A_MONTH, J_A_KWH, MTOK

if TYPE_CHECKING:
    from r1plan.catalog.hardware import Gpu

_CENT_FRACTION = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCost:
    """Electricity of the machine at work, without the hours in which it waits. None where a card's limit is unknown."""

    usd_per_mtok_output: Decimal | None
    usd_per_month: Decimal | None
    basis: Basis | None
    draw: PowerDraw | None

    @property
    def watts(self) -> float | None:
        """What the machine draws at work."""
        return None if self.draw is None else self.draw.busy_w


def with_sheet_power(machine: Machine, sheets: Mapping[str, Gpu]) -> Machine:
    """`machine`, each card whose power limit is unknown with the one of its data sheet."""
    gpus = []
    for gpu in machine.gpus:
        sheet = sheets.get(gpu.profile or "")
        if gpu.power_limit_w is None and sheet is not None:
            gpu = replace(gpu, power_limit_w=sheet.tdp_w)
        gpus.append(gpu)
    return replace(machine, gpus=tuple(gpus))


def running_cost(
    cards: Iterable[GpuDevice],
    workload: Workload,
    output_tok_s: float,
    prompt_tok_s: float | None,
    bottleneck: Bottleneck,
    reading: DrawReading | None = None,
    *,
    in_turn: bool = False,
) -> RunningCost:
    """Electricity for the output, and for a month of the workload's requests, with `cards` at work.

    `output_tok_s` are those of all requests that are answered at once, held up by `bottleneck`; `prompt_tok_s` None
    leaves prompts uncounted. `reading` is what the same work was seen to draw here; `in_turn`: one card works while
    the others wait. Unknown without a price of power or a card's limit.
    """
    used = tuple(cards)
    draw = power_draw(used, bottleneck, in_turn=in_turn)
    if draw is not None and reading is not None:
        draw = measured_draw(used, bottleneck, draw, reading)
    price = workload.power_usd_per_kwh
    if draw is None or price is None:
        return RunningCost(usd_per_mtok_output=None, usd_per_month=None, basis=None, draw=draw)
    usd_a_second = draw.busy_w / J_A_KWH * price
    month = None
    if workload.requests_per_day is not None:
        seconds = workload.output_tokens / output_tok_s
        if prompt_tok_s is not None:
            seconds += workload.input_tokens * (1 - workload.cache_hit_share) / prompt_tok_s
        month = _usd(usd_a_second * seconds * workload.requests_per_day * DAYS_A_MONTH)
    return RunningCost(
        usd_per_mtok_output=_usd(usd_a_second * MTOK / output_tok_s), usd_per_month=month, basis=draw.basis, draw=draw
    )


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT_FRACTION)
