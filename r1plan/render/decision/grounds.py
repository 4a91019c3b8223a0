"""What a forecast rests on, in the words of people and documents alike."""

from __future__ import annotations

from typing import assert_never

from r1plan.render.text.units import count
from r1plan.route.forecast.forecast import Forecast
from r1plan.route.forecast.ground import (
    AnyModels,
    Averages,
    CacheGround,
    FirstTurns,
    LastTurn,
    NothingSent,
    OwnRequests,
    TariffGround,
    WattsGround,
)
from r1plan.route.forecast.lengths import Lengths
from r1plan.route.forecast.statistics import ObservedSpeed


def input_text(each: Forecast) -> str:
    """From what the tokens of the input are estimated."""
    rows = each.input_ratio_rows
    return f"from the length, times {each.input_ratio:.2f} as in {rows} own requests" if rows else "from the length"


def lengths_text(lengths: Lengths) -> str:
    """Whose answers say how long this one will be."""
    match lengths.ground:
        case OwnRequests(kind, is_as_long):
            what = "any kind" if kind is None else _named(kind)
            return f"{lengths.rows} own requests to it ({what}{', as long a prompt' if is_as_long else ''})"
        case AnyModels(kind):
            return f"{lengths.rows} own requests to any model ({_named(kind)}), scaled"
        case Averages(basis, source):
            own = f", and {count(lengths.rows, 'own request')}" if lengths.rows else ""
            return f"{basis}: {source}{own}"
        case _:
            assert_never(lengths.ground)


def cache_text(ground: CacheGround) -> str:
    """What says how much of the prompt is cached."""
    match ground:
        case LastTurn(age_s, kept, alike):
            return f"last turn there {_ago(age_s)} ago; {kept} of {alike} turns as long after found their prefix"
        case FirstTurns(with_hits, told):
            return f"{with_hits} of {told} first turns of the project found a part"
        case NothingSent():
            return "nothing of it was sent there before"
        case _:
            assert_never(ground)


def speed_text(speed: ObservedSpeed) -> str:
    """What says how fast the answer comes."""
    if speed.ground == "log":
        return f"{speed.rows} own requests"
    return "the plan" if speed.ground == "plan" else speed.ground.source


def watts_text(ground: WattsGround) -> str:
    """What says how much the machine draws."""
    if ground == "log":
        return "as logged"
    return "as planned" if ground == "plan" else f"assumed: {ground.source}"


def tariff_text(ground: TariffGround) -> str:
    """What says what electricity costs."""
    return "as set" if ground == "user" else f"assumed: {ground.source}"


def _named(kind: str) -> str:
    return kind.replace("_", " ")


def _ago(age_s: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if age_s >= size:
            return f"{age_s / size:.0f} {unit}"
    return f"{age_s:.0f} s"
