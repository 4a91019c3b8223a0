"""Fireworks' exports: each line once, and what several exports tell of one usage once."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from r1plan.report.importers.fireworks import FIREWORKS
from tests.report.importers.loading import load
from tests.report.importers.made import fireworks
from tests.report.importers.made.fireworks import MODELS, START, cost
from tests.report.importers.reading import read

R1, DAY_US = MODELS[1], 86_400_000_000
LINE = {
    "email": "a@example.org", "start_time": "2026-07-01 09:10:11 UTC", "end_time": "2026-07-01 09:10:11 UTC",
    "usage_type": "TEXT_COMPLETION_INFERENCE_USAGE", "accelerator_type": "", "accelerator_seconds": "",
    "base_model_name": R1, "model_bucket": "DeepSeek R1", "parameter_count": "1", "prompt_tokens": "100",
    "completion_tokens": "50",
}  # fmt: skip


def test_an_export_has_no_dollars_and_unknown_is_not_0() -> None:
    row = read(FIREWORKS, [LINE]).row
    assert (row["cache_hit_tokens"], row["thinking_tokens"], row["reported_usd"], row["tool_usd"]) == (None,) * 4
    assert (row["input_tokens"], row["output_tokens"], row["requests"], row["span_us"]) == (100, 50, 1, 0)


@pytest.mark.parametrize(
    "text", ["2026-07-01 09:10:11 UTC", "2026-07-01 09:10:11 +0000 UTC", "2026-07-01T09:10:11Z", "2026-07-01 09:10:11"]
)
def test_times_are_utc(text: str) -> None:
    assert read(FIREWORKS, [{**LINE, "start_time": text}]).row["started_us"] == 1_782_897_011_000_000


def test_equal_lines_are_as_many_requests_and_overlapping_exports_add_none() -> None:
    other = {**LINE, "completion_tokens": "51"}
    loaded = load(FIREWORKS, [LINE, LINE, other], [LINE, LINE], [LINE, other])
    assert (len(loaded.rows), loaded.total("output_tokens")) == (3, 151)


@pytest.mark.parametrize("split", ["model", "model_tier", "api_key", "user"])
def test_a_cost_is_a_day_of_what_it_is_split_by(split: str) -> None:
    loaded = load(
        FIREWORKS, [cost("2026-07-01", "x/y", "8.4", split), cost("2026-07-02", "unattributed", "0.1", split)]
    )
    first, second = sorted(loaded.rows.values(), key=lambda row: row["started_us"])
    assert (first["started_us"], first["span_us"], first["requests"]) == (1_782_864_000_000_000, DAY_US, None)
    assert (first["reported_usd"], first["currency"], first["input_tokens"]) == (Decimal("8.4"), "USD", None)
    assert first["model"] == ("x/y" if split.startswith("model") else "unknown")
    assert (first["key"], second["key"]) == ("x/y" if split == "api_key" else None, None)
    assert second["model"] == "unknown"


def test_a_day_that_is_split_in_several_ways_is_paid_once() -> None:
    by_model = [cost("2026-07-01", R1, "8.4"), cost("2026-07-01", "accounts/x/models/y", "1.6")]
    by_key = [cost("2026-07-01", "key_1", "10", "api_key"), cost("2026-07-02", "key_1", "3", "api_key")]
    by_user = [cost("2026-07-01", "u", "10", "user"), cost("2026-07-02", "u", "3", "user")]
    for files in ([by_model, by_key, by_user], [by_user, by_model, by_key]):
        assert load(FIREWORKS, *files).total("reported_usd") == Decimal(13)
    assert load(FIREWORKS, by_user).total("reported_usd") == Decimal(13)


def test_tokens_and_money_of_a_days_model_are_one_row() -> None:
    other = {**LINE, "base_model_name": "accounts/fireworks/models/glm", "prompt_tokens": "7"}
    money = [cost("2026-07-01", R1, "8.4"), cost("2026-07-02", R1, "1")]
    loaded = load(FIREWORKS, [LINE, LINE, other], money, [cost("2026-07-01", "key_1", "9", "api_key")])
    rows = {(row["started_us"] // DAY_US, row["model"]): row for row in loaded.rows.values()}
    assert len(rows) == len(loaded.rows) == 3
    paid, plain = rows[20635, R1], rows[20635, other["base_model_name"]]
    assert (paid["reported_usd"], paid["requests"], paid["input_tokens"], paid["span_us"]) == (
        Decimal("8.4"), 2, 200, DAY_US,
    )  # fmt: skip
    assert (plain["reported_usd"], plain["requests"], plain["input_tokens"]) == (None, 1, 7)
    assert {row["span_us"] for row in loaded.rows.values()} == {DAY_US}
    assert loaded.total("reported_usd") == Decimal("9.4")


def test_money_by_key_alone_is_not_added_to_tokens_that_are_priced() -> None:
    by_key = [cost("2026-07-01", "key_1", "9", "api_key"), cost("2026-07-02", "key_1", "2", "api_key")]
    loaded = load(FIREWORKS, [LINE], by_key)
    assert (loaded.total("reported_usd"), loaded.total("input_tokens")) == (Decimal(2), 100)


def test_a_query_has_units_and_billionths() -> None:
    def row(at: str, units: Any, nanos: Any, **dimensions: str) -> dict[str, Any]:
        return {
            "dimensions": {"startTime": at, **dimensions},
            "subtotal": {"currencyCode": "USD", "units": units, "nanos": nanos},
        }

    days = [
        row("2026-07-01T00:00:00Z", "12", 500_000_001, model=R1),
        row("2026-07-02T00:00:00Z", None, 7, apiKey="key_1"),
    ]
    loaded = load(FIREWORKS, days)
    assert {each["reported_usd"] for each in loaded.rows.values()} == {Decimal("12.500000001"), Decimal("0.000000007")}
    assert {each["span_us"] for each in loaded.rows.values()} == {DAY_US}
    hours = [row(f"2026-07-01T0{hour}:00:00Z", "1", -5, model=R1) for hour in range(3)]
    loaded = load(FIREWORKS, hours)
    assert loaded.total("reported_usd") == Decimal("2.999999985")
    assert {each["span_us"] for each in loaded.rows.values()} == {3_600_000_000}


def test_sums_of_usage_are_read_and_give_way_to_lines() -> None:
    def sums(day: int, model: str, **other: Any) -> dict[str, Any]:
        return {
            "startTime": f"2026-07-0{day}T00:00:00Z", "endTime": f"2026-07-0{day + 1}T00:00:00Z", "promptTokens": "900",
            "completionTokens": "80", "usageType": "TEXT_COMPLETION_INFERENCE_USAGE", "modelName": model, **other,
        }  # fmt: skip

    named = {"api_key_id": "key_1", "api_key_name": "prod", "model_name": R1}
    document = {
        "serverlessCosts": [
            sums(1, R1), sums(2, "", group=named, cachedPromptTokens="600", uncachedPromptTokens="300", costNanoUsd=5),
            sums(2, R1, usageType="EMBEDDING_USAGE"),
        ],
        "dedicatedCosts": [{"deploymentId": "d", "acceleratorSeconds": "3600", "startTime": "2026-07-01T00:00:00Z"}],
        "trainingCosts": [],
    }  # fmt: skip
    loaded = load(FIREWORKS, [document], [LINE])
    assert loaded.traps == {"gpu_time": 1, "not_chat": 1}
    event, usage = sorted(loaded.rows.values(), key=lambda row: row["started_us"])
    assert (event["input_tokens"], event["requests"]) == (100, 1)
    assert (usage["input_tokens"], usage["cache_hit_tokens"], usage["requests"], usage["key"]) == (
        900,
        600,
        None,
        "prod",
    )
    assert usage["reported_usd"] == Decimal("0.000000005")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_month_of_both_exports_is_each_token_and_each_dollar_once(seed: int) -> None:
    random = Random(seed)
    made = list(fireworks.metrics(random, 250, newer=True))
    tokens: dict[tuple[int, str], int] = defaultdict(int)
    for each in made:
        if each.truth:
            day = (date.fromisoformat(each.record["start_time"][:10]) - START.date()).days
            tokens[day, each.truth.model] += each.truth.input_tokens or 0
    paid = {place: Decimal(random.randint(1, 10**10)).scaleb(-9) for place in tokens if random.random() < 0.7}
    money = [cost(f"{START + timedelta(days=day):%Y-%m-%d}", model, usd) for (day, model), usd in paid.items()]
    loaded = load(FIREWORKS, [each.record for each in made], money)
    total, billed = 0, Decimal(0)
    for (day, model), count in tokens.items():
        total += count
        billed += paid.get((day, model), Decimal(0))
        start = int(START.timestamp()) * 1_000_000 + day * DAY_US
        rows = [
            row for row in loaded.rows.values()
            if row["model"] == model and start <= row["started_us"] < start + DAY_US
        ]  # fmt: skip
        assert sum(row["input_tokens"] for row in rows) == count
        assert sum(row["reported_usd"] or 0 for row in rows) == paid.get((day, model), 0)
    assert (loaded.total("input_tokens"), loaded.total("reported_usd")) == (total, billed)
