"""`r1plan prices`: one price."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.prices.calling import OWN, document, prices


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


def test_a_yuan_price_that_was_never_published_is_not_converted() -> None:
    done = prices("show", "deepseek", "deepseek-reasoner", "--at", "2025-09-10", "--currency", "CNY")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no price of 'deepseek-reasoner' at DeepSeek is known for 2025-09-10")


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


@pytest.mark.parametrize(("input_tokens", "output"), [(200_000, "10"), (200_001, "15")], ids=["short", "long"])
def test_the_length_of_the_input_chooses_the_price(input_tokens: int, output: str) -> None:
    shown = document("show", "google", "gemini-2.5-pro", "--at", "2026-11-23", "--input", input_tokens)
    assert shown["output_usd_per_mtok"] == output
    cost = document(
        "cost", "google", "gemini-2.5-pro", "--at", "2026-11-23", "--input", input_tokens, "--output", 1_000_000
    )
    assert Decimal(cost["thinking_unknown_usd"]) == Decimal(output)
