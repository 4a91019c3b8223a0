"""The table of intervals says what the book says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ClockTier, ContextTier, Holidays, Window
from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_intervals
from tests.prices.test_book import JUNE, YUAN, book, rates, real_book, row

START, END = datetime(2024, 12, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
SECONDS = int((END - START).total_seconds())
NAMES = sorted(real_book().names())


LENGTHS = st.sampled_from((0, 1, 199_999, 200_000, 200_001, 272_000, 272_001)) | st.integers(0, 10**7)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from((real_book(), YUAN)),
    st.sampled_from(NAMES),
    st.integers(0, SECONDS - 1),
    st.integers(0, 40 * 86_400),
    LENGTHS,
    st.data(),
)
def test_every_instant_and_length_has_the_price_of_the_book(
    prices: PriceBook, name: tuple[str, str], begin: int, length: int, tokens: int, data: st.DataObject
) -> None:
    since = START + timedelta(seconds=begin)
    until = since + timedelta(seconds=length + 1)
    table = list(price_intervals(prices, [name], since, until))
    edges = {edge for each in table for edge in (each.start, each.until - timedelta(microseconds=1)) if edge < until}
    drawn = data.draw(st.lists(st.datetimes(since.replace(tzinfo=None), until.replace(tzinfo=None)), max_size=5))
    for at in edges | {since, *(each.replace(tzinfo=UTC) for each in drawn)}:
        if at < until:
            found = [
                each.price
                for each in table
                if each.start <= at < each.until
                and each.input_above < tokens
                and (each.input_up_to is None or tokens <= each.input_up_to)
            ]
            expected = prices.price_at(*name, at, tokens)
            assert found == ([] if expected is None else [expected])


def test_neighbours_of_one_price_are_one_interval() -> None:
    since, until = datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC)
    table = list(price_intervals(real_book(), [("deepseek", "deepseek-reasoner")], since, until))
    # Night until 00:30, four days and nights, the day up to 5 September 16:00, then two flat prices.
    assert len(table) == 1 + 4 * 2 + 1 + 2
    assert [each.start for each in table[1:]] == [each.until for each in table[:-1]]


def test_each_band_of_input_lengths_has_its_own_intervals() -> None:
    tiered = book(
        row("1 / - / 1", JUNE, context_tiers=(ContextTier(above_input_tokens=200, rates=rates("2 / - / 2")),)),
    )
    table = list(price_intervals(tiered, [("p", "m")], JUNE - timedelta(days=1), JUNE + timedelta(days=1)))
    assert [(each.input_above, each.input_up_to, each.start, str(each.price.rates.output)) for each in table] == [
        (-1, 200, JUNE, "1"),
        (200, None, JUNE, "2"),
    ]


def test_a_window_over_midnight_ends_where_its_day_does() -> None:
    tier = ClockTier(
        tier="peak",
        windows_utc=(Window(start=time(12), end=time(20)),),
        weekdays="mon-fri",
        day_zone="Asia/Shanghai",
        holidays="h",
        rates=rates("9 / - / 9"),
    )
    calendar = Holidays(frozenset({date(2025, 6, 11)}), date(2025, 6, 20))
    clocked = book(row("1 / - / 1", JUNE, clock=(tier,)), holidays={"h": calendar})
    hours = [JUNE + timedelta(hours=number) for number in range(24 * 28)]
    table = list(price_intervals(clocked, [("p", "m")], JUNE, hours[-1] + timedelta(hours=1)))
    for at in hours:
        expected = clocked.price_at("p", "m", at)
        assert [each.price for each in table if each.start <= at < each.until] == [expected]


def test_an_unknown_name_has_none() -> None:
    assert list(price_intervals(real_book(), [("deepseek", "r1-tiny")], START, END)) == []
