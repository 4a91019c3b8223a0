"""Rules: those of the route that decides, those that it takes from others, and those that hold beside any route."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.policy import Binding, Kind, PolicyLimits, Route, Rule, When
from r1plan.catalog.price import Window
from r1plan.errors import CatalogError
from r1plan.route.decision.candidate import Candidate, Power
from r1plan.route.decision.cause import Held, LeftOut, OtherFamily, RuleApplied, StaysHere
from r1plan.route.decision.policy import exclusion, policy_for
from r1plan.route.decision.rules import Hold, changed_by_rules, holds, matches
from r1plan.route.forecast.forecast import PromptFacts
from tests.route.worlds import AT, ask, candidate, here

SECRET = When(projects=("secret",))
KEPT = Rule(when=SECRET, place="machine")
PLAIN = Route(id="plain", description="Plain.", accepts=("r1", "distill", "successor", "other"))
IN_SECRET = ask(project="secret")
D = Decimal


def mine(*rules: Rule, **changes: object) -> Route:
    return replace(PLAIN, id="mine", rules=rules, **changes)  # type: ignore[arg-type]


def why(facts: PromptFacts, *routes: Route, of: Candidate | None = None, by: Route = PLAIN) -> object:
    known = {each.id: each for each in (PLAIN, *routes)}
    return exclusion(policy_for(facts, by, known), of or candidate("acme"))


HELD_HERE = Held(Binding("mine", 1), StaysHere("mine"))


@pytest.mark.parametrize(
    ("project", "is_met"),
    [
        ("secret", True),
        ("Secret", True),
        (" SECRET ", True),
        ("ｓｅｃｒｅｔ", True),
        ("se\u200bcret", True),
        ("secrets", False),
        ("", False),
        (None, False),
    ],
)
def test_a_project_is_met_by_any_spelling_and_by_no_other(project: str | None, is_met: bool) -> None:
    assert matches(SECRET, ask(project=project)) is is_met
    assert matches(When(projects=(" ＳＥＣＲＥＴ",)), ask(project=project)) is is_met


def test_a_project_that_a_conversation_had_before_is_met() -> None:
    assert matches(SECRET, ask(project="open", projects=("Secret", "open")))
    assert not matches(SECRET, ask(project="open", projects=("other",)))


@pytest.mark.parametrize("by", [PLAIN, replace(PLAIN, id="cheapest", prefer_local=True)])
def test_a_rule_for_a_project_holds_whatever_route_decides(by: Route) -> None:
    assert why(IN_SECRET, mine(KEPT), by=by) == HELD_HERE
    assert why(ask(project="open"), mine(KEPT), by=by) is None
    assert why(IN_SECRET, mine(KEPT), by=by, of=here()) is None


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (Rule(when=SECRET, never=("acme",)), LeftOut("mine", "acme")),
        (Rule(when=SECRET, only=("free",)), LeftOut("mine", "acme")),
        (Rule(when=SECRET, route="home"), StaysHere("mine")),
        (Rule(when=SECRET, route="few"), LeftOut("mine", "acme")),
        (Rule(when=SECRET, only=("free",), route="plain"), LeftOut("mine", "acme")),
        (Rule(when=SECRET, route="ruled"), StaysHere("mine")),
        (Rule(when=When(kinds=("math",)), place="machine"), StaysHere("mine")),
        (Rule(when=When(languages=("en",)), route="home"), StaysHere("mine")),
    ],
)
def test_what_holds_beside_any_route_is_all_that_a_rule_restricts(rule: Rule, cause: StaysHere | LeftOut) -> None:
    home = replace(PLAIN, id="home", place="machine")
    few = replace(PLAIN, id="few", only=("free", "dear"))
    ruled = replace(PLAIN, id="ruled", rules=(Rule(when=When(), place="machine"),))
    facts = replace(IN_SECRET, language="en")
    assert why(facts, mine(rule), home, few, ruled) == Held(Binding("mine", 1), cause)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(when=When(), place="machine"),
        Rule(when=When(max_prompt_tokens=10_000), place="machine"),
        Rule(when=When(hours_utc=Window(start=time(0), end=time(23))), place="machine"),
        Rule(when=When(kinds=("math",)), never=("acme",)),
        Rule(when=When(kinds=("math",)), limits=PolicyLimits(max_p90_usd=D(0))),
        Rule(when=SECRET, objective="quality"),
        Rule(when=SECRET, accepts=("distill",)),
        Rule(when=SECRET, route="picky"),
    ],
)
def test_what_is_a_routes_own_affair_holds_in_that_route_alone(rule: Rule) -> None:
    picky = replace(PLAIN, id="picky", accepts=("distill",))
    assert why(IN_SECRET, mine(rule), picky) is None


def test_limits_of_a_rule_for_a_project_are_held_apart_from_those_of_the_route() -> None:
    limits = PolicyLimits(max_p90_usd=D(1), min_context_tokens=5)
    found = holds(IN_SECRET, {"mine": mine(Rule(when=SECRET, limits=limits))})
    assert found == (Hold(binding=Binding("mine", 1), limits=limits),)


def test_of_several_rules_each_holds() -> None:
    route = mine(
        Rule(when=SECRET, only=("acme", "free")),
        Rule(when=SECRET, only=("free", "dear")),
        Rule(when=SECRET, never=("free",)),
    )
    found = {name: why(IN_SECRET, route, of=candidate(name)) for name in ("acme", "free", "dear")}
    assert all(isinstance(each, Held) for each in found.values())


def test_the_id_of_this_machine_alone_makes_no_candidate_local() -> None:
    posing = candidate("local")
    assert (posing.is_local, posing.stays_here) == (False, False)
    assert why(IN_SECRET, mine(KEPT), of=posing) == HELD_HERE
    assert not replace(here(), provider="acme").is_local
    assert replace(posing, power=Power()).is_local


def test_a_server_on_loopback_stays_here_and_is_no_model_of_ours() -> None:
    server = candidate("127.0.0.1:8080", on_loopback=True)
    assert (server.stays_here, server.is_local) == (True, False)
    assert why(IN_SECRET, mine(KEPT), of=server) is None


def test_what_has_bound_a_conversation_holds_beside_any_route() -> None:
    bound = ask(binding=Binding("private"))
    assert why(bound) == Held(Binding("private"), StaysHere("private"), kept=True)
    assert why(bound, of=here()) is None


def test_a_policy_says_what_keeps_its_request_here() -> None:
    known = {"plain": PLAIN, "mine": mine(KEPT)}
    private = replace(PLAIN, id="private", place="machine")
    for facts, by, binding in (
        (ask(), PLAIN, None),
        (IN_SECRET, PLAIN, Binding("mine", 1)),
        (IN_SECRET, known["mine"], Binding("mine", 1)),
        (ask(), private, Binding("private")),
        (ask(binding=Binding("old", 3)), private, Binding("old", 3)),
    ):
        assert policy_for(facts, by, known).binding == binding


def test_the_rules_of_a_route_that_a_rule_takes_apply_and_say_whose_they_are() -> None:
    outer = replace(PLAIN, id="outer", rules=(Rule(when=When(), route="mine", objective="quality"),))
    inner = mine(
        Rule(when=When(kinds=("code",)), never=("x",)), Rule(when=SECRET, place="machine", objective="latency")
    )
    changed, applied, binding = changed_by_rules(IN_SECRET, outer, {"outer": outer, "mine": inner})
    assert (changed.place, changed.never, changed.objective) == ("machine", (), "quality")
    assert applied == (RuleApplied(1, None, "mine"), RuleApplied(2, None, None, "mine"))
    assert binding == Binding("mine", 2)


def test_rules_that_lead_in_a_circle_end_in_an_error_that_names_the_way() -> None:
    one = replace(PLAIN, id="one", rules=(Rule(when=When(), route="two"),))
    two = replace(PLAIN, id="two", rules=(Rule(when=When(), route="one"),))
    itself = replace(PLAIN, id="self", rules=(Rule(when=When(), route="self"),))
    routes = {"one": one, "two": two, "self": itself}
    with pytest.raises(CatalogError, match="lead in a circle: one to two to one"):
        policy_for(ask(), one, routes)
    with pytest.raises(CatalogError, match="self to self"):
        policy_for(ask(), itself, routes)


def test_a_route_that_is_taken_twice_is_no_circle() -> None:
    last = mine(Rule(when=When(), never=("x",)))
    outer = replace(PLAIN, id="outer", rules=(Rule(when=When(), route="mine"), Rule(when=When(), route="mine")))
    changed, applied, _ = changed_by_rules(ask(), outer, {"outer": outer, "mine": last})
    assert (changed.never, len(applied)) == (("x", "x"), 4)


KINDS: list[tuple[Kind, ...]] = [(), ("math",), ("code",)]
SOME_RULES = st.lists(
    st.builds(
        Rule,
        when=st.builds(When, kinds=st.sampled_from(KINDS), projects=st.sampled_from([(), ("secret",), ("open",)])),
        route=st.sampled_from([None, "plain", "home"]),
        only=st.sampled_from([(), ("acme",), ("local",)]),
        place=st.sampled_from([None, "anywhere", "machine"]),
    ),
    max_size=4,
).map(tuple)


@given(SOME_RULES, SOME_RULES, st.sampled_from(["Secret", "open", None]))
def test_whatever_other_rules_say_a_project_that_is_kept_here_stays(
    others: tuple[Rule, ...], own: tuple[Rule, ...], project: str | None
) -> None:
    home = replace(PLAIN, id="home", place="machine")
    by = replace(PLAIN, id="by", rules=own)
    facts = ask(project=project, projects=("secret",))
    cause = why(facts, mine(KEPT, *others), home, by, by=by)
    assert isinstance(cause, Held | StaysHere)
    assert policy_for(facts, by, {"plain": PLAIN, "home": home, "by": by, "mine": mine(KEPT)}).binding is not None


def test_what_a_route_does_not_accept_is_its_own_affair() -> None:
    assert why(ask(), by=replace(PLAIN, accepts=("distill",))) == OtherFamily("plain", "DeepSeek-R1", "r1")


def test_an_hour_holds_at_the_hour_at_which_a_question_is_sent() -> None:
    night = Rule(when=replace(SECRET, hours_utc=Window(start=time(22), end=time(6))), place="machine")
    assert why(IN_SECRET, mine(night)) is None
    assert why(replace(IN_SECRET, at=AT.replace(hour=23)), mine(night)) == HELD_HERE
