"""What a plan means for a month: one real plan, its options on several terms, and what is sold by the token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import pytest

from r1plan.market.compare import ApiOffer
from r1plan.plan.capacity.capacity import Limits
from r1plan.plan.cost.api import ApiPrice, api_price
from r1plan.plan.cost.terms import HOURS_A_MONTH, OwnTerms
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.month.answers import ServedSpeed
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.month.demand import Demand
from r1plan.plan.outlook.api_answer import api_answer
from r1plan.plan.outlook.frontier import Way, WayQuality
from r1plan.plan.outlook.option_outlook import OptionOutlook, copies_of, limits_of, option_outlook
from r1plan.plan.outlook.outlook import MonthFacts, Outlook, cheapest_of, outlook_of
from r1plan.plan.outlook.ways import UncomparedWay, api_ways, compared, own_way, own_ways
from r1plan.plan.plan import Plan
from r1plan.plan.quality import thinking_over_r1
from r1plan.plan.workload import Workload
from tests.market.offers import BOOK, PRIORS, offers_for
from tests.plan.catalogue import CATALOGUE, card, machine, plan

AT = datetime(2026, 11, 2, tzinfo=UTC)
ELECTRICITY = OwnTerms(kind="electricity", usd_per_kwh=Decimal("0.30"), source="--power-price")
RENT = OwnTerms(kind="rented", usd_per_gpu_hour=Decimal("0.50"), source="--gpu-hour")
KNOWN = WayQuality(71.5, 71.5, 1.0, "exact", "a card")


@cache
def planned() -> Plan[Option]:
    return plan(machine(card(24), card(24, index=1)))


def asked(requests_per_day: float | None) -> Demand:
    return demand_of(Workload(requests_per_day=requests_per_day), PRIORS, "UTC")


def outlook(
    requests_per_day: float | None = 50.0,
    terms: OwnTerms = ELECTRICITY,
    *,
    in_full: bool = False,
    workload: Workload | None = None,
    api: Sequence[ApiOffer] | None = None,
) -> Outlook:
    found = replace(planned(), workload=workload or Workload())

    def price_of(offer: ApiOffer) -> ApiPrice | None:
        return api_price(BOOK, offer.provider, offer.model, AT, peak_share=offer.month.peak_share)

    facts: MonthFacts[Option] = MonthFacts(
        demand=asked(requests_per_day),
        terms=terms,
        throughput_of=lambda option: LlamaCppPlanner().throughput(found, option, CATALOGUE),
        thinking_of=thinking_over_r1,
        api=offers_for(Workload(requests_per_day=requests_per_day), AT) if api is None else api,
        price_of=price_of,
    )
    return outlook_of(found, facts, in_full=in_full, alternatives=True)


def own(month: Outlook) -> list[Way | UncomparedWay]:
    options = [(option, each) for option, each in zip(planned().options, month.options, strict=True) if each]
    return list(own_ways(options, Workload()))


def test_each_option_has_an_outlook_with_the_cards_that_it_uses() -> None:
    month = outlook()
    assert [each.option_id if each else None for each in month.options] == [each.id for each in planned().options]
    for option, each in zip(planned().options, month.options, strict=True):
        assert each is not None
        assert {gpu.index for gpu in each.cards} == option.gpu_indices


def test_the_choice_alone_is_looked_at_where_the_others_are_not_asked_for() -> None:
    facts: MonthFacts[Option] = MonthFacts(
        asked(None), ELECTRICITY, lambda option: LlamaCppPlanner().throughput(planned(), option, CATALOGUE),
        thinking_over_r1, (), lambda _: None,
    )  # fmt: skip
    month = outlook_of(planned(), facts, in_full=False, alternatives=False)
    assert month.choice is not None
    assert set(month.options[1:]) == {None}
    assert month.break_even is None


def test_a_month_that_one_machine_serves_has_a_bill_and_answers_that_share_it() -> None:
    choice = outlook(20.0).choice
    assert choice is not None
    assert choice.capacity.machines_needed == 1
    assert choice.cost.usd_per_month is not None
    assert choice.answer_usd is not None
    assert 0 < choice.answer_usd.p50 < choice.answer_usd.p90


@pytest.mark.parametrize("terms", [ELECTRICITY, RENT], ids=["one's own", "rented"])
def test_as_many_machines_as_the_month_needs_are_one_way_with_one_bill(terms: OwnTerms) -> None:
    month = outlook(50_000.0, terms)
    assert month.choice is not None
    needed = month.choice.capacity.machines_needed
    assert needed is not None
    assert needed > 1
    assert month.choice.cost.usd_per_month is None
    first = own(month)[0]
    assert isinstance(first, Way)
    assert first.machines == needed
    assert first.usd_per_month == month.choice.cost.usd_per_month_of_machines_needed
    assert len(first.cards) == 2  # those of each machine, of which there are so many
    if terms.kind == "rented":
        cards = len(month.choice.cards)
        assert float(first.usd_per_month) == pytest.approx(0.50 * cards * needed * HOURS_A_MONTH)


def test_what_serves_nobody_is_no_way_and_has_no_bill() -> None:
    month = outlook(50.0, workload=Workload(slo_tok_s=1e6))
    assert month.limits == Limits(None, 1e6, None) == limits_of(Workload(slo_tok_s=1e6))
    for each in own(month):
        assert isinstance(each, UncomparedWay)
        assert each.reason == "serves none"
    assert month.choice is not None
    assert month.choice.cost.usd_per_month is None
    assert month.break_even is not None
    assert month.break_even.reason == "it serves none"


def test_one_way_stands_for_each_model() -> None:
    found = own(outlook(1.0))
    models = [each.model for each in found if isinstance(each, Way)]
    assert len(models) == len(set(models)) == len({option.model.id for option in planned().options})


def test_the_break_even_is_against_what_costs_least_and_moves_where_it_is_wanted() -> None:
    offers = offers_for(Workload(requests_per_day=50.0), AT)
    least = min(offers, key=lambda each: each.usd_per_request)
    for in_full in (False, True):
        month = outlook(in_full=in_full)
        assert month.break_even is not None
        assert (month.break_even.against_provider, month.break_even.against_model) == (least.provider, least.model)
        assert bool(month.break_even.sensitivity) is in_full


def test_an_offer_in_other_money_or_that_ends_is_not_the_cheapest() -> None:
    cheap, *others = sorted(offers_for(Workload(requests_per_day=50.0), AT), key=lambda each: each.usd_per_request)
    ends = replace(cheap, month=replace(cheap.month, known_share=0.4))
    yuan = replace(cheap, price=replace(cheap.price, currency="CNY"))
    assert cheapest_of([cheap, *others]) == cheap
    assert cheapest_of([ends, *others]) == others[0]
    assert cheapest_of([yuan, *others]) == others[0]
    assert cheapest_of([yuan, ends]) is None
    ways = compared(api_ways([yuan, ends], lambda _: KNOWN, lambda _: 60.0), None)
    assert [each.reason for each in ways.left_out] == ["another currency", "price ends"]


def test_what_nobody_scored_is_not_set_beside_the_others() -> None:
    offers = offers_for(Workload(requests_per_day=50.0), AT)
    ways = compared(api_ways(offers, lambda serves: None if "V4" in serves else KNOWN, lambda _: 60.0), None)
    assert [(each.id, each.reason) for each in ways.left_out] == [("deepseek/deepseek-flash", "no published score")]
    assert len(ways.frontier.ways) == 1  # of one quality and one time the cheapest beats all


def test_an_answer_of_a_seller_takes_and_costs_more_the_longer_it_thinks() -> None:
    offer = offers_for(Workload(), AT)[0]
    lengths = asked(None).lengths
    speed = ServedSpeed.assumed(PRIORS.provider_speed)
    one, twice = (api_answer(offer, lengths, times, speed) for times in (1.0, 2.0))
    for each in (one, twice):
        assert 0 < each.seconds.p50 < each.seconds.p90
        assert 0 < each.usd.p50 < each.usd.p90
    assert twice.seconds.p90 > one.seconds.p90
    assert twice.usd.p90 > one.usd.p90
    assert one.typical_s == pytest.approx(speed.first_token_s + offer.output_tokens / speed.decode_tok_s)


def test_an_option_that_leaves_like_cards_free_runs_once_more_on_them() -> None:
    on = replace(planned().machine, gpus=tuple(card(24, index=each) for each in range(4)))
    for option in planned().options:
        used = len(option.gpu_indices)
        assert copies_of(option, on) == (4 // used if used and option.on_gpus_alone else 1)
    one = next(each for each in planned().options if len(each.gpu_indices) == 1 and each.on_gpus_alone)
    other = replace(card(24, index=1), name="another")
    fuller = replace(card(24, index=1), free_bytes=card(24).free_bytes // 2)
    for second in (other, fuller):
        machine_of_two = replace(on, gpus=tuple(second if each.index == 1 else each for each in on.gpus[:2]))
        assert copies_of(one, machine_of_two) == 1


def test_a_machine_is_rented_with_all_of_its_cards_and_draws_what_its_copies_do() -> None:
    option = next(each for each in planned().options if len(each.gpu_indices) == 1 and each.on_gpus_alone)
    throughput = LlamaCppPlanner().throughput(planned(), option, CATALOGUE)

    def of(requests_per_day: float, terms: OwnTerms) -> OptionOutlook:
        return option_outlook(option, planned().machine, throughput, asked(requests_per_day), Limits(), terms, 1.0)

    one = of(1.0, RENT).capacity.requests_per_day / 2
    for per_day, machines, copies in ((one * 0.9, 1, 1), (one * 1.9, 1, 2), (one * 2.1, 2, 3)):
        rented, own = of(per_day, RENT), of(per_day, ELECTRICITY)
        assert (rented.capacity.machines_needed, rented.capacity.copies_needed) == (machines, copies)
        rent = 0.50 * 2 * machines * HOURS_A_MONTH
        assert float(rented.cost.usd_per_month_of_machines_needed or 0) == pytest.approx(rent)
        assert own.cost.bill is not None
        assert own.draw is not None
        assert own.capacity.busy_share is not None
        watts = own.draw.idle_w + own.capacity.busy_share * (own.draw.busy_w - own.draw.idle_w)
        assert own.cost.bill.total_usd == pytest.approx(0.30 * watts / 1000 * HOURS_A_MONTH * copies)


def test_requests_that_no_context_holds_are_no_way_and_have_no_cost() -> None:
    lengths = tuple(each._replace(input_tokens=10**6) for each in asked(50.0).lengths)
    option = planned().options[0]
    throughput = LlamaCppPlanner().throughput(planned(), option, CATALOGUE)
    found = option_outlook(
        option, planned().machine, throughput, replace(asked(50.0), lengths=lengths), Limits(), RENT, 1.0
    )
    assert (found.capacity.limit, found.capacity.requests_per_day) == ("context", 0)
    cost = found.cost
    money = [cost.usd_per_month, cost.usd_per_month_of_machines_needed, cost.usd_per_mtok_output]
    assert [*money, cost.usd_per_mtok_flat_out, found.answer_usd] == [None] * 5
    way = own_way(option, found, Workload())
    assert isinstance(way, UncomparedWay)
    assert way.reason == "context"
