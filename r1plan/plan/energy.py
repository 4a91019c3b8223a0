"""What running an option costs in electricity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from r1plan.catalog.hardware import Gpu
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.option import RunningCost
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload
from r1plan.units import MTOK

_DAYS_A_MONTH = 30.44
_J_A_KWH = 3_600_000
_CENT_FRACTION = Decimal("0.0001")


def with_sheet_power(machine: Machine, sheets: Mapping[str, Gpu]) -> Machine:
    """`machine`, each card whose power limit is unknown with the one of its data sheet."""
    gpus = []
    for gpu in machine.gpus:
        sheet = sheets.get(gpu.profile or "")
        if gpu.power_limit_w is None and sheet is not None:
            gpu = replace(gpu, power_limit_w=sheet.tdp_w)
        gpus.append(gpu)
    return replace(machine, gpus=tuple(gpus))


def watts_of(machine: Machine, placed: DeviceLoads) -> float | None:
    """The power limits of the cards in use, together; None when there is none, or one is unknown."""
    used = {load.device.gpu_index for load in placed.loads if load.device.gpu_index is not None}
    limits = [gpu.power_limit_w for gpu in machine.gpus if gpu.index in used]
    known = [limit for limit in limits if limit is not None]
    return sum(known) if known and len(known) == len(limits) else None


def running_cost(machine: Machine, placed: DeviceLoads, speed: Speed, workload: Workload) -> RunningCost:
    """Electricity for the output, and for a month of the workload's requests.

    Unknown without a price of power. Cards draw less than their limit while decoding, so this is an upper estimate.
    """
    watts = watts_of(machine, placed)
    price = workload.power_usd_per_kwh
    if watts is None or price is None:
        return RunningCost(usd_per_mtok_output=None, usd_per_month=None, basis=None, watts=watts)
    usd_a_second = watts / _J_A_KWH * price
    decode = speed.at(workload.typical_depth).mid
    month = None
    if workload.requests_per_day is not None:
        seconds = workload.output_tokens / decode
        if speed.prefill_tok_s is not None:
            seconds += workload.input_tokens * (1 - workload.cache_hit_share) / speed.prefill_tok_s.mid
        month = _usd(usd_a_second * seconds * workload.requests_per_day * _DAYS_A_MONTH)
    return RunningCost(
        usd_per_mtok_output=_usd(usd_a_second * MTOK / decode), usd_per_month=month, basis="assumed", watts=watts
    )


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT_FRACTION)
