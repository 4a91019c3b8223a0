"""An account in yuan has its own list and its own sums; two currencies are never added."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.ledger.entry import UsageEntry

# Tuesday, 13:00 in Beijing: off-peak.
ENDED = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
ENTRY = UsageEntry(
    id="deepseek",
    started_at=ENDED - timedelta(seconds=9),
    first_token_at=None,
    ended_at=ENDED,
    provider="deepseek",
    model_requested="deepseek-flash",
    model_served=None,
    status="ok",
    input_tokens=1_000_000,
    cache_hit_tokens=200_000,
    output_tokens=500_000,
    thinking_tokens=300_000,
)
OTHER = replace(ENTRY, id="together", provider="together", model_requested="deepseek-ai/DeepSeek-V4.1-Flash")
BROKEN = replace(
    ENTRY, id="broken", status="aborted", cost_low_usd=Decimal("0.1"), cost_high_usd=Decimal("0.2"), output_tokens=None
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "2026-11.jsonl"
    path.write_text("".join(each.to_line() for each in (ENTRY, OTHER, BROKEN)), encoding="utf-8")
    return path


def report(log: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", "cost-report", str(log), *words],
        env={**os.environ, "R1PLAN_DEEPSEEK_CURRENCY": "CNY"},
        capture_output=True,
        text=True,
        check=True,
    )


def test_dollars_leave_the_account_in_yuan_out_and_say_so(log: Path) -> None:
    document = json.loads(report(log, "--json").stdout)
    assert document["currency"] == "USD"
    assert document["totals"]["requests"] == 1
    # 800,000 x 0.30 + 200,000 x 0.006 + 500,000 x 1.20, a million tokens each.
    assert document["totals"]["cost_usd"] == "0.8412"
    (warning,) = document["warnings"]
    assert (warning["kind"], warning["count"], warning["reason"]) == ("other_currency", 2, "CNY")


def test_yuan_are_priced_by_the_accounts_own_list(log: Path) -> None:
    totals = json.loads(report(log, "--json", "--currency", "CNY").stdout)["totals"]
    # 800,000 x 1 + 200,000 x 0.02 + 500,000 x 4.
    assert totals["cost_cny"] == "2.804"
    assert totals["thinking_cny"] == "1.2"
    assert totals["cost_usd"] is None


def test_a_bound_in_dollars_is_not_shown_as_yuan(log: Path) -> None:
    totals = json.loads(report(log, "--json", "--currency", "CNY").stdout)["totals"]
    assert (totals["uncertain_requests"], totals["unbounded_requests"]) == (1, 1)
    assert (totals["uncertain_low_cny"], totals["uncertain_high_cny"]) == (None, None)


def test_the_terminal_shows_yuan_as_yuan(log: Path) -> None:
    done = report(log, "--currency", "CNY")
    shown = done.stdout
    assert shown.startswith("2026-11-24 cost ¥2.80: thinking ¥1.20 (43 %)")
    assert "$" not in shown
    assert "1 request billed in USD left out" in done.stderr


def test_csv_names_the_currency_in_its_columns(log: Path) -> None:
    header = report(log, "--currency", "CNY", "--format", "csv").stdout.splitlines()[0]
    assert "cost_cny" in header
