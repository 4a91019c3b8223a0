"""A chat for programs: the JSON document `r1plan.chat/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import Cost
from r1plan.render.chat.engine import engine_fields
from r1plan.route.execution.result import ChatResult

if TYPE_CHECKING:
    from r1plan.ask.local.plan import LocalPlan


def document(result: ChatResult, reasons: tuple[str, ...], plan: LocalPlan | None = None) -> dict[str, object]:
    """The fields of the document; `plan` is how the model runs that answered, where it is one on this machine.

    `cost` is that of the answer; its low and high are those of all attempts together.
    """
    entry, timing = result.entry, result.timing
    return {
        "schema": "r1plan.chat/1",
        "id": entry.id,
        "answer": result.answer,
        "thinking": result.thinking,
        "finish": result.finish,
        "usage": {
            "input_tokens": entry.input_tokens,
            "cache_hit_tokens": entry.cache_hit_tokens,
            "output_tokens": entry.output_tokens,
            "thinking_tokens": entry.thinking_tokens,
            "provenance": dict(entry.provenance),
            "flags": list(entry.flags),
        },
        "cost": {
            **_cost(result.cost, result.price),
            "total_usd": entry.cost_usd,
            "reported_usd": entry.reported_usd,
            "low_usd": result.billed.low_usd,
            "high_usd": result.billed.high_usd,
        },
        "route": {
            "policy": entry.policy,
            "provider": entry.provider,
            "model_requested": entry.model_requested,
            "model_served": entry.model_served,
            "attempts": [
                {"provider": each.provider, "model": each.model, "outcome": each.outcome} for each in result.attempts
            ],
            "reasons": list(reasons),
        },
        "engine": None if plan is None else engine_fields(plan),
        "timing": {
            "first_token_s": _rounded(timing.first_token_s),
            "total_s": _rounded(timing.total_s),
            "decode_tok_s": _rounded(timing.decode_tok_s),
        },
    }


def _cost(cost: Cost | None, price: EffectivePrice | None) -> dict[str, object]:
    names = ("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "total_usd", "cache_saving_usd")
    amounts = {name: None if cost is None else getattr(cost, name) for name in names}
    return {"schema": "r1plan.cost/1", **amounts, "price": None if price is None else _price(price)}


def _price(price: EffectivePrice) -> dict[str, object]:
    return {
        "id": price.id,
        "served_model": price.served_model,
        "tier": price.tier,
        "input_cache_miss_usd_per_mtok": price.rates.input_cache_miss,
        "input_cache_hit_usd_per_mtok": price.rates.input_cache_hit,
        "output_usd_per_mtok": price.rates.output,
        "effective_from": price.effective_from,
        "effective_until": price.effective_until,
        "sources": list(price.sources),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
