"""The table of intervals says what the book says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.prices.intervals import price_intervals
from r1plan.prices.row import ContextTier
from tests.prices.test_book import JUNE, book, rates, real_book, row

START, END = datetime(2024, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
SECONDS = int((END - START).total_seconds())
NAMES = sorted(real_book().names())


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.integers(0, SECONDS - 1), st.integers(0, 40 * 86_400), st.data())
def test_every_instant_has_the_price_of_the_book(
    name: tuple[str, str], begin: int, length: int, data: st.DataObject
) -> None:
    since = START + timedelta(seconds=begin)
    until = since + timedelta(seconds=length + 1)
    table = list(price_intervals(real_book(), [name], since, until))
    edges = {edge for each in table for edge in (each.start, each.until - timedelta(microseconds=1)) if edge < until}
    drawn = data.draw(st.lists(st.datetimes(since.replace(tzinfo=None), until.replace(tzinfo=None)), max_size=5))
    for at in edges | {since, *(each.replace(tzinfo=UTC) for each in drawn)}:
        if at < until:
            found = [each.price for each in table if each.start <= at < each.until]
            expected = real_book().price_at(*name, at)
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


def test_an_unknown_name_has_none() -> None:
    assert list(price_intervals(real_book(), [("deepseek", "r1-tiny")], START, END)) == []
