"""Machines that are not as their constants say, and what measurements of them would have read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option, option_id
from r1plan.plan.llamacpp.placement import device_loads
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel
from r1plan.plan.llamacpp.speed.learned import MeasuredRun, MeasuredTime
from r1plan.plan.llamacpp.speed.rates import HOST, MachineRates, Rate
from r1plan.plan.llamacpp.speed.work import TokenWork
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import plan

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOISE = 0.01


def chosen(on: Machine, model: str, quant: str, **pins: int) -> Option:
    """The option that a plan without any measurement has for a model at a quant."""
    choice = plan(on, Workload(min_tok_s=1e-3), Pins(model=model, quant=quant, **pins)).choice  # type: ignore[arg-type]
    assert choice is not None
    assert choice.fits
    return choice


def work_of(on: Machine, option: Option) -> TokenWork:
    """What the devices do for a token of it."""
    model, quant = option.model, option.quant
    weights = weights_of(model, quant)
    return time_of(on, option, model, quant, weights).work


def time_of(on: Machine, option: Option, model: Model, quant: Quant, weights: Weights) -> DecodeTimeModel:
    loads = device_loads(
        option.placement, devices_of(on), model.shape, weights, option.settings, model.context_max
    ).at_context(option.context)
    return DecodeTimeModel(on, model, quant, weights, loads)


def run(
    on: Machine,
    option: Option,
    truth: Mapping[Rate, float] | None = None,
    *,
    faster: float = 1.0,
    hours: float = 0.0,
    depths: tuple[int, ...] = (64, 4096),
) -> MeasuredRun:
    """What is measured of `option` where the rates of `on` are off by the factors of `truth`, all `faster` times."""
    work, rates = work_of(on, option), MachineRates(on, truth)
    decode = [sum(part.seconds + part.seconds_a_depth * depth for part in rates.token(work)) for depth in depths]
    prompt = rates.prompt(work)
    places = {on.gpus[each.card].name for each in work.cards} | ({HOST} if work.host else set())
    return MeasuredRun(
        option_id=option_id(option.model, option.quant),
        measured_at=NOON + timedelta(hours=hours),
        places=tuple(sorted(places)),
        work=work,
        decode=tuple(
            MeasuredTime(depth, seconds / faster, NOISE) for depth, seconds in zip(depths, decode, strict=True)
        ),
        prompt=(MeasuredTime(0, sum(part.seconds for part in prompt) / faster, NOISE),) if prompt else (),
    )
