"""What is wrong with a price list that has the right fields, and what in it deserves a second look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from r1plan.catalog.price import ClockTier, Holidays, PriceList, PriceRow, Window

_ALWAYS, _FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found, at `location` of the file: ("prices", 3, "effective_until")."""

    location: Location
    text: str


def errors_of(prices: PriceList, file_stem: str) -> Iterator[Problem]:
    """Every reason for which `prices`, the content of the file called `file_stem`, cannot be used as it is."""
    if prices.provider != file_stem:
        yield Problem(("provider",), f"expected '{file_stem}', as the file is called, got '{prices.provider}'")
    for index, row in enumerate(prices.prices):
        for problem in _row_errors(row):
            yield Problem(("prices", index, *problem.location), problem.text)
    yield from _overlaps(prices)


def notes_on(prices: PriceList, holidays: Mapping[str, Holidays], at: datetime, stale_days: int) -> Iterator[Problem]:
    """What a person may want to look at in `prices`: stale, with a gap, kept aside, beyond its calendar."""
    age = (at.date() - prices.checked).days
    if age > stale_days:
        yield Problem(("checked",), f"last checked {age} days ago ({prices.checked}); look again at the vendor's page")
    elif age < 0:
        yield Problem(("checked",), f"{prices.checked} is in the future")
    yield from _gaps(prices)
    for index, row in enumerate(prices.prices):
        where: Location = ("prices", index)
        if not row.billable:
            yield Problem(where, f"{_name(row)} is kept and never used: its dates are not known well enough")
        hit = row.rates.input_cache_hit
        if hit is not None and hit > row.rates.input_cache_miss:
            text = f"cached input ({hit}) costs more than fresh input ({row.rates.input_cache_miss})"
            yield Problem((*where, "rates"), text)
        for tier in row.clock:
            calendar = holidays.get(tier.holidays) if tier.holidays else None
            end = row.effective_until or at
            if calendar is not None and row.billable and end.date() > calendar.known_until:
                text = f"'{tier.holidays}' has no days after {calendar.known_until}; add the new year's"
                yield Problem((*where, "clock"), text)


def unknown_calendars(prices: PriceList, known: Mapping[str, Holidays]) -> Iterator[Problem]:
    """The calendars that `prices` names and nobody has."""
    for index, row in enumerate(prices.prices):
        for number, tier in enumerate(row.clock):
            if tier.holidays is not None and tier.holidays not in known:
                text = f"unknown calendar '{tier.holidays}'; known are {', '.join(sorted(known)) or 'none'}"
                yield Problem(("prices", index, "clock", number, "holidays"), text)


def _row_errors(row: PriceRow) -> Iterator[Problem]:
    start, end = row.effective_from, row.effective_until
    if start and end and end <= start:
        text = f"expected an instant after effective_from ({start.isoformat()}), got {end.isoformat()}"
        yield Problem(("effective_until",), text)
    if (start is None) != (row.effective_from_precision == "unknown"):
        text = f"expected 'unknown' exactly where effective_from is null, got '{row.effective_from_precision}'"
        yield Problem(("effective_from_precision",), text)
    if (end is None) != (row.effective_until_precision == "open"):
        text = f"expected 'open' exactly where effective_until is null, got '{row.effective_until_precision}'"
        yield Problem(("effective_until_precision",), text)
    if not any(each.strip() for each in row.sources):
        yield Problem(("sources",), "a price needs a source: a page and the day it was seen, or your own bill")
    yield from _clock_errors(row.clock)
    above = [each.above_input_tokens for each in row.context_tiers]
    if len(above) != len(set(above)):
        yield Problem(("context_tiers",), "two tiers begin at the same length of input")
    for name in sorted(set(row.cny_rates or {}) - row.tiers.keys()):
        yield Problem(("cny_rates", name), f"the row has no tier of that name; it has {', '.join(sorted(row.tiers))}")
    if not row.thinking_billed_as_output:
        text = "expected true, got false: thinking is billed as output, and there is no other way to bill it yet"
        yield Problem(("thinking_billed_as_output",), text)
    first, last = row.evidence_first_seen, row.evidence_last_seen
    if first and last and last < first:
        yield Problem(("evidence_last_seen",), f"expected a day from evidence_first_seen ({first}) on, got {last}")


def _clock_errors(clock: tuple[ClockTier, ...]) -> Iterator[Problem]:
    taken: list[tuple[time, time]] = []
    for number, tier in enumerate(clock):
        if not _is_zone(tier.day_zone):
            yield Problem(("clock", number, "day_zone"), f"unknown time zone '{tier.day_zone}'")
        for index, window in enumerate(tier.windows_utc):
            where: Location = ("clock", number, "windows_utc", index)
            spans = _spans(window)
            if window.start == window.end:
                yield Problem(where, f"a window from {window.start:%H:%M} to {window.end:%H:%M} is empty")
            elif any(_meet(one, other) for one in spans for other in taken):
                yield Problem(where, f"{window.start:%H:%M} to {window.end:%H:%M} overlaps a window before it")
            taken += spans


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _spans(window: Window) -> list[tuple[time, time]]:
    """The window as spans of one UTC day; one over midnight is two. `time.max` stands for the day's end."""
    if window.start <= window.end:
        return [(window.start, window.end)]
    return [(window.start, time.max), (time.min, window.end)]


def _meet(one: tuple[time, time], other: tuple[time, time]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _interval(row: PriceRow) -> tuple[datetime, datetime]:
    return row.start or _ALWAYS, row.effective_until or _FOREVER


def _by_name(prices: PriceList) -> Mapping[str, list[tuple[int, PriceRow]]]:
    """The billable rows of each model id and alias, in time."""
    named: dict[str, list[tuple[int, PriceRow]]] = {}
    for index, row in enumerate(prices.prices):
        for name in row.names if row.billable else ():
            named.setdefault(name, []).append((index, row))
    for rows in named.values():
        rows.sort(key=lambda each: _interval(each[1]))
    return named


def _overlaps(prices: PriceList) -> Iterator[Problem]:
    """Two rows of one file that price the same name at the same time, each pair once."""
    told = set()
    for name, rows in _by_name(prices).items():
        for (first, one), (second, other) in pairwise(rows):
            pair = frozenset((first, second))
            if _interval(one)[1] > _interval(other)[0] and pair not in told:
                told.add(pair)
                later = max(first, second)
                text = f"'{name}' already has a price then: {_name(prices.prices[min(first, second)])}"
                if one.model != other.model:
                    text += " (an alias that clashes with another model's)"
                else:
                    text += "; give that row its effective_until"
                yield Problem(("prices", later), f"{_name(prices.prices[later])} overlaps: {text}")


def _gaps(prices: PriceList) -> Iterator[Problem]:
    told = set()
    for name, rows in _by_name(prices).items():
        for (_, one), (index, other) in pairwise(rows):
            until, start = _interval(one)[1], _interval(other)[0]
            if until < start and index not in told:
                told.add(index)
                yield Problem(("prices", index), f"'{name}' has no price from {_at(until)} to {_at(start)}")


def _name(row: PriceRow) -> str:
    """A row as a person finds it: its model and when it holds."""
    start, until = _interval(row)
    since = "an unknown day" if start == _ALWAYS else _at(start)
    return f"{row.model} from {since}{'' if until == _FOREVER else f' until {_at(until)}'}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if at.time() == time.min else f"{at:%Y-%m-%d %H:%M UTC}"
