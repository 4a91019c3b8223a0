"""A plan as the JSON document `r1plan.recommend/1`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from r1plan.catalog.provider import descendant_of
from r1plan.market.compare import ApiOffer
from r1plan.money import exact
from r1plan.plan.answer import AnswerTime, answer_time
from r1plan.plan.headroom import Gain, Headroom
from r1plan.plan.month.answers import AnswerUsd
from r1plan.plan.month.demand import Demand
from r1plan.plan.outlook.option_outlook import OptionOutlook
from r1plan.plan.plan import Plan
from r1plan.plan.quality import Quality
from r1plan.plan.speed import Range, Speed
from r1plan.plan.workload import Workload
from r1plan.render.outlook.fields import (
    answer_usd_fields,
    api_answer_fields,
    break_even_fields,
    capacity_fields,
    claim_fields,
    cost_fields,
    frontier_fields,
)
from r1plan.render.plan.explained import doubt_text
from r1plan.render.plan.model_lines import r1_fields
from r1plan.render.plan.successors import successor_fields, successor_reason
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.plan.words import cause_text, improvement_text, machine_notes, standing_text

if TYPE_CHECKING:
    from r1plan.plan.outlook.outlook import Outlook

SCHEMA = "r1plan.recommend/1"

# What does not run has no speed and costs nothing: the fields stand there without values.
_NO_RANGE = dict.fromkeys(("low", "mid", "high"))


def plan_document(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None = None,
    outlook: Outlook | None = None,
) -> dict[str, Any]:
    """The fields of the document, `schema` first."""
    outlooks = [None] * len(plan.options) if outlook is None else outlook.options
    options = [option_fields(view, plan, *each) for each in zip(plan.options, outlooks, strict=True)]
    answers = [None] * len(api) if outlook is None else outlook.api
    return {
        "schema": SCHEMA,
        "machine": {**asdict(plan.machine), "notes": [*machine_notes(plan), *map(doubt_text, plan.doubts)]},
        "workload": _workload(plan.workload),
        "choice": options[0] if plan.choice else None,
        "alternatives": options[1:] if plan.choice else options,
        "rejected": [{"id": each.id, "reason": cause_text(each.cause)} for each in plan.rejected],
        "api": [{**_api(offer), "answer": api_answer_fields(each)} for offer, each in zip(api, answers, strict=True)],
        "break_even": break_even_fields(outlook.break_even) if outlook else None,
        "frontier": frontier_fields(outlook.ways) if outlook else [],
        "claim": claim_fields(outlook.claim) if outlook else None,
        "larger": _larger(plan),
        "r1": r1_fields(plan.r1),
        "successor": successor_fields(plan),
        "successors": [
            {**option_fields(view, plan, each), "reason": successor_reason(plan, each)} for each in plan.successors
        ],
        **view.plan_fields(plan, headroom),
    }


def option_fields(
    view: EngineView[OptionT], plan: Plan[OptionT], option: OptionT, outlook: OptionOutlook | None = None
) -> dict[str, Any]:
    """One option, with what it means for a month where that was asked about."""
    return {
        "id": option.id,
        "model": option.model.id,
        "quant": option.quant_name,
        "engine": plan.engine,
        "fits": option.fits,
        "reason": standing_text(option.why),
        "context": {"chosen": option.context, "max": option.context_max},
        **view.setting_fields(option),
        "speed": _speed(option.speed) if option.fits else _no_speed(option.speed),
        "answer": _answer(answer_time(option, plan.workload), outlook.answer_usd if outlook else None),
        **_quality(option.quality),
        "capacity": capacity_fields(outlook),
        "cost": cost_fields(outlook),
        "download": view.download_fields(plan, option),
        **view.own_fields(option),
    }


def headroom_fields(headroom: Headroom[OptionT]) -> dict[str, Any]:
    """What limits a plan and what more room would buy."""
    device, context = headroom.full_first or (None, None)
    return {
        "full_first": {"device": device, "context": context} if headroom.full_first else None,
        "most_slots": headroom.most_slots,
        "gains": [_gain(each) for each in headroom.gains],
    }


def _gain(gain: Gain[OptionT]) -> dict[str, Any]:
    then = gain.option
    return {
        "device": gain.device,
        "extra_bytes": gain.extra_bytes,
        "process": {"pid": gain.process.pid, "name": gain.process.name} if gain.process else None,
        "headless": gain.headless,
        "buys": improvement_text(gain.better) if gain.better else None,
        "id": then.id if then else None,
        "context": {"chosen": then.context, "max": then.context_max} if then else None,
        "decode_tok_s": round(then.tok_s, 2) if then else None,
    }


def _quality(quality: Quality) -> dict[str, Any]:
    """The published scores, and what the quant loses."""
    return {
        "quality": {
            score.benchmark: {
                "score": score.score,
                "source": score.source,
                **({} if score.effort is None else {"effort": score.effort}),
            }
            for score in quality.scores
        },
        "quant_loss": {
            "perplexity_ratio": round(quality.quant.perplexity_ratio, 4),
            "basis": quality.quant.basis,
            "source": quality.quant.source,
        },
    }


def _workload(workload: Workload) -> dict[str, Any]:
    """What was asked for."""
    return {
        "objective": workload.objective,
        "min_speed_tok_s": workload.min_tok_s,
        "requests_per_day": workload.requests_per_day,
        "input_tokens": workload.input_tokens,
        "cache_hit_share": workload.cache_hit_share,
        "thinking_tokens": workload.thinking_tokens,
        "answer_tokens": workload.answer_tokens,
        "month": _month(workload.demand),
        "users": workload.users,
        "slo_ttft_s": workload.slo_ttft_s,
        "slo_tok_s": workload.slo_tok_s,
        "patience_min": workload.patience_min,
        "power_usd_per_kwh": None if workload.power_usd_per_kwh is None else str(workload.power_usd_per_kwh),
    }


def _month(demand: Demand | None) -> dict[str, Any] | None:
    """How the workload's requests are spread over lengths and hours."""
    if demand is None:
        return None
    return {
        "lengths_basis": demand.basis,
        "hours_basis": demand.hours_basis,
        "timezone": demand.timezone,
        "peak_hour_share": round(demand.peak_hour_share, 4),
        "lengths": [{**each._asdict(), "share": round(each.share, 6)} for each in demand.lengths],
    }


def _speed(speed: Speed) -> dict[str, Any]:
    """The predicted speeds."""
    return {
        "prefill_tok_s": _range(speed.prefill_tok_s) if speed.prefill_tok_s else None,
        "prefill_at": [
            {"depth": each.depth, **_range(each.tok_s)} for each in sorted(speed.prefill, key=lambda one: one.depth)
        ],
        "decode_tok_s": [
            {"depth": each.depth, **_range(each.tok_s)} for each in sorted(speed.decode, key=lambda one: one.depth)
        ],
        "bottleneck": speed.bottleneck,
        "basis": speed.basis,
        "source": speed.source,
    }


def _answer(time: AnswerTime | None, cost: AnswerUsd | None = None) -> dict[str, Any]:
    """How long an answer takes; null seconds for an option that does not fit."""
    return {
        "seconds": {
            "typical": round(time.typical_s, 1) if time else None,
            "p50": round(time.p50_s, 1) if time else None,
            "p90": round(time.p90_s, 1) if time else None,
        },
        "usd": answer_usd_fields(cost),
        "output_tokens": time.output_tokens if time else None,
    }


def _larger(plan: Plan[OptionT]) -> dict[str, Any] | None:
    """The larger and better model that fits too and was not chosen."""
    larger = plan.larger
    if larger is None:
        return None
    return {
        "id": larger.id,
        "context": {"chosen": larger.context, "max": larger.context_max},
        "decode_tok_s": round(larger.tok_s, 2),
        "answer": _answer(answer_time(larger, plan.workload)),
    }


def _no_speed(speed: Speed) -> dict[str, Any]:
    """The fields of the predicted speeds of what does not run."""
    decode = [{"depth": depth, **_NO_RANGE} for depth in sorted(each.depth for each in speed.decode)]
    return {**_speed(speed), "prefill_tok_s": _NO_RANGE, "prefill_at": [], "decode_tok_s": decode, "bottleneck": None}


def _range(speed: Range) -> dict[str, float]:
    return {"low": round(speed.low, 2), "mid": round(speed.mid, 2), "high": round(speed.high, 2)}


def _api(offer: ApiOffer) -> dict[str, Any]:
    """What an API asks for the same work."""
    rates = offer.price.rates
    return {
        "provider": offer.provider,
        "model": offer.model,
        "serves": offer.serves,
        "served_model": offer.serves,
        "is_r1": offer.is_r1,
        "descendant": None if offer.is_r1 else descendant_of(offer.serves),
        "input_cache_miss_usd_per_mtok": exact(rates.input_cache_miss),
        "input_cache_hit_usd_per_mtok": _decimal(rates.input_cache_hit),
        "output_usd_per_mtok": exact(rates.output),
        "output_tokens": offer.output_tokens,
        "cut_off_share": round(offer.overrun.share, 4),
        "usd_per_request": exact(offer.usd_per_request),
        "usd_per_month": _decimal(offer.usd_per_month),
        "usd_per_request_now": exact(offer.usd_per_request_now),
        "hours": {"peak_share": round(offer.month.peak_share, 4), "basis": offer.month.basis},
        "tier": offer.price.tier,
    }


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
