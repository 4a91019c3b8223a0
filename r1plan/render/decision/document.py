"""A routing decision for programs: the JSON document `r1plan.decision/1`. Money is exact."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

from r1plan.money import exact
from r1plan.render.decision.grounds import cache_text, lengths_text, speed_text, tariff_text, watts_text
from r1plan.render.decision.words import exclusion_text, rank_text, reason_text, risk_text
from r1plan.route.decision.candidate import Candidate
from r1plan.route.decision.cause import CostTerm
from r1plan.route.decision.decide import Decision
from r1plan.route.decision.defer import Deferral
from r1plan.route.forecast.cost import CostForecast
from r1plan.route.forecast.forecast import Forecast

SCHEMA = "r1plan.decision/1"
_TERMS: tuple[CostTerm, ...] = get_args(CostTerm)


def decision_document(decision: Decision, deferral: Deferral | None = None) -> dict[str, object]:
    """The fields of the document, all of them plain."""
    ask, chosen = decision.ask, decision.chosen
    return {
        "schema": SCHEMA,
        "policy": decision.policy.name,
        "at": ask.at.isoformat(),
        "kind": ask.kind,
        "language": ask.language,
        "chosen": chosen.id if chosen else None,
        "reasons": [reason_text(each) for each in decision.reasons],
        "candidates": [
            {
                **_candidate(each.candidate),
                "why": rank_text(each.cause),
                "cost": _cost(each.cost),
                "forecast": _forecast(each.forecast),
            }
            for each in decision.ranked
        ],
        "refused": [
            {
                **_candidate(each.candidate),
                "why": exclusion_text(each.cause),
                "cost": None if each.cost is None else _cost(each.cost),
                "forecast": None if each.forecast is None else _forecast(each.forecast),
            }
            for each in decision.refused
        ],
        "defer": None if deferral is None else _deferral(deferral),
    }


def _candidate(each: Candidate) -> dict[str, object]:
    return {
        "id": each.id,
        "provider": each.provider,
        "model": each.model,
        "serves": each.serves,
        "is_r1": each.is_r1,
        "family": each.family,
    }


def _cost(each: CostForecast) -> dict[str, object]:
    return {
        "expected_usd": exact(each.expected_usd),
        "p50_usd": exact(each.p50_usd),
        "p90_usd": exact(each.p90_usd),
        "terms": {name: exact(getattr(each.terms, name)) for name in _TERMS},
        "cache_saving_usd": exact(each.terms.cache_saving_usd),
        "prices": [
            {
                "price_id": one.price.id,
                "tier": one.price.tier,
                "chance": _share(one.chance),
                "since": one.since.isoformat(),
            }
            for one in each.periods
        ],
    }


def _forecast(each: Forecast) -> dict[str, object]:
    lengths, power = each.lengths, each.electricity

    def quantiles(part: str, mean: float) -> dict[str, object]:
        found = {f"p{level}": lengths.quantile(level / 100, part) for level in (50, 90)}  # type: ignore[arg-type]
        return {"mean": round(mean, 1), **{name: None if at is None else round(at) for name, at in found.items()}}

    return {
        "input_tokens": each.input_tokens,
        "input_provenance": "estimated",
        "thinking_tokens": quantiles("thinking", lengths.thinking),
        "answer_tokens": quantiles("answer", lengths.answer),
        "lengths_basis": lengths.basis,
        "lengths_rows": lengths.rows,
        "lengths_why": lengths_text(lengths),
        "cache": {
            "hit_tokens": each.cache.hit_tokens,
            "chance": _share(each.cache.chance),
            "why": cache_text(each.cache.ground),
        },
        "failure_chance": _share(each.failures.chance),
        "seconds": {"p50": round(each.p50_s, 1), "p90": round(each.p90_s, 1), "why": speed_text(each.speed)},
        "electricity": None
        if power is None
        else {
            "watts": round(power.watts, 1),
            "usd_per_kwh": exact(Decimal(power.usd_per_kwh)),
            "basis": "assumed" if power.is_assumed else "known",
            "why": f"{watts_text(power.watts_ground)}; {tariff_text(power.tariff_ground)}",
        },
    }


def _deferral(each: Deferral) -> dict[str, object]:
    chosen = each.decision.chosen
    return {
        "by": each.by.isoformat(),
        "send_at": each.send_at.isoformat(),
        "chosen": chosen.id if chosen else None,
        "saving_usd": exact(each.saving_usd),
        "late_chance": _share(each.late_chance),
        "risks": [risk_text(risk) for risk in each.risks],
    }


def _share(chance: float) -> float:
    return round(chance, 4)
