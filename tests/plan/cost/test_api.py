"""An API's price as a month sees it: its peak hours, its cache, and what is known of the next price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.plan.cost.api import ApiPrice, api_price
from r1plan.plan.month.demand import RequestLength
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from tests.plan.cost.machines import demand

BOOK = PriceBook(load_prices(), load_holidays())
AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
tokens = st.integers(0, 200_000)


def price(provider: str, model: str, at: datetime = AT, peak_share: float = 0.0) -> ApiPrice:
    found = api_price(BOOK, provider, model, at, peak_share=peak_share)
    assert found is not None
    return found


@given(
    tokens, tokens, tokens, st.sampled_from([("deepseek", "deepseek-flash"), ("novita", "deepseek/deepseek-r1-0528")])
)
def test_a_request_costs_what_it_is_billed(fresh: int, cached: int, output: int, of: tuple[str, str]) -> None:
    length = RequestLength(fresh + cached, cached, output, 0, 1.0)
    usage = Usage(input_tokens=fresh + cached, cache_hit_tokens=cached, output_tokens=output, thinking_tokens=output)
    base = BOOK.schedules(*of)[0].base
    billed = float(cost_of(usage, base.per_token).total_usd)
    assert price(*of).mean_usd(demand(lengths=(length,))) == pytest.approx(billed, abs=1e-12)


@given(st.floats(0, 1))
def test_peak_hours_weigh_by_their_share(share: float) -> None:
    none, some, all_ = (price("deepseek", "deepseek-flash", peak_share=each) for each in (0.0, share, 1.0))
    asked = demand()
    mixed = (1 - share) * none.mean_usd(asked) + share * all_.mean_usd(asked)
    assert some.mean_usd(asked) == pytest.approx(mixed)
    assert some.mean_usd(asked, 1.0) == pytest.approx(all_.mean_usd(asked))


def test_the_next_row_of_the_price_list_is_the_next_price_and_the_clock_is_not() -> None:
    now = price("deepseek", "deepseek-flash")
    assert (now.next_at, now.next_base, now.next_times(demand())) == (None, None, None)
    before = price("openai", "o3", datetime(2025, 6, 1, tzinfo=UTC))
    assert before.next_at == datetime(2025, 6, 10, tzinfo=UTC)
    assert before.next_times(demand()) == pytest.approx(0.2)  # from 10 / 40 to 2 / 8


def test_a_model_that_ends_without_a_next_row_has_no_next_price() -> None:
    assert price("openai", "gpt-5").next_at is None


def test_what_is_not_sold_has_no_price() -> None:
    assert api_price(BOOK, "openai", "gpt-5", datetime(2027, 1, 1, tzinfo=UTC), peak_share=0.0) is None
    assert api_price(BOOK, "nobody", "gpt-5", AT, peak_share=0.0) is None


def test_dollars_are_said_by_name() -> None:
    yuan = PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})
    found = api_price(yuan, "deepseek", "deepseek-flash", AT, peak_share=0.0)
    assert price("deepseek", "deepseek-flash").currency == "USD"
    assert found is None or found.currency == "CNY"
    assert price("deepseek", "deepseek-flash").base.output == Decimal("0.0000006")
