"""A report of the sample month, with the detail that a form wants."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from r1plan.ledger.entry import UsageEntry
from r1plan.report.keys import parse_keys
from r1plan.report.period import whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.sample import write_sample
from r1plan.report.spend import Detail, SpendReport
from r1plan.report.whatif.target import WhatIfQuestion, parse_targets
from tests.prices.test_book import real_book

INQUIRY = SpendInquiry(now=datetime(2026, 11, 1, tzinfo=UTC))


@cache
def sample_report(
    detail: Detail | None = None, by: str = "provider,model", timezone: str = "UTC", worlds: tuple[str, ...] = ()
) -> SpendReport:
    """The sample month in days of `timezone`, and in other `worlds`, with what stands out in it."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        write_sample(log)
        month = whole_month("2025-09", timezone)
        question = WhatIfQuestion(targets=parse_targets(worlds, real_book())) if worlds else None
        return spend_report(
            SpendQuestion([log], month, parse_keys(by), real_book(), detail=detail, what_if=question, inquiry=INQUIRY)
        )


def report_of(entries: list[UsageEntry], detail: Detail, by: str = "provider,model") -> SpendReport:
    """The report of `entries`, whatever their month."""
    from r1plan.report.period import Period

    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in entries), encoding="utf-8")
        return spend_report(SpendQuestion([log], Period(), parse_keys(by), real_book(), detail=detail))
