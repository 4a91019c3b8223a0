"""Lines of a usage log, read for the report, for budgets and for forecasts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from r1plan.catalog.budgets import Budgets
from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.catalog.priors import load_priors
from r1plan.ledger.history import read_history
from r1plan.ledger.usage_log import UsageLog
from r1plan.money import parsed
from r1plan.prices.book import PriceBook
from r1plan.render.spend.formats import Format, spend_text
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sample import sample_entries
from r1plan.route.forecast.statistics import log_statistics
from r1plan.route.spending.budget import allowances_of_month
from tests.fuzz.mutation import mutated, mutated_json
from tests.fuzz.parser import FuzzedParser

_LINES = 250
_AT = datetime(2025, 9, 10, 12, tzinfo=UTC)
_KEYS = parse_keys("provider,model,day,project,status,tag:task")
_FORMS: tuple[Format, ...] = ("json", "csv", "md", "table")
_LIMIT = parsed("5")
_BUDGETS = Budgets(monthly_usd=_LIMIT, providers={"deepseek": _LIMIT} if _LIMIT else {})


@cache
def _seeds() -> tuple[Any, ...]:
    return tuple(json.loads(entry.to_line()) for entry in islice(sample_entries(), 80))


def _line(random: Random) -> bytes:
    row = random.choice(_seeds())
    if random.random() < 0.2:
        row = {**row, "ended_at": None, "status": "started", "cost_usd": None, "reserved_usd": "0.01"}
    if random.random() < 0.3:
        return json.dumps(row).encode()
    line = mutated_json(random, row)
    return mutated(random, [line]) if random.random() < 0.1 else line


def _made(random: Random) -> bytes:
    return b"\n".join(_line(random) for _ in range(_LINES))


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    book = PriceBook(load_prices(), load_holidays())
    keys = {(each.id, offer.model): offer.model for each in load_providers().values() for offer in each.offers}
    priors = load_priors()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "2025-09.jsonl"

        def read(content: bytes) -> str:
            file.write_bytes(content)
            report = spend_report(SpendQuestion([file], Period(), _KEYS, book))
            for form in _FORMS:
                spend_text(report, form, 80).encode()
            log = UsageLog(Path(folder), writes=False)
            rows = log.this_month(_AT)
            limits = allowances_of_month(_BUDGETS, rows, _AT, "deepseek", "sample")
            over = sum(each.left_usd < 0 for each in limits)
            history = read_history(Path(folder))
            statistics = log_statistics(history, keys, priors)
            for source in statistics.by_source:
                statistics.failures(source)
                statistics.watts(source)
                statistics.lengths("r1", "*", 100)
            log.recent()
            told = [f"{each.kind} {each.fault}" for each in report.warnings]
            return "\n".join((f"{'over' if over else 'within'}, {len(history) > 50}", *told))

        yield read


PARSER = FuzzedParser("log", _made, _opened, inputs_a_read=_LINES)
