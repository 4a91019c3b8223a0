"""`r1plan prices` as a person or a program calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
OWN = """provider: deepseek
checked: 2026-12-02
prices:
  - model: deepseek-flash
    rates: {input_cache_miss: '0.10', input_cache_hit: '0.001', output: '0.40'}
    effective_from: 2026-12-01T04:00:00+08:00
    effective_from_precision: instant
    effective_until: null
    effective_until_precision: open
    sources: [my bill]
    confidence: high
"""
# The group's own app, and an error turned into a message as __main__ does it.
RUN = """
import sys
import typer.main
from r1plan.__main__ import _print_error
from r1plan.cli.prices import app
from r1plan.errors import R1PlanError
try:
    typer.main.get_command(app).main(args=sys.argv[1:], prog_name="r1plan prices")
except R1PlanError as error:
    _print_error(error)
    sys.exit(error.exit_code)
"""


def prices(
    *arguments: object, columns: int = 120, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": str(columns), **(environ or {})},
    )


def document(*arguments: object, code: int = 0, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    done = prices(*arguments, "--json", environ=environ)
    assert (done.returncode, done.stderr) == (code, "")
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_is_what_the_golden_files_hold(width: int) -> None:
    done = prices("list", "--at", "2026-11-23T12:00:00Z", columns=width)
    golden = GOLDEN / f"prices_list_{width}.txt"
    assert (done.returncode, done.stdout, done.stderr) == (0, golden.read_text("utf-8"), "")
    assert max(len(line) for line in done.stdout.splitlines()) <= width


def test_the_list_as_a_document_has_every_id_whole() -> None:
    fields = document("list", "--at", "2026-11-23T12:00:00Z", "--provider", "fireworks")
    assert fields["schema"] == "r1plan.prices/1"
    (flash,) = (each for each in fields["offers"] if each["kind"] == "other")
    assert (flash["model"], flash["available"]) == ("accounts/fireworks/models/deepseek-v4p1-flash", True)


def test_a_price_is_the_document_that_programs_rely_on() -> None:
    fields = document("show", "deepseek", "deepseek-reasoner", "--at", "2025-03-10T20:00:00Z")
    assert fields.pop("sources")
    assert fields == {
        "schema": "r1plan.price/1",
        "provider": "deepseek",
        "model": "deepseek-reasoner",
        "at": "2025-03-10T20:00:00+00:00",
        "available": True,
        "reason": None,
        "successor": None,
        "served_model": "DeepSeek-R1",
        "tier": "off_peak",
        "currency": "USD",
        "input_cache_miss_usd_per_mtok": "0.135",
        "input_cache_hit_usd_per_mtok": "0.035",
        "output_usd_per_mtok": "0.55",
        "input_cache_hit_billed_usd_per_mtok": "0.035",
        "effective_from": "2025-02-26T16:30:00+00:00",
        "effective_until": "2025-05-28T00:00:00+00:00",
        "offered_until": "2026-07-24T15:59:00+00:00",
        "next": {
            "at": "2025-03-11T00:30:00+00:00",
            "tier": "standard",
            "input_cache_miss_usd_per_mtok": "0.55",
            "input_cache_hit_usd_per_mtok": "0.14",
            "output_usd_per_mtok": "2.19",
            "input_cache_hit_billed_usd_per_mtok": "0.14",
        },
        "price_id": "deepseek/deepseek-reasoner@2025-02-26T16:30:00Z",
        "tier_instant": "completion",
        "confidence": "high",
        "checked": "2026-11-23",
        "caveats": [],
    }


@pytest.mark.parametrize(
    ("at", "available"), [("15:58:59", True), ("15:59:00", False), ("15:59:01", False)], ids=["before", "at", "after"]
)
def test_an_id_is_available_until_its_last_second(at: str, available: bool) -> None:
    fields = document("show", "deepseek", "deepseek-reasoner", "--at", f"2026-07-24T{at}Z", code=0 if available else 1)
    assert fields["available"] is available
    assert (fields["output_usd_per_mtok"] == "0.28") is available
    assert (fields["successor"] == "deepseek-flash") is not available


def test_a_person_is_told_what_to_use_instead() -> None:
    done = prices("show", "deepseek", "deepseek-reasoner", "--at", "2026-11-23")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: DeepSeek no longer serves 'deepseek-reasoner' (refused since 2026-07-24 15:59 UTC).\n"
        "hint:  'deepseek-flash' is its successor; real R1 is sold by bedrock, deepinfra, novita, openrouter "
        "(r1plan prices list --model r1)\n"
    )


def test_a_person_reads_the_price_its_basis_and_its_next_change() -> None:
    done = prices("show", "deepseek", "deepseek-flash", "--at", "2026-11-21T12:00:00Z", columns=80)
    assert done.returncode == 0
    assert done.stdout.startswith(
        "deepseek-flash at DeepSeek costs 0.15 fresh input, 0.003 cached input, 0.60\n"
        "output: USD per million tokens at 2026-11-21 12:00 UTC.\n"
        "Off-peak until Mon 23 Nov 01:00 UTC, then 0.30/0.006/1.20.\n"
    )
    assert max(len(line) for line in done.stdout.splitlines() if "http" not in line) <= 80


@pytest.mark.parametrize(("input_tokens", "output"), [(200_000, "10"), (200_001, "15")], ids=["short", "long"])
def test_the_length_of_the_input_chooses_the_price(input_tokens: int, output: str) -> None:
    shown = document("show", "google", "gemini-2.5-pro", "--at", "2026-11-23", "--input", input_tokens)
    assert shown["output_usd_per_mtok"] == output
    cost = document(
        "cost", "google", "gemini-2.5-pro", "--at", "2026-11-23", "--input", input_tokens, "--output", 1_000_000
    )
    assert Decimal(cost["thinking_unknown_usd"]) == Decimal(output)


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


def test_impossible_usage_is_flagged_and_priced_from_what_is_certain() -> None:
    fields = document(
        "cost", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--input", 10, "--cache-hit", 11,
        "--output", 5, "--thinking", 6,
    )  # fmt: skip
    assert fields["flags"] == ["cache_hit_over_input", "thinking_over_output"]
    assert (fields["thinking_usd"], fields["answer_usd"]) == (None, None)
    assert fields["total_usd"] == "0.000014"


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


def test_a_yuan_price_that_was_never_published_is_not_converted() -> None:
    done = prices("show", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--currency", "CNY")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no price of 'deepseek-reasoner' at DeepSeek is known for 2025-09-10")


def test_yuan_and_dollars_are_never_compared() -> None:
    done = prices("list", "--at", "2026-11-23T12:00:00Z", environ={"R1PLAN_DEEPSEEK_CURRENCY": "CNY"})
    assert "CNY and USD per million tokens" in done.stdout
    assert "Cheapest of all is DeepInfra" in done.stdout
    assert " CNY; off-peak until 01:00 UTC, then 2.00/0.04/8.00" in " ".join(done.stdout.split())


def test_a_dear_hour_beyond_the_calendar_is_doubted() -> None:
    listed = prices("list", "--provider", "deepseek", "--at", "2027-01-01T02:00:00Z").stdout
    assert "holidays after 2026-12-31 are not in the calendar 'china-public-holidays'" in " ".join(listed.split())
    shown = document("show", "deepseek", "deepseek-flash", "--at", "2027-01-01T02:00:00Z")
    assert shown["tier"] == "peak"
    assert shown["caveats"][-1].startswith("holidays after 2026-12-31")


def test_a_users_file_adds_a_dated_row(home: Path) -> None:
    file = home / "config" / "pricing" / "deepseek.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OWN)
    before = document("show", "deepseek", "deepseek-flash", "--at", "2026-11-30T19:59:59Z")
    after = document("show", "deepseek", "deepseek-flash", "--at", "2026-11-30T20:00:00Z")
    assert (before["output_usd_per_mtok"], after["output_usd_per_mtok"]) == ("0.60", "0.40")
    assert before["next"]["at"] == "2026-11-30T20:00:00+00:00"
    assert after["sources"] == ["my bill"]
    assert (before["checked"], after["checked"]) == ("2026-11-23", "2026-12-02")
    assert prices("check", "--at", "2026-12-03").returncode == 0


def test_a_wrong_user_file_stops_each_command_and_is_named(home: Path) -> None:
    file = home / "config" / "pricing" / "deepseek.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OWN.replace("'0.10'", "0.10"))
    done = prices("show", "deepseek", "deepseek-flash")
    assert done.returncode == 1
    assert done.stderr == (
        "error: pricing/deepseek.yaml: prices[0].rates.input_cache_miss: expected a price in quotes, '0.1', got 0.1 "
        f"without quotes (a float loses digits)\nhint:  {file}, line 5\n"
    )
    checked = prices("check")
    assert (checked.returncode, checked.stderr) == (1, "")
    assert checked.stdout.startswith("1 error and ")
    assert "error: pricing/deepseek.yaml:5: prices[0].rates.input_cache_miss: expected a price" in checked.stdout


def test_the_shipped_prices_pass_the_check() -> None:
    done = prices("check", "--at", "2026-11-24")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("No error and 4 notes in 19 files with 80 prices.\nnote: pricing/deepseek.yaml:")


def test_a_check_of_a_file_that_is_not_there_names_it() -> None:
    done = prices("check", "gone.yaml")
    assert done.returncode == 1
    assert "error: gone.yaml: no such file or directory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        pytest.param(["show", "deepsek", "x"], 2, "error: unknown provider 'deepsek'.", id="provider"),
        pytest.param(["show", "deepseek", "r1"], 2, "error: unknown model of deepseek 'r1'.", id="model"),
        pytest.param(
            ["show", "deepseek", "deepseek-r1:7b"], 2, "error: unknown model of deepseek 'deepseek-r1:7b'.", id="local"
        ),
        pytest.param(["list", "--provider", "acme"], 2, "error: unknown provider 'acme'.", id="list-provider"),
        pytest.param(["list", "--model", "gpt-9"], 2, "error: unknown model 'gpt-9'.", id="list-model"),
        pytest.param(["list", "--at", "noon"], 2, "error: 'noon' is not an instant.", id="instant"),
        pytest.param(
            ["list", "--at", "2026-11-24 12:00 Mars/Base"], 2, "error: unknown time zone 'Mars/Base'.", id="zone"
        ),
        pytest.param(
            ["list", "--model", "deepseek-reasoner", "--at", "2026-11-24"], 1,
            "error: nothing that is called 'deepseek-reasoner' was on offer at 2026-11-24 00:00 UTC.", id="gone",
        ),
    ],
)  # fmt: skip
def test_a_wrong_call_is_one_sentence_and_a_hint(arguments: list[str], code: int, error: str) -> None:
    done = prices(*arguments)
    first, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout, first) == (code, "", error)
    assert hint.startswith("hint:  ")


def test_a_negative_count_is_wrong_usage() -> None:
    assert prices("cost", "deepseek", "deepseek-flash", "--input", "-1", "--output", "1").returncode == 2


def test_every_subcommand_helps_with_an_example() -> None:
    for name in ("list", "show", "cost", "check"):
        done = prices(name, "--help")
        assert done.returncode == 0
        assert f"Example: r1plan prices {name}" in done.stdout
