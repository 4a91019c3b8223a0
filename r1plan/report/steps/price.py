"""Second step of a report: the prices that its requests need, and the views in which each request has its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.instants import from_us, in_us
from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_intervals
from r1plan.report.database import rows, sql
from r1plan.report.period import Period
from r1plan.report.question import SpendQuestion
from r1plan.report.storable import storable_rate
from r1plan.report.store.cube import make_priced

# Wider than the instants that a log row can hold.
_OPEN_START, _OPEN_UNTIL = datetime(1999, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_ANY_LENGTH = 10**18


def price_entries(database: DuckDBPyConnection, question: SpendQuestion) -> Mapping[str, tuple[str, ...]]:
    """Make the view `priced` of the requests of the period in the table `entry`; the caveats of each price by id."""
    caveats = _load_prices(database, question)
    database.execute(sql("spanned"), within(question.period))
    make_priced(database, counted(question))
    database.execute(sql("known_sum"))
    return caveats


def within(period: Period) -> dict[str, int]:
    """The parameters of a statement over the requests of `period`, in microseconds of the epoch."""
    return {
        "start_us": in_us(period.start or _OPEN_START),
        "until_us": in_us(period.until or _OPEN_UNTIL),
    }


def counted(question: SpendQuestion) -> dict[str, object]:
    """The parameters of a statement that tells the requests which count from those that do not."""
    yuan = [provider for provider, billed in question.accounts.items() if billed == "CNY"]
    return {**within(question.period), "yuan": yuan, "in_yuan": question.currency == "CNY"}


def _own_currencies(database: DuckDBPyConnection, question: SpendQuestion) -> PriceBook:
    """The price book with the prices of those providers, too, whose rows say that they bill in its currency."""
    currency, accounts = question.currency, question.accounts
    stated = "SELECT DISTINCT provider FROM entry WHERE usable AND currency = $currency"
    others = [name for (name,) in database.execute(stated, {"currency": currency}).fetchall()]
    differing: dict[str, Currency] = {name: currency for name in others if accounts.get(name, "USD") != currency}
    return question.book.billed_in({**accounts, **differing}) if differing else question.book


def _load_prices(database: DuckDBPyConnection, question: SpendQuestion) -> Mapping[str, tuple[str, ...]]:
    """Fill `band` and `price` for the names and the time that the entries need; the caveats of each price's id."""
    book = _own_currencies(database, question)
    names = rows(database, sql("names"), within(question.period))
    since = from_us(min((row["first_us"] for row in names), default=0))
    until = from_us(max((row["last_us"] for row in names), default=0)) + timedelta(microseconds=1)
    asked = price_intervals(book, [(row["provider"], row["model"]) for row in names], since, until)
    found = [each for each in asked if each.price.currency == question.currency]
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
            "start_us": [in_us(each.start) for each in found],
            "until_us": [in_us(each.until) for each in found],
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
