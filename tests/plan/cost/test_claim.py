""" "R1 costs 40 to 90 % less": today's true ratio, from the price lists, for the requests at hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.plan.cost.api import api_price
from r1plan.plan.cost.claim import saving_claim
from r1plan.plan.month.demand import RequestLength
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from tests.plan.cost.machines import demand

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
BOOK, PROVIDERS = PriceBook(load_prices(), load_holidays()), load_providers()


def test_each_side_is_billed_as_a_request_is() -> None:
    claim = saving_claim(PROVIDERS, BOOK, demand(), AT, thinking_of=lambda _: 1.0)
    assert claim is not None
    usage = Usage(input_tokens=1_000, output_tokens=5_400, cache_hit_tokens=0, thinking_tokens=4_700)
    for side in (claim.r1, *(each.other for each in claim.rows)):
        price = BOOK.price_at(side.provider, side.model, AT)
        assert price is not None
        assert side.usd_per_request == pytest.approx(float(cost_of(usage, price.per_token).total_usd)), side
    for each in claim.rows:
        assert each.saving_share == pytest.approx(1 - claim.r1.usd_per_request / each.other.usd_per_request)


def test_only_what_is_sold_that_day_is_compared_and_what_the_claim_names_comes_first() -> None:
    claim = saving_claim(PROVIDERS, BOOK, demand(), AT)
    assert claim is not None
    named = [each.other.model for each in claim.rows if each.is_named]
    assert {"gpt-5", "claude-opus-5-5"} <= set(named)
    assert [each.other.model for each in claim.rows][: len(named)] == named
    assert not {"o1", "claude-opus-4-20250514"} & {each.other.model for each in claim.rows}
    later = saving_claim(PROVIDERS, BOOK, demand(), datetime(2026, 12, 12, tzinfo=UTC))
    assert later is not None
    assert "gpt-5" not in {each.other.model for each in later.rows}


def test_at_par_the_other_model_costs_what_r1_does() -> None:
    claim = saving_claim(PROVIDERS, BOOK, demand(), AT)
    assert claim is not None
    for each in claim.rows:
        assert each.par_output_share is not None
        price = api_price(BOOK, each.other.provider, each.other.model, AT, peak_share=0.0)
        assert price is not None
        fewer = RequestLength(1_000, 0, 0, round(5_400 * each.par_output_share), 1.0)
        assert price.mean_usd(demand(lengths=(fewer,))) == pytest.approx(claim.r1.usd_per_request, rel=0.01)


@pytest.mark.parametrize("thinking", [1.0, 1.9, 8.0])
def test_a_model_that_thinks_longer_saves_less_and_may_cost_more(thinking: float) -> None:
    claim = saving_claim(PROVIDERS, BOOK, demand(), AT, thinking_of=lambda _: thinking)
    assert claim is not None
    assert claim.saving_range is not None
    least, most = claim.saving_range
    assert -2 < least < most < 1
    assert (least < 0) == (thinking == 8.0)


def test_requests_that_are_all_input_save_another_share() -> None:
    reading = demand(lengths=(RequestLength(50_000, 45_000, 100, 100, 1.0),))
    writing = demand()
    shares = [found.saving_range for each in (reading, writing) if (found := saving_claim(PROVIDERS, BOOK, each, AT))]
    assert len(shares) == 2
    assert shares[0] != shares[1]


def test_deepseeks_own_model_is_told_beside_and_costs_more_at_peak() -> None:
    plain, at_peak = (saving_claim(PROVIDERS, BOOK, demand(), AT, peak_share=share) for share in (0.0, 1.0))
    assert plain is not None
    assert plain.own is not None
    assert at_peak is not None
    assert at_peak.own is not None
    assert plain.own.model == "deepseek-flash"
    assert at_peak.own.usd_per_request == pytest.approx(2 * plain.own.usd_per_request)
    row = plain.rows[0]
    assert plain.own_saving(row) == pytest.approx(1 - plain.own.usd_per_request / row.other.usd_per_request)


def test_without_a_seller_of_r1_there_is_nothing_to_say() -> None:
    assert saving_claim({}, BOOK, demand(), AT) is None
    assert saving_claim(PROVIDERS, PriceBook({}), demand(), AT) is None
