"""Values as the fields of a JSON document: money exact and by its currency, days as text, what is unknown null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from r1plan.money import exact


def document_fields(values: Mapping[str, object], currency: str) -> dict[str, object]:
    """`values` as JSON has them, those within them too.

    An amount, named `usd` or `…_usd`, in another currency than USD is in a field of that currency beside one of its
    own name that is None.
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        if currency != "USD" and (name == "usd" or name.endswith("_usd")):
            found[name] = None
            found[f"{name.removesuffix('usd')}{currency.lower()}"] = _plain(value, currency)
        else:
            found[name] = _plain(value, currency)
    return found


def _plain(value: object, currency: str) -> object:
    match value:
        case Mapping():
            return document_fields(value, currency)
        case list() | tuple():
            return [_plain(each, currency) for each in value]
        case Decimal():
            return exact(value)
        case date():
            return value.isoformat()
        case _:
            return value
