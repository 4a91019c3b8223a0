"""DeepSeek's export line by line: tokens of each kind at each price, and the money that was taken from each wallet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from duckdb import DuckDBPyConnection

from r1plan.report.database import rows
from r1plan.report.importers.deepseek import BILL_LINES, COST_LINES
from r1plan.report.reconcile.sides import Bill, BillLine, Item
from r1plan.report.sources.plain import ToolFile
from r1plan.report.sources.relation import raw_of_csv

_ZERO = Decimal(0)
_ITEMS: dict[str, Item] = {"miss": "input_miss", "hit": "cache_hit", "output": "output", "requests": "requests"}


class _Day(NamedTuple):
    """A model's day of an account; of amounts also of a key."""

    account: str
    day_us: int
    long_us: int
    model: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Amount:
    kind: str
    number: int
    price: Decimal | None
    usd: Decimal | None


def deepseek_bills(database: DuckDBPyConnection, files: Sequence[ToolFile]) -> Iterator[Bill]:
    """The bills of DeepSeek's CSV `files`, one of each currency; a day that several files tell counts once.

    The macros of sql/import.sql must be there.
    """
    amounts: dict[_Day, list[_Amount]] = {}
    costs: dict[_Day, list[tuple[str, str | None, Decimal]]] = {}
    for file in files:
        if file.header is None:
            continue
        raw = raw_of_csv(file.kind.shape, [file.source.file], file.header)
        database.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {raw}")
        is_amounts = "amount" in file.kind.shape.reads
        found: dict[_Day, list[Any]] = defaultdict(list)
        for row in rows(database, BILL_LINES if is_amounts else COST_LINES):
            day = _Day(row["account"], row["day_us"], row["day_long_us"], row["model"], row.get("key"))
            if is_amounts:
                found[day].append(_Amount(row["kind"], row["tokens"], row["usd_per_token"], row["usd"]))
            else:
                found[day].append((row["wallet"], row["currency"], row["money"]))
        # A day that was still running when it was exported has grown in the next export.
        for day, some in found.items():
            if is_amounts and sum(each.number for each in some) >= sum(each.number for each in amounts.get(day, ())):
                amounts[day] = some
            if not is_amounts and sum(each[2] for each in some) >= sum(each[2] for each in costs.get(day, ())):
                costs[day] = some
    currencies = _currencies(costs)
    for currency in dict.fromkeys(currencies.get(day.account) for day in (*amounts, *costs)):
        yield _bill(
            {day: some for day, some in amounts.items() if currencies.get(day.account) == currency},
            {day: some for day, some in costs.items() if currencies.get(day.account) == currency},
            currency,
        )


def _currencies(costs: dict[_Day, list[tuple[str, str | None, Decimal]]]) -> dict[str, str | None]:
    """The currency of each account: the one in which most of its days were billed."""
    days: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for day, some in costs.items():
        days[day.account].update(currency for _, currency, _ in some if currency is not None)
    return {account: max(found, key=lambda each: (found[each], each)) for account, found in days.items() if found}


def _bill(
    amounts: dict[_Day, list[_Amount]], costs: dict[_Day, list[tuple[str, str | None, Decimal]]], currency: str | None
) -> Bill:
    lines = [line for day, some in amounts.items() for line in _amount_lines(day, some)]
    granted = _ZERO
    others: defaultdict[str, Decimal] = defaultdict(Decimal)
    for day, parts in costs.items():
        for wallet, billed_in, money in parts:
            if billed_in not in (None, currency):
                others[str(billed_in)] += money
                continue
            granted += money if wallet.startswith("grant") else _ZERO
            until_us = day.day_us + day.long_us
            lines.append(BillLine(start_us=day.day_us, until_us=until_us, model=day.model, item="money", usd=money))
    return Bill(
        source="deepseek",
        provider="deepseek",
        currency=currency,
        lines=tuple(lines),
        start_us=min((line.start_us for line in lines), default=None),
        until_us=max((line.until_us for line in lines), default=None),
        granted_usd=granted or None,
        other_usd=dict(others),
    )


def _amount_lines(day: _Day, amounts: Iterable[_Amount]) -> Iterator[BillLine]:
    """The figures of a day; of older exports, which have sums beside or in place of the parts, each token once."""
    by_kind: defaultdict[str, list[_Amount]] = defaultdict(list)
    for each in amounts:
        by_kind[each.kind].append(each)

    def line(item: Item, number: int, price: Decimal | None, usd: Decimal | None) -> BillLine:
        until_us = day.day_us + day.long_us
        return BillLine(
            start_us=day.day_us,
            until_us=until_us,
            model=day.model,
            item=item,
            amount=number,
            price=price if item != "requests" else None,
            usd=usd if item != "requests" else None,
            key=day.key,
        )

    for kind, item in _ITEMS.items():
        yield from (line(item, each.number, each.price, each.usd) for each in by_kind[kind])
    inputs = sum(each.number for each in by_kind["input"])
    hits = sum(each.number for each in by_kind["hit"])
    if by_kind["input"] and not by_kind["miss"]:
        price = by_kind["input"][0].price if len({each.price for each in by_kind["input"]}) == 1 else None
        fresh = inputs - hits
        if by_kind["hit"] and fresh >= 0:
            yield line("input_miss", fresh, price, None if price is None else fresh * price)
        elif not by_kind["hit"]:
            yield from (line("input", each.number, each.price, each.usd) for each in by_kind["input"])
    if by_kind["total"] and not by_kind["output"]:
        entire = inputs or hits + sum(each.number for each in by_kind["miss"])
        written = sum(each.number for each in by_kind["total"]) - entire
        if entire and written >= 0:
            yield line("output", written, None, None)
