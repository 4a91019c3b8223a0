"""At which hours of the week a log's requests began. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import fsum
from zoneinfo import ZoneInfo

from r1plan.market.month import hours_between

_HOUR_S = 3600.0


def week_shares(
    counts: Sequence[int], since: datetime, until: datetime, timezone: str, assumed: Sequence[float]
) -> tuple[float, ...]:
    """The shares of the hours of a mean week, of `counts` requests in each that began from `since` to `until`.

    A month has some days five times and others four: each hour counts as often as it came. What had not come yet is as
    `assumed`, beside the others. Some count is above 0.
    """
    came_s = [0.0] * len(counts)
    before = since
    for hour, end in hours_between(since, until, ZoneInfo(timezone)):
        came_s[hour] += (end - before).total_seconds()
        before = end
    rates = [count / max(seconds, _HOUR_S) for count, seconds in zip(counts, came_s, strict=True)]
    seen = fsum(share for share, seconds in zip(assumed, came_s, strict=True) if seconds)
    factor = fsum(rates) / seen if seen else 0.0
    rates = [
        rate if seconds else max(rate, share * factor)
        for rate, seconds, share in zip(rates, came_s, assumed, strict=True)
    ]
    whole = fsum(rates)
    return tuple(rate / whole for rate in rates)
