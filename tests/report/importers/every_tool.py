"""Records of every tool in files of several kinds, the report over them, and where a slow loop comes to something else.

`python -m tests.report.importers.every_tool [RECORDS] [TOOL]` compares at any size, of 60,000 records unless told.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from r1plan.cli.spend.sellers import sellers_by_name
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.given import given_files
from r1plan.report.spend import SpendReport, Totals
from tests.report.importers.made import (
    claude_code,
    deepseek,
    dsh,
    fireworks,
    helicone,
    langfuse,
    litellm,
    llm,
    openai,
    opencode,
    openrouter,
    otel,
)
from tests.report.importers.made.truth import Made, Truth
from tests.report.importers.slow_loop import (
    COUNTS,
    MONEY,
    end_us,
    instant,
    name_of,
    real_prices,
    summed,
    without_sums_beside_rows,
)
from tests.report.sources import written

Records = Sequence[Mapping[str, Any]]
Write = Callable[[Records, Path], object]


def _lines(records: Records, path: Path) -> None:
    path.write_bytes(written.lines(records))


def _csv(records: Records, path: Path) -> None:
    path.write_bytes(written.table(records))


def _llm(random: Random, number: int) -> list[Made]:
    return [*llm.calls(random, number)]


def _opencode(random: Random, number: int) -> list[Made]:
    """Messages, of which one stands for several calls: its record has the first of them."""
    made: list[Made] = []
    for message in opencode.messages(random, number):
        record = {"message": message}
        rows = message.made or [Made(record={})]
        made += [
            Made(record=record if place == 0 else {}, truth=each.truth, traps=each.traps)
            for place, each in enumerate(rows)
        ]
    return made


def _opencode_database(records: Records, path: Path) -> None:
    database = opencode.database([each["message"] for each in records if each])
    database.commit()
    with closing(database):
        database.execute("VACUUM INTO ?", (str(path),))


def _opencode_export(records: Records, path: Path) -> None:
    path.write_text(json.dumps({"info": {}, "messages": [each["message"].exported() for each in records if each]}))


def _llm_database(records: Records, path: Path) -> None:
    made = [Made(record=each) for each in records]
    half = len(made) // 2
    database = llm.database(made[:half], made[half:])
    database.commit()
    with closing(database):
        database.execute("VACUUM INTO ?", (str(path),))


def _otlp(records: Records, path: Path) -> None:
    """A document a line, each of some spans."""
    parts = [records[at : at + 50] for at in range(0, len(records), 50)]
    path.write_bytes(written.lines([otel.otlp([Made(record=each) for each in part]) for part in parts]))


# A tool's records, and the kinds of files that they stand in: the first holds all, the others a part of them again.
TOOLS: Mapping[str, tuple[str, Callable[[Random, int], Iterable[Made]], Mapping[str, Write]]] = {
    "litellm": ("litellm", litellm.spend_logs, {"a.csv": _csv, "b.parquet": written.parquet, "c.jsonl": _lines}),
    "openrouter": ("openrouter", openrouter.log, {"a.csv": _csv, "b.parquet": written.parquet}),
    "openrouter-generations": ("openrouter", openrouter.generations, {"a.jsonl": _lines, "b.parquet": written.parquet}),
    "openrouter-activity": ("openrouter", openrouter.activity, {"a.jsonl": _lines, "b.csv": _csv}),
    "helicone": ("helicone", helicone.requests, {"a.parquet": written.parquet, "b.csv": _csv, "c.jsonl": _lines}),
    "langfuse": (
        "langfuse",
        lambda random, number: langfuse.observations(random, number, camel=False),
        {"a.parquet": written.parquet, "b.jsonl": _lines},
    ),
    "langfuse-pages": (
        "langfuse",
        lambda random, number: langfuse.observations(random, number, camel=True),
        {"a.csv": _csv, "b.jsonl": _lines},
    ),
    "otel": ("otel", otel.spans, {"a.jsonl": _otlp, "b.jsonl": _lines}),
    "openai": ("openai", openai.bodies, {"a.jsonl": _lines}),
    "openai-usage": ("openai", openai.buckets, {"a.jsonl": _lines, "b.jsonl": _lines}),
    "fireworks": (
        "fireworks", lambda random, number: fireworks.metrics(random, number, newer=True), {"a.csv": _csv, "b.csv": _csv},
    ),
    "claude-code": ("claude-code", claude_code.lines, {"a.jsonl": _lines}),
    "dsh": ("dsh", dsh.session, {"a.jsonl": _lines}),
    "llm": ("llm", _llm, {"a.db": _llm_database}),
    "opencode": ("opencode", _opencode, {"a.db": _opencode_database, "b.json": _opencode_export}),
}  # fmt: skip


def differences(tool: str, seed: int, number: int) -> Iterator[str]:
    """Where the report over `number` records of `tool` is not what the loop comes to."""
    importer, maker, forms = TOOLS[tool]
    random = Random(seed)
    made = list(maker(random, number))
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in forms]
        told = Counter(trap for each in made for trap in each.traps)
        for place, (path, write) in enumerate(zip(paths, forms.values(), strict=True)):
            again = made if place == 0 else _last_part(made, place)
            if place:
                told.update(trap for each in again for trap in each.traps)
            write([each.record for each in again], path)
        by = parse_keys("month,model")
        report = spend_report(SpendQuestion(given_files(paths), Period(), by, real_prices(), sellers=sellers_by_name))
    yield from _unlike({importer: True}, {each.importer: True for each in report.imported})
    found: Counter[str] = Counter()
    for read in report.imported:
        found.update(read.left_out)
        found.update(read.noted)
    yield from _unlike(told, found)
    yield from _sums_unlike([each.truth for each in made if each.truth], report)


def deepseek_differences(seed: int, number: int) -> Iterator[str]:
    """Where the report over about `number` lines of DeepSeek's bill, given twice, is not their sum: of each month."""
    made = deepseek.made(seed, days=number // 18, first=date(2025, 1, 20) if number < 9_999 else date(2016, 1, 1))
    with TemporaryDirectory() as folder:
        for place in (1, 2):
            path = Path(folder, f"usage_data_{place}.zip")
            path.write_bytes(deepseek.as_zip(made, Random(place), mark=place == 1))
        report = spend_report(SpendQuestion(given_files([folder]), Period(), parse_keys("month"), real_prices()))
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    bills: dict[str, Decimal] = defaultdict(Decimal)
    for line in made.amounts:
        month, count = line["utc_date"][:7], int(line["amount"])
        sums[month][line["type"]] += count
        if line["price"]:
            bills[month] += count * Decimal(line["price"])
    for group in report.groups:
        month, totals = str(group.keys["month"]), group.totals
        counts = sums[month]
        hit = counts["input_cache_hit_tokens"]
        yield from _unlike(
            {
                "requests": counts["request_count"], "input": counts["input_cache_miss_tokens"] + hit, "hit": hit,
                "output": counts["output_tokens"], "bill": bills[month], "cost": bills[month],
            },
            {
                "requests": totals.requests, "input": totals.input_tokens, "hit": totals.cache_hit_tokens,
                "output": totals.output_tokens, "bill": totals.reported_usd, "cost": totals.cost_usd,
            },
        )  # fmt: skip
    yield from _unlike(dict.fromkeys(sums, True), {str(each.keys["month"]): True for each in report.groups})


def _sums_unlike(told: Sequence[Truth], report: SpendReport) -> Iterator[str]:
    truths = without_sums_beside_rows(told)
    yield from _unlike(summed(truths), _of(report.totals))
    by: dict[tuple[str, str], list[Truth]] = defaultdict(list)
    for truth in truths:
        placed = end_us(truth) or truth.started_us
        assert placed is not None
        by[instant(placed).strftime("%Y-%m"), name_of(truth)[1]].append(truth)
    groups = {(str(each.keys["month"]), str(each.keys["model"])): _of(each.totals) for each in report.groups}
    yield from _unlike({str(key): True for key in by}, {str(key): True for key in groups})
    for key in sorted(by.keys() & groups.keys()):
        yield from (f"{key}: {each}" for each in _unlike(summed(by[key]), groups[key]))
    for warning in report.warnings:
        if warning.kind in ("bad_line", "bad_record", "unreadable_file"):
            yield str(warning)


def _last_part(made: Sequence[Made], place: int) -> Sequence[Made]:
    """From a third or two on, but never from within what belongs together, at whose end its row stands; forks whole."""
    is_forked = any("fork_copy" in each.traps for each in made)
    start = 0 if is_forked else len(made) * place // 3
    while start and not made[start - 1].truth:
        start -= 1
    return made[start:]


def _of(totals: Totals) -> Mapping[str, Any]:
    return {name: getattr(totals, name) for name in (*COUNTS, *MONEY, "reported_usd")}


def _unlike(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*wanted, *found)):
        if (expected := wanted.get(name)) != (got := found.get(name)):
            yield f"{name}: the loop comes to {expected}, the report to {got}"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    for name in sys.argv[2:] or (*TOOLS, "deepseek"):
        print(f"{name}: {count:,} records", flush=True)
        for each in deepseek_differences(1, count) if name == "deepseek" else differences(name, 1, count):
            print(f"  {each}")
