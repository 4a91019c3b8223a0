"""Rows of a month as the log holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import convert

from r1plan.catalog.priors import load_priors
from r1plan.ledger.asked import AskedBlock, AskedRequest
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.workload import Workload
from r1plan.report.month.logged import LoggedMonth, logged_month
from r1plan.report.period import whole_month

ASSUMED = demand_of(Workload(), load_priors(), "UTC")
SERVES = {("novita", "r1"): "DeepSeek-R1", ("deepinfra", "new"): "DeepSeek-R1-0528"}
LATER = datetime(2027, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def asked(at: datetime = NOON, **fields: Any) -> AskedRequest:
    """A settled request to R1: 1,000 in, 300 of them cached, 4,000 of thinking and 500 of answer."""
    row: dict[str, Any] = {
        "schema": "r1plan.usage/1",
        "id": "x",
        "started_at": at,
        "ended_at": at + timedelta(seconds=1),
        "provider": "novita",
        "model_requested": "r1",
        "status": "ok",
        "input_tokens": 1_000,
        "cache_hit_tokens": 300,
        "output_tokens": 4_500,
        "thinking_tokens": 4_000,
    }
    return convert({**row, **fields}, AskedRequest)


def of(
    *rows: AskedRequest, month: str = "2026-11", zone: str = "UTC", now: datetime = LATER, bad_lines: int = 0
) -> LoggedMonth | None:
    return logged_month([AskedBlock(list(rows), bad_lines)], whole_month(month, zone), now, SERVES, ASSUMED)


def month_of(rows: Sequence[AskedRequest], **how: Any) -> LoggedMonth:
    found = of(*rows, **how)
    assert found is not None
    return found
