"""Electricity of a vLLM server that works all the time for the wanted users."""

from __future__ import annotations

from decimal import Decimal

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.llamacpp.option import RunningCost
from r1plan.plan.speed import Speed
from r1plan.plan.workload import Workload
from r1plan.units import MTOK

_DAYS_A_MONTH = 30.44
_J_A_KWH = 3_600_000
_CENT_FRACTION = Decimal("0.0001")


def vllm_cost(cards: tuple[GpuDevice, ...], speed: Speed, workload: Workload, users: int) -> RunningCost:
    """What the output costs in electricity while `users` are served together, at the cards' power limits.

    Unknown without a price of power or a card's limit. Prompts are not counted: their speed is not predicted.
    """
    limits = [gpu.power_limit_w for gpu in cards]
    known = [limit for limit in limits if limit is not None]
    watts = sum(known) if known and len(known) == len(limits) else None
    price = workload.power_usd_per_kwh
    if watts is None or price is None:
        return RunningCost(usd_per_mtok_output=None, usd_per_month=None, basis=None, watts=watts)
    usd_a_token = watts / _J_A_KWH * price / (speed.decode[0].tok_s.mid * users)
    month = None
    if workload.requests_per_day is not None:
        month = usd_a_token * workload.output_tokens * workload.requests_per_day * _DAYS_A_MONTH
    return RunningCost(
        usd_per_mtok_output=Decimal(usd_a_token * MTOK).quantize(_CENT_FRACTION),
        usd_per_month=None if month is None else Decimal(month).quantize(_CENT_FRACTION),
        basis="assumed",
        watts=watts,
    )
