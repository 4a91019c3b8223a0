"""How fast a month is reported: the pure arithmetic, the whole command over the sample, and rows a second."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.sample import sample_entries, write_sample

ROWS = 500_000


def run() -> None:
    """Print the best of a few runs of each."""
    book = PriceBook(load_prices(), load_holidays())
    at = datetime(2025, 9, 10, tzinfo=UTC)
    price = book.price_at("deepseek", "deepseek-reasoner", at)
    assert price is not None
    usage = Usage(input_tokens=12_345, cache_hit_tokens=6_400, output_tokens=4_321, thinking_tokens=3_210)
    lookup = _best(5, lambda: [book.price_at("deepseek", "deepseek-reasoner", at) for _ in range(20_000)]) / 20_000
    billing = _best(5, lambda: [cost_of(usage, price.per_token) for _ in range(20_000)]) / 20_000
    print(f"price_at              {lookup * 1e6:8.2f} us a call")
    print(f"cost_of               {billing * 1e6:8.2f} us a call")
    with TemporaryDirectory() as folder:
        sample, month = Path(folder) / "sample.jsonl", Path(folder) / "month.jsonl"
        write_sample(sample)
        command = [sys.executable, "-m", "r1plan", "cost-report", str(sample)]
        environment = {**os.environ, "R1PLAN_HOME": folder}
        whole = _best(5, lambda: subprocess.run(command, check=True, capture_output=True, env=environment))
        print(f"cost-report, sample   {whole * 1e3:8.0f} ms, the whole command")
        rows = list(sample_entries())
        with month.open("w", encoding="utf-8") as stream:
            for number in range(ROWS):
                entry = rows[number % len(rows)]
                stream.write(entry.to_line().replace(f'"id":"{entry.id}"', f'"id":"{number:012x}"', 1))
        seconds = _best(3, lambda: spend_report([month], Period(), parse_keys("provider,model"), book))
        print(f"cost-report, {ROWS:,}  {seconds * 1e3:8.0f} ms, {ROWS / seconds:,.0f} rows a second")


def _best(times: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        begun = perf_counter()
        work()
        found.append(perf_counter() - begun)
    return min(found)
