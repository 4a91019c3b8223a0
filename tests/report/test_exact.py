"""The report's SQL bills like prices.cost_of, to the last decimal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from r1plan.report.question import SpendQuestion
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
amounts = st.none() | st.decimals(0, 100, places=15, allow_nan=False, allow_infinity=False)
FIELDS = ("input_tokens", "output_tokens", "thinking_tokens", "energy_wh")
SPLIT = (
    *("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd", "cache_saving_usd"),
    "charged_usd",
)


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
        provenance=draw(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(("reported", "estimated")))),
        cost_low_usd=draw(amounts),
        cost_high_usd=draw(amounts),
        reported_usd=draw(amounts),
    )


def report_on(rows: list[UsageEntry], by: str, prices: PriceBook, period: Period | None = None) -> SpendReport:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in rows))
        return spend_report(SpendQuestion([log], period or Period(), parse_keys(by), prices))


class Sum:
    """A sum that is not known where something is missing and all else is 0."""

    def __init__(self) -> None:
        self._known = Decimal(0)
        self._is_whole = True

    def add(self, amount: Decimal | None) -> None:
        if amount is None:
            self._is_whole = False
        else:
            self._known += amount

    @property
    def value(self) -> Decimal | None:
        return self._known if self._known or self._is_whole else None


def bounds_differ(entry: UsageEntry) -> bool:
    low, high = entry.cost_low_usd, entry.cost_high_usd
    return low is not None and (high is None or low < high)


def is_uncertain(entry: UsageEntry) -> bool:
    return entry.ended_at is None or (entry.status in ("aborted", "failed") and bounds_differ(entry))


def is_estimated(entry: UsageEntry) -> bool:
    guessed = "estimated" in (entry.provenance.get("input_tokens"), entry.provenance.get("output_tokens"))
    return not is_uncertain(entry) and (guessed or bounds_differ(entry))


def priced(entry: UsageEntry, prices: PriceBook) -> dict[str, Decimal | None]:
    """The cost of one request whose end is known, and its parts."""
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
    unknown: dict[str, Decimal | None] = dict.fromkeys(("cost_usd", *SPLIT))
    if price is not None:
        cost = cost_of(usage, price.per_token)
        split = {name: getattr(cost, name) for name in SPLIT if name != "charged_usd"}
        return {"cost_usd": cost.total_usd, **split, "charged_usd": Decimal(0)}
    if entry.reported_usd is not None:
        return {**unknown, "cost_usd": entry.reported_usd, "charged_usd": entry.reported_usd}
    return unknown if entry.input_tokens or entry.output_tokens else dict.fromkeys(unknown, Decimal(0))


def summed(rows: list[UsageEntry], prices: PriceBook) -> dict[str, Decimal | int | None]:
    """The same sums without SQL."""
    money = (
        "cost_usd",
        *SPLIT,
        *(f"{kind}_{end}_usd" for kind in ("uncertain", "estimated") for end in ("low", "high")),
    )
    sums = {name: Sum() for name in money}
    counts = dict.fromkeys(("unpriced", "uncertain", "unbounded", "estimated", "estimated_unbounded"), 0)
    for entry in rows:
        if is_uncertain(entry):
            counts["uncertain"] += 1
            counts["unbounded"] += entry.cost_high_usd is None
            sums["uncertain_low_usd"].add(entry.cost_low_usd)
            sums["uncertain_high_usd"].add(entry.cost_high_usd)
            continue
        parts = priced(entry, prices)
        for name, amount in parts.items():
            sums[name].add(amount)
        cost = parts["cost_usd"]
        counts["unpriced"] += cost is None
        if is_estimated(entry):
            counts["estimated"] += 1
            low = high = cost
            is_bill = parts["input_miss_usd"] is None
            if cost is not None and not is_bill:
                low = cost if entry.cost_low_usd is None else min(cost, entry.cost_low_usd)
                high = cost if entry.cost_high_usd is None else max(cost, entry.cost_high_usd)
                counts["estimated_unbounded"] += entry.cost_high_usd is None
            sums["estimated_low_usd"].add(low)
            sums["estimated_high_usd"].add(high)
    values: dict[str, Decimal | int | None] = {name: each.value for name, each in sums.items()}
    if not values["cost_usd"] and counts["uncertain"]:
        values["cost_usd"] = None  # only its bounds are known
    if values["cost_usd"] is None:
        values.update(dict.fromkeys(SPLIT))
    bills = [entry.reported_usd for entry in rows if entry.reported_usd is not None]
    values["reported_usd"] = sum(bills, Decimal(0)) if bills else None
    return {**values, **{f"{name}_requests": number for name, number in counts.items()}}


def part(totals: Totals, names: Mapping[str, object]) -> dict[str, Decimal | int | None]:
    return {name: getattr(totals, name) for name in names}


@settings(max_examples=40, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=25))
def test_sql_bills_as_the_pure_arithmetic_does(rows: list[UsageEntry]) -> None:
    expected = summed(rows, real_book())
    assert part(report_on(rows, "", real_book()).totals, expected) == expected


@settings(max_examples=15, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=25), st.integers(0, 2))
def test_rows_without_amounts_of_their_own_are_billed_alike_beside_others(rows: list[UsageEntry], every: int) -> None:
    """Their tokens are summed before they are multiplied."""
    plain = [
        replace(each, reported_usd=None, cost_low_usd=None, cost_high_usd=None, provenance={})
        if place % 3 >= every
        else each
        for place, each in enumerate(rows)
    ]
    expected = summed(plain, real_book())
    assert part(report_on(plain, "", real_book()).totals, expected) == expected


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
    for name in Totals.__slots__:
        known = [value for each in report.groups if (value := getattr(each.totals, name)) is not None]
        whole = getattr(report.totals, name)
        assert (sum(known) or None) == (whole or None), name
        assert whole is not None or 0 not in known or len(known) < len(report.groups), name
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
