"""Plain requests are summed before they are priced, and cost what each of them costs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ContextTier
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from tests.prices.test_book import book, rates, row
from tests.report.test_exact import part, report_on, summed

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
HOUR_US = 3_600_000_000
# The edges of a price within an hour: next to one another, between minutes, and where a quarter ends.
offsets = st.sampled_from((0, 1, 450_000_000, 450_000_001, 900_000_000, 60_000_000)) | st.integers(0, HOUR_US)
BY = "provider,model,project,day,hour-of-clock,status"


def prices(edges: list[int], rule: str) -> PriceBook:
    """A price from each of `edges`, microseconds after noon, until the next; one more for a long input."""
    starts = [NOON - timedelta(days=1), *(NOON + timedelta(microseconds=each) for each in sorted({*edges}))]
    ends = [*starts[1:], None]
    return book(
        *(
            row(
                f"{number} / 0.{number} / 3.{number}",
                start,
                until,
                tier_instant=rule,
                context_tiers=(ContextTier(above_input_tokens=200, rates=rates(f"7 / 0.{number} / 9")),),
            )
            for number, (start, until) in enumerate(zip(starts, ends, strict=True), 1)
        )
    )


@st.composite
def plain(draw: st.DrawFn) -> UsageEntry:
    ended_at = NOON + timedelta(microseconds=draw(offsets))
    tokens = st.integers(0, 3) | st.sampled_from((199, 200, 201, 999_999_999))
    provider = draw(st.sampled_from(("p", "p", "local", "q")))
    own = st.none() | st.sampled_from((Decimal("0.5"), Decimal("1e-15")))
    return UsageEntry(
        id=draw(st.uuids()).hex,
        started_at=ended_at - timedelta(microseconds=draw(offsets)),
        first_token_at=draw(st.none() | st.just(ended_at - timedelta(microseconds=1))),
        ended_at=ended_at,
        provider=provider,
        model_requested="m",
        model_served=None,
        project=draw(st.sampled_from((None, "a"))),
        status="ok",
        input_tokens=draw(tokens),
        cache_hit_tokens=draw(st.none() | tokens),
        output_tokens=draw(tokens),
        thinking_tokens=draw(st.none() | tokens),
        cost_usd=draw(own),
        energy_wh=draw(own),
    )


@settings(max_examples=7, deadline=None)
@given(
    st.lists(plain(), min_size=1, max_size=20),
    st.lists(offsets, max_size=3),
    st.sampled_from(("completion", "completion", "start", "first_token")),
)
def test_whatever_changes_within_a_quarter_of_an_hour(rows: list[UsageEntry], edges: list[int], rule: str) -> None:
    sold = [each for each in rows if each.provider != "local"]
    expected = summed(sold, prices(edges, rule))
    assert part(report_on(sold, "", prices(edges, rule)).totals, expected) == expected


@settings(max_examples=5, deadline=None)
@given(
    st.lists(plain(), min_size=1, max_size=20),
    st.lists(offsets, max_size=2),
    st.sampled_from(("UTC", "Asia/Kathmandu", "America/St_Johns")),
)
def test_alone_and_together_requests_come_to_the_same(rows: list[UsageEntry], edges: list[int], timezone: str) -> None:
    """What broke off without bounds is priced as what did not, one by one."""
    alone = [replace(each, status="aborted") for each in rows]
    first, second = (
        report_on(each, BY, prices(edges, "completion"), Period(timezone=timezone)) for each in (rows, alone)
    )
    assert first.totals == second.totals
    assert [each.totals for each in first.groups] == [each.totals for each in second.groups]
    assert [{**each.keys, "status": "aborted"} for each in first.groups] == [each.keys for each in second.groups]
    assert (first.unpriced, first.first_at, first.last_at, first.warnings) == (
        *(second.unpriced, second.first_at, second.last_at),
        second.warnings,
    )


@pytest.mark.parametrize("edge_us", [1, 60_000_000, 450_000_001, 899_999_999, 900_000_000])
def test_a_price_begins_at_its_microsecond_among_many(edge_us: int) -> None:
    def entry(number: int, at_us: int) -> UsageEntry:
        at = NOON + timedelta(microseconds=at_us)
        return UsageEntry(
            id=str(number), started_at=at, first_token_at=None, ended_at=at, provider="p", model_requested="m",
            model_served=None, status="ok", input_tokens=1, output_tokens=0,
        )  # fmt: skip

    rows = [entry(number, edge_us - 1 + number % 2) for number in range(10)]
    assert report_on(rows, "", prices([edge_us], "completion")).totals.cost_usd == Decimal("0.000015")
