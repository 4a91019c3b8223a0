"""Logs to find something in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from r1plan.ledger.entry import UsageEntry
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book

NOW = datetime(2025, 10, 20, tzinfo=UTC)
START = datetime(2025, 9, 10, 12, tzinfo=UTC)
# deepseek-reasoner from 5 to 29 September 2025, by DeepSeek's page: what a million tokens cost.
MISS, HIT, OUTPUT = Decimal("0.56"), Decimal("0.07"), Decimal("1.68")
MILLION = 1_000_000


def asked(id_: str, after: timedelta = timedelta(0), **changes: object) -> UsageEntry:
    """A request to deepseek-reasoner that ended `after` START and cost MISS and OUTPUT."""
    end = START + after
    entry = UsageEntry(
        id=id_,
        started_at=end - timedelta(seconds=30),
        first_token_at=None,
        ended_at=end,
        provider="deepseek",
        model_requested="deepseek-reasoner",
        model_served="deepseek-reasoner",
        status="ok",
        input_tokens=MILLION,
        cache_hit_tokens=0,
        output_tokens=MILLION,
        thinking_tokens=MILLION // 2,
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def report_with(rows: Iterable[UsageEntry], now: datetime = NOW) -> SpendReport:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(row.to_line() for row in rows), encoding="utf-8")
        return spend_report(SpendQuestion([log], Period(), parse_keys(""), real_book(), inquiry=SpendInquiry(now=now)))


F = TypeVar("F", bound=SpendFinding)


def found(kind: type[F], *rows: UsageEntry, now: datetime = NOW) -> F | None:
    """What is found of `kind` in `rows`, at most once."""
    each = [finding for finding in report_with(rows, now).findings if isinstance(finding, kind)]
    assert len(each) <= 1
    return each[0] if each else None
