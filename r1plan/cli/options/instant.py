"""An instant as a person types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from r1plan.errors import UsageError
from r1plan.instants import is_day, parsed

_WAYS = "2025-09-05T16:00:00Z, 2025-09-05T16:00+08:00, '2025-09-05 16:00 Asia/Shanghai', a day, or now"
_HINT = f"write it as {_WAYS}"


def parse_instant(text: str, now: datetime) -> datetime:
    """The instant that `text` means, aware: ISO 8601 with an offset or a zone's name, a day (00:00 UTC), or `now`.

    Raises UsageError for anything else, NotFound for an unknown zone.
    """
    text = text.strip()
    if text.casefold() == "now":
        return now
    named = re.fullmatch(r"(.+?[0-9])\s*\[?\s*([A-Za-z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)*)\]?", text)
    place = _zone(named[2]) if named and named[2] not in ("Z", "z") else None
    instant = parsed(named[1] if named and place else text)
    if instant is None:
        raise UsageError(f"'{text}' is not an instant.", _HINT)
    if place is not None and instant.tzinfo is None:
        return instant.replace(tzinfo=place)
    if place is not None:
        raise UsageError(f"'{text}' has two time zones.", _HINT)
    if instant.tzinfo is not None:
        return instant
    if is_day(text):
        return instant.replace(tzinfo=UTC)
    raise UsageError(f"'{text}' does not say in which time zone.", _HINT)


def parse_due(text: str, now: datetime) -> datetime:
    """The instant by which something is due: `HH:MM` is the next such time on the clock of `now`'s zone, else as above.

    Raises UsageError for an instant that is past.
    """
    clock = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if clock is None:
        try:
            due = parse_instant(text, now)
        except UsageError as error:
            raise UsageError(error.message, f"write it as 18:00, {_WAYS}") from None
        if due <= now:
            raise UsageError(f"'{text}' is past.", "give a later one, or a time of day such as 18:00")
        return due
    # Arithmetic on the clock's face: on the day on which clocks change it is 18:00 too.
    day = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0, fold=0)
    return day if day > now else day + timedelta(days=1)


def _zone(name: str) -> tzinfo:
    from r1plan.report.period import zone

    return zone(name)
