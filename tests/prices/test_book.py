"""The price in force, at each second on both sides of every edge that the vendors published."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import pytest

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.errors import CatalogError
from r1plan.prices.book import LOW_CONFIDENCE, START_NOT_VERIFIED, TIER_INSTANT_NOT_VERIFIED, PriceBook, PriceInForce
from r1plan.prices.row import ClockTier, ContextTier, PriceList, PriceRow, Rates, Window

SECOND = timedelta(seconds=1)

# Published prices, USD per million tokens: fresh input / cached input / output.
R1 = "0.55 / 0.14 / 2.19"
V3_PROMOTION = "0.14 / 0.014 / 0.28"
V3 = "0.27 / 0.07 / 1.10"
NIGHT = "0.135 / 0.035 / 0.55"
V31 = "0.56 / 0.07 / 1.68"
V32 = "0.28 / 0.028 / 0.42"
V4_LAUNCH = "0.14 / 0.028 / 0.28"
V4 = "0.14 / 0.0028 / 0.28"
V4_QUIET, V4_PEAK = "0.22 / 0.007 / 0.66", "0.44 / 0.014 / 1.32"
FLASH_QUIET, FLASH_PEAK = "0.15 / 0.003 / 0.60", "0.30 / 0.006 / 1.20"
PRO = "0.435 / 0.003625 / 0.87"
PRO_QUIET, PRO_PEAK = "0.66 / 0.022 / 1.98", "1.32 / 0.044 / 3.96"
FIREWORKS = "accounts/fireworks/models"

# An edge: what holds until the second before it, and from it on. None: not offered.
EDGES: list[tuple[str, str, str, str | None, str | None]] = [
    ("deepseek", "deepseek-reasoner", "2025-01-20T00:00:00", None, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-25T16:30:00", R1, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-26T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-02-27T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-02-27T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-02-27T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-05-28T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-05-28T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-08-21T00:00:00", NIGHT, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-08-21T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-09-04T16:30:00", R1, NIGHT),
    ("deepseek", "deepseek-reasoner", "2025-09-05T00:30:00", NIGHT, R1),
    ("deepseek", "deepseek-reasoner", "2025-09-05T16:00:00", R1, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-05T16:30:00", V31, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-06T00:30:00", V31, V31),
    ("deepseek", "deepseek-reasoner", "2025-09-29T00:00:00", V31, V32),
    ("deepseek", "deepseek-reasoner", "2026-04-24T00:00:00", V32, V4_LAUNCH),
    ("deepseek", "deepseek-reasoner", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-reasoner", "2026-07-24T15:59:00", V4, None),
    ("deepseek", "deepseek-chat", "2024-12-26T00:00:00", None, V3_PROMOTION),
    ("deepseek", "deepseek-chat", "2025-02-08T16:00:00", V3_PROMOTION, V3),
    ("deepseek", "deepseek-chat", "2025-02-26T16:30:00", V3, NIGHT),
    ("deepseek", "deepseek-chat", "2025-02-27T00:30:00", NIGHT, V3),
    ("deepseek", "deepseek-chat", "2025-09-04T16:30:00", V3, NIGHT),
    ("deepseek", "deepseek-chat", "2025-09-05T00:30:00", NIGHT, V3),
    ("deepseek", "deepseek-chat", "2025-09-05T16:00:00", V3, V31),
    ("deepseek", "deepseek-chat", "2025-09-29T00:00:00", V31, V32),
    ("deepseek", "deepseek-chat", "2026-04-24T00:00:00", V32, V4_LAUNCH),
    ("deepseek", "deepseek-chat", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-chat", "2026-07-24T15:59:00", V4, None),
    ("deepseek", "deepseek-v4-flash", "2026-04-24T00:00:00", None, V4_LAUNCH),
    ("deepseek", "deepseek-v4-flash", "2026-04-26T12:15:00", V4_LAUNCH, V4),
    ("deepseek", "deepseek-v4-flash", "2026-08-14T01:00:00", V4, V4),
    ("deepseek", "deepseek-v4-flash", "2026-08-16T16:00:00", V4, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T01:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T04:00:00", V4_PEAK, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T06:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-17T10:00:00", V4_PEAK, V4_QUIET),
    # The first Saturday was still billed like a working day.
    ("deepseek", "deepseek-v4-flash", "2026-08-22T06:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-22T10:00:00", V4_PEAK, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-22T16:00:00", V4_QUIET, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-23T01:00:00", V4_QUIET, V4_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-08-24T01:00:00", V4_QUIET, V4_PEAK),
    ("deepseek", "deepseek-v4-flash", "2026-08-29T06:00:00", V4_QUIET, V4_QUIET),
    # From here on it is an alias of deepseek-flash.
    ("deepseek", "deepseek-v4-flash", "2026-09-10T04:00:00", V4_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-v4-flash", "2026-09-10T06:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-v4-flash-vision-exp", "2026-08-22T16:00:00", None, V4_QUIET),
    ("deepseek", "deepseek-v4-flash-vision-exp", "2026-09-10T04:00:00", V4_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-10T04:00:00", None, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-10T10:00:00", FLASH_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-12T06:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-24T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-09-25T01:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-09-28T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-09-30T06:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-10-01T06:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-10-07T01:00:00", FLASH_QUIET, FLASH_QUIET),
    ("deepseek", "deepseek-flash", "2026-10-08T01:00:00", FLASH_QUIET, FLASH_PEAK),
    ("deepseek", "deepseek-flash", "2026-11-23T04:00:00", FLASH_PEAK, FLASH_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-04-24T00:00:00", None, None),
    ("deepseek", "deepseek-v4-pro", "2026-04-26T12:15:00", None, PRO),
    ("deepseek", "deepseek-v4-pro", "2026-08-16T16:00:00", PRO, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-08-17T01:00:00", PRO_QUIET, PRO_PEAK),
    ("deepseek", "deepseek-v4-pro", "2026-08-22T01:00:00", PRO_QUIET, PRO_PEAK),
    ("deepseek", "deepseek-v4-pro", "2026-08-29T01:00:00", PRO_QUIET, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-10-01T01:00:00", PRO_QUIET, PRO_QUIET),
    ("deepseek", "deepseek-v4-pro", "2026-11-23T10:00:00", PRO_PEAK, PRO_QUIET),
    ("together", "deepseek-ai/DeepSeek-R1", "2025-07-18T00:00:00", None, "3.00 / - / 7.00"),
    ("together", "deepseek-ai/DeepSeek-R1", "2026-05-14T00:00:00", "3.00 / - / 7.00", None),
    ("together", "deepseek-ai/DeepSeek-R1-0528-tput", "2025-08-21T00:00:00", None, "0.55 / - / 2.19"),
    ("together", "deepseek-ai/DeepSeek-R1-0528-tput", "2026-02-03T00:00:00", "0.55 / - / 2.19", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-01-30T00:00:00", None, "8.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-03-18T00:00:00", "8.00 / - / 8.00", "3.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1", "2025-10-08T00:00:00", "3.00 / - / 8.00", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-basic", "2025-03-18T00:00:00", None, "0.55 / - / 2.19"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-basic", "2025-10-08T00:00:00", "0.55 / - / 2.19", None),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-0528", "2025-06-05T00:00:00", None, "3.00 / - / 8.00"),
    ("fireworks", f"{FIREWORKS}/deepseek-r1-0528", "2026-02-12T00:00:00", "3.00 / - / 8.00", None),
    ("openai", "o3", "2025-04-16T00:00:00", None, "10.00 / 2.50 / 40.00"),
    ("openai", "o3-2025-04-16", "2025-06-10T00:00:00", "10.00 / 2.50 / 40.00", "2.00 / 0.50 / 8.00"),
]


@cache
def real_book() -> PriceBook:
    return PriceBook(load_prices(), load_holidays())


def written(price: PriceInForce | None) -> tuple[Decimal | None, ...] | None:
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


def book(*rows: PriceRow, holidays: dict[str, frozenset[date]] | None = None) -> PriceBook:
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


def test_a_row_that_is_not_usable_is_never_used() -> None:
    assert book(row("1 / - / 2", JUNE, usable=False)).price_at("p", "m", JULY) is None


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
    clocked = book(row("1 / - / 1", JUNE, clock=(tier,)), holidays={"h": frozenset({date(2025, 6, 10)})})
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
