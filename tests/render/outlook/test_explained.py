"""What --explain and the document say of a month."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.plan.capacity.capacity import CapacityLimit
from r1plan.plan.cost.break_even import BreakEven, SensitivityRow
from r1plan.plan.cost.claim import ClaimRow, ClaimSide, SavingClaim
from r1plan.render.outlook.explained import limit_text, outlook_parts
from r1plan.render.outlook.fields import break_even_fields, capacity_fields, claim_fields, cost_fields, frontier_fields
from tests.render.outlook.month import CAPACITY, outlook

EVEN = BreakEven(
    against_provider="deepseek", against_model="deepseek-flash", requests_per_day=45.678, utilisation=0.1444,
    reason="from there on", needed_per_day=45.678, saving_usd_per_month=None,
    sensitivity=(SensitivityRow("peak share", 1.0, 81.0), SensitivityRow("api price", 0.8, None)),
)  # fmt: skip
R1 = ClaimSide("novita", "deepseek-r1-turbo", "DeepSeek-R1", 0.0142)
CLAIM = SavingClaim(
    r1=R1,
    own=ClaimSide("deepseek", "deepseek-flash", "DeepSeek-V4.1-Flash", 0.00399),
    rows=(
        ClaimRow(ClaimSide("openai", "gpt-5", "gpt-5", 0.0546), 0.74, 0.2, is_named=True),
        ClaimRow(ClaimSide("anthropic", "claude-opus-9", "claude-opus-9", 0.007), -1.0286, None, is_named=True),
        ClaimRow(ClaimSide("openai", "o3", "o3", 0.01), -0.42, None, is_named=False),
    ),
)


def lines(month_parts: object) -> list[str]:
    return [line for part in month_parts for line in (part.heading, *part.lines)]  # type: ignore[attr-defined]


def test_a_bill_is_in_parts_that_add_up_and_negative_savings_are_said_as_what_they_are() -> None:
    even = replace(EVEN, saving_usd_per_month=Decimal("-12.40"))
    said = lines(outlook_parts(replace(outlook(), break_even=even)))
    assert "a month: $12.40 ($4.00 electricity at work, $8.40 electricity waiting)" in said
    assert any(line.endswith(" a month: the machines cost $12.40 more") for line in said)
    assert "  all at peak prices: from 81 requests a day" in said
    assert "  never cheaper with the API 20 % cheaper" in said


def test_what_r1_saves_is_said_with_its_sign_for_the_models_that_are_meant() -> None:
    said = lines(outlook_parts(replace(outlook(), claim=CLAIM)))
    same = "; R1 and gpt-5 cost the same where that writes 20 % as many"
    assert f"R1 at novita costs 74 % less than gpt-5 for as many tokens, deepseek-flash 93 % less{same}" in said
    assert "R1 at novita costs 103 % more than claude-opus-9 for as many tokens, deepseek-flash 43 % less" in said
    assert not any("o3" in line for line in said)


def test_nothing_is_said_of_the_money_of_work_that_cannot_be_done() -> None:
    nobody = outlook(50.0, requests_per_day=0.0, machines_needed=None, limit="ttft", ttft_limit_s=0.1)
    said = lines(outlook_parts(nobody))
    assert said[:2] == ["Capacity (assumed)", "none: even alone the first token takes longer than 0.1 seconds"]
    assert not any("$" in line for line in said)


@pytest.mark.parametrize("limit", ["tok_s", "ttft", "patience", "throughput"])
def test_each_limit_has_its_words(limit: CapacityLimit) -> None:
    assert limit_text(replace(CAPACITY, limit=limit))


def test_the_document_has_every_promised_field_and_is_json() -> None:
    option = outlook().choice
    assert option is not None
    capacity, cost, even = capacity_fields(option), cost_fields(option), break_even_fields(EVEN)
    assert capacity is not None
    assert even is not None
    assert set(capacity) >= {"concurrency", "decode_tok_s_total", "requests_per_day", "machines_needed", "basis"}
    assert set(cost) >= {"kind", "usd_per_mtok_output", "usd_per_month", "basis"}
    assert even["against"] == {"provider": "deepseek", "model": "deepseek-flash"}
    assert (even["requests_per_day"], even["utilisation"]) == (45.68, 0.1444)
    assert even["sensitivity"][1] == {"what": "api price", "value": 0.8, "requests_per_day": None}
    assert json.dumps([capacity, cost, even, claim_fields(CLAIM), frontier_fields(None)])


def test_what_does_not_run_has_no_figures() -> None:
    assert capacity_fields(None) is None
    assert set(cost_fields(None).values()) == {None}
    assert break_even_fields(None) is None
