"""A true bill of requests, made by a slow loop over the price book, and what can go wrong with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from random import Random

from r1plan.ledger.entry import UsageEntry
from r1plan.prices.intervals import price_intervals
from r1plan.report.reconcile.compare import TOLERANCE_USD, compare
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.reconcile.sides import (
    DAY_US,
    Bill,
    BillLine,
    EdgeRequest,
    Kind,
    Log,
    LoggedRequests,
    LoggedTokens,
    PriceSpan,
    TokenPrices,
)
from tests.prices.test_book import real_book

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS: tuple[Kind, ...] = ("input_miss", "cache_hit", "output")
BOOK = real_book()
QUARTER_US = 900_000_000
# Of each clock that DeepSeek had a week: nights at half the price, two peaks on working days, none.
MONTHS = {
    "nights": (datetime(2025, 6, 2, tzinfo=UTC), ("deepseek-chat", "deepseek-reasoner")),
    "peaks": (datetime(2026, 9, 14, tzinfo=UTC), ("deepseek-flash", "deepseek-v4-pro")),
    "one price": (datetime(2025, 11, 3, tzinfo=UTC), ("deepseek-chat", "deepseek-reasoner")),
}
DAYS = 7


def us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Billed:
    """A request as a provider bills it."""

    id: str
    at_us: int
    model: str
    rates: TokenPrices | None
    miss: int
    hit: int
    output: int
    key: str | None = None

    def tokens(self, kind: Kind) -> int:
        return {"input_miss": self.miss, "cache_hit": self.hit, "output": self.output}[kind]

    def usd(self) -> Decimal:
        assert self.rates is not None
        return sum((self.tokens(kind) * self.rates.of(kind) for kind in KINDS), Decimal(0))


def requests(seed: int, month: str = "nights", number: int = 120) -> list[UsageEntry]:
    """Some, many of them near an edge of the clock or the day; no two have the same counts."""
    start, models = MONTHS[month]
    random = Random(seed)
    edges = [us(start) + day * DAY_US for day in range(1, DAYS)]
    edges += [edge for model in models for edge in _edges(model, month)]
    made = []
    for place in range(number):
        at_us = us(start) + random.randrange(DAYS * DAY_US)
        if place % 3 == 0:
            at_us = random.choice(edges) + random.choice((-1, 1)) * random.randrange(1, 1_200_000_000)
        ended_at = EPOCH + timedelta(microseconds=at_us)
        entire = random.randrange(1, 60_000)
        made.append(
            UsageEntry(
                id=f"r{place:03}",
                started_at=ended_at - timedelta(seconds=random.randrange(1, 600)),
                first_token_at=None,
                ended_at=ended_at,
                provider="deepseek",
                model_requested=random.choice(models),
                model_served=None,
                status="ok",
                input_tokens=entire,
                cache_hit_tokens=random.choice((0, entire // 2, random.randrange(entire))),
                output_tokens=random.randrange(1, 9_000),
                thinking_tokens=None,
            )
        )
    return sorted(made, key=lambda each: (each.ended_at or EPOCH, each.id))


@cache
def _spans(month: str) -> tuple[PriceSpan, ...]:
    start, models = MONTHS[month]
    return spans(models, start, start + timedelta(days=DAYS))


def spans(models: Iterable[str], since: datetime, until: datetime) -> tuple[PriceSpan, ...]:
    """What the book says of some models."""
    found = price_intervals(
        BOOK, [("deepseek", model) for model in models], since - timedelta(days=1), until + timedelta(days=1)
    )
    return tuple(
        PriceSpan(
            model=each.name,
            start_us=us(each.start),
            until_us=us(each.until),
            rates=TokenPrices(each.price.per_token.miss, each.price.per_token.hit, each.price.per_token.output),
            price_id=each.price.id,
            served=each.price.served_model,
        )
        for each in found
    )


def _edges(model: str, month: str) -> list[int]:
    start, _ = MONTHS[month]
    until_us = us(start) + DAYS * DAY_US
    return [each.start_us for each in _spans(month) if each.model == model and us(start) < each.start_us < until_us]


def rates_at(model: str, at_us: int) -> TokenPrices:
    price = BOOK.price_at("deepseek", model, EPOCH + timedelta(microseconds=at_us))
    assert price is not None
    return TokenPrices(price.per_token.miss, price.per_token.hit, price.per_token.output)


def billed(some: Iterable[UsageEntry]) -> list[Billed]:
    """Each as it ought to be billed."""
    return [
        Billed(
            id=each.id,
            at_us=us(each.ended_at or each.started_at),
            model=each.model_requested,
            rates=rates_at(each.model_requested, us(each.ended_at or each.started_at)),
            miss=(each.input_tokens or 0) - (each.cache_hit_tokens or 0),
            hit=each.cache_hit_tokens or 0,
            output=each.output_tokens or 0,
            key=each.project,
        )
        for each in some
    ]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How an export tells what was billed."""

    with_money: bool = True
    with_prices: bool = True
    with_requests: bool = True
    with_keys: bool = False
    decimals: int | None = None
    rounding: str = ROUND_HALF_UP
    offset_minutes: int = 0
    told_minutes: int = 0
    currency: str = "USD"


def bill_of(some: Sequence[Billed], shape: Shape = Shape()) -> Bill:
    """An export of what was billed."""
    shift_us, told_us = shape.offset_minutes * 60_000_000, shape.told_minutes * 60_000_000
    lines: list[BillLine] = []
    amounts: dict[tuple[int, str, str | None, Kind, Decimal | None], int] = defaultdict(int)
    counts: dict[tuple[int, str, str | None], int] = defaultdict(int)
    money: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for each in some:
        start_us = (each.at_us + shift_us) // DAY_US * DAY_US - told_us
        key = each.key if shape.with_keys else None
        counts[start_us, each.model, key] += 1
        for kind in KINDS:
            price = each.rates.of(kind) if each.rates and shape.with_prices else None
            amounts[start_us, each.model, key, kind, price] += each.tokens(kind)
        money[start_us, each.model] += each.usd()
    for (start_us, model, key, kind, price), amount in amounts.items():
        usd = None if price is None else amount * price
        lines.append(
            BillLine(
                start_us=start_us,
                until_us=start_us + DAY_US,
                model=model,
                item=kind,
                amount=amount,
                price=price,
                usd=usd,
                key=key,
            )
        )
    for (start_us, model, key), amount in counts.items() if shape.with_requests else ():
        lines.append(
            BillLine(
                start_us=start_us, until_us=start_us + DAY_US, model=model, item="requests", amount=amount, key=key
            )
        )
    for (start_us, model), usd in money.items() if shape.with_money else ():
        if shape.decimals is not None:
            usd = usd.quantize(Decimal(1).scaleb(-shape.decimals), rounding=shape.rounding)
        lines.append(BillLine(start_us=start_us, until_us=start_us + DAY_US, model=model, item="money", usd=usd))
    return Bill(
        source="deepseek",
        provider="deepseek",
        lines=tuple(lines),
        currency=shape.currency,
        start_us=min((line.start_us for line in lines), default=None),
        until_us=max((line.until_us for line in lines), default=None),
    )


def log_of(some: Sequence[UsageEntry], month: str) -> Log:
    """What the log holds, by a slow loop."""
    tokens: dict[tuple[int, str, Kind, Decimal | None], int] = defaultdict(int)
    counts: dict[tuple[int, str], list[Billed]] = defaultdict(list)
    for each in billed(some):
        slot_us = each.at_us // QUARTER_US * QUARTER_US
        counts[slot_us, each.model].append(each)
        for kind in KINDS:
            assert each.rates is not None
            if each.tokens(kind):
                tokens[slot_us, each.model, kind, each.rates.of(kind)] += each.tokens(kind)
    return Log(
        tokens=tuple(
            LoggedTokens(slot_us=slot_us, model=model, kind=kind, price=price, tokens=number)
            for (slot_us, model, kind, price), number in tokens.items()
        ),
        requests=tuple(
            LoggedRequests(
                slot_us=slot_us, model=model, requests=len(its), usd=sum((each.usd() for each in its), Decimal(0))
            )
            for (slot_us, model), its in counts.items()
        ),
        prices=_spans(month),
        keys=frozenset(each.project for each in some if each.project),
    )


def reconciled(
    bill: Bill, some: Sequence[UsageEntry], month: str, tolerance_usd: Decimal = TOLERANCE_USD, **changes: object
) -> Reconciliation:
    """The comparison of a bill with a log of `some`, of which `changes` are changed."""
    by_id = {each.id: each for each in billed(some)}

    def near(edges: Collection[int]) -> Mapping[int, Sequence[EdgeRequest]]:
        return {
            edge: [
                EdgeRequest(
                    id=each.id,
                    edge_us=edge,
                    model=each.model_requested,
                    started_us=us(each.started_at),
                    placed_us=by_id[each.id].at_us,
                    decided_us=by_id[each.id].at_us,
                    input_tokens=each.input_tokens or 0,
                    cache_hit_tokens=each.cache_hit_tokens or 0,
                    output_tokens=each.output_tokens or 0,
                    usd=by_id[each.id].usd(),
                )
                for each in some
                if abs(by_id[each.id].at_us - edge) <= 7_200_000_000
            ]
            for edge in edges
        }

    log = replace(log_of(some, month), **changes)  # type: ignore[arg-type]
    return compare(bill, log, near, tolerance_usd)


def other_side(each: Billed, month: str) -> Billed | None:
    """The request billed at the price of the other side of the nearest edge; None where none is within 20 minutes."""
    edges = [edge for edge in _edges(each.model, month) if abs(edge - each.at_us) <= 1_200_000_000]
    if not edges:
        return None
    edge = min(edges, key=lambda edge: abs(edge - each.at_us))
    return replace(each, rates=rates_at(each.model, edge if each.at_us < edge else edge - 1))


def other_day(each: Billed) -> Billed | None:
    """The request billed on the other side of the nearest midnight; None where none is within 20 minutes."""
    edge = (each.at_us + DAY_US // 2) // DAY_US * DAY_US
    if abs(edge - each.at_us) > 1_200_000_000:
        return None
    return replace(each, at_us=edge if each.at_us < edge else edge - 1)
