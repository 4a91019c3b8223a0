"""The log's side of a comparison, summed by the database; only requests near an edge are looked at one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from r1plan.instants import from_us, in_us
from r1plan.prices.book import PriceBook
from r1plan.prices.intervals import price_intervals
from r1plan.report.database import rows, sql
from r1plan.report.period import Period
from r1plan.report.reconcile.sides import (
    DAY_US,
    EdgeRequest,
    Kind,
    Log,
    LoggedRequests,
    LoggedTokens,
    PriceSpan,
    TokenPrices,
)

_NEAR_US, _MOST_NEAR = 3_600_000_000, 200
# A log that is read whole holds whole months, wherever on earth they are cut.
_FURTHEST = timedelta(hours=14)


def read_log(
    database: DuckDBPyConnection, provider: str, billed: Collection[str], period: Period, book: PriceBook
) -> Log:
    """What the table `priced` holds of `provider`: its requests of `period`, beside a bill for the models `billed`."""
    of = {"provider": provider}
    tokens = tuple(LoggedTokens(**row) for row in rows(database, sql("reconcile_tokens"), of))
    requests = tuple(LoggedRequests(**row) for row in rows(database, sql("reconcile_requests"), of))
    pairs = "SELECT DISTINCT model, served FROM priced WHERE provider = $provider AND served <> model ORDER BY ALL"
    named = (
        "SELECT DISTINCT unnest([key, project]) AS name FROM priced WHERE provider = $provider "
        "AND COALESCE(key, project) IS NOT NULL"
    )
    slots = [each.slot_us for each in requests]
    start_us, until_us = _covered(slots, period)
    return Log(
        tokens=tokens,
        requests=requests,
        prices=_spans(provider, {*billed, *(each.model for each in requests)}, slots, book),
        names=tuple((model, served) for model, served in database.execute(pairs, of).fetchall()),
        keys=frozenset(name for (name,) in database.execute(named, of).fetchall() if name is not None),
        start_us=start_us,
        until_us=until_us,
    )


def near_edges(
    database: DuckDBPyConnection, provider: str, edges: Collection[int]
) -> Mapping[int, Sequence[EdgeRequest]]:
    """The requests of `provider` next to each of `edges`, the nearest 200 within an hour."""
    found: dict[int, list[EdgeRequest]] = {}
    values = {"provider": provider, "edges": sorted(edges), "within_us": _NEAR_US, "most": _MOST_NEAR}
    for row in rows(database, sql("reconcile_near"), values):
        found.setdefault(row["edge_us"], []).append(EdgeRequest(**row))
    return found


def requests_of(
    database: DuckDBPyConnection,
    provider: str,
    models: Sequence[str],
    within_us: tuple[int, int],
    tokens: Mapping[Kind, int],
) -> tuple[str, ...]:
    """Up to two ids of requests that have just so many tokens, whatever their sign, between two instants."""
    amounts = {kind: abs(number) for kind, number in tokens.items()}
    parts = sum(amounts.get(kind, 0) for kind in ("input_miss", "cache_hit"))
    values = {
        "provider": provider,
        "models": list(models),
        "start_us": within_us[0],
        "until_us": within_us[1],
        "input": amounts.get("input", parts),
        "hit": None if "input" in amounts else amounts.get("cache_hit", 0),
        "output": amounts.get("output", 0),
    }
    return tuple(row["id"] for row in rows(database, sql("reconcile_alike"), values))


def _covered(slots: Sequence[int], period: Period) -> tuple[int | None, int | None]:
    """The time that the log covers: that of `period`, or the months of which it has a request."""
    start, until = period.start, period.until
    if slots and start is None:
        first = from_us(min(slots))
        start = datetime(first.year, first.month, 1, tzinfo=UTC) - _FURTHEST
    if slots and until is None:
        last = from_us(max(slots))
        until = datetime(last.year + last.month // 12, last.month % 12 + 1, 1, tzinfo=UTC) + _FURTHEST
    return _microseconds(start), _microseconds(until)


def _spans(provider: str, models: Iterable[str], slots: Sequence[int], book: PriceBook) -> tuple[PriceSpan, ...]:
    if not slots:
        return ()
    since = from_us(min(slots) - 2 * DAY_US)
    until = from_us(max(slots) + 2 * DAY_US)
    return tuple(
        PriceSpan(
            model=each.name,
            start_us=in_us(each.start),
            until_us=in_us(each.until),
            rates=TokenPrices(each.price.per_token.miss, each.price.per_token.hit, each.price.per_token.output),
            input_above=each.input_above,
            input_up_to=each.input_up_to,
            price_id=each.price.id,
            served=each.price.served_model,
        )
        for each in price_intervals(book, [(provider, model) for model in sorted(models)], since, until)
    )


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else in_us(at)
