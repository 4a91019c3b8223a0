"""`r1plan prices`: one request's cost."""

from __future__ import annotations

import pytest

from tests.cli.prices.calling import document, prices


def test_a_cost_has_thinking_and_answer_apart() -> None:
    fields = document(
        "cost", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--input", 1000, "--cache-hit", 600,
        "--output", 500, "--thinking", 400,
    )  # fmt: skip
    price = fields.pop("price")
    assert (price["schema"], price["output_usd_per_mtok"]) == ("r1plan.price/1", "1.68")
    assert fields == {
        "schema": "r1plan.cost/1",
        "input_miss_usd": "0.000224",
        "cache_hit_usd": "0.000042",
        "thinking_usd": "0.000672",
        "answer_usd": "0.000168",
        "thinking_unknown_usd": "0",
        "total_usd": "0.001106",
        "cache_saving_usd": "0.000294",
        "flags": [],
    }


def test_cached_input_of_an_unpublished_price_is_billed_by_the_row_s_rule() -> None:
    half = document(
        "cost", "fireworks", "accounts/fireworks/models/deepseek-r1", "--at", "2025-06-10", "--input", 1_000_000,
        "--cache-hit", 1_000_000, "--output", 0,
    )  # fmt: skip
    assert (half["total_usd"], half["cache_saving_usd"]) == ("1.5", "1.5")
    assert half["price"]["input_cache_hit_usd_per_mtok"] is None
    assert half["price"]["input_cache_hit_billed_usd_per_mtok"] == "1.5"
    whole = document(
        "cost", "together", "deepseek-ai/DeepSeek-R1", "--at", "2025-10-01", "--input", 1_000_000,
        "--cache-hit", 1_000_000, "--output", 0,
    )  # fmt: skip
    assert (whole["total_usd"], whole["cache_saving_usd"]) == ("3", "0")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--thinking", 6], "--thinking 6 is more than --output 5."),
        (["--cache-hit", 11], "--cache-hit 11 is more than --input 10."),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_part_that_is_more_than_the_whole_is_refused(options: list[object], message: str, form: list[str]) -> None:
    done = prices(
        "cost", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--input", 10, "--output", 5, *options, *form
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}\nhint:  ")


def test_a_part_may_be_the_whole() -> None:
    fields = document(
        "cost", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--input", 10, "--cache-hit", 10,
        "--output", 5, "--thinking", 5,
    )  # fmt: skip
    assert fields["flags"] == []


def test_a_cost_without_a_price_is_unknown_and_not_nothing() -> None:
    fields = document(
        "cost", "deepseek", "deepseek-reasoner", "--at", "2026-11-23", "--input", 1, "--output", 1, code=1
    )
    assert fields["total_usd"] is None
    assert fields["price"]["available"] is False


def test_a_person_reads_what_a_request_costs() -> None:
    done = prices(
        "cost", "deepseek", "deepseek-flash", "--at", "2026-11-23T07:00:00Z", "--input", 2000, "--output", 5400,
        "--thinking", 5000,
    )  # fmt: skip
    assert done.stdout == (
        "$0.0071 at DeepSeek deepseek-flash, 2026-11-23 07:00 UTC: thinking $0.0060, answer $0.00048, "
        "fresh input $0.00060.\n"
        "USD per million tokens: 0.30/0.006/1.20. Peak until 10:00 UTC, then 0.15/0.003/0.60.\n"
    )
    assert done.stderr == "how much of the input was cached is unknown: all of it is billed as fresh\n"


@pytest.mark.parametrize("how", ["option", "variable"])
def test_an_account_in_yuan_sees_the_yuan_list_and_no_dollars(how: str) -> None:
    words = ["cost", "deepseek", "deepseek-flash", "--at", "2026-11-23T12:00:00Z", "--input", 10**6, "--output", 10**6]
    fields = (
        document(*words, "--currency", "CNY")
        if how == "option"
        else document(*words, environ={"R1PLAN_DEEPSEEK_CURRENCY": "CNY"})
    )
    assert (fields["total_cny"], fields["total_usd"]) == ("5", None)
    assert fields["price"]["output_cny_per_mtok"] == "4"
    assert fields["price"]["output_usd_per_mtok"] is None
    assert fields["price"]["currency"] == "CNY"
