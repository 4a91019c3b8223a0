"""The other worlds of a spend report for programs: the fields of one entry of `what_if`."""

from __future__ import annotations

from decimal import Decimal

from r1plan.money import exact
from r1plan.render.spend.what_if import assumption_text, stay_text
from r1plan.report.whatif.values import ReplayAssumption, WhatIf

_MONEY = ("cost_usd", "low_usd", "high_usd", "instead_usd", "saving_usd", "saving_low_usd", "saving_high_usd")


def what_if_fields(replay: WhatIf, currency: str) -> dict[str, object]:
    """One world. Money in another currency than USD has fields of that currency; the `_usd` ones are None."""
    return {
        "target": replay.target,
        "asked": replay.asked,
        **_money({name: getattr(replay, name) for name in _MONEY}, currency),
        "movable_requests": replay.movable_requests,
        "instead_unknown_requests": replay.instead_unknown_requests,
        "immovable": [
            {"reason": each.reason, "requests": each.requests, "message": stay_text(each)} for each in replay.immovable
        ],
        "assumptions": [_assumption(each, currency) for each in replay.assumptions],
        "served_models": list(replay.served),
    }


def _assumption(each: ReplayAssumption, currency: str) -> dict[str, object]:
    return {
        "assumption": each.that,
        "message": assumption_text(each, currency),
        "requests": each.requests,
        "model": each.model,
        "instead_of": each.instead_of,
        "ratio": None if each.ratio is None else exact(each.ratio),
        **_money({"usd": each.usd}, currency),
        "at": None if each.at is None else each.at.isoformat(),
        "price_id": each.price_id,
        "caveat": each.caveat,
    }


def _money(amounts: dict[str, Decimal | None], currency: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, amount in amounts.items():
        shown = None if amount is None else exact(amount)
        found[name] = shown if currency == "USD" else None
        if currency != "USD":
            found[f"{name.removesuffix('usd')}{currency.lower()}"] = shown
    return found
