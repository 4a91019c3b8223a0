from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from r1plan.market.compare import ApiOffer
from r1plan.plan.workload import Workload
from tests.market.offers import PROVIDERS, offers_for, sellers_for
from tests.plan.catalogue import MODELS

FULL = {model.id for model in MODELS.values() if model.kind == "full"}
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
EQUALLY_LONG: Mapping[str, float] = {}


def offers(
    at: datetime = NOW, workload: Workload | None = None, longer: Mapping[str, float] | None = EQUALLY_LONG
) -> tuple[ApiOffer, ...]:
    return offers_for(workload or Workload(), at, longer)


def test_full_r1_comes_first_and_the_cheapest_of_it_foremost() -> None:
    found = offers()
    real = [each for each in found if each.is_r1]
    assert [each.usd_per_request for each in real] == sorted(each.usd_per_request for each in real)
    assert {each.serves for each in real} <= FULL
    assert [each.model for each in found if not each.is_r1] == ["deepseek-flash"]
    assert found[-1].model == "deepseek-flash"


def test_a_request_costs_its_tokens_at_the_rates_shown() -> None:
    for each in offers(workload=Workload(input_tokens=10_000, thinking_tokens=3_000, answer_tokens=2_000)):
        rates = each.price.rates
        assert 200 * each.usd_per_request_now == 2 * rates.input_cache_miss + rates.output
        if not each.month.peak_share:
            assert each.usd_per_request == each.usd_per_request_now
        assert each.usd_per_month is None


def test_the_cached_share_of_the_input_is_billed_as_cached_in_whole_tokens() -> None:
    workload = Workload(input_tokens=1_001, cache_hit_share=0.5, thinking_tokens=0, answer_tokens=0)
    assert (workload.usage.cache_hit_tokens, workload.usage.input_tokens) == (500, 1_001)
    own = offers(workload=workload)[-1]
    rates = own.price.rates
    assert rates.input_cache_hit is not None
    assert own.usd_per_request_now.scaleb(6) == 501 * rates.input_cache_miss + 500 * rates.input_cache_hit


def test_a_model_that_thinks_longer_is_billed_for_it_and_only_that_one() -> None:
    workload = Workload(requests_per_day=10)
    usual = {(each.provider, each.model): each for each in offers(workload=workload)}
    longer = offers(workload=workload, longer={"DeepSeek-R1-0528": 1.9})
    assert {each.serves for each in longer} > {"DeepSeek-R1-0528", "DeepSeek-R1"}
    assert [each.usd_per_request for each in longer if each.is_r1] == sorted(
        each.usd_per_request for each in longer if each.is_r1
    )
    for each in longer:
        more = 4_230 if each.serves == "DeepSeek-R1-0528" else 0
        before = usual[each.provider, each.model]
        assert each.output_tokens == before.output_tokens + more == 5_400 + more
        assert each.usd_per_request == before.usd_per_request + more * each.price.rates.output.scaleb(-6)
        assert each.usd_per_month == each.usd_per_request * Decimal("304.4")


def test_a_month_is_so_many_requests() -> None:
    each = offers(workload=Workload(requests_per_day=10))[0]
    assert each.usd_per_month == each.usd_per_request * Decimal("304.4")


@pytest.mark.parametrize(
    ("at", "sold"),
    [(datetime(2026, 7, 24, 15, 58, tzinfo=UTC), True), (datetime(2026, 7, 24, 15, 59, tzinfo=UTC), False)],
)
def test_an_offer_ends_at_its_instant(at: datetime, sold: bool) -> None:
    reasoner = next(each for each in PROVIDERS["deepseek"].offers if each.model == "deepseek-reasoner")
    assert reasoner.offered_until is not None
    assert (at < reasoner.offered_until) is sold
    assert all(each.model != "deepseek-reasoner" for each in offers(at))


@pytest.mark.parametrize(
    "workload",
    [
        pytest.param(Workload(), id="as usual"),
        pytest.param(Workload(thinking_tokens=16_000), id="answers longer than some give"),
        pytest.param(Workload(thinking_tokens=60_000), id="answers longer than R1's sellers give"),
        pytest.param(Workload(input_tokens=100_000), id="prompts longer than some take"),
        pytest.param(Workload(input_tokens=10**7), id="prompts longer than all take"),
    ],
)
def test_who_cannot_do_the_work_is_left_out_as_in_the_comparison_and_who_cuts_off_says_so(workload: Workload) -> None:
    compared = sellers_for(workload, NOW)
    can = {(e.quote.provider, e.quote.model): e.overrun.share for e in compared if e.counts and e.quote.family == "r1"}
    assert {(e.provider, e.model): e.overrun.share for e in offers(workload=workload, longer=None) if e.is_r1} == can
    assert all(each.overrun.share < 0.5 for each in offers(workload=workload))


def test_own_model_follows_the_clock() -> None:
    tiers = {offers(NOW + timedelta(hours=hour))[-1].price.tier for hour in range(0, 48, 2)}
    assert "off_peak" in tiers
    assert len(tiers) > 1
