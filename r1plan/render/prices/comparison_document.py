"""All sellers side by side, for programs: `r1plan.price_comparison/1`. Prices as published, costs exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from r1plan.money import exact
from r1plan.plan.month.answers import ServedSpeed, answer_seconds, answer_usd
from r1plan.plan.quality import BENCHMARK
from r1plan.render.prices.comparison import score_of

if TYPE_CHECKING:
    from decimal import Decimal

    from r1plan.market.sellers import Seller
    from r1plan.render.prices.comparison import Comparison
    from r1plan.report.month.logged import ComparedWork

SCHEMA = "r1plan.price_comparison/1"


def comparison_document(comparison: Comparison, speed: ServedSpeed) -> dict[str, Any]:
    """Every seller with all figures; `speed` is taken where no log says how fast one is.

    Fields of USD are null for an account in another currency.
    """
    return {
        "schema": SCHEMA,
        "at": comparison.at.isoformat(),
        "like": comparison.like,
        "workload": workload_fields(comparison.asked),
        "offers": [_seller(each, comparison, speed) for each in comparison.sellers],
    }


def workload_fields(asked: ComparedWork) -> dict[str, Any]:
    """What a month asks on average, and what says so."""
    demand, logged = asked.demand, asked.logged
    parts = ("input_tokens", "cache_hit_tokens", "thinking_tokens", "answer_tokens")
    fields: dict[str, Any] = {part: round(demand.mean(part), 1) for part in parts}  # type: ignore[arg-type]
    fields |= {
        "requests_per_day": demand.requests_per_day,
        "basis": demand.basis,
        "hours": {
            "basis": demand.hours_basis,
            "timezone": demand.timezone,
            "peak_hour_share": round(demand.peak_hour_share, 4),
        },
        "from_logs": None,
    }
    if logged is not None:
        out = logged.not_counted
        fields["from_logs"] = {
            "month": logged.month,
            "requests": logged.requests,
            "days": round(logged.days, 2),
            "cache_share": round(logged.cache_share, 4),
            "thinking_unknown": logged.thinking_unknown,
            "not_counted": {
                "failed": out.failed, "unfinished": out.unfinished, "untold": out.untold, "bad_lines": out.bad_lines,
            },
            "models": [
                {"model": each.model, "requests": each.requests, "thinking_tokens": _tenths(each.thinking_tokens)}
                for each in logged.models
            ],
        }  # fmt: skip
    return fields


def _seller(each: Seller, comparison: Comparison, speed: ServedSpeed) -> dict[str, Any]:
    quote, price, month, limit = each.quote, each.price, each.month, each.overrun
    billed = month if each.can else None  # no cost of work that cannot be done
    currency = each.currency if price else None
    asked = comparison.asked
    ratio = asked.own.ratio(each.serves)
    score = score_of(each, comparison)
    fields: dict[str, Any] = {
        "provider": quote.provider,
        "provider_name": quote.provider_name,
        "model": quote.model,
        "serves": each.serves,
        "served_model": each.serves,
        "kind": quote.family if quote.family in ("r1", "distill") else "other",
        "is_like": each.is_like,
        "verified": each.verified,
        "can": each.can,
        "too_long_share": round(limit.share, 4),
        "context_tokens": limit.context_tokens,
        "max_output_tokens": limit.output_tokens,
        "currency": currency,
        "usd_per_request": _money(billed.usd_per_request if billed and currency == "USD" else None),
        "usd_per_month": _money(billed.usd_per_month if billed and currency == "USD" else None),
        "hours": {"peak_share": round(month.peak_share, 4), "basis": month.basis} if month else None,
        "priced_share": round(month.known_share, 4) if month else 0.0,
        "output_tokens": each.output_tokens,
        "thinking_over_r1": {"value": round(ratio.over_r1, 3), "basis": ratio.basis},
        "answer": None,
        "quality": {BENCHMARK: {"score": score.score, "source": score.source, "mode": score.mode}} if score else {},
        "tier": price.tier if price else None,
        "price_id": price.id if price else None,
        "checked": price.checked if price else None,
        "age_days": each.age_days,
        "is_stale": each.is_stale,
        "caveats": list(month.caveats) if month else [],
    }
    if billed is not None and price is not None:
        usd, seconds = (
            answer_usd(each.usages, billed),
            answer_seconds(each.usages, asked.speed(quote.provider, quote.model, speed)),
        )
        in_usd = currency == "USD"
        fields["answer"] = {
            "usd": {"p50": exact(usd.p50) if in_usd else None, "p90": exact(usd.p90) if in_usd else None},
            "seconds": {"p50": round(seconds.p50, 1), "p90": round(seconds.p90, 1), "basis": seconds.basis},
        }
        if not in_usd:
            name = str(currency).lower()
            fields |= {f"{name}_per_request": _money(billed.usd_per_request)}
            fields |= {f"{name}_per_month": _money(billed.usd_per_month)}
    return fields


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)


def _tenths(tokens: float | None) -> float | None:
    return None if tokens is None else round(tokens, 1)
