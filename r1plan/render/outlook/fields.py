"""An outlook as fields of the JSON document `r1plan.recommend/1`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from r1plan.money import exact
from r1plan.plan.capacity.capacity import Capacity
from r1plan.plan.cost.break_even import BreakEven
from r1plan.plan.cost.claim import ClaimSide, SavingClaim
from r1plan.plan.cost.own import OwnCost
from r1plan.plan.month.answers import AnswerUsd
from r1plan.plan.outlook.api_answer import ApiAnswer
from r1plan.plan.outlook.frontier import Way
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.outlook.ways import ComparedWays
from r1plan.plan.speed import Range

_NO_RANGE = dict.fromkeys(("low", "mid", "high"))
_NO_PERCENTILES = dict.fromkeys(("p50", "p90"))
_COST = (
    *("kind", "usd_per_mtok_output", "usd_per_mtok_flat_out", "usd_per_month", "usd_per_month_of_machines_needed"),
    *("watts_busy", "watts_idle", "basis", "source"),
)


def capacity_fields(outlook: OptionOutlook | None) -> dict[str, Any] | None:
    """How many an option serves; None for what does not run."""
    return None if outlook is None else _capacity(outlook.capacity)


def cost_fields(outlook: OptionOutlook | None) -> dict[str, Any]:
    """What an option costs; without values for what does not run."""
    return dict.fromkeys(_COST) if outlook is None else _cost(outlook.cost)


def answer_usd_fields(cost: AnswerUsd | None) -> dict[str, str | None]:
    """What one answer costs."""
    return _NO_PERCENTILES if cost is None else {"p50": exact(cost.p50), "p90": exact(cost.p90)}


def api_answer_fields(answer: ApiAnswer | None) -> dict[str, Any] | None:
    """One answer of a seller."""
    if answer is None:
        return None
    seconds = {"typical": answer.typical_s, "p50": answer.seconds.p50, "p90": answer.seconds.p90}
    return {
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "usd": answer_usd_fields(answer.usd),
        "basis": answer.seconds.basis,
    }


def break_even_fields(even: BreakEven | None) -> dict[str, Any] | None:
    """From how many requests a day the choice is cheaper than the cheapest offer, and what moves that."""
    if even is None:
        return None
    return {
        "against": {"provider": even.against_provider, "model": even.against_model},
        "requests_per_day": _rounded(even.requests_per_day),
        "utilisation": None if even.utilisation is None else round(even.utilisation, 4),
        "reason": even.reason,
        "needed_per_day": _rounded(even.needed_per_day),
        "machines": even.machines,
        "saving_usd_per_month": _decimal(even.saving_usd_per_month),
        "sensitivity": [
            {"what": row.what, "value": round(row.value, 4), "requests_per_day": _rounded(row.requests_per_day)}
            for row in even.sensitivity
        ],
    }


def frontier_fields(ways: ComparedWays | None) -> list[dict[str, Any]]:
    """The ways that nothing beats, the best first; then those that one of them beats, with which, and what is left out.

    None is said of dollars or seconds of what is left out: it cannot do the work, or a figure is not known.
    """
    return [] if ways is None else list(_frontier(ways))


def claim_fields(claim: SavingClaim | None) -> dict[str, Any] | None:
    """What R1 costs less than others' models today, for the workload's own requests."""
    if claim is None:
        return None
    return {
        "r1": _side(claim.r1),
        "own": None if claim.own is None else _side(claim.own),
        "rows": [
            {
                **_side(row.other),
                "saving_share": round(row.saving_share, 4),
                "own_saving_share": _share(claim.own_saving(row)),
                "claimed": row.is_named,
                "par_output_share": None if row.par_output_share is None else round(row.par_output_share, 4),
            }
            for row in claim.rows
        ],
        "basis": "assumed",
    }


def _side(side: ClaimSide) -> dict[str, Any]:
    return {"provider": side.provider, "model": side.model, "usd_per_request": _exact(side.usd_per_request)}


def _exact(usd: float) -> str:
    """Dollars that were worked out, to a hundred-millionth."""
    return exact(Decimal(usd).quantize(Decimal("1e-8")))


def _frontier(ways: ComparedWays) -> Iterator[dict[str, Any]]:
    for way in ways.frontier.ways:
        yield {**_way(way), "dominated_by": None, "reason": None}
    for beaten in ways.frontier.beaten:
        yield {**_way(beaten.way), "dominated_by": beaten.by.id, "reason": None}
    for each in ways.left_out:
        unknown = dict.fromkeys(("model", "seller", "quality", "seconds", "usd_per_month"))
        yield {
            "id": each.id, "kind": each.kind, **unknown, "cards": [], "machines": each.machines, "basis": None,
            "dominated_by": None, "reason": each.reason,
        }  # fmt: skip


def _way(way: Way) -> dict[str, Any]:
    quality = way.quality
    return {
        "id": way.id,
        "kind": way.kind,
        "model": way.model,
        "seller": way.seller,
        "quality": {
            "benchmark": "gpqa_diamond",
            "score": quality.published,
            "value": round(quality.value, 2),
            "perplexity_ratio": round(quality.perplexity_ratio, 4),
            "loss_basis": quality.loss_basis,
            "source": quality.source,
        },
        "seconds": round(way.seconds, 1),
        "usd_per_month": exact(way.usd_per_month),
        "cards": list(way.cards),
        "machines": way.machines,
        "basis": way.basis,
    }


def _capacity(capacity: Capacity) -> dict[str, Any]:
    ttft = capacity.ttft_s
    return {
        "concurrency": capacity.concurrency,
        "decode_tok_s_total": _range(capacity.decode_tok_s_total) if capacity.concurrency else _NO_RANGE,
        "decode_tok_s_each": _range(capacity.decode_tok_s_each) if capacity.concurrency else _NO_RANGE,
        "requests_per_day": _rounded(capacity.requests_per_day),
        "flat_out_requests_per_day": _rounded(capacity.flat_out_per_day),
        "machines_needed": capacity.machines_needed,
        "copies": capacity.copies,
        "copies_needed": capacity.copies_needed,
        "cut_off_share": _share(capacity.cut_off_share),
        "limit": capacity.limit,
        "ttft_s": _NO_PERCENTILES if ttft is None else {"p50": round(ttft.p50, 2), "p90": round(ttft.p90, 2)},
        "ttft_limit_s": capacity.ttft_limit_s,
        "busy_share": _share(capacity.busy_share),
        "utilisation": _share(capacity.utilisation),
        "knee": {"concurrency": capacity.knee, "limit": capacity.knee_limit},
        "basis": capacity.basis,
    }


def _cost(cost: OwnCost) -> dict[str, Any]:
    values = (
        cost.kind,
        _decimal(cost.usd_per_mtok_output),
        _decimal(cost.usd_per_mtok_flat_out),
        _decimal(cost.usd_per_month),
        _decimal(cost.usd_per_month_of_machines_needed),
        cost.watts_busy,
        cost.watts_idle,
        cost.basis,
        cost.source,
    )
    return dict(zip(_COST, values, strict=True))


def _range(speed: Range) -> dict[str, float]:
    return {"low": round(speed.low, 2), "mid": round(speed.mid, 2), "high": round(speed.high, 2)}


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _rounded(requests: float | None) -> float | None:
    """A number of requests to the hundredth; tiny ones keep three digits."""
    if requests is None:
        return None
    return round(requests, 2) if requests >= 1 else float(f"{requests:.3g}")


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
