"""A comparison names exactly what was put wrong into a true bill, to the last digit, and nothing where nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ledger.entry import UsageEntry
from r1plan.report.reconcile.result import BillDifference, Reconciliation
from r1plan.report.reconcile.sides import DAY_US, LoggedRequests, TokenPrices
from tests.report.reconcile.made import (
    DAYS,
    KINDS,
    MONTHS,
    Billed,
    Shape,
    bill_of,
    billed,
    log_of,
    other_day,
    other_side,
    reconciled,
    requests,
    us,
)

seeds = st.integers(0, 10**6)
months = st.sampled_from(sorted(MONTHS))
CAUSES_BY_SUM = Shape(with_prices=False)


def without(some: Sequence[UsageEntry], *ids: str) -> list[UsageEntry]:
    return [each for each in some if each.id not in ids]


def changed(some: Sequence[Billed], *others: Billed) -> list[Billed]:
    by_id = {each.id: each for each in others}
    return [by_id.get(each.id, each) for each in some]


def doubled(rates: TokenPrices | None) -> TokenPrices | None:
    return rates and TokenPrices(2 * rates.miss, 2 * rates.hit, 2 * rates.output)


def causes(found: Reconciliation) -> dict[str, list[BillDifference]]:
    by_cause: dict[str, list[BillDifference]] = {}
    for line in found.lines:
        by_cause.setdefault(line.cause, []).append(line)
    return by_cause


def adds_up(found: Reconciliation) -> None:
    assert found.billed_usd is not None
    assert found.logged_usd is not None
    assert found.difference_usd == found.billed_usd - found.logged_usd
    assert sum((line.usd or Decimal(0) for line in found.lines), Decimal(0)) == found.difference_usd


@settings(max_examples=15, deadline=None)
@given(seeds, months)
def test_a_true_bill_matches_in_every_day_and_model(seed: int, month: str) -> None:
    some = requests(seed, month)
    found = reconciled(bill_of(billed(some)), some, month, Decimal(0))
    assert (found.outcome, found.lines, found.days, found.outside) == ("compared", (), (), ())
    assert found.matched == found.compared > 0
    assert found.is_within_tolerance


@settings(max_examples=25, deadline=None)
@given(seeds, months, st.sampled_from([None, 2, 6]), st.booleans())
def test_whatever_is_wrong_the_lines_add_up_and_tokens_are_all_explained(
    seed: int, month: str, decimals: int | None, with_prices: bool
) -> None:
    random = Random(seed)
    some = requests(seed, month)
    bill = billed(some)
    for each in random.sample(bill, 6):
        wrong = (
            other_side(each, month) or each,
            other_day(each) or each,
            replace(each, miss=each.miss + each.hit, hit=0),
            None,
        )[random.randrange(4)]
        bill = [other for other in bill if other.id != each.id] if wrong is None else changed(bill, wrong)
    log = without(some, *(each.id for each in random.sample(some, 3)))
    found = reconciled(bill_of(bill, Shape(decimals=decimals, with_prices=with_prices)), log, month)
    adds_up(found)
    if with_prices:
        assert found.unexplained_usd == 0
    told = dict.fromkeys(KINDS, 0)
    for line in found.lines:
        if line.cause in ("missing", "extra", "hit_rate", "unexplained"):
            for kind in KINDS:
                told[kind] += line.tokens.get(kind, 0)
    for kind in KINDS:
        off = sum(each.tokens(kind) for each in bill) - sum(each.tokens(kind) for each in billed(log))
        assert told[kind] == off


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from(["nights", "peaks"]), st.integers(1, 3), st.booleans())
def test_requests_billed_at_the_price_of_the_other_side_are_named(
    seed: int, month: str, number: int, in_cents: bool
) -> None:
    some = requests(seed, month)
    bill = billed(some)
    could = [moved for each in bill if (moved := other_side(each, month))]
    swapped = Random(seed).sample(could, min(number, len(could)))
    found = reconciled(bill_of(changed(bill, *swapped), Shape(decimals=2 if in_cents else None)), some, month)
    adds_up(found)
    tier = causes(found).pop("tier", [])
    assert {each for line in tier for each in line.ids} == {each.id for each in swapped}
    by_id = {each.id: each for each in bill}
    assert sum((line.usd or 0 for line in tier), Decimal(0)) == sum(
        (each.usd() - by_id[each.id].usd() for each in swapped), Decimal(0)
    )
    assert causes(found).keys() <= {"tier", "rounding"}


@pytest.mark.parametrize("seed", range(1, 13))
def test_several_causes_at_once_are_told_apart_to_the_last_request(seed: int) -> None:
    random, month = Random(seed), sorted(MONTHS)[seed % 3]
    some = requests(seed, month)
    bill = billed(some)
    tier = [moved for each in bill if (moved := other_side(each, month))]
    tier = random.sample(tier, min(len(tier), 3))
    ids = {each.id for each in tier}
    start_us = us(MONTHS[month][0])
    day = [
        moved
        for each in bill
        if each.id not in ids and (moved := other_day(each)) and start_us <= moved.at_us < start_us + DAYS * DAY_US
    ]
    day = random.sample(day, 3)
    gone = random.choice([each for each in bill if each.id not in ids | {other.id for other in day}])
    found = reconciled(bill_of(changed(bill, *tier, *day), Shape(decimals=6)), without(some, gone.id), month)
    adds_up(found)
    named = {cause: {each for line in lines for each in line.ids} for cause, lines in causes(found).items()}
    named.pop("rounding", None)
    assert named == {
        **({"tier": ids} if ids else {}),
        "day": {each.id for each in day},
        "missing": set(),
    }
    assert sum(line.requests or 0 for line in causes(found)["missing"]) == 1


def test_one_request_that_is_billed_twice_and_one_that_is_not_billed_are_no_move_over_midnight() -> None:
    some = requests(472)
    (twice,) = (each for each in billed(some) if each.id == "r087")
    bill = [each for each in billed(some) if each.id != "r013"]
    found = reconciled(bill_of([*bill, twice]), some, "nights")
    adds_up(found)
    assert causes(found).keys() == {"missing", "extra"}


def test_a_clock_that_is_five_minutes_late_is_explained_by_all_that_it_moved() -> None:
    some = requests(3, "nights")
    late_us = 300_000_000
    late = [
        moved
        for each in billed(some)
        if (moved := other_side(each, "nights"))
        and moved.at_us % DAY_US % 57_600_000_000 - 1_800_000_000 in range(late_us)
    ]
    assert len(late) > 2
    found = reconciled(bill_of(changed(billed(some), *late)), some, "nights")
    assert {each for line in found.lines for each in line.ids} == {each.id for each in late}
    assert causes(found).keys() == {"tier"}


@settings(max_examples=15, deadline=None)
@given(seeds, months)
def test_a_request_billed_on_the_next_day_costs_nothing_and_is_named(seed: int, month: str) -> None:
    some = requests(seed, month)
    bill = billed(some)
    start_us = us(MONTHS[month][0])
    could = [
        moved
        for each in bill
        if (moved := other_day(each)) and start_us <= moved.at_us < start_us + DAYS * DAY_US and moved.miss + moved.hit
    ]
    moved = Random(seed).choice(could)
    found = reconciled(bill_of(changed(bill, moved)), some, month)
    adds_up(found)
    (line,) = found.lines
    assert (line.cause, line.ids, line.requests) == ("day", (moved.id,), 1)
    assert line.usd == 0
    assert found.is_within_tolerance


@settings(max_examples=15, deadline=None)
@given(seeds, months, st.booleans())
def test_what_one_side_lacks_is_missing_or_extra_with_its_tokens_and_dollars(
    seed: int, month: str, is_missing: bool
) -> None:
    some = requests(seed, month)
    gone = Random(seed).choice(billed(some))
    rest = [each for each in billed(some) if each.id != gone.id]
    bill, log = (billed(some), without(some, gone.id)) if is_missing else (rest, some)
    found = reconciled(bill_of(bill), log, month, Decimal(0))
    adds_up(found)
    (line,) = found.lines
    sign = 1 if is_missing else -1
    assert (line.cause, line.requests, line.usd) == ("missing" if is_missing else "extra", sign, sign * gone.usd())
    assert {kind: line.tokens.get(kind, 0) for kind in KINDS} == {kind: sign * gone.tokens(kind) for kind in KINDS}
    assert not found.is_within_tolerance


def test_a_model_that_the_log_never_saw_is_missing_as_a_whole() -> None:
    some = requests(5)
    other = [each for each in some if each.model_requested == "deepseek-chat"]
    found = reconciled(bill_of(billed(some)), other, "nights")
    assert causes(found).keys() == {"missing"}
    assert all(line.is_whole for line in found.lines)
    assert {line.model for line in found.lines} == {"deepseek-reasoner"}


def test_a_missing_key_is_named() -> None:
    some = [replace(each, project=("app", "cron")[place % 2]) for place, each in enumerate(requests(6))]
    log = [each for each in some if each.project == "app"]
    found = reconciled(bill_of(billed(some), Shape(with_keys=True)), log, "nights")
    assert {line.key for line in found.lines} == {"cron"}
    assert found.unknown_keys == ("cron",)


def test_a_price_that_differs_is_told_kind_by_kind() -> None:
    some = requests(7, "one price")
    bill = [
        replace(each, rates=each.rates and TokenPrices(each.rates.miss, each.rates.hit, each.rates.output * 2))
        for each in billed(some)
    ]
    found = reconciled(bill_of(bill), some, "one price")
    adds_up(found)
    assert causes(found).keys() == {"price"}
    assert {(line.kind, line.billed_price, line.our_price) for line in found.lines} == {
        ("output", Decimal("0.00000084"), Decimal("0.00000042"))
    }


def test_a_day_at_the_wrong_tier_without_an_edge_near_is_still_the_tier() -> None:
    some = requests(8, "peaks")
    weekend = [each for each in billed(some) if each.at_us >= us(MONTHS["peaks"][0]) + 5 * DAY_US]
    wrong = [replace(each, rates=doubled(each.rates)) for each in weekend]
    found = reconciled(bill_of(changed(billed(some), *wrong)), some, "peaks")
    adds_up(found)
    assert causes(found).keys() == {"tier"}
    assert found.difference_usd == sum((each.usd() for each in weekend), Decimal(0))


@pytest.mark.parametrize("rounding", ["ROUND_HALF_UP", ROUND_DOWN, "ROUND_UP"])
def test_amounts_in_cents_are_explained_by_rounding_and_within_any_tolerance(rounding: str) -> None:
    some = requests(9)
    found = reconciled(bill_of(billed(some), Shape(decimals=2, rounding=rounding)), some, "nights", Decimal(0))
    adds_up(found)
    assert causes(found).keys() == {"rounding"}
    assert {line.unit_usd for line in found.lines} == {Decimal("0.01")}
    assert found.is_within_tolerance


def test_a_single_amount_that_is_off_by_more_than_half_a_cent_is_no_rounding() -> None:
    some = requests(9)
    bill = bill_of(billed(some), Shape(decimals=2))
    place = next(place for place, line in enumerate(bill.lines) if line.item == "money")
    line = bill.lines[place]
    wrong = replace(line, usd=(line.usd or Decimal(0)) - Decimal("0.01"))
    found = reconciled(replace(bill, lines=(*bill.lines[:place], wrong, *bill.lines[place + 1 :])), some, "nights")
    assert len(causes(found)["unexplained"]) == 1


def test_money_that_no_rounding_and_no_token_explains_is_one_number() -> None:
    some = requests(10)
    bill = bill_of(billed(some), Shape(decimals=2))
    place = next(place for place, line in enumerate(bill.lines) if line.item == "money")
    line = bill.lines[place]
    wrong = replace(line, usd=(line.usd or Decimal(0)) + 3)
    found = reconciled(replace(bill, lines=(*bill.lines[:place], wrong, *bill.lines[place + 1 :])), some, "nights")
    adds_up(found)
    (unexplained,) = causes(found)["unexplained"]
    assert found.unexplained_usd == unexplained.usd
    assert abs((unexplained.usd or Decimal(0)) - 3) <= Decimal("0.005")
    assert not found.is_within_tolerance


def test_cached_input_that_is_billed_as_fresh_is_a_difference_of_hit_rates() -> None:
    some = requests(11, "one price")
    some = [each for each in some if each.cache_hit_tokens]
    (first, *_) = billed(some)
    found = reconciled(
        bill_of(changed(billed(some), replace(first, miss=first.miss + first.hit, hit=0))), some, "one price"
    )
    adds_up(found)
    (line,) = found.lines
    assert (line.cause, line.tokens) == ("hit_rate", {"cache_hit": -first.hit, "input_miss": first.hit})


@pytest.mark.parametrize("minutes", [480, -420, 330])
@pytest.mark.parametrize("is_told", [True, False])
def test_days_of_another_time_zone_are_found_whether_the_export_says_so_or_not(minutes: int, is_told: bool) -> None:
    some = requests(12)
    shape = Shape(offset_minutes=minutes, told_minutes=minutes if is_told else 0)
    found = reconciled(bill_of(billed(some), shape), some, "nights")
    assert (found.lines, found.offset_minutes, found.is_offset_found) == ((), minutes, not is_told)


def test_names_of_one_model_are_compared_as_one_and_said() -> None:
    some = requests(13, "one price")
    bill = [replace(each, model="deepseek-v3.2") for each in billed(some)]
    pairs = (("deepseek-chat", "deepseek-v3.2"), ("deepseek-reasoner", "deepseek-v3.2"))
    found = reconciled(bill_of(bill), some, "one price", names=pairs)
    assert found.lines == ()
    assert found.same_models == (("deepseek-v3.2", "deepseek-chat", "deepseek-reasoner"),)


def test_names_that_nobody_told_are_one_model_where_their_days_agree() -> None:
    some = requests(13, "one price")
    bill = [replace(each, model="deepseek-v3.2") for each in billed(some)]
    gone = bill[60]
    found = reconciled(bill_of(bill), without(some, gone.id), "one price")
    assert [(line.cause, line.usd) for line in found.lines] == [("missing", gone.usd())]
    assert found.same_models == (("deepseek-v3.2", "deepseek-chat", "deepseek-reasoner"),)


def test_tokens_without_money_are_compared_at_our_prices() -> None:
    some = requests(14, "one price")
    gone = billed(some)[40]
    shape = Shape(with_money=False, with_prices=False)
    found = reconciled(bill_of(billed(some), shape), without(some, gone.id), "one price")
    (line,) = found.lines
    assert found.billed_usd is None
    assert (line.cause, line.usd, found.difference_usd) == ("missing", gone.usd(), gone.usd())


def test_sums_without_prices_are_explained_at_the_price_of_the_day() -> None:
    some = requests(15, "one price")
    gone = billed(some)[40]
    found = reconciled(bill_of(billed(some), CAUSES_BY_SUM), without(some, gone.id), "one price")
    adds_up(found)
    (line,) = found.lines
    assert (line.cause, line.usd) == ("missing", gone.usd())


def test_the_same_tokens_for_other_money_are_another_price() -> None:
    some = requests(16, "one price")
    dearer = [replace(each, rates=doubled(each.rates)) for each in billed(some)]
    found = reconciled(bill_of(dearer, CAUSES_BY_SUM), some, "one price")
    adds_up(found)
    assert causes(found).keys() == {"price"}
    assert found.unexplained_usd == 0


def test_requests_that_broke_off_explain_what_their_bounds_allow() -> None:
    some = requests(17, "one price")
    gone = billed(some)[30]
    log = log_of(without(some, gone.id), "one price")
    broken = LoggedRequests(
        slot_us=gone.at_us // 900_000_000 * 900_000_000, model=gone.model, broken=1, broken_high_usd=gone.usd() * 2
    )
    bill = bill_of(billed(some))
    found = reconciled(bill, without(some, gone.id), "one price", requests=(*log.requests, broken))
    adds_up(found)
    assert [(line.cause, line.usd) for line in found.lines] == [("broken_off", gone.usd())]


def test_only_the_days_that_both_cover_are_compared() -> None:
    some = requests(18)
    start_us = us(MONTHS["nights"][0])
    late = [each for each in some if each.ended_at and us(each.ended_at) >= start_us + 2 * DAY_US]
    early = [each for each in billed(some) if each.at_us < start_us + 5 * DAY_US]
    found = reconciled(bill_of(early), late, "nights", start_us=start_us + 2 * DAY_US)
    assert found.lines == ()
    assert found.outcome == "compared"
    assert found.start == MONTHS["nights"][0] + timedelta(days=2)
    assert found.until == MONTHS["nights"][0] + timedelta(days=5)
    assert [(each.side, each.first_day, each.last_day) for each in found.outside] == [
        ("bill", "2025-06-02", "2025-06-03"),
        ("log", "2025-06-07", "2025-06-08"),
    ]


def test_what_cannot_be_compared_is_no_match() -> None:
    some = requests(19)
    bill = bill_of(billed(some))
    assert reconciled(bill_of([]), some, "nights").outcome == "empty"
    assert reconciled(replace(bill, currency="CNY"), some, "nights").outcome == "other_currency"
    assert reconciled(bill, [], "nights").outcome == "nothing_logged"
    apart = reconciled(bill, some, "nights", start_us=us(MONTHS["nights"][0]) + 90 * DAY_US)
    assert apart.outcome == "apart"
    assert not apart.is_within_tolerance


def test_the_tolerance_is_held_against_causes_that_do_not_cancel() -> None:
    some = requests(20, "one price")
    one, other = billed(some)[10], billed(some)[90]
    bill = [each for each in billed(some) if each.id != other.id]
    found = reconciled(bill_of(bill), without(some, one.id), "one price", one.usd() + other.usd())
    assert found.off_usd == one.usd() + other.usd()
    assert found.is_within_tolerance
    less = replace(found, tolerance_usd=found.tolerance_usd - Decimal("0.000000001"))
    assert not less.is_within_tolerance
