"""How fast a month is reported: the pure arithmetic, the whole command, 2 million rows beside bare DuckDB, and a peer.

Processor seconds count in the ratios, as other programs on the machine disturb them least.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.report.database import open_database
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.question import SpendQuestion
from r1plan.report.sample import sample_entries, write_sample
from r1plan.report.steps.add_up import sum_requests
from r1plan.report.steps.price import price_entries
from r1plan.report.steps.read import read_rows

PEERS = Path(__file__).parents[2] / ".venv-bench" / "bin" / "python"
MANY, SOME = 2_000_000, 100_000
LONG_AGO_S = 1_700_000_000
COUNTS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")

# Nothing but the sums of four columns: what the machine needs to read such a file.
BARE = """
import sys, duckdb
columns = ", ".join(f"{name}: 'BIGINT'" for name in sys.argv[2:])
sums = ", ".join(f"sum({name})" for name in sys.argv[2:])
print(duckdb.sql(f"SELECT {sums} FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{{columns}}})"))
"""
# What the peer's own interpreter runs: a loop over the rows, as its users write it. Totals go out as JSON.
GENAI_PRICES = """
import json, sys, time
from datetime import datetime
from genai_prices import Usage, calc_price
whole = time.process_time()
rows = [json.loads(line) for line in open(sys.argv[1])]
def price(row):
    usage = Usage(
        input_tokens=row["input_tokens"], cache_read_tokens=row["cache_hit_tokens"], output_tokens=row["output_tokens"]
    )
    at = datetime.fromisoformat(row["ended_at"])
    try:
        return calc_price(
            usage, row["model_requested"], provider_id=row["provider"], genai_request_timestamp=at
        ).total_price
    except LookupError:
        return None
begun = time.process_time()
totals = [price(row) for row in rows]
ended = time.process_time()
texts = [None if each is None else str(each) for each in totals]
print(json.dumps([texts, (ended - begun) / len(rows), (ended - whole) / len(rows)]))
"""


class Spent(NamedTuple):
    """What one process took: of the clock, of the processors, and at most of the memory."""

    wall_s: float
    cpu_s: float
    memory_mib: float


def run() -> None:
    """Print the best of a few runs of each."""
    book = PriceBook(load_prices(), load_holidays())
    _arithmetic(book)
    with TemporaryDirectory() as folder:
        sample, some, many = (Path(folder) / f"{name}.jsonl" for name in ("sample", "some", "many"))
        write_sample(sample)
        os.utime(sample, (LONG_AGO_S, LONG_AGO_S))
        rows = list(sample_entries())
        write_rows(some, rows, SOME)
        write_rows(many, rows, MANY)
        for label, log in (("sample", sample), (f"{SOME:,} rows", some), (f"{MANY:,} rows", many)):
            _command(label, log, Path(folder))
        ours = _beside_bare(many, Path(folder))
        _peer(some, sample, book, ours.cpu_s / MANY, _pricing_s(many, book) / MANY)


def write_rows(file: Path, rows: Sequence[UsageEntry], count: int) -> None:
    """`count` rows made of `rows`, each with an id of its own; of long ago, as a closed month is."""
    parts = [entry.to_line().split(f'"id":"{entry.id}"', 1) for entry in rows]
    with file.open("w", encoding="utf-8") as stream:
        for number in range(count):
            begin, end = parts[number % len(parts)]
            stream.write(f'{begin}"id":"{number:012x}"{end}')
    os.utime(file, (LONG_AGO_S, LONG_AGO_S))


def _arithmetic(book: PriceBook) -> None:
    at = datetime(2025, 9, 10, tzinfo=UTC)
    price = book.price_at("deepseek", "deepseek-reasoner", at)
    assert price is not None
    usage = Usage(input_tokens=12_345, cache_hit_tokens=6_400, output_tokens=4_321, thinking_tokens=3_210)
    lookup = _best(5, lambda: [book.price_at("deepseek", "deepseek-reasoner", at) for _ in range(20_000)]) / 20_000
    billing = _best(5, lambda: [cost_of(usage, price.per_token) for _ in range(20_000)]) / 20_000
    print(f"price_at              {lookup * 1e6:8.2f} us a call")
    print(f"cost_of               {billing * 1e6:8.2f} us a call")


def _command(label: str, log: Path, home: Path) -> None:
    """The command over `log`, the first time and when it is asked again."""
    words = [sys.executable, "-m", "r1plan", "cost-report", str(log)]
    first = min(_spent(words, home / f"home-{log.stem}-{number}") for number in range(3))
    again = min(_spent(words, home / f"home-{log.stem}-0") for _ in range(3))
    print(
        f"cost-report, {label:15} {first.wall_s * 1e3:8.0f} ms ({first.cpu_s * 1e3:.0f} of processors, "
        f"{first.memory_mib:.0f} MiB), again {again.wall_s * 1e3:.0f} ms"
    )


def _beside_bare(log: Path, home: Path) -> Spent:
    """How many times as long a report takes as the sum of four columns, in one run; what the report took."""
    bare = min(_spent([sys.executable, "-c", BARE, str(log), *COUNTS], home) for _ in range(3))
    words = [sys.executable, "-m", "r1plan", "cost-report", str(log)]
    ours = min(_spent(words, home / f"home-bare-{number}") for number in range(3))
    print(
        f"beside bare DuckDB    {ours.cpu_s / bare.cpu_s:8.2f} times its processor time, "
        f"{ours.wall_s / bare.wall_s:.2f} times its time; {ours.memory_mib:.0f} MiB, it {bare.memory_mib:.0f} MiB"
    )
    return ours


def _pricing_s(log: Path, book: PriceBook) -> float:
    """How long the processors need to find the prices of rows that are read already, and to add up what they cost."""
    question = SpendQuestion([log], Period(), parse_keys("provider,model"), book)
    with open_database() as database, ExitStack() as copies:
        read_rows(database, question, copies)
        begun = process_time()
        price_entries(database, question)
        sum_requests(database, question)
        return process_time() - begun


def _peer(log: Path, sample: Path, book: PriceBook, whole_s: float, pricing_s: float) -> None:
    """A loop over genai-prices: how much slower a row, and how many dollars it is off over the sample month.

    Here a row of many takes `whole_s` of the processors in a whole report, `pricing_s` of it for its price alone.
    """
    if not PEERS.exists():
        print("cost-report, genai-prices  not installed in .venv-bench")
        return
    found = []
    for file in (log, sample):
        done = subprocess.run([PEERS, "-c", GENAI_PRICES, file], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"cost-report, genai-prices  could not run: {done.stderr.strip().splitlines()[-1]}")
            return
        found.append(json.loads(done.stdout))
    (_, loop_s, loop_whole_s), (totals, _, _) = found
    off, unknown, ours_usd = Decimal(0), 0, Decimal(0)
    for entry, total in zip(sample_entries(), totals, strict=True):
        cost = _cost(entry, book)
        if cost is not None:
            ours_usd += cost
            unknown += total is None
            off += abs(cost - Decimal(total or 0))
    print(
        f"cost-report, genai-prices  {loop_s / pricing_s:.0f} times as long for the price of a row "
        f"({loop_s * 1e6:.2f} us, here {pricing_s * 1e6:.2f}), {loop_whole_s / whole_s:.1f} times with its reading "
        f"({loop_whole_s * 1e6:.2f} us, here a whole report {whole_s * 1e6:.2f}); of the sample month's "
        f"{ours_usd:.2f} USD it is {off:.2f} off, {unknown} requests without a price"
    )


def _cost(entry: UsageEntry, book: PriceBook) -> Decimal | None:
    """What a request cost, where it is priced and ended."""
    if entry.ended_at is None or entry.input_tokens is None or entry.output_tokens is None:
        return None
    price = book.price_for(
        entry.provider,
        entry.model_requested,
        started_at=entry.started_at,
        first_token_at=entry.first_token_at,
        ended_at=entry.ended_at,
        input_tokens=entry.input_tokens,
    )
    if price is None:
        return None
    usage = Usage(
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        cache_hit_tokens=entry.cache_hit_tokens,
        thinking_tokens=entry.thinking_tokens,
    )
    return cost_of(usage, price.per_token).total_usd


def _spent(words: Sequence[str], home: Path) -> Spent:
    """What one run of a command took, its output thrown away."""
    begun = perf_counter()
    environment = {**os.environ, "R1PLAN_HOME": str(home)}
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words} failed: {process.returncode}")
    return Spent(perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _best(times: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        begun = perf_counter()
        work()
        found.append(perf_counter() - begun)
    return min(found)
