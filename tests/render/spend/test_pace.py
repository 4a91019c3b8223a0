"""A running period and its budget, said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from r1plan.render.spend.document import spend_json
from r1plan.render.spend.pace import budget_text, pace_text
from r1plan.report.pace.budget import BudgetUse
from r1plan.report.pace.forecast import SpendPace
from r1plan.report.period import whole_month
from r1plan.report.spend import SpendReport, TierHour, Totals

D = Decimal
PACE = SpendPace(
    now=datetime(2026, 6, 20, tzinfo=UTC),
    spent_usd=D("4.2"),
    days=19,
    days_left=11.0,
    per_day_usd=D("0.22"),
    expected_usd=D("6.60"),
    low_usd=D("5.90"),
    high_usd=D("7.70"),
    basis="hours_of_week",
)
USE = BudgetUse(budget_usd=D(10), spent_usd=D("4.2"), at_least_usd=D("4.2"), at_most_usd=D("4.2"))


@pytest.mark.parametrize(
    ("pace", "text"),
    [
        pytest.param(
            PACE,
            "pace: $4.20 so far, 11 days to go: it comes to about $6.60, and 8 times of 10 between $5.90 and $7.70 "
            "(19 days, by the hours of the week).",
            id="weeks",
        ),
        pytest.param(
            replace(PACE, basis="days", days=4),
            "pace: $4.20 so far, 11 days to go: it comes to about $6.60, and 8 times of 10 between $5.90 and $7.70 "
            "(4 days, every day alike).",
            id="days",
        ),
        pytest.param(
            SpendPace(now=PACE.now, spent_usd=D(1), days=1, days_left=28.5),
            "pace: $1.00 so far, 28 days to go; a forecast needs 3 whole days of requests, and there is 1 so far.",
            id="too-few",
        ),
    ],
)
def test_a_pace_says_how_sure_it_is_and_what_it_is_made_of(pace: SpendPace, text: str) -> None:
    assert pace_text(pace, "USD") == text


@pytest.mark.parametrize(
    ("use", "text"),
    [
        pytest.param(USE, "budget: $4.20 of $10.00 used (42 %).", id="used"),
        pytest.param(
            replace(USE, budget_usd=D(3), exceeded_on=date(2026, 6, 14)),
            "budget: over since 2026-06-14: $4.20 of $3.00 used (140 %).",
            id="over",
        ),
        pytest.param(
            replace(USE, chance=0.36, expected_on=date(2026, 6, 27)),
            "budget: $4.20 of $10.00 used (42 %); 35 % likely to be exceeded, on 2026-06-27 at this pace.",
            id="at-this-pace",
        ),
        pytest.param(
            replace(USE, chance=0.0), "budget: $4.20 of $10.00 used (42 %); 1 % likely to be exceeded.", id="hardly"
        ),
        pytest.param(
            replace(USE, budget_usd=D(4), spent_usd=D(0), at_most_usd=D(11)),
            "budget: over: at least $4.20 of $4.00 used (105 %). With all that is uncertain it is at most $11.00.",
            id="over-by-the-least",
        ),
        pytest.param(
            replace(USE, at_most_usd=D("4.3")),
            "budget: at least $4.20 of $10.00 used (42 %). With all that is uncertain it is at most $4.30.",
            id="within-in-any-case",
        ),
        pytest.param(
            replace(USE, at_most_usd=D(11)),
            "budget: at least $4.20 of $10.00 used (42 %). With all that is uncertain it is at most $11.00, which "
            "exceeds it.",
            id="may-be",
        ),
        pytest.param(
            replace(USE, at_most_usd=None),
            "budget: at least $4.20 of $10.00 used (42 %). What is uncertain or unpriced may exceed it.",
            id="nobody-knows",
        ),
        pytest.param(replace(USE, budget_usd=D(0)), "budget: over: $4.20 of $0.00 used (all).", id="nothing-allowed"),
    ],
)
def test_a_budget_says_what_is_used_and_how_sure_that_is(use: BudgetUse, text: str) -> None:
    assert budget_text(use, "USD") == text


def test_json_has_both_and_the_hours() -> None:
    report = SpendReport(
        period=whole_month("2026-06", "UTC"),
        by=(),
        totals=Totals(requests=1),
        pace=PACE,
        budget=replace(USE, chance=0.25, expected_on=date(2026, 6, 27)),
        clock=(TierHour(hour=1, tier="peak", requests=3, cost_usd=D("0.50")),),
    )
    document = json.loads(spend_json(report))
    pace, budget, hours = document["pace"], document["budget"], document["hour_of_clock"]
    assert (pace["expected_usd"], pace["low_usd"], pace["high_usd"], pace["days_left"]) == ("6.6", "5.9", "7.7", 11.0)
    assert (budget["over"], budget["chance"], budget["expected_on"]) == (False, 0.25, "2026-06-27")
    assert hours == [{"hour_utc": 1, "tier": "peak", "requests": 3, "cost_usd": "0.5"}]
    yuan = json.loads(spend_json(replace(report, currency="CNY")))
    assert (yuan["pace"]["spent_usd"], yuan["pace"]["spent_cny"]) == (None, "4.2")
    nothing = json.loads(spend_json(replace(report, pace=None, budget=None, clock=())))
    assert (nothing["pace"], nothing["budget"], nothing["hour_of_clock"]) == (None, None, [])
