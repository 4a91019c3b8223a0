"""The report's SQL bills like prices.cost_of, to the last decimal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.price import ContextTier
from r1plan.errors import CatalogError
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.spend import SpendReport, Totals
from tests.prices.test_book import JUNE, YUAN, book, rates, real_book, row

START = datetime(2024, 12, 1, tzinfo=UTC)
SECONDS = int((datetime(2027, 3, 1, tzinfo=UTC) - START).total_seconds())
NAMES = [*sorted(real_book().names()), ("deepseek", "r1-tiny")]
# The edges of prices and windows are few among so many seconds; half of the instants are drawn next to one.
EDGES = [
    int((datetime.fromisoformat(f"{text}+00:00") - START).total_seconds())
    for text in (
        "2025-02-26T16:30", "2025-07-02T00:30", "2025-07-02T16:30", "2025-09-05T16:00", "2025-09-29T00:00",
        "2026-04-26T12:15", "2026-07-24T15:59", "2026-08-16T16:00", "2026-08-22T16:00", "2026-09-10T04:00",
        "2026-09-10T06:00", "2026-09-25T01:00", "2026-10-08T01:00", "2027-01-01T01:00",
    )
]  # fmt: skip

tokens = st.integers(0, 3000) | st.integers(0, 10**12)
seconds = st.integers(0, SECONDS) | st.builds(lambda edge, off: edge + off, st.sampled_from(EDGES), st.integers(-1, 1))


@st.composite
def entries(draw: st.DrawFn) -> UsageEntry:
    ended_at = START + timedelta(seconds=draw(seconds), microseconds=draw(st.sampled_from((0, 1, 999_999))))
    provider, model = draw(st.sampled_from(NAMES))
    return UsageEntry(
        id=draw(st.uuids()).hex,
        started_at=ended_at - timedelta(seconds=draw(st.integers(0, 4000))),
        first_token_at=None,
        ended_at=ended_at,
        provider=provider,
        model_requested=model,
        model_served=None,
        project=draw(st.sampled_from((None, "a", "b"))),
        tags=draw(st.sampled_from(({}, {"team": "x"}, {"team": "y", "a/b~c": "z"}))),
        status=draw(st.sampled_from(("ok", "length", "aborted"))),
        input_tokens=draw(tokens),
        cache_hit_tokens=draw(st.none() | tokens),
        output_tokens=draw(tokens),
        thinking_tokens=draw(st.none() | tokens),
    )


def report_on(rows: list[UsageEntry], by: str, prices: PriceBook, period: Period | None = None) -> SpendReport:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in rows))
        return spend_report([log], period or Period(), parse_keys(by), prices)


def summed(rows: list[UsageEntry], prices: PriceBook) -> dict[str, Decimal | int]:
    """The same sums without SQL."""
    sums: dict[str, Decimal | int] = dict.fromkeys(
        (
            "cost_usd", "input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd",
            "cache_saving_usd", "unpriced_requests",
        ),
        0,
    )  # fmt: skip
    for entry in rows:
        assert entry.input_tokens is not None
        assert entry.output_tokens is not None
        usage = Usage(
            input_tokens=entry.input_tokens,
            output_tokens=entry.output_tokens,
            cache_hit_tokens=entry.cache_hit_tokens,
            thinking_tokens=entry.thinking_tokens,
        )
        price = prices.price_for(
            entry.provider,
            entry.model_requested,
            started_at=entry.started_at,
            first_token_at=entry.first_token_at,
            ended_at=entry.placed_at,
            input_tokens=entry.input_tokens,
        )
        if price is None:
            sums["unpriced_requests"] += bool(entry.input_tokens or entry.output_tokens)
            continue
        cost = cost_of(usage, price.per_token)
        sums["cost_usd"] += cost.total_usd
        for name in ("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd"):
            sums[name] += getattr(cost, name) or 0
        sums["cache_saving_usd"] += cost.cache_saving_usd
    return sums


def part(totals: Totals, names: dict[str, Decimal | int]) -> dict[str, Decimal | int]:
    return {name: getattr(totals, name) for name in names}


@settings(max_examples=40, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=25))
def test_sql_bills_as_the_pure_arithmetic_does(rows: list[UsageEntry]) -> None:
    expected = summed(rows, real_book())
    assert part(report_on(rows, "", real_book()).totals, expected) == expected


@settings(max_examples=15, deadline=None)
@given(
    st.lists(entries(), min_size=1, max_size=20),
    st.lists(
        st.sampled_from(("provider", "model", "project", "day", "status", "tag:team", "tag:a/b~c")),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(("UTC", "Asia/Shanghai", "America/St_Johns")),
)
def test_the_groups_add_up_to_the_totals(rows: list[UsageEntry], by: list[str], timezone: str) -> None:
    report = report_on(rows, ",".join(by), real_book(), Period(timezone=timezone))
    names = list(Totals.__slots__)
    assert {name: sum(getattr(each.totals, name) for each in report.groups) for name in names} == {
        name: getattr(report.totals, name) for name in names
    }
    assert len({tuple(each.keys.values()) for each in report.groups}) == len(report.groups)


@pytest.mark.parametrize("rule", ["start", "first_token", "completion"])
def test_sql_asks_the_row_which_instant_decides(rule: str) -> None:
    minute = timedelta(minutes=1)
    rows = [
        row(f"{number} / - / {number}", JUNE + number * minute, JUNE + (number + 1) * minute, tier_instant=rule)
        for number in (1, 2, 3)
    ]
    entry = UsageEntry(
        id="a",
        started_at=JUNE + minute,
        first_token_at=JUNE + 2 * minute,
        ended_at=JUNE + 3 * minute,
        provider="p",
        model_requested="m",
        model_served=None,
        status="ok",
        input_tokens=1_000_000,
        output_tokens=0,
    )
    expected = {"start": 1, "first_token": 2, "completion": 3}[rule]
    assert report_on([entry], "", book(*rows)).totals.cost_usd == expected


@pytest.mark.parametrize(("input_tokens", "dollars_a_million"), [(0, 1), (200, 1), (201, 2), (10**6, 2)])
def test_sql_bills_a_long_input_at_its_own_price(input_tokens: int, dollars_a_million: int) -> None:
    tier = ContextTier(above_input_tokens=200, rates=rates("2 / - / 2"))
    tiered = book(row("1 / - / 1", JUNE, context_tiers=(tier,)))
    entry = UsageEntry(
        id="a", started_at=JUNE, first_token_at=None, ended_at=JUNE, provider="p", model_requested="m",
        model_served=None, status="ok", input_tokens=input_tokens, output_tokens=0,
    )  # fmt: skip
    cost = report_on([entry], "", tiered).totals.cost_usd
    assert cost == Decimal(input_tokens * dollars_a_million).scaleb(-6)


def test_yuan_are_never_added_to_dollars() -> None:
    def entry(id_: str, provider: str, model: str) -> UsageEntry:
        return UsageEntry(
            id=id_, started_at=at, first_token_at=None, ended_at=at, provider=provider, model_requested=model,
            model_served=None, status="ok", input_tokens=1_000_000, output_tokens=0,
        )  # fmt: skip

    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    rows = [entry("a", "deepseek", "deepseek-flash"), entry("b", "together", "deepseek-ai/DeepSeek-V4.1-Flash")]
    dollars, mixed = (report_on(rows, "", prices).totals for prices in (real_book(), YUAN))
    assert (dollars.cost_usd, dollars.unpriced_requests) == (Decimal("0.45"), 0)
    assert (mixed.cost_usd, mixed.unpriced_requests) == (Decimal("0.30"), 1)


def test_a_price_finer_than_sql_can_add_is_refused() -> None:
    fine = book(row("0.0000000001 / - / 1", JUNE))
    entry = UsageEntry(
        id="a", started_at=JUNE, first_token_at=None, ended_at=JUNE, provider="p", model_requested="m",
        model_served=None, status="ok", input_tokens=1, output_tokens=0,
    )  # fmt: skip
    with pytest.raises(CatalogError, match=r"p/m@2025-06-01T00:00:00Z: the price 1E-16 USD a token has more digits"):
        report_on([entry], "", fine)
