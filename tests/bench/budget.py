"""A million rows in one month: how long a budget's decision holds the lock, and what a chat pays for the first one.

`python -m tests.bench.budget [ROWS]`: each request of the log has two rows. Milliseconds; the slowest of each kind.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append, append_once_decided, locked
from r1plan.ledger.months import month_log, month_span
from r1plan.ledger.sum_file import locked_sum, prepared


def rows(number: int, at: datetime) -> tuple[UsageEntry, UsageEntry]:
    """The two rows of a request, as a chat writes them."""
    begun = UsageEntry(
        id=f"{number:08d}-4f1c-4b7a-9a51-{number:012d}", started_at=at, first_token_at=None, ended_at=None,
        provider="deepseek", model_requested="deepseek-flash", model_served=None,
        project=("shop", "search", None)[number % 3], policy="cheapest", status="started", input_tokens=None,
        output_tokens=None, cost_low_usd=Decimal(0), cost_high_usd=Decimal("0.0046"), kind="code",
        conversation=f"c{number // 5}", reserved_usd=Decimal("0.0046"), forecast_p50_usd=Decimal("0.0021"),
        forecast_p90_usd=Decimal("0.0046"),
    )  # fmt: skip
    ended = replace(
        begun, first_token_at=at + timedelta(seconds=1), ended_at=at + timedelta(seconds=9), status="ok",
        end_reason="stop", model_served="deepseek-flash", input_tokens=900, output_tokens=700, thinking_tokens=400,
        cost_usd=Decimal("0.00043"), cost_low_usd=Decimal("0.00043"), cost_high_usd=Decimal("0.00043"),
        provenance=dict.fromkeys(("input_tokens", "output_tokens"), "reported"),
        price_id="deepseek/deepseek-flash@2026-09-10T04:00:00Z",
    )  # fmt: skip
    return begun, ended


def chat_s(home: Path) -> float:
    """Seconds of a whole `chat --explain`, which decides under the budget."""
    environment = {**os.environ, "R1PLAN_HOME": str(home), "DEEPSEEK_API_KEY": "x"}
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "r1plan", "chat", "--explain", "--route", "cheapest", "Why?"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True,
    )  # fmt: skip
    return time.perf_counter() - begun


def run(most: int = 1_000_000) -> None:
    """Write a log of `most` rows, and measure."""
    now = datetime.now(UTC)
    first = month_span(now)[0]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config").mkdir()
        (home / "config" / "budgets.yaml").write_text("monthly_usd: 100000\n")
        chat_s(home)  # the catalogue's own cache
        empty_s = min(chat_s(home) for _ in range(3))
        logs = home / "data" / "logs"
        logs.mkdir(mode=0o700, parents=True)
        log = month_log(logs, now)
        with log.open("w") as file:
            for number in range(most // 2):
                file.writelines(each.to_line() for each in rows(number, first + timedelta(seconds=number / 1000)))
        print(f"{most:,} rows, {log.stat().st_size / 1e6:,.0f} MB")
        first_s = chat_s(home)
        next_s = min(chat_s(home) for _ in range(3))
        print(f"chat --explain: {empty_s:.2f} s without a log, {first_s:.2f} s the first time, {next_s:.2f} s after it")
        log.chmod(0o600)  # the seal is broken now
        begun = time.perf_counter()
        ready = prepared(log)
        prepared_s = time.perf_counter() - begun
        begun = time.perf_counter()
        with locked(log) as descriptor:
            locked_sum(log, descriptor, ready)
        under_ms = 1e3 * (time.perf_counter() - begun)
        print(f"made again: {prepared_s:.2f} s without the lock, then {under_ms:.1f} ms under it")
        under, whole = [], []
        for number in range(most, most + 300):
            begun_row, ended_row = rows(number, now)

            def decide(descriptor: int, row: UsageEntry = begun_row) -> UsageEntry:
                begun = time.perf_counter()
                locked_sum(log, descriptor, None)
                under.append(1e3 * (time.perf_counter() - begun))
                return row

            begun = time.perf_counter()
            append_once_decided(now, decide, logs)
            whole.append(1e3 * (time.perf_counter() - begun))
            append(ended_row, logs)
        for what, times in (("under the lock", under), ("with its row on the disk", whole)):
            print(f"a decision {what}: {statistics.median(times):.1f} ms in the middle, {max(times):.1f} ms at most")


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
