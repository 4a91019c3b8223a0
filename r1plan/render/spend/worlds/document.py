"""The other worlds of a spend report for programs: the fields of one entry of `what_if`."""

from __future__ import annotations

from r1plan.money import exact
from r1plan.render.spend.fields import document_fields
from r1plan.render.spend.worlds.words import assumption_text, local_text, stay_text
from r1plan.report.whatif.values import LocalWork, ReplayAssumption, WhatIf

_MONEY = ("cost_usd", "low_usd", "high_usd", "instead_usd", "saving_usd", "saving_low_usd", "saving_high_usd")


def what_if_fields(replay: WhatIf, currency: str) -> dict[str, object]:
    """One world. Money in another currency than USD has fields of that currency; the `_usd` ones are None."""
    return {
        "target": replay.target,
        "asked": replay.asked,
        **document_fields({name: getattr(replay, name) for name in _MONEY}, currency),
        "movable_requests": replay.movable_requests,
        "instead_unknown_requests": replay.instead_unknown_requests,
        "immovable": [
            {"reason": each.reason, "requests": each.requests, "message": stay_text(each)} for each in replay.immovable
        ],
        "assumptions": [_assumption(each, currency) for each in replay.assumptions],
        "served_models": list(replay.served),
        "local": None if replay.local is None else _local(replay.local),
    }


def _local(work: LocalWork) -> dict[str, object]:
    """The figures of one's own machine; a range has its ends and its middle."""
    wait, busy = work.first_token_s, work.busy_hours
    return {
        "machine": work.machine,
        "model": work.model,
        "quant": work.quant,
        "engine": work.engine,
        "context": work.context,
        "tok_s": round(work.tok_s, 2),
        "serves_all": work.machines_needed == 1,
        "machines_needed": work.machines_needed,
        "limit": work.limit,
        "asked_per_day": round(work.asked_per_day, 2),
        "served_per_day": round(work.served_per_day, 2),
        "first_token_s": None if wait is None else {name: round(value, 2) for name, value in wait._asdict().items()},
        "hours": round(work.hours, 2),
        "busy_hours": None if busy is None else {name: round(value, 2) for name, value in busy._asdict().items()},
        "watts_busy": work.watts_busy,
        "watts_idle": work.watts_idle,
        "kwh": None if work.kwh is None else round(work.kwh, 3),
        "usd_per_kwh": None if work.usd_per_kwh is None else exact(work.usd_per_kwh),
        "price_source": work.price_source,
        "message": local_text(work),
    }


def _assumption(each: ReplayAssumption, currency: str) -> dict[str, object]:
    return {
        "assumption": each.that,
        "message": assumption_text(each, currency),
        "requests": each.requests,
        "model": each.model,
        "instead_of": each.instead_of,
        "ratio": None if each.ratio is None else exact(each.ratio),
        **document_fields({"usd": each.usd}, currency),
        "at": None if each.at is None else each.at.isoformat(),
        "price_id": each.price_id,
        "caveat": each.caveat,
    }
