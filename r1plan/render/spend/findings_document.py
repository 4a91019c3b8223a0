"""What stands out in a report, how it goes on, its budget, its hours and its sources, for programs."""

from __future__ import annotations

from dataclasses import asdict, fields

from r1plan.render.spend.explain import explain_notes
from r1plan.render.spend.fields import document_fields
from r1plan.render.spend.findings import finding_texts
from r1plan.render.spend.pace import budget_text, pace_text
from r1plan.report.explain.explanation import PriceUse
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.spend import SpendReport

_MILLION = 1_000_000
_SHARED = {each.name for each in fields(SpendFinding)}


def findings_fields(report: SpendReport) -> list[dict[str, object]]:
    """Each finding with its sentence, what avoids it, and in `facts` what the sentence is made of."""
    return [
        {
            "kind": each.kind,
            "basis": each.basis,
            "message": text.sentence,
            "command": text.command,
            "advice": text.advice,
            "first": text.is_first,
            "requests": each.requests,
            **document_fields({"low_usd": each.low_usd, "high_usd": each.high_usd}, report.currency),
            "facts": _facts(each, report.currency),
        }
        for each, text in zip(report.findings, finding_texts(report), strict=True)
    ]


def pace_fields(report: SpendReport) -> dict[str, object] | None:
    """The pace; `expected_usd` and its bounds are null where too few days are known."""
    pace = report.pace
    if pace is None:
        return None
    amounts = {
        "spent_usd": pace.spent_usd,
        "per_day_usd": pace.per_day_usd,
        "expected_usd": pace.expected_usd,
        "low_usd": pace.low_usd,
        "high_usd": pace.high_usd,
    }
    return {
        "at": pace.now.isoformat(),
        "days": pace.days,
        "days_left": round(pace.days_left, 4),
        **document_fields(amounts, report.currency),
        "basis": pace.basis,
        "message": pace_text(pace, report.currency),
    }


def budget_fields(report: SpendReport) -> dict[str, object] | None:
    """The budget; `at_most_usd` is null where nobody knows what the uncertain requests cost at most."""
    budget = report.budget
    if budget is None:
        return None
    amounts = {
        "budget_usd": budget.budget_usd,
        "spent_usd": budget.spent_usd,
        "at_least_usd": budget.at_least_usd,
        "at_most_usd": budget.at_most_usd,
    }
    return {
        **document_fields(amounts, report.currency),
        "over": budget.is_over,
        "may_be_over": budget.may_be_over,
        "exceeded_on": None if budget.exceeded_on is None else budget.exceeded_on.isoformat(),
        "expected_on": None if budget.expected_on is None else budget.expected_on.isoformat(),
        "chance": None if budget.chance is None else round(budget.chance, 3),
        "message": budget_text(budget, report.currency),
    }


def clock_fields(report: SpendReport) -> list[dict[str, object]]:
    """What was asked in each hour of UTC, by the tier of its price."""
    return [
        {
            "hour_utc": each.hour,
            "tier": each.tier,
            "requests": each.requests,
            **document_fields({"cost_usd": each.cost_usd}, report.currency),
        }
        for each in report.clock
    ]


def explanation_fields(report: SpendReport) -> dict[str, object] | None:
    """Where the figures come from, with every source of every price."""
    explained = report.explanation
    if explained is None:
        return None
    return {
        "files": explained.files,
        "usable_rows": explained.usable_rows,
        "sources": dict(explained.sources),
        "counted": {name: dict(who) for name, who in explained.counted.items()},
        "cost": [
            {
                "basis": each.basis,
                "requests": each.requests,
                **document_fields({"cost_usd": each.cost_usd}, report.currency),
            }
            for each in explained.parts
        ],
        "prices": [_price(each, report.currency) for each in explained.prices],
        "messages": list(explain_notes(report)),
    }


def _price(use: PriceUse, currency: str) -> dict[str, object]:
    price, rates = use.price, use.price.per_token
    amounts = {
        "input_cache_miss_per_mtok_usd": rates.miss * _MILLION,
        "input_cache_hit_per_mtok_usd": rates.hit * _MILLION,
        "output_per_mtok_usd": rates.output * _MILLION,
        "cost_usd": use.cost_usd,
    }
    return {
        "price_id": price.id,
        "provider": price.provider,
        "model": price.model,
        "tier": price.tier,
        "hours_utc": list(use.hours_utc),
        "tier_instant": price.tier_instant,
        "requests": use.requests,
        **document_fields(amounts, currency),
        "effective_from": None if price.effective_from is None else price.effective_from.isoformat(),
        "effective_until": None if price.effective_until is None else price.effective_until.isoformat(),
        "sources": list(price.sources),
        "checked": None if price.checked is None else price.checked.isoformat(),
        "caveats": list(price.caveats),
    }


def _facts(each: SpendFinding, currency: str) -> dict[str, object]:
    return document_fields({name: value for name, value in asdict(each).items() if name not in _SHARED}, currency)
