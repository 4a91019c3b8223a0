"""Decisions: the order, the reasons, a warm cache against a lower price, and waiting for a cheaper hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.load import load_models, load_providers, load_routes
from r1plan.catalog.policy import PolicyLimits, Route
from r1plan.catalog.priors import load_priors
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.history import read_history
from r1plan.ledger.journal import append
from r1plan.prices.book import PriceBook
from r1plan.render.decision.words import exclusion_text, rank_text, reason_text, risk_text
from r1plan.route.decision.candidate import api_candidates, model_keys
from r1plan.route.decision.cause import LeavesCache, StaysForCache
from r1plan.route.decision.decide import Decision, decide
from r1plan.route.decision.defer import Deferral, defer
from r1plan.route.forecast.forecast import PromptFacts
from r1plan.route.forecast.stamp import stamped
from r1plan.route.forecast.statistics import log_statistics
from tests.prices.test_book import real_book
from tests.route.worlds import AT, PRIORS, ask, book, candidate, here, log, past, priced

D = Decimal
CHEAPEST = Route(id="cheapest", description="Least.", accepts=("r1", "distill", "successor"))
HOME, AWAY = candidate("home"), candidate("away")
# 50,000 tokens of input cost 2.5 cents fresh and 0.25 cents cached at home, 2 cents away.
TWO = book(home=priced("m", "0.50 / 0.05 / 2.00"), away=priced("m", "0.40 / - / 2.00"))


def warm(minutes: int, tokens: int = 50_000) -> Decision:
    """A turn sent so long after the last one, which home answered."""
    last = past(
        minutes - 1, provider="home", conversation="c", input_tokens=tokens, output_tokens=200, thinking_tokens=100
    )
    turn = ask(conversation="c", estimated_input_tokens=50_000)
    return decide(turn, [HOME, AWAY], log(last), TWO, CHEAPEST, {})


def test_it_stays_where_the_cache_is_worth_more_than_the_price_gap() -> None:
    found = warm(5)
    assert found.ranked[0].id == "home/m"
    assert found.ranked[0].cost.terms.cache_saving_usd > 0
    (stays,) = [each for each in found.reasons if isinstance(each, StaysForCache)]
    assert reason_text(stays) == (
        "stays with home/m: what it has cached (90 % likely) is worth $0.019, more than the $0.0050 by which away/m is "
        "else cheaper"
    )


def test_it_leaves_when_the_cache_is_gone() -> None:
    found = warm(2000)
    assert found.ranked[0].id == "away/m"
    assert not [each for each in found.reasons if isinstance(each, StaysForCache | LeavesCache)]


def test_it_leaves_when_the_cache_is_worth_less_than_the_gap_and_says_so() -> None:
    found = warm(5, tokens=5_000)
    assert found.ranked[0].id == "away/m"
    (leaves,) = [each for each in found.reasons if isinstance(each, LeavesCache)]
    assert reason_text(leaves).startswith("leaves home/m: what it has cached is worth $0.0019")


def test_the_first_differs_in_words_from_the_rest() -> None:
    found = decide(ask(), [HOME, AWAY], log(), TWO, CHEAPEST, {})
    assert [rank_text(each.cause) for each in found.ranked] == [
        "expected to cost least",
        "$0.00010 more, most of it for fresh input",
    ]
    alone = decide(ask(), [HOME], log(), TWO, CHEAPEST, {})
    assert rank_text(alone.ranked[0].cause) == "the only one that may be asked"


def test_a_candidate_without_a_price_is_refused_with_the_reason() -> None:
    found = decide(ask(), [candidate("nobody")], log(), TWO, CHEAPEST, {})
    assert found.chosen is None
    assert [exclusion_text(each.cause) for each in found.refused] == ["no price of it in dollars is known for then"]


def test_a_provider_that_keeps_failing_costs_more() -> None:
    lost = [past(n, provider="away", status="failed", end_reason="connection_lost") for n in range(200)]
    found = decide(ask(), [HOME, AWAY], log(*lost), TWO, CHEAPEST, {})
    assert found.ranked[0].id == "home/m"
    assert rank_text(found.ranked[1].cause).endswith("most of it for failures")


@pytest.mark.parametrize(
    ("miss", "first"),
    [pytest.param("0.4400", "home/m", id="under-two-per-cent"), pytest.param("0.4200", "away/m", id="over")],
)
def test_what_costs_the_same_goes_to_the_best_known(miss: str, first: str) -> None:
    # 1,000 tokens of input at 0.50 and 1,500 of output at 2.00 are 3,500 millionths of a dollar: two per cent are 70.
    near = book(home=priced("m", "0.50 / 0.05 / 2.00"), away=priced("m", f"{miss} / - / 2.00"))
    known = [past(n, provider="home", output_tokens=None) for n in range(2)]
    quiet = replace(PRIORS, failure_chance=1e-9)
    found = decide(ask(), [HOME, AWAY], log(*known, priors=quiet), near, CHEAPEST, {})
    assert found.ranked[0].id == first
    if first == "home/m":
        assert rank_text(found.ranked[0].cause) == "as cheap as any, to 2 %, and the best known"
        assert rank_text(found.ranked[1].cause) == "$0.000060 less"


def test_a_machine_that_costs_more_than_an_api_is_not_cheapest() -> None:
    cheap, dear = here(watts=20.0, decode_tok_s=50.0), here(watts=2000.0, decode_tok_s=2.0)
    for machine, first in ((cheap, True), (dear, False)):
        found = decide(ask(), [HOME, machine], log(), TWO, CHEAPEST, {})
        assert found.ranked[0].candidate.is_local is first


def test_the_real_catalogue_decides_for_each_of_our_routes() -> None:
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    providers = load_providers()
    everybody = (
        *api_candidates(providers, providers, real_book(), load_models(), at),
        here(watts=200.0, decode_tok_s=40.0),
    )
    empty = log_statistics((), model_keys(providers.values()), load_priors())
    chosen = {}
    for name, route in load_routes().items():
        found = decide(
            PromptFacts(at=at, estimated_input_tokens=800), everybody, empty, real_book(), route, load_routes()
        )
        assert found.chosen is not None
        chosen[name] = found.chosen.id
        assert len(found.ranked) + len(found.refused) == len(everybody)
    assert chosen["cheapest"] == "deepseek/deepseek-flash"
    assert chosen["private"].startswith("local/")
    assert chosen["local-first"].startswith("local/")
    assert chosen["quality"] == "deepseek/deepseek-v4-pro"


PEAK = book(acme=priced("m", "0.50 / 0.05 / 2.00", "1.00 / 0.10 / 4.00"))


def deferred(minutes: int, by_minutes: int, book: PriceBook = PEAK, **changes: object) -> Deferral:
    """A question asked so many minutes after 12:00 that must be answered by so many after; the peak is 14 to 16."""
    at, by = AT + timedelta(minutes=minutes), AT + timedelta(minutes=by_minutes)
    found = defer(ask(at=at, **changes), by, [candidate("acme")], log(), book, CHEAPEST, {})
    assert found is not None
    return found


def test_a_request_in_the_peak_waits_for_its_end() -> None:
    found = deferred(150, 360)
    assert found.send_at == AT + timedelta(hours=4)
    now = decide(ask(at=AT + timedelta(minutes=150)), [candidate("acme")], log(), PEAK, CHEAPEST, {})
    assert now.chosen is not None
    assert found.saving_usd == now.chosen.expected_usd / 2
    assert found.is_worth_it
    assert risk_text(found.risks[-1]) == "at the price of now it costs $0.0070"


@pytest.mark.parametrize(
    ("minutes", "by_minutes"),
    [
        pytest.param(10, 110, id="off-peak-already"),
        pytest.param(150, 230, id="due-before-the-peak-ends"),
        pytest.param(150, 242, id="due-too-soon-after-it"),
        pytest.param(150, 100, id="due-already"),
    ],
)
def test_what_cannot_be_cheaper_in_time_is_sent_now(minutes: int, by_minutes: int) -> None:
    found = deferred(minutes, by_minutes)
    assert found.send_at == AT + timedelta(minutes=minutes)
    assert found.saving_usd == 0
    assert not found.is_worth_it
    assert found.risks == ()


def test_the_chance_of_being_late_is_that_of_the_long_answers_and_of_failure() -> None:
    just = deferred(150, 246, max_tokens=100_000)
    late = [atom.chance for atom in just.decision.ranked[0].forecast.lengths.atoms if 2 + atom.total / 50 > 360]
    assert just.late_chance == pytest.approx(sum(late) + 0.02 * (1 - sum(late)))


def test_a_prefix_that_cools_while_it_waits_is_in_the_saving_and_said() -> None:
    last = past(5, provider="acme", conversation="c", input_tokens=1000, ended_at=AT + timedelta(minutes=145))
    turn = ask(at=AT + timedelta(minutes=150), conversation="c")
    found = defer(turn, AT + timedelta(hours=6), [candidate("acme")], log(last), PEAK, CHEAPEST, {})
    assert found is not None
    assert "the cached prefix is found with 30 % instead of 90 %, which the saving allows for" in map(
        risk_text, found.risks
    )


def test_who_may_not_be_asked_is_not_deferred_either() -> None:
    limits = PolicyLimits(max_p90_usd=D(0))
    assert defer(ask(), AT + timedelta(hours=9), [candidate("acme")], log(), PEAK, CHEAPEST, {}, limits) is None


def test_deepseeks_own_peak_is_waited_out() -> None:
    at = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)  # a Tuesday, 15:30 in Beijing
    flash = api_candidates(load_providers(), ["deepseek"], real_book(), load_models(), at)
    empty = log_statistics((), {}, load_priors())
    until = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    found = defer(PromptFacts(at=at, estimated_input_tokens=800), until, flash, empty, real_book(), CHEAPEST, {})
    assert found is not None
    assert found.send_at == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert "which instant decides the tier is not verified" in map(risk_text, found.risks)


def test_a_row_keeps_what_was_forecast_of_it() -> None:
    row = UsageEntry(
        id="a", started_at=AT, first_token_at=None, ended_at=None, provider="home", model_requested="m",
        model_served=None, status="started", input_tokens=None, output_tokens=None,
    )  # fmt: skip
    turn = ask(conversation="c")
    chosen = decide(turn, [HOME], log(), TWO, CHEAPEST, {}).chosen
    assert chosen is not None
    kept = stamped(row, turn, chosen.cost)
    assert (kept.kind, kept.conversation, kept.estimated_input_tokens) == ("math", "c", 1000)
    assert (kept.forecast_p50_usd, kept.forecast_p90_usd) == (chosen.cost.p50_usd, chosen.cost.p90_usd)
    assert stamped(row, turn, None).forecast_p90_usd is None


def test_a_log_on_disk_teaches_the_next_decision(tmp_path: Path) -> None:
    turn = ask(conversation="c")
    for number in range(30):
        chosen = decide(turn, [HOME], log(), TWO, CHEAPEST, {}).chosen
        assert chosen is not None
        begun = UsageEntry(
            id=f"r{number}", started_at=AT, first_token_at=None, ended_at=None, provider="home", model_requested="m",
            model_served=None, status="started", input_tokens=None, output_tokens=None,
        )  # fmt: skip
        append(stamped(begun, turn, chosen.cost), tmp_path)
        ended = replace(
            begun,
            ended_at=AT + timedelta(seconds=9),
            status="ok",
            input_tokens=900,
            output_tokens=7000,
            thinking_tokens=1,
        )
        append(stamped(ended, turn, chosen.cost), tmp_path)
    learnt = log_statistics(read_history(tmp_path), {("home", "m"): "deepseek-r1"}, PRIORS)
    later = ask(at=AT + timedelta(minutes=5), conversation="c")
    first = decide(later, [HOME], learnt, TWO, CHEAPEST, {}).ranked[0].forecast
    assert (first.lengths.quantile(0.9), first.lengths.rows, first.input_tokens) == (7000, 30, 900)
    assert first.cache.is_warm
