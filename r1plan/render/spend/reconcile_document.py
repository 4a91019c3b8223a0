"""A bill against the log for programs: the field `reconcile` of the document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from r1plan.money import exact
from r1plan.render.spend.fields import document_fields
from r1plan.render.spend.reconcile_words import answer
from r1plan.report.reconcile.result import BillDifference, DayFigures, Outside, Reconciliation

_ZERO = Decimal(0)
_SUMS = ("billed_usd", "logged_usd", "difference_usd", "unexplained_usd", "off_usd")


def reconcile_document(found: Sequence[Reconciliation], currency: str) -> dict[str, object] | None:
    """Each bill, and the sums of all; None where none is asked for."""
    if not found:
        return None
    return {
        "within_tolerance": all(each.is_within_tolerance for each in found),
        **document_fields({"tolerance_usd": found[0].tolerance_usd}, currency),
        **document_fields({name: _sum([getattr(each, name) for each in found]) for name in _SUMS}, currency),
        "bills": [_bill(each, currency) for each in found],
    }


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, _ZERO) if len(known) == len(amounts) else None


def _bill(found: Reconciliation, currency: str) -> dict[str, object]:
    return {
        "provider": found.provider,
        "source": found.source,
        "outcome": found.outcome,
        "message": answer(found),
        "within_tolerance": found.is_within_tolerance,
        "start": None if found.start is None else found.start.isoformat(),
        "until": None if found.until is None else found.until.isoformat(),
        "offset_minutes": found.offset_minutes,
        "offset_found": found.is_offset_found,
        "bill_currency": found.bill_currency,
        **document_fields({name: getattr(found, name) for name in (*_SUMS, "granted_usd", "byok_usd")}, currency),
        "compared": found.compared,
        "matched": found.matched,
        "lines": [_line(each, currency) for each in found.lines],
        "days": [_day(each, currency) for each in found.days],
        "outside": [_outside(each, currency) for each in found.outside],
        "same_models": [list(names) for names in found.same_models],
        "unknown_keys": list(found.unknown_keys),
        "other_currencies": {name: exact(amount) for name, amount in found.other_usd.items()},
        "left_out": dict(found.left_out),
    }


def _line(each: BillDifference, currency: str) -> dict[str, object]:
    return {
        "cause": each.cause,
        "day": each.day,
        "model": each.model,
        **document_fields({"usd": each.usd}, currency),
        "requests": each.requests,
        "tokens": dict(each.tokens),
        "ids": list(each.ids),
        "kind": each.kind,
        "key": each.key,
        "whole_day": each.is_whole,
        **document_fields(
            {
                "billed_price_per_token_usd": each.billed_price,
                "our_price_per_token_usd": each.our_price,
                "unit_usd": each.unit_usd,
            },
            currency,
        ),
    }


def _day(each: DayFigures, currency: str) -> dict[str, object]:
    return {
        "day": each.day,
        "model": each.model,
        "requests": {"billed": each.requests[0], "logged": each.requests[1]},
        "tokens": {kind: {"billed": there, "logged": here} for kind, (there, here) in each.tokens.items()},
        **document_fields({"billed_usd": each.usd[0], "logged_usd": each.usd[1]}, currency),
    }


def _outside(each: Outside, currency: str) -> dict[str, object]:
    return {
        "side": each.side,
        "first_day": each.first_day,
        "last_day": each.last_day,
        "requests": each.requests,
        **document_fields({"usd": each.usd}, currency),
    }
