"""Policies: rules, limits that nothing lifts, and requests that never leave the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_routes
from r1plan.catalog.policy import Objective, PolicyLimits, Route, Rule, When
from r1plan.catalog.price import Window
from r1plan.catalog.provider import Family
from r1plan.errors import NotFound
from r1plan.render.decision.words import exclusion_text, rank_text
from r1plan.route.decision.cause import RuleApplied
from r1plan.route.decision.decide import Decision, decide
from r1plan.route.decision.policy import policy_for, quality_scores
from r1plan.route.decision.rules import matches, route_named, tightest
from r1plan.route.forecast.forecast import PromptFacts
from tests.route.worlds import AT, ask, book, candidate, here, log, outputs, priced

D = Decimal
FAMILIES: tuple[Family, ...] = ("r1", "distill", "successor", "other")
BOOK = book(
    acme=priced("m", "0.50 / 0.05 / 2.00"), dear=priced("m", "5.00 / 0.50 / 20.00"), free=priced("m", "0 / 0 / 0")
)
EVERYBODY = [
    candidate("acme"),
    candidate("dear", model_key="best", quality_index=90.0),
    candidate("free", family="successor", model_key="new"),
    here(watts=300.0, decode_tok_s=20.0),
]
ROUTE = Route(id="test", description="Test.", accepts=FAMILIES)


def decided(
    route: Route,
    on: PromptFacts | None = None,
    limits: PolicyLimits | None = None,
    others: Mapping[str, Route] | None = None,
) -> Decision:
    return decide(on or ask(), EVERYBODY, log(*outputs([2000] * 30)), BOOK, route, others or {}, limits)


@pytest.mark.parametrize(
    ("objective", "why"), [("cost", "the same cost"), ("latency", "as soon; the same cost")], ids=["cost", "latency"]
)
def test_who_differs_in_nothing_is_said_to(objective: Objective, why: str) -> None:
    prices = book(one=priced("m", "0.50 / 0.05 / 2.00"), two=priced("m", "0.50 / 0.05 / 2.00"))
    route = replace(ROUTE, objective=objective)
    found = decide(ask(), [candidate("one"), candidate("two")], log(), prices, route, {})
    assert rank_text(found.ranked[1].cause) == why


@pytest.mark.parametrize(
    ("when", "is_met"),
    [
        pytest.param(When(), True, id="nothing-said"),
        pytest.param(When(projects=("a", "b")), True, id="project"),
        pytest.param(When(projects=("c",)), False, id="other-project"),
        pytest.param(When(kinds=("math",)), True, id="kind"),
        pytest.param(When(languages=("de",)), False, id="language"),
        pytest.param(When(min_prompt_tokens=100), True, id="prompt-at-the-least"),
        pytest.param(When(min_prompt_tokens=101), False, id="prompt-under-the-least"),
        pytest.param(When(max_prompt_tokens=100), True, id="prompt-at-the-most"),
        pytest.param(When(max_prompt_tokens=99), False, id="prompt-over-the-most"),
        pytest.param(When(min_context_tokens=1000, max_context_tokens=1000), True, id="context"),
        pytest.param(When(min_context_tokens=1001), False, id="context-under"),
        pytest.param(When(hours_utc=Window(start=time(12), end=time(13))), True, id="hour-at-its-start"),
        pytest.param(When(hours_utc=Window(start=time(11), end=time(12))), False, id="hour-at-its-end"),
        pytest.param(When(hours_utc=Window(start=time(22), end=time(12, 1))), True, id="over-midnight"),
        pytest.param(When(projects=("a",), kinds=("code",)), False, id="all-must-hold"),
    ],
)
def test_a_rule_applies_when_all_that_it_says_holds(when: When, is_met: bool) -> None:
    assert matches(when, ask(project="a", language="en", prompt_tokens=100)) is is_met


def test_rules_apply_one_after_another() -> None:
    rules = (
        Rule(when=When(kinds=("math",)), objective="latency"),
        Rule(when=When(kinds=("code",)), objective="quality"),
        Rule(when=When(), never=("free",), note="no free lunch"),
    )
    policy = policy_for(ask(), replace(ROUTE, rules=rules), {})
    assert (policy.route.objective, policy.route.never, policy.applied) == (
        "latency", ("free",), (RuleApplied(1, None, None), RuleApplied(3, "no free lunch", None)),
    )  # fmt: skip


def test_a_rule_may_take_another_route_and_tighten_it() -> None:
    other = Route(
        id="other", description="Other.", objective="quality", accepts=("r1",), limits=PolicyLimits(max_p90_s=9)
    )
    rule = Rule(when=When(), route="other", limits=PolicyLimits(max_p90_usd=D("0.5")))
    route = policy_for(ask(), replace(ROUTE, rules=(rule,), limits=PolicyLimits(max_p90_s=99)), {"other": other}).route
    assert (route.objective, route.accepts, route.limits) == (
        "quality",
        ("r1",),
        PolicyLimits(max_p90_usd=D("0.5"), max_p90_s=9),
    )
    with pytest.raises(NotFound):
        policy_for(ask(), replace(ROUTE, rules=(rule,)), {})


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (PolicyLimits(), PolicyLimits(), PolicyLimits()),
        (PolicyLimits(max_p90_usd=D(1)), PolicyLimits(), PolicyLimits(max_p90_usd=D(1))),
        (PolicyLimits(max_p90_s=5), PolicyLimits(max_p90_s=4), PolicyLimits(max_p90_s=4)),
        (PolicyLimits(min_context_tokens=5), PolicyLimits(min_context_tokens=9), PolicyLimits(min_context_tokens=9)),
    ],
)
def test_of_two_limits_the_tighter_counts(one: PolicyLimits, other: PolicyLimits, both: PolicyLimits) -> None:
    assert tightest(one, other) == tightest(other, one) == both


def test_a_limit_of_the_command_line_comes_on_top() -> None:
    assert decided(ROUTE).ranked[0].id == "free/m"
    tight = decided(replace(ROUTE, never=("free",)), limits=PolicyLimits(max_p90_usd=D("0.02")))
    assert "dear/m" not in [each.id for each in tight.ranked]
    (why,) = [exclusion_text(each.cause) for each in tight.refused if each.id == "dear/m"]
    assert why == "may cost $0.045 (p90), over the limit of $0.020"


@pytest.mark.parametrize(
    ("tokens", "fits"),
    [
        pytest.param(90_000, True, id="with-room"),
        pytest.param(90_909, True, id="with-its-margin-just-fitting"),
        pytest.param(90_910, False, id="with-its-margin-one-too-many"),
        pytest.param(91_000, False, id="within-its-margin"),
    ],
)
def test_an_input_must_fit_the_context_with_what_its_estimate_may_be_off(tokens: int, fits: bool) -> None:
    found = decided(replace(ROUTE, only=("acme",)), ask(estimated_input_tokens=tokens))
    assert bool(found.ranked) is fits


def test_a_model_of_unknown_context_is_under_any_that_is_wanted() -> None:
    strange = candidate("acme", context_tokens=None)
    route = replace(ROUTE, limits=PolicyLimits(min_context_tokens=1))
    found = decide(ask(), [strange], log(), BOOK, route, {})
    assert [exclusion_text(each.cause) for each in found.refused] == [
        "an unknown number of tokens of context, under the 1 that are wanted"
    ]


def test_local_first_takes_the_machine_though_it_costs_more() -> None:
    found = decided(replace(ROUTE, prefer_local=True))
    assert found.ranked[0].candidate.is_local
    assert found.ranked[0].expected_usd > found.ranked[1].expected_usd == 0


def test_fastest_is_by_the_time_and_quality_by_the_model() -> None:
    fastest = decided(replace(ROUTE, objective="latency"))
    times = [each.forecast.p50_s for each in fastest.ranked]
    assert times == sorted(times)
    assert decided(replace(ROUTE, objective="quality")).ranked[0].id == "dear/m"


def test_a_model_without_an_index_stands_where_the_order_puts_it() -> None:
    models = [
        candidate("a", model_key="newest"),
        candidate("b", model_key="good", quality_index=80.0),
        candidate("c", model_key="between"),
        candidate("d", model_key="fair", quality_index=70.0),
        candidate("e", model_key="unheard-of"),
    ]
    policy = policy_for(ask(), replace(ROUTE, order=("newest", "good", "between", "fair")), {})
    scores = quality_scores(policy, models)
    ranked = sorted(models, key=lambda each: -scores[each.id])
    assert [each.model_key for each in ranked] == ["newest", "good", "between", "fair", "unheard-of"]


def test_our_own_routes_are_those_that_people_know() -> None:
    routes = load_routes()
    assert list(routes) == ["cheapest", "fastest", "local-first", "private", "quality", "r1"]
    assert route_named("Cheapest", routes).id == "cheapest"
    with pytest.raises(NotFound, match="unknown route 'cheepest'"):
        route_named("cheepest", routes)
    assert all("distill" not in routes[each].accepts for each in ("cheapest", "fastest", "quality"))


RULES = st.lists(
    st.builds(
        Rule,
        when=st.builds(When, kinds=st.sampled_from([(), ("math",), ("code",)])),
        route=st.sampled_from([None, "cheapest", "local-first", "fastest", "quality"]),
        objective=st.sampled_from([None, "cost", "latency", "quality"]),
        accepts=st.sampled_from([(), FAMILIES]),
        only=st.sampled_from([(), ("acme",), ("free", "dear"), ("local",)]),
        place=st.sampled_from([None, "anywhere", "machine"]),
        limits=st.builds(PolicyLimits, max_p90_usd=st.sampled_from([None, D(100)])),
    ),
    max_size=4,
).map(tuple)


OBJECTIVES: st.SearchStrategy[Objective] = st.sampled_from(["cost", "latency", "quality"])


@settings(deadline=None)
@given(RULES, OBJECTIVES, st.booleans(), st.sampled_from([(), ("acme",)]))
def test_what_is_private_never_leaves_the_machine(
    rules: tuple[Rule, ...], objective: Objective, prefer_local: bool, only: tuple[str, ...]
) -> None:
    private = replace(
        load_routes()["private"],
        rules=rules,
        objective=objective,
        prefer_local=prefer_local,
        only=only,
    )
    found = decided(private, others=load_routes())
    assert all(each.candidate.is_local for each in found.ranked)


@settings(deadline=None)
@given(
    RULES,
    st.decimals("0", "0.1", places=4),
    st.floats(1, 500),
    st.integers(1, 200_000),
    st.integers(1, 60_000),
)
def test_nothing_over_a_limit_is_chosen(
    rules: tuple[Rule, ...], usd: Decimal, seconds: float, context: int, tokens: int
) -> None:
    limits = PolicyLimits(max_p90_usd=usd, max_p90_s=seconds, min_context_tokens=context)
    found = decided(replace(ROUTE, rules=rules), ask(estimated_input_tokens=tokens), limits, others=load_routes())
    for each in found.ranked:
        assert each.cost.p90_usd <= usd
        assert each.forecast.p90_s <= seconds
        assert (each.candidate.context_tokens or 0) >= context
        assert each.forecast.input_tokens < (each.candidate.context_tokens or 0)
    assert len(found.ranked) + len(found.refused) == len(EVERYBODY)


def test_an_hour_of_another_zone_is_the_same_hour() -> None:
    from zoneinfo import ZoneInfo

    at = AT.astimezone(ZoneInfo("Asia/Shanghai")) + timedelta(minutes=1)
    assert matches(When(hours_utc=Window(start=time(12), end=time(13))), ask(at=at))
