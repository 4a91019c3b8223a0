"""Where the figures come from: every request once, by who logged and counted it and by what it cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.render.spend.document import spend_json
from r1plan.render.spend.explain import explain_notes
from r1plan.render.spend.terminal import spend_lines, spend_markdown
from r1plan.report.explain.explanation import Explanation
from r1plan.report.keys import parse_keys
from r1plan.report.period import whole_month
from r1plan.report.query import spend_report
from r1plan.report.question import SpendInquiry, SpendQuestion
from r1plan.report.sample import sample_entries, write_sample
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SpendReport:
    log = tmp_path_factory.mktemp("logs") / "log.jsonl"
    write_sample(log)
    inquiry = SpendInquiry(now=NOW, is_explained=True)
    return spend_report(
        SpendQuestion([log], whole_month("2025-09", "UTC"), parse_keys(""), real_book(), inquiry=inquiry)
    )


def explained(report: SpendReport) -> Explanation:
    assert report.explanation is not None
    return report.explanation


def test_every_request_is_in_each_account_once(report: SpendReport) -> None:
    found, requests = explained(report), report.totals.requests
    assert found.sources == {"r1plan": requests}
    assert (found.files, found.usable_rows) == (1, requests)
    assert {name: sum(who.values()) for name, who in found.counted.items()} == dict.fromkeys(found.counted, requests)
    assert sum(each.requests for each in found.parts) == requests
    priced = next(each for each in found.parts if each.basis == "priced")
    assert sum(each.requests for each in found.prices) == priced.requests


def test_the_parts_and_the_prices_add_up_to_the_cost(report: SpendReport) -> None:
    found = explained(report)
    assert sum(each.cost_usd for each in found.parts) == report.totals.cost_usd
    priced = next(each for each in found.parts if each.basis == "priced")
    assert sum((each.cost_usd for each in found.prices), Decimal(0)) == priced.cost_usd


def test_who_counted_is_told_as_the_rows_say_it(report: SpendReport) -> None:
    entries = list(sample_entries())
    here = sum(each.provider == "local" for each in entries)
    silent = sum(each.thinking_tokens is None for each in entries)
    counted = explained(report).counted
    assert counted["output_tokens"] == {"counted": here, "reported": len(entries) - here}
    assert counted["thinking_tokens"] == {"unknown": silent, "unsaid": len(entries) - silent}


def test_a_price_is_told_with_its_clock_its_time_and_its_source(report: SpendReport) -> None:
    (night,) = (
        each
        for each in explained(report).prices
        if each.price.tier == "off_peak" and each.price.model == "deepseek-reasoner"
    )
    assert night.hours_utc == ("16:30-00:30",)
    (line,) = (each for each in explain_notes(report) if "deepseek-reasoner" in each and "off-peak" in each)
    for part in ("$0.135 fresh, $0.035 cached, $0.55 out", "until 2025-09-05 16:00 UTC", "api-docs.deepseek.com"):
        assert part in line


def test_what_is_known_otherwise_is_told_apart(report: SpendReport) -> None:
    (cost,) = (each for each in explain_notes(report) if each.startswith("cost: "))
    assert cost == (
        "cost: $10.42, of requests: 394 at the prices below ($10.42), 71 answered here, by their electricity; not in "
        "it are 12 of which only bounds are known and 15 of which no price is known. Each counts where it ended, "
        "unrounded."
    )


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_stands_below_the_report_and_in_markdown_and_json(report: SpendReport, width: int) -> None:
    lines = list(spend_lines(report, width))
    assert "Where the figures come from:" in lines
    assert "## Where the figures come from" in list(spend_markdown(report))
    document = json.loads(spend_json(report))["explanation"]
    assert len(document["messages"]) == len(list(explain_notes(report)))
    prices = {(each["price_id"], each["tier"]): each for each in document["prices"]}
    assert len(prices) == len(explained(report).prices)
    together = prices["together/deepseek-ai/DeepSeek-R1@2025-07-18T00:00:00Z", "flat"]
    assert (together["output_per_mtok_usd"], together["input_cache_miss_per_mtok_usd"]) == ("7", "3")


def test_who_did_not_ask_is_told_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write_sample(log)
    inquiry = SpendInquiry(now=NOW, has_findings=False)
    silent = spend_report(SpendQuestion([log], whole_month("2025-09", "UTC"), (), real_book(), inquiry=inquiry))
    assert (silent.explanation, silent.findings, list(explain_notes(silent))) == (None, (), [])
