"""Whatever the log holds: no finding says more dollars or requests than there are, and all stand in one order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from r1plan.ledger.entry import UsageEntry
from tests.report.findings.finding import asked, report_with

_ZERO = Decimal(0)


def some_month(seed: int) -> list[UsageEntry]:
    """Requests that come in questions and conversations, break off, fail, are cut, lose the cache, at four sellers."""
    random = Random(seed)
    rows: list[UsageEntry] = []
    for number in range(150):
        status = random.choices(["ok", "length", "aborted", "failed"], [80, 8, 7, 5])[0]
        low = Decimal(random.randrange(1000)) / 1000
        entire, output = random.randrange(30_000), random.randrange(20_000)
        provider, model = random.choice(
            [
                ("deepseek", "deepseek-reasoner"),
                ("deepseek", "deepseek-chat"),
                ("together", "deepseek-ai/DeepSeek-R1"),
                ("nobody", "x"),
            ]
        )
        rows.append(
            asked(
                f"r{number}",
                timedelta(minutes=random.randrange(-14_400, 28_000)),
                provider=provider,
                model_requested=model,
                model_served=random.choice([None, model, "deepseek-v3.2"]),
                status=status,
                input_tokens=entire,
                cache_hit_tokens=random.choice([None, 0, entire // 2, entire]),
                output_tokens=output,
                thinking_tokens=random.choice([None, 0, output // 2, output]),
                conversation=random.choice([None, "c1", "c2"]),
                attempt_of=random.choice(rows).id if rows and random.random() < 0.2 else None,
                cost_low_usd=low if status in ("aborted", "failed") else None,
                cost_high_usd=low * 3 if status in ("aborted", "failed") and random.random() < 0.8 else None,
            )
        )
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_no_finding_exceeds_the_total(seed: int) -> None:
    report = report_with(some_month(seed))
    assert len({each.kind for each in report.findings}) >= 5
    totals = report.totals
    least = (totals.cost_usd or _ZERO) + (totals.uncertain_low_usd or _ZERO)
    most = (totals.cost_usd or _ZERO) + (totals.uncertain_high_usd or _ZERO)
    for each in report.findings:
        assert 0 <= each.low_usd <= least
        assert each.high_usd is None or each.low_usd <= each.high_usd <= most
        assert 0 < each.requests <= totals.requests


def test_rows_in_another_order_make_the_same_findings() -> None:
    rows = some_month(11)
    other = sorted(rows, key=lambda row: (row.output_tokens, row.id))
    assert report_with(rows).findings == report_with(other).findings


def test_what_costs_the_most_is_first_and_what_only_tells_is_last() -> None:
    found = report_with(some_month(3)).findings
    telling = [each.kind in ("served_change", "tool_differs", "dearest") for each in found]
    assert telling == sorted(telling)
    saving = [each.high_usd for each in found if each.kind not in ("served_change", "tool_differs", "dearest")]
    known = [each for each in saving if each is not None]
    assert saving == [None] * (len(saving) - len(known)) + sorted(known, reverse=True)


def test_nothing_is_found_in_nothing() -> None:
    assert report_with([]).findings == ()
