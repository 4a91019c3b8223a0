"""Every seller for one workload: who is compared, in which order, and what is too long for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.errors import NotFound
from r1plan.market.month import WeightedUsage, month_hours
from r1plan.market.sellers import LIKE_R1, Seller, sellers
from r1plan.prices.book import PriceBook
from r1plan.prices.usage import Usage
from tests.market.offers import BOOK, PRIORS, PROVIDERS

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOURS = month_hours(PRIORS.hours.week, "UTC", AT, "assumed")
OPENROUTER = ("openrouter", "deepseek/deepseek-r1")  # 64,000 tokens of context, 16,000 of them out


def request(tokens_in: int = 1_000, hit: int = 0, output: int = 5_400, share: float = 1.0) -> WeightedUsage:
    return WeightedUsage(
        Usage(input_tokens=tokens_in, cache_hit_tokens=hit, output_tokens=output, thinking_tokens=0), share
    )


def compared(
    usages: Sequence[WeightedUsage] = (request(),), book: PriceBook = BOOK, like: str = LIKE_R1
) -> dict[tuple[str, str], Seller]:
    found = sellers(book, PROVIDERS, lambda _serves: tuple(usages), HOURS, 10, AT, like=like)
    return {(each.quote.provider, each.quote.model): each for each in found}


@pytest.mark.parametrize(
    ("tokens_in", "output", "share"),
    [
        pytest.param(48_000, 16_000, 0.0, id="both limits met"),
        pytest.param(48_001, 16_000, 1.0, id="a token more of context"),
        pytest.param(1_000, 16_000, 0.0, id="the longest answer"),
        pytest.param(1_000, 16_001, 1.0, id="a token more of answer"),
    ],
)
def test_a_limit_is_kept_to_the_token(tokens_in: int, output: int, share: float) -> None:
    each = compared([request(tokens_in, output=output)])[OPENROUTER]
    assert (each.overrun.share, each.can) == (share, share == 0.0)


@pytest.mark.parametrize(("share", "can"), [(0.49, True), (0.5, False), (0.51, False)])
def test_half_of_the_requests_decide_whether_it_can_be_done(share: float, can: bool) -> None:
    each = compared([request(share=1 - share), request(100_000, share=share)])[OPENROUTER]
    assert each.overrun.share == pytest.approx(share)
    assert each.can is can


def test_what_was_asked_for_comes_first_and_of_it_what_can_be_done_the_cheapest_first() -> None:
    found = list(compared([request(70_000)]).values())
    assert [each.is_like for each in found] == sorted((each.is_like for each in found), reverse=True)
    like = [each for each in found if each.is_like]
    assert [each.can for each in like] == sorted((each.can for each in like), reverse=True)
    counting = [each.month.usd_per_request for each in like if each.counts and each.month]
    assert counting == sorted(counting)
    assert len({each.can for each in like}) == 2


def test_each_provider_is_there_with_r1_or_with_one_other_model() -> None:
    found = compared()
    without = [provider for (provider, _), each in found.items() if not each.is_like]
    assert set(without) == {"deepseek", "fireworks", "together"}
    assert len(without) == len(set(without))
    assert not {"openai", "anthropic", "google"} & {provider for provider, _ in found}


def test_one_model_is_compared_with_the_nearest_elsewhere() -> None:
    found = compared(like="DeepSeek-R1-0528")
    like = {each.serves for each in found.values() if each.is_like}
    assert like == {"DeepSeek-R1-0528"}
    assert found["bedrock", "us.deepseek.r1-v1:0"].is_like is False
    with pytest.raises(NotFound):
        compared(like="gpt-2")


def test_an_account_in_yuan_stands_behind_those_in_dollars() -> None:
    book = PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})
    found = [each for each in compared(book=book).values() if not each.is_like]
    assert [each.currency for each in found] == ["USD", "USD", "CNY"]


@settings(max_examples=15)
@given(st.integers(1, 30_000), st.integers(0, 30_000), st.integers(0, 15_000), st.integers(0, 5_000))
def test_more_of_anything_never_costs_less_and_more_cached_never_more(
    tokens_in: int, hit: int, output: int, more: int
) -> None:
    hit = min(hit, tokens_in)

    def costs(usage: WeightedUsage) -> dict[tuple[str, str], Decimal]:
        return {key: each.month.usd_per_request for key, each in compared([usage]).items() if each.month}

    usual = costs(request(tokens_in, hit, output))
    longer = costs(request(tokens_in + more, hit, output + more))
    fresh = costs(request(tokens_in, 0, output))
    assert all(longer[key] >= cost for key, cost in usual.items())
    assert all(fresh[key] >= cost for key, cost in usual.items())


def test_a_seller_whose_price_is_not_known_is_there_without_one() -> None:
    found = compared()
    (each, *_) = found.values()
    assert replace(each, month=None).counts is False
