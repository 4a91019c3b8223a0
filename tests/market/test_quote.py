"""What is offered, at what price, and when that changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from r1plan.catalog.load import load_holidays, load_models, load_prices, load_providers
from r1plan.catalog.provider import Offer, Provider, model_key
from r1plan.errors import NotFound, R1PlanError, UsageError
from r1plan.market.listing import cheapest, offered
from r1plan.market.quote import Quote, launch_of, quote, sellers_of_r1
from r1plan.plan.workload import Workload
from r1plan.prices.account import account_currencies
from r1plan.prices.book import PriceBook
from r1plan.prices.changes import next_change
from r1plan.prices.usage import Usage
from tests.prices.test_book import JULY, JUNE, book, real_book, row

PROVIDERS = load_providers()
USUAL = Usage(input_tokens=1_000, cache_hit_tokens=0, output_tokens=5_400)


def usual(_serves: str) -> Usage:
    return USUAL


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked(provider: str, model: str, when: str) -> Quote:
    return quote(real_book(), PROVIDERS, provider, model, at(when))


@pytest.mark.parametrize(
    ("provider", "model", "when", "absence"),
    [
        ("deepseek", "deepseek-reasoner", "2025-01-19T23:59:59", "not_yet"),
        ("deepseek", "deepseek-reasoner", "2025-01-20T00:00:00", None),
        ("deepseek", "deepseek-reasoner", "2026-07-24T15:58:59", None),
        ("deepseek", "deepseek-reasoner", "2026-07-24T15:59:00", "ended"),
        ("deepseek", "deepseek-reasoner", "2026-07-24T15:59:01", "ended"),
        ("deepseek", "deepseek-v4-flash", "2026-09-10T03:59:59", None),
        ("deepseek", "deepseek-v4-flash", "2026-09-10T04:00:00", None),
        ("deepseek", "deepseek-v4-flash-vision-exp", "2026-08-25T00:00:00", None),
        ("deepseek", "deepseek-v4-pro", "2026-04-25T00:00:00", "no_price"),
        ("deepseek", "deepseek-flash", "2026-09-10T03:59:59", "not_yet"),
        ("together", "deepseek-ai/DeepSeek-R1", "2026-05-13T23:59:59", None),
        ("together", "deepseek-ai/DeepSeek-R1", "2026-05-14T00:00:00", "ended"),
        ("bedrock", "us.deepseek.r1-v1:0", "2027-03-29T23:59:59", None),
        ("bedrock", "us.deepseek.r1-v1:0", "2027-03-30T00:00:00", "ended"),
        # Gone on a day that nobody wrote down: there on the day of an old log, gone by the day it was looked at.
        ("groq", "deepseek-r1-distill-llama-70b", "2025-06-01T00:00:00", None),
        ("groq", "deepseek-r1-distill-llama-70b", "2026-11-23T00:00:00", "ended"),
        ("openai", "o1-mini", "2025-06-01T00:00:00", None),
        ("openai", "o1-mini", "2026-11-24T00:00:00", "ended"),
    ],
)
def test_a_model_is_available_while_it_was_offered_at_a_known_price(
    provider: str, model: str, when: str, absence: str | None
) -> None:
    found = asked(provider, model, when)
    assert found.absence == absence
    assert (found.price is None) is (absence is not None)


@pytest.mark.parametrize(
    ("provider", "model", "when", "served"),
    [
        ("deepseek", "deepseek-reasoner", "2025-03-01T00:00:00", "DeepSeek-R1"),
        ("deepseek", "deepseek-reasoner", "2025-06-01T00:00:00", "DeepSeek-R1-0528"),
        ("deepseek", "deepseek-v4-flash", "2026-05-01T00:00:00", None),
        ("openrouter", "deepseek/deepseek-r1", "2026-11-01T00:00:00", "DeepSeek-R1"),
        ("fireworks", "accounts/fireworks/models/deepseek-r1", "2025-06-01T00:00:00", "DeepSeek-R1"),
        ("fireworks", "accounts/fireworks/models/deepseek-r1", "2026-06-01T00:00:00", None),
    ],
)
def test_what_answered_is_that_of_the_day(provider: str, model: str, when: str, served: str | None) -> None:
    assert asked(provider, model, when).served_model == served


def test_an_id_that_goes_on_as_an_alias_has_no_end() -> None:
    assert asked("deepseek", "deepseek-v4-flash", "2026-06-01T00:00:00").until is None
    assert asked("deepseek", "deepseek-reasoner", "2026-06-01T00:00:00").until == at("2026-07-24T15:59:00")


@pytest.mark.parametrize(
    ("when", "change", "output"),
    [
        pytest.param("2026-11-24T00:59:59", "2026-11-24T01:00:00", "1.20", id="a-second-before-the-dear-hours"),
        pytest.param("2026-11-24T01:00:00", "2026-11-24T04:00:00", "0.60", id="their-first-second"),
        pytest.param("2026-11-20T10:00:00", "2026-11-23T01:00:00", "1.20", id="over-a-weekend"),
        pytest.param("2026-09-30T10:00:00", "2026-10-08T01:00:00", "1.20", id="over-the-holidays"),
    ],
)
def test_the_next_change_is_the_next_price_and_not_the_next_edge(when: str, change: str, output: str) -> None:
    found = next_change(real_book(), "deepseek", "deepseek-flash", at(when))
    assert found is not None
    assert found.price is not None
    assert (found.at, str(found.price.rates.output)) == (at(change), output)


def test_a_new_row_of_the_same_price_is_no_change() -> None:
    same = book(row("1 / - / 2", JUNE, JULY), row("1 / - / 2", JULY))
    assert next_change(same, "p", "m", JUNE) is None


def test_an_end_far_off_is_a_change_to_no_price() -> None:
    found = next_change(real_book(), "openai", "gpt-5", at("2026-01-01T00:00:00"))
    assert found is not None
    assert (found.at, found.price) == (at("2026-12-11T00:00:00"), None)


@pytest.mark.parametrize(
    ("provider", "model", "error"),
    [
        ("deepsek", "deepseek-chat", "unknown provider 'deepsek'."),
        ("deepseek", "deepseek-reasonr", "deepseek has no model 'deepseek-reasonr'."),
        ("deepseek", "DeepSeek-R1-Distill-Qwen-32B", "deepseek has no model 'DeepSeek-R1-Distill-Qwen-32B'."),
        ("deepseek", "deepseek-r1:7b", "deepseek has no model 'deepseek-r1:7b'."),
    ],
)
def test_an_unknown_name_is_an_error_with_near_names(provider: str, model: str, error: str) -> None:
    with pytest.raises(NotFound) as raised:
        asked(provider, model, "2026-11-24T00:00:00")
    assert raised.value.message == error
    assert raised.value.hint


def test_a_users_price_without_a_profile_is_offered_while_it_holds() -> None:
    own = book(row("1 / - / 2", JUNE, JULY))
    assert quote(own, {}, "p", "m", JUNE).price is not None
    assert quote(own, {}, "p", "m", JULY).absence == "ended"


def test_an_offer_of_a_known_first_day_is_not_dated_back_by_an_undated_price() -> None:
    profile = Provider(
        id="p", name="P", dialect="openai",
        offers=(Offer(model="m", serves="m", is_r1=False, offered_from=JULY),),
    )  # fmt: skip
    undated = book(row("1 / - / 2", None))
    assert quote(undated, {"p": profile}, "p", "m", JUNE).absence == "not_yet"
    assert quote(undated, {"p": profile}, "p", "m", JULY).price is not None


def test_the_list_has_r1_first_and_each_kind_with_the_cheapest_first() -> None:
    listings = offered(real_book(), PROVIDERS, usual, at("2026-11-24T07:00:00"))
    places = [{"r1": 0, "distill": 1}.get(each.family, 2) for each in listings]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
    for place in (0, 1, 2):
        group = [each for each, its in zip(listings, places, strict=True) if its == place]
        costs = [each.usage_cost for each in group if each.verified and each.usage_cost]
        assert costs == sorted(costs)
    names = [(each.quote.provider, each.quote.model) for each in listings]
    assert len(names) == len(set(names))
    assert ("deepseek", "deepseek-flash") in names
    assert ("deepseek", "deepseek-v4-flash") not in names


def test_the_cheapest_r1_is_a_seller_that_someone_saw_answer() -> None:
    listings = offered(real_book(), PROVIDERS, usual, at("2026-11-24T07:00:00"))
    best = cheapest(listings, "r1")
    assert [(each.quote.provider, str(each.usage_cost)) for each in best] == [
        ("deepinfra", "0.01211000"),
        ("openrouter", "0.01211000"),
    ]


def test_a_model_that_thinks_longer_is_ranked_by_what_that_costs() -> None:
    def longer(serves: str) -> Usage:
        return Workload().usage_at(1.9 if serves == "DeepSeek-R1-0528" else 1.0)

    best = cheapest(offered(real_book(), PROVIDERS, longer, at("2026-11-24T07:00:00")), "r1")
    assert [(each.quote.provider, str(each.usage_cost)) for each in best] == [
        ("novita", "0.01420000"),
        ("openrouter", "0.01420000"),
    ]


@pytest.mark.parametrize(
    ("day", "served"),
    [
        ("2025-01-19", set[str]()),
        ("2025-01-20", {"deepseek-r1"}),
        ("2025-05-27", {"deepseek-r1"}),
        ("2025-05-28", {"deepseek-r1", "deepseek-r1-0528"}),
    ],
)
def test_nobody_sells_a_model_before_its_first_day(day: str, served: set[str]) -> None:
    released = {model_key(each.id): each.released for each in load_models().values()}
    listings = offered(real_book(), PROVIDERS, usual, at(f"{day}T12:00:00"), released=released)
    found = {model_key(each.quote.served_model or "") for each in listings if each.family == "r1"}
    assert found & set(released) == served


@pytest.mark.parametrize(
    ("when", "sellers"),
    [
        ("2025-06-01T12:00:00", {"deepseek", "fireworks", "azure_foundry", "bedrock", "snowflake_cortex"}),
        ("2026-11-24T00:00:00", {"openrouter", "deepinfra", "novita", "bedrock"}),
    ],
)
def test_r1_is_found_by_what_the_ids_served_on_that_day(when: str, sellers: set[str]) -> None:
    listings = offered(real_book(), PROVIDERS, usual, at(when), model="r1")
    dated = [each for each in listings if each.quote.price and each.quote.price.caveats == ()]
    found = {each.quote.provider for each in listings if each.family == "r1" and each.verified}
    assert found >= sellers
    assert {each.family for each in listings} <= {"r1", "distill"}
    assert dated or when.startswith("2026")


def test_the_list_is_narrowed_by_provider_and_by_a_part_of_a_name() -> None:
    def names(**wanted: Any) -> set[str]:
        return {
            each.quote.model for each in offered(real_book(), PROVIDERS, usual, at("2026-11-24T07:00:00"), **wanted)
        }

    assert names(provider="DeepSeek") == {"deepseek-flash", "deepseek-v4-pro"}
    assert names(provider="deepseek", model="V4-flash") == {"deepseek-flash"}
    with pytest.raises(NotFound, match="unknown model 'gpt-9'"):
        names(model="gpt-9")
    with pytest.raises(R1PlanError, match="nothing that is called 'deepseek-reasoner' was on offer"):
        names(model="deepseek-reasoner")
    with pytest.raises(R1PlanError, match="deepseek sells no R1 then"):
        names(provider="deepseek", model="r1")


def test_the_sellers_of_real_r1_are_those_that_were_verified() -> None:
    assert sellers_of_r1(PROVIDERS.values(), at("2026-11-24T00:00:00")) == (
        "bedrock",
        "deepinfra",
        "novita",
        "openrouter",
    )


def test_the_account_s_currency_is_read_from_its_variable() -> None:
    env = {"R1PLAN_DEEPSEEK_CURRENCY": "cny", "R1PLAN_AZURE_FOUNDRY_CURRENCY": "USD", "R1PLAN_OPENAI_CURRENCY": ""}
    known = account_currencies({"deepseek", "azure_foundry", "openai"}, env)
    assert known == {"deepseek": "CNY", "azure_foundry": "USD"}
    with pytest.raises(UsageError, match="R1PLAN_DEEPSEEK_CURRENCY: unknown currency 'EUR'"):
        account_currencies({"deepseek"}, {"R1PLAN_DEEPSEEK_CURRENCY": "EUR"})


def test_a_yuan_quote_changes_to_yuan() -> None:
    yuan = PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})
    found = quote(yuan, PROVIDERS, "deepseek", "deepseek-flash", at("2026-11-24T00:00:00"))
    assert found.change is not None
    assert found.change.price is not None
    assert (found.change.price.currency, str(found.change.price.rates.output)) == ("CNY", "8")


@pytest.mark.parametrize(
    ("successor", "when", "launch"),
    [
        ("deepseek-flash", "2026-07-25T00:00:00", "2026-09-10T04:00:00"),
        ("deepseek-flash", "2026-09-10T03:59:59", "2026-09-10T04:00:00"),
        ("deepseek-flash", "2026-09-10T04:00:00", None),
        ("nobody-knows-it", "2026-07-25T00:00:00", None),
    ],
)
def test_the_launch_of_a_successor_is_told_only_before_it(successor: str, when: str, launch: str | None) -> None:
    assert launch_of(successor, PROVIDERS["deepseek"], at(when)) == (at(launch) if launch else None)


def test_what_is_gone_names_a_successor_only_where_it_was_there() -> None:
    for when, hint in (("2026-07-25", "r1plan prices list shows"), ("2026-09-15", "then there was deepseek-flash")):
        with pytest.raises(R1PlanError) as raised:
            offered(real_book(), PROVIDERS, usual, at(when), model="deepseek-reasoner")
        assert hint in (raised.value.hint or "")
