"""The report over usage logs: DuckDB reads, prices and sums."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.prices.book import TIER_INSTANT_NOT_VERIFIED, PriceBook
from r1plan.prices.intervals import price_intervals
from r1plan.report.database import bound_memory, open_database, rows, sql
from r1plan.report.entries import RowLoader, load_entries
from r1plan.report.inquiry import beside_sums, future_warning
from r1plan.report.keys import IN_TIME, GroupKey
from r1plan.report.options import SpendInquiry
from r1plan.report.period import Period, day_starts
from r1plan.report.sources.given import Given
from r1plan.report.sources.opening import open_sources
from r1plan.report.sources.plain import ToolFile
from r1plan.report.spend import Coverage, Detail, Group, ImportedFiles, ReportWarning, SpendReport, Totals, Unpriced
from r1plan.report.storable import storable_rate
from r1plan.report.store.cube import make_cube, make_priced, sums_statement

if TYPE_CHECKING:
    from r1plan.report.reconcile.against import ReconcileQuestion
    from r1plan.report.reconcile.result import Reconciliation
    from r1plan.report.whatif.target import WhatIfQuestion
    from r1plan.report.whatif.values import WhatIf

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Wider than the instants that a log row can hold.
_OPEN_START, _OPEN_UNTIL = datetime(1999, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_ANY_LENGTH = 10**18
_SPLIT = (
    *("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd", "cache_saving_usd"),
    "charged_usd",
)


def spend_report(
    logs: Sequence[Given],
    period: Period,
    by: Sequence[GroupKey],
    book: PriceBook,
    *,
    currency: Currency = "USD",
    accounts: Mapping[str, Currency] = MappingProxyType({}),
    found: Collection[Given] = (),
    importer: str | None = None,
    sellers: Callable[[], Mapping[str, str]] = dict,
    detail: Detail | None = None,
    what_if: WhatIfQuestion | None = None,
    imported: RowLoader | None = None,
    inquiry: SpendInquiry | None = None,
    reconcile: ReconcileQuestion | None = None,
) -> SpendReport:
    """What the requests of `period` in `logs` cost at the prices of `book`, in groups of `by`.

    Only requests at accounts that are billed in `currency` are in it; `accounts` says which are not billed in USD, as
    `book` was told. A line that cannot be used is left out and named in the warnings. Nothing but `logs` is read, and
    no pipe among `found`, which a folder had. `importer` is the tool that wrote all of `logs`; None: each says it.
    `sellers` gives the providers by what other tools call them (`OurNames`). `detail` is what the report holds beside
    its sums, and `inquiry` what a reader wants to be told of them. `imported` adds more rows.
    """
    names = tuple(key.name for key in by)
    with open_database() as database, ExitStack() as copies:
        opened = open_sources(logs, database, copies, forced_to=importer, found=found)
        warnings = opened.warnings
        if not opened.own and not opened.foreign and not imported and warnings:
            return SpendReport(period=period, by=names, totals=Totals(), currency=currency, warnings=tuple(warnings))
        own = [each.file for each in opened.own]
        read: list[ImportedFiles] = []
        # A document is one value, and has to fit as a whole, and so has a line.
        sources = (*opened.own, *(each.source for each in opened.foreign))
        if all(each.layout in ("lines", "csv", "parquet") for each in opened.foreign) and not any(
            each.has_wide_lines for each in sources
        ):
            bound_memory(database)

        def add(database: DuckDBPyConnection) -> Iterator[ReportWarning]:
            if imported is not None:
                yield from imported(database)
            if opened.foreign:
                yield from _load_imported(database, opened.foreign, sellers(), book, read)

        warnings += load_entries(database, opened.own, imported=add if imported or opened.foreign else None)
        within = {
            "start_us": _microseconds(period.start or _OPEN_START),
            "until_us": _microseconds(period.until or _OPEN_UNTIL),
        }
        prices = _load_prices(database, _own_currencies(database, book, currency, accounts), within, currency)
        database.execute(sql("spanned"), within)
        yuan = [provider for provider, billed in accounts.items() if billed == "CNY"]
        here = {**within, "yuan": yuan, "in_yuan": currency == "CNY"}
        make_priced(database, here)
        database.execute(sql("known_sum"))
        warnings += _other_currency(database, here)
        ahead = future_warning(database, inquiry) if inquiry else ()
        if any(key.needs_days for key in by):
            _load_days(database, period.timezone, within)
        make_cube(database, by)
        (doubts,) = rows(database, sql("doubts"))
        first_at, last_at = (None if at is None else _instant(at) for at in (doubts["first_us"], doubts["last_us"]))
        groups = by if first_at else ()
        ((_, totals),) = _sums(database, ())
        ((usable_rows,),) = database.execute("SELECT count(*) FROM entry WHERE usable").fetchall()
        return SpendReport(
            period=period,
            by=names,
            totals=totals,
            currency=currency,
            groups=tuple(Group(keys, each) for keys, each in _sorted(_sums(database, groups))) if groups else (),
            unpriced=tuple(Unpriced(**row) for row in rows(database, sql("unpriced"))),
            warnings=(*warnings, *ahead, *_doubts(doubts), *_bills(database), *_caveats(database, prices)),
            first_at=first_at,
            last_at=last_at,
            forecast=_coverage(database) if currency == "USD" else None,  # a row's own forecast is dollars
            usable_rows=usable_rows,
            **(_detail(database, book, period, first_at, last_at, detail) if first_at and last_at else {}),
            what_if=_what_if(database, what_if, book, currency) if what_if else (),
            imported=tuple(read),
            **(beside_sums(database, book, own, inquiry, period, totals, len(logs)) if inquiry else {}),
            reconcile=_reconciliations(database, reconcile, period, book, currency) if reconcile else (),
        )


def _load_imported(
    database: DuckDBPyConnection,
    files: Sequence[ToolFile],
    sellers: Mapping[str, str],
    book: PriceBook,
    read: list[ImportedFiles],
) -> Iterator[ReportWarning]:
    """Add the rows of `files`; what was read of them goes into `read`."""
    from r1plan.report.importers.load import load_imported
    from r1plan.report.importers.names import OurNames

    imported, warnings = load_imported(database, files, OurNames(sellers, book))
    read += imported
    yield from warnings


def _detail(
    database: DuckDBPyConnection,
    book: PriceBook,
    period: Period,
    first: datetime,
    last: datetime,
    detail: Detail | None,
) -> dict[str, Any]:
    """The field of a report that is asked for."""
    from r1plan.report.series.read import read_charges, read_series

    match detail:
        case "series":
            return {"series": read_series(database, book, period.timezone, first, last)}
        case "charges":
            return {"charges": read_charges(database, period.timezone, first, last)}
        case None:
            return {}


def _what_if(
    database: DuckDBPyConnection, question: WhatIfQuestion, book: PriceBook, currency: Currency
) -> tuple[WhatIf, ...]:
    from r1plan.report.whatif.replay import replayed

    return replayed(database, question, book, currency)


def _reconciliations(
    database: DuckDBPyConnection, question: ReconcileQuestion, period: Period, book: PriceBook, currency: Currency
) -> tuple[Reconciliation, ...]:
    from r1plan.report.reconcile.against import reconciliations

    return reconciliations(database, question, period, book, currency)


def _coverage(database: DuckDBPyConnection) -> Coverage | None:
    (found,) = rows(database, sql("coverage"))
    return Coverage(**found) if found["requests"] else None


def _other_currency(database: DuckDBPyConnection, here: Mapping[str, object]) -> Iterator[ReportWarning]:
    """A warning for each other currency than `currency` in which requests of the period are billed."""
    for billed_in, count in database.execute(sql("other_currency"), here).fetchall():
        known = billed_in in get_args(Currency)
        yield ReportWarning(kind="other_currency" if known else "unknown_currency", count=count, currency=billed_in)


def _own_currencies(
    database: DuckDBPyConnection, book: PriceBook, currency: Currency, accounts: Mapping[str, Currency]
) -> PriceBook:
    """`book` with the prices in `currency` of those providers, too, whose rows say that they bill in it."""
    stated = "SELECT DISTINCT provider FROM entry WHERE usable AND currency = $currency"
    others = [name for (name,) in database.execute(stated, {"currency": currency}).fetchall()]
    differing: dict[str, Currency] = {name: currency for name in others if accounts.get(name, "USD") != currency}
    return book.billed_in({**accounts, **differing}) if differing else book


def _load_prices(
    database: DuckDBPyConnection, book: PriceBook, within: Mapping[str, int], currency: Currency
) -> Mapping[str, tuple[str, ...]]:
    """Fill `band` and `price` for the names and the time that the entries need; the caveats of each price's id."""
    names = rows(database, sql("names"), within)
    since = _instant(min((row["first_us"] for row in names), default=0))
    until = _instant(max((row["last_us"] for row in names), default=0)) + _MICROSECOND
    asked = price_intervals(book, [(row["provider"], row["model"]) for row in names], since, until)
    found = [each for each in asked if each.price.currency == currency]
    bands = {(each.provider, each.name, each.input_above, each.input_up_to): None for each in found}
    numbers = {band: number for number, band in enumerate(bands)}
    database.execute(
        sql("band"),
        {
            "band": list(numbers.values()),
            "provider": [provider for provider, _, _, _ in bands],
            "model": [name for _, name, _, _ in bands],
            "input_above": [above for _, _, above, _ in bands],
            "input_up_to": [_ANY_LENGTH if up_to is None else up_to for _, _, _, up_to in bands],
        },
    )
    database.execute(
        sql("price"),
        {
            "band": [numbers[each.provider, each.name, each.input_above, each.input_up_to] for each in found],
            "start_us": [_microseconds(each.start) for each in found],
            "until_us": [_microseconds(each.until) for each in found],
            "price_id": [each.price.id for each in found],
            "tier": [each.price.tier for each in found],
            "decides": [each.price.tier_instant for each in found],
            "miss": [storable_rate(each.price.per_token.miss, each.price) for each in found],
            "hit": [storable_rate(each.price.per_token.hit, each.price) for each in found],
            "output": [storable_rate(each.price.per_token.output, each.price) for each in found],
        },
    )
    database.execute(sql("price_day"))
    return {each.price.id: each.price.caveats for each in found}


def _load_days(database: DuckDBPyConnection, timezone: str, within: Mapping[str, int]) -> None:
    """Fill the table `day` with the days of `timezone` that requests of the period are in."""
    span = "SELECT min(COALESCE(ended_us, started_us)), max(COALESCE(ended_us, started_us)) FROM entry WHERE usable"
    placed = "COALESCE(ended_us, started_us)"
    ((first_us, last_us),) = database.execute(
        f"{span} AND {placed} >= $start_us AND {placed} < $until_us", dict(within)
    ).fetchall()
    starts = [] if first_us is None else list(day_starts(_instant(first_us), _instant(last_us), timezone))
    values = {"start_us": [_microseconds(at) for at, _ in starts], "day": [day for _, day in starts]}
    database.execute(sql("day"), values)


def _sums(database: DuckDBPyConnection, by: Sequence[GroupKey]) -> list[tuple[dict[str, str | None], Totals]]:
    """The totals of each group of `by`, the keys of the table `cube`; of all requests, even none, when it is empty."""
    sums = []
    for row in rows(database, sums_statement(len(by))):
        keys = {key.name: row.pop(f"key_{number}") for number, key in enumerate(by)}
        if row["cost_usd"] is None:
            row.update(dict.fromkeys(_SPLIT))
        sums.append((keys, Totals(**row) if row.pop("row_count") else Totals()))
    return sums


def _sorted(sums: list[tuple[dict[str, str | None], Totals]]) -> list[tuple[dict[str, str | None], Totals]]:
    """Months, days and hours in order; otherwise the dearest first."""

    def place(each: tuple[dict[str, str | None], Totals]) -> tuple[tuple[str, ...], Decimal, int, tuple[str, ...]]:
        keys, totals = each
        cost_usd = totals.cost_usd or Decimal(0)
        in_time = tuple(value or "" for name, value in keys.items() if name in IN_TIME)
        return in_time, -cost_usd, -totals.requests, tuple(value or "" for value in keys.values())

    return sorted(sums, key=place)


def _doubts(counts: Mapping[str, Any]) -> Iterator[ReportWarning]:
    if counts["unknown_tokens"]:
        yield ReportWarning(kind="unknown_tokens", count=counts["unknown_tokens"])
    if counts["impossible_usage"]:
        yield ReportWarning(kind="impossible_usage", count=counts["impossible_usage"])
    if counts["unknown_requests"]:
        yield ReportWarning(kind="unknown_requests", count=counts["unknown_requests"])
    if counts["several_prices"]:
        yield ReportWarning(kind="several_prices", count=counts["several_prices"])


def _bills(database: DuckDBPyConnection) -> Iterator[ReportWarning]:
    """Where a provider's own bills are not what our prices come to."""
    for row in rows(database, sql("bills")):
        yield ReportWarning(kind="bill_differs", count=row.pop("requests"), **row)


def _caveats(database: DuckDBPyConnection, prices: Mapping[str, tuple[str, ...]]) -> Iterator[ReportWarning]:
    """The doubts about the prices in use, but for the tier's instant: it stands on every row, for few requests."""
    used = "SELECT price_id, CAST(COALESCE(sum(requests), 0) AS BIGINT) AS requests FROM cube WHERE is_billed"
    for row in rows(database, f"{used} GROUP BY price_id ORDER BY price_id"):
        for caveat in prices[row["price_id"]]:
            if caveat != TIER_INSTANT_NOT_VERIFIED:
                yield ReportWarning(kind="price_caveat", count=row["requests"], price_id=row["price_id"], caveat=caveat)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
