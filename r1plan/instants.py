"""Instants read from text, in the one grammar for options, YAML and conversations, and as numbers. Pure.

ISO 8601 as people and programs write it, in ASCII, in a year from 1000 to 2999, so that no later arithmetic leaves the
calendar. A log row's is stricter still: `r1plan/ledger/schema.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_DAY = r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
_OFFSET = r"(Z|z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_INSTANT = re.compile(rf"({_DAY})([Tt ]({_CLOCK})({_OFFSET})?)?")
_COMPACT_DAY = re.compile(r"[12][0-9]{7}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parsed(text: str) -> datetime | None:
    """The instant that `text` says, naive where it says no offset; a day alone is its midnight. None: it says none."""
    if _COMPACT_DAY.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # 30 February
        return None


def day(text: str) -> date | None:
    """The day that `text` says, as YYYY-MM-DD. None: it says none."""
    instant = parsed(text) if len(text) == len("2025-09-05") else None
    return None if instant is None else instant.date()


def is_day(text: str) -> bool:
    """Whether `text` is a day alone."""
    return len(text) <= len("2025-09-05") and parsed(text) is not None


def in_us(at: datetime) -> int:
    """The microseconds from 1970 to `at`, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The instant so many microseconds after 1970, in UTC."""
    return _EPOCH + microseconds * _MICROSECOND
