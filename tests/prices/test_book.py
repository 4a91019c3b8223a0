"""The price in force, at each second on both sides of every edge that the vendors published."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import pytest

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.catalog.price import ClockTier, ContextTier, Holidays, PriceList, PriceRow, Rates, Window
from r1plan.errors import CatalogError
from r1plan.prices.book import LOW_CONFIDENCE, START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED, EffectivePrice, PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from tests.prices.dated import CALLS, DAYS, EDGES, LENGTHS, PEAK_EDGES, QUIET_AND_PEAK, R1, V31

SECOND = timedelta(seconds=1)


@cache
def real_book() -> PriceBook:
    return PriceBook(load_prices(), load_holidays())


def written(price: EffectivePrice | None) -> tuple[Decimal | None, ...] | None:
    if price is None:
        return None
    return price.rates.input_cache_miss, price.rates.input_cache_hit, price.rates.output


def parsed(text: str | None) -> tuple[Decimal | None, ...] | None:
    return None if text is None else tuple(None if part == "-" else Decimal(part) for part in text.split(" / "))


@pytest.mark.parametrize(
    ("provider", "model", "at", "before", "after"), EDGES, ids=[f"{model}@{at}" for _, model, at, _, _ in EDGES]
)
def test_the_price_changes_at_the_published_second(
    provider: str, model: str, at: str, before: str | None, after: str | None
) -> None:
    edge = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = [written(real_book().price_at(provider, model, edge + SECOND * off)) for off in (-1, 0, 1)]
    assert found == [parsed(before), parsed(after), parsed(after)]


def test_every_first_and_last_instant_in_pricing_has_its_row_in_the_table() -> None:
    told = {(provider, model, datetime.fromisoformat(f"{at}+00:00")) for provider, model, at, _, _ in EDGES}
    tested = {(provider, model) for provider, model, _ in told}
    edges = {
        (provider, name, edge)
        for provider, name in real_book().names()
        for schedule in real_book().schedules(provider, name)
        for edge in (schedule.start, schedule.until)
        if 1 < edge.year < 9999
    }
    assert edges - told == set()
    assert set(real_book().names()) - tested == set()


@pytest.mark.parametrize(("model", "day", "kind", "is_peak"), DAYS, ids=[f"{each[0]}-{each[1]}" for each in DAYS])
def test_the_dear_hours_begin_and_end_at_their_second(model: str, day: str, kind: str, is_peak: bool) -> None:
    at = datetime.fromisoformat(f"{day}T00:00+00:00")
    quiet, peak = QUIET_AND_PEAK[
        "deepseek-flash" if at >= datetime(2026, 9, 10, 4, tzinfo=UTC) and "v4-flash" in model else model
    ]
    for number, clock in enumerate(PEAK_EDGES):
        edge = datetime.combine(at.date(), time.fromisoformat(clock), UTC)
        outside, inside = parsed(quiet), parsed(peak if is_peak else quiet)
        before, after = (inside, outside) if number % 2 else (outside, inside)
        found = [written(real_book().price_at("deepseek", model, edge + SECOND * off)) for off in (-1, 0, 1)]
        assert found == [before, after, after], (kind, clock)


@pytest.mark.parametrize(("provider", "model", "input_tokens", "price"), LENGTHS)
def test_an_input_beyond_the_published_length_has_the_higher_price(
    provider: str, model: str, input_tokens: int, price: str
) -> None:
    found = real_book().price_at(provider, model, datetime(2026, 11, 23, tzinfo=UTC), input_tokens)
    assert written(found) == parsed(price)


@pytest.mark.parametrize(("provider", "model", "at", "usd"), CALLS, ids=[f"{model}@{at}" for _, model, at, _ in CALLS])
def test_a_dated_call_costs_what_the_bill_said(provider: str, model: str, at: str, usd: str | None) -> None:
    price = real_book().price_at(provider, model, datetime.fromisoformat(f"{at}+00:00"), 2_000_000)
    usage = Usage(input_tokens=2_000_000, cache_hit_tokens=1_000_000, output_tokens=1_000_000)
    assert (price and cost_of(usage, price.per_token).total_usd) == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize(
    ("provider", "model", "at", "kept"),
    [
        ("deepseek", "deepseek-v4-pro", "2026-04-25T00:00", "1.74 / 0.145 / 3.48"),
        ("google", "gemini-2.5-pro", "2025-10-30T23:59", "1.25 / 0.31 / 10"),
        ("openai", "o1-mini", "2025-02-10T23:59", "3 / 1.50 / 12"),
    ],
)
def test_a_price_whose_dates_are_not_known_is_kept_and_prices_nothing(
    provider: str, model: str, at: str, kept: str
) -> None:
    instant = datetime.fromisoformat(f"{at}+00:00")
    assert real_book().price_at(provider, model, instant) is None
    assert [written(each) for each in real_book().unverified_prices(provider, model, instant)] == [parsed(kept)]


@pytest.mark.parametrize(
    ("at", "doubted"),
    [
        pytest.param("2026-12-31T09:59:59", False, id="the-last-dear-second-in-it"),
        pytest.param("2027-01-01T01:00:00", True, id="a-dear-hour-after-it"),
        pytest.param("2027-01-01T04:00:00", False, id="a-quiet-hour-is-quiet-anyway"),
        pytest.param("2027-01-02T01:00:00", False, id="a-weekend-is-quiet-anyway"),
    ],
)
def test_beyond_the_calendar_a_dear_hour_may_be_a_holiday_and_says_so(at: str, doubted: bool) -> None:
    price = real_book().price_at("deepseek", "deepseek-flash", datetime.fromisoformat(f"{at}+00:00"))
    assert price is not None
    text = "holidays after 2026-12-31 are not in the calendar 'china-public-holidays'"
    assert (text in price.caveats) is doubted


YUAN = PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})


@pytest.mark.parametrize(
    ("model", "at", "price"),
    [
        ("deepseek-reasoner", "2025-02-01T00:00", "4 / 1 / 16"),
        ("deepseek-reasoner", "2025-03-01T16:29", "4 / 1 / 16"),
        ("deepseek-reasoner", "2025-03-01T16:30", "1 / 0.25 / 4"),
        ("deepseek-chat", "2025-01-01T00:00", "1 / 0.10 / 2"),
        ("deepseek-flash", "2026-11-23T00:59", "1 / 0.02 / 4"),
        ("deepseek-flash", "2026-11-23T01:00", "2 / 0.04 / 8"),
        ("deepseek-v4-pro", "2026-11-23T01:00", "9 / 0.30 / 27"),
        ("deepseek-reasoner", "2025-09-10T00:00", None),
    ],
)
def test_an_account_in_yuan_has_the_vendor_s_own_yuan_prices(model: str, at: str, price: str | None) -> None:
    found = YUAN.price_at("deepseek", model, datetime.fromisoformat(f"{at}+00:00"))
    assert written(found) == parsed(price)
    assert found is None or (found.currency == "CNY" and found.id.endswith("#CNY"))


def test_a_row_with_yuan_for_some_of_its_tiers_has_no_yuan_price() -> None:
    tier = ClockTier(tier="peak", windows_utc=(Window(start=time(1), end=time(4)),), rates=rates("2 / - / 2"))
    half = row("1 / - / 1", JUNE, clock=(tier,), cny_rates={"flat": rates("7 / - / 7")})
    lists = {"p": PriceList(provider="p", checked=date(2026, 11, 23), prices=(half,))}
    assert PriceBook(lists, currencies={"p": "CNY"}).price_at("p", "m", JULY) is None
    assert PriceBook(lists).price_at("p", "m", JULY) is not None


def test_a_list_in_yuan_is_for_an_account_in_yuan() -> None:
    yuan = PriceList(provider="p", currency="CNY", checked=date(2026, 11, 23), prices=(row("4 / 1 / 16", JUNE),))
    found = PriceBook({"p": yuan}, currencies={"p": "CNY"}).price_at("p", "m", JULY)
    assert found is not None
    assert (found.currency, written(found)) == ("CNY", parsed("4 / 1 / 16"))


def test_the_other_accounts_stay_in_dollars() -> None:
    found = YUAN.price_at("together", "deepseek-ai/DeepSeek-R1", datetime(2025, 10, 1, tzinfo=UTC))
    assert found is not None
    assert (found.currency, written(found)) == ("USD", parsed("3 / - / 7"))


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    beijing = datetime.fromisoformat("2025-09-06T00:00:00+08:00")
    assert written(real_book().price_at("deepseek", "deepseek-reasoner", beijing)) == parsed(V31)
    assert written(real_book().price_at("deepseek", "deepseek-reasoner", beijing - SECOND)) == parsed(R1)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        pytest.param("deepseek", "DeepSeek-R1-Distill-Qwen-32B", id="a-local-distill"),
        pytest.param("deepseek", "deepseek-r1:7b", id="an-ollama-name"),
        pytest.param("deepseek", "Deepseek-Reasoner", id="another-case"),
        pytest.param("local", "deepseek-reasoner", id="a-local-engine"),
        pytest.param("DeepSeek", "deepseek-reasoner", id="another-case-of-provider"),
        pytest.param("together", "DeepSeek-R1", id="without-the-vendor"),
    ],
)
def test_only_the_exact_ids_have_a_price(provider: str, model: str) -> None:
    assert real_book().price_at(provider, model, datetime(2025, 9, 1, tzinfo=UTC)) is None


def test_a_price_says_where_it_is_from() -> None:
    price = real_book().price_at("deepseek", "deepseek-v4-flash", datetime(2026, 9, 10, 7, tzinfo=UTC))
    assert price is not None
    assert price.id == "deepseek/deepseek-flash@2026-09-10T04:00:00Z"
    assert (price.provider, price.model, price.tier) == ("deepseek", "deepseek-flash", "peak")
    assert price.effective_from == datetime(2026, 9, 10, 4, tzinfo=UTC)
    assert price.effective_until is None
    assert price.sources
    assert price.caveats == (TIER_INSTANT_NOT_VERIFIED,)


def rates(text: str) -> Rates:
    miss, hit, output = (None if part == "-" else Decimal(part) for part in text.split(" / "))
    assert miss is not None
    assert output is not None
    return Rates(input_cache_miss=miss, input_cache_hit=hit, output=output)


def row(price: str, start: datetime | None, until: datetime | None = None, **more: object) -> PriceRow:
    values: dict[str, object] = {"confidence": "high", "model": "m", **more}
    return PriceRow(
        rates=rates(price),
        effective_from=start,
        effective_from_precision="instant" if start else "unknown",
        effective_until=until,
        effective_until_precision="instant" if until else "open",
        sources=("a test",),
        **values,  # type: ignore[arg-type]
    )


def book(*rows: PriceRow, holidays: dict[str, Holidays] | None = None) -> PriceBook:
    return PriceBook({"p": PriceList(provider="p", checked=date(2026, 11, 23), prices=rows)}, holidays)


JUNE, JULY = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)


def test_a_start_that_nobody_knows_is_open_and_says_so() -> None:
    price = book(row("1 / - / 2", None, JULY)).price_at("p", "m", datetime(1990, 1, 1, tzinfo=UTC))
    assert price is not None
    assert (price.caveats, price.effective_from, price.id) == ((START_NOT_VERIFIED,), None, "p/m@unknown")


def test_the_first_evidence_is_the_start_when_none_is_known() -> None:
    seen = book(row("1 / - / 2", None, evidence_first_seen=date(2025, 6, 1), confidence="low"))
    assert seen.price_at("p", "m", JUNE - SECOND) is None
    price = seen.price_at("p", "m", JUNE)
    assert price is not None
    assert (price.caveats, price.effective_from, price.id) == ((LOW_CONFIDENCE,), None, "p/m@2025-06-01T00:00:00Z")


def test_a_row_that_is_not_billable_is_never_used() -> None:
    assert book(row("1 / - / 2", JUNE, billable=False)).price_at("p", "m", JULY) is None


def test_of_two_rows_the_later_start_counts_and_then_the_later_line() -> None:
    overlapping = book(row("1 / - / 1", JULY), row("2 / - / 2", JULY), row("3 / - / 3", JUNE))
    assert written(overlapping.price_at("p", "m", JULY)) == parsed("2 / - / 2")
    assert written(overlapping.price_at("p", "m", JULY - SECOND)) == parsed("3 / - / 3")


def test_a_list_in_another_currency_is_not_taken_for_dollars() -> None:
    yuan = PriceList(provider="p", currency="CNY", checked=date(2026, 11, 23), prices=(row("4 / 1 / 16", JUNE),))
    assert PriceBook({"p": yuan}).price_at("p", "m", JULY) is None


@pytest.mark.parametrize(
    ("input_tokens", "price"),
    [
        (None, "1 / - / 1"),
        (200_000, "1 / - / 1"),
        (200_001, "2 / - / 2"),
        (500_000, "2 / - / 2"),
        (500_001, "3 / - / 3"),
    ],
)
def test_a_long_input_has_its_own_price(input_tokens: int | None, price: str) -> None:
    tiers = tuple(
        ContextTier(above_input_tokens=above, rates=rates(text))
        for above, text in ((200_000, "2 / - / 2"), (500_000, "3 / - / 3"))
    )
    tiered = book(row("1 / - / 1", JUNE, context_tiers=tiers))
    assert written(tiered.price_at("p", "m", JULY, input_tokens)) == parsed(price)


def test_weekdays_and_holidays_are_those_of_the_row_s_zone() -> None:
    tier = ClockTier(
        tier="peak",
        windows_utc=(Window(start=time(20), end=time(22)),),
        weekdays="mon-fri",
        day_zone="Asia/Shanghai",
        holidays="h",
        rates=rates("9 / - / 9"),
    )
    clocked = book(
        row("1 / - / 1", JUNE, clock=(tier,)),
        holidays={"h": Holidays(frozenset({date(2025, 6, 10)}), date(2025, 12, 31))},
    )
    # 21:00 UTC is already the next day in China: Sunday the 8th there is Saturday the 7th here.
    found = {
        day: written(clocked.price_at("p", "m", datetime(2025, 6, day, 21, tzinfo=UTC))) == parsed("9 / - / 9")
        for day in range(6, 12)
    }
    assert found == {6: False, 7: False, 8: True, 9: False, 10: True, 11: True}


def test_an_unknown_calendar_is_named() -> None:
    tier = ClockTier(tier="peak", windows_utc=(), holidays="moon", rates=rates("9 / - / 9"))
    with pytest.raises(CatalogError) as raised:
        book(row("1 / - / 1", JUNE, clock=(tier,)))
    assert raised.value.message == "pricing/p.yaml: m: holidays: unknown calendar 'moon'."


@pytest.mark.parametrize(
    ("rule", "first_token", "price"),
    [
        pytest.param("completion", True, "3 / - / 3", id="completion"),
        pytest.param("first_token", True, "2 / - / 2", id="first-token"),
        pytest.param("first_token", False, "3 / - / 3", id="no-first-token"),
        pytest.param("start", True, "1 / - / 1", id="start"),
    ],
)
def test_the_row_says_which_instant_of_a_request_decides(rule: str, first_token: bool, price: str) -> None:
    minute = timedelta(minutes=1)
    rows = [
        row(f"{number} / - / {number}", JUNE + number * minute, JUNE + (number + 1) * minute, tier_instant=rule)
        for number in (1, 2, 3)
    ]
    found = book(*rows).price_for(
        "p",
        "m",
        started_at=JUNE + minute,
        first_token_at=JUNE + 2 * minute if first_token else None,
        ended_at=JUNE + 3 * minute,
    )
    assert written(found) == parsed(price)
