"""`r1plan prices`: what is offered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.prices.calling import document, prices

GOLDEN = Path(__file__).parents[2] / "golden"


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


def test_yuan_and_dollars_are_never_compared() -> None:
    done = prices("list", "--at", "2026-11-23T12:00:00Z", environ={"R1PLAN_DEEPSEEK_CURRENCY": "CNY"})
    assert "CNY and USD per million tokens" in done.stdout
    assert "Cheapest of all is DeepInfra" in done.stdout
    assert " CNY; off-peak until 01:00 UTC, then 2.00/0.04/8.00" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("name", "hint"),
    [("depseek", "did you mean deepseek?"), ("foo", "there are anthropic, "), ("DEEPSEK", "did you mean deepseek")],
)
def test_an_unknown_provider_has_near_names_or_all(name: str, hint: str) -> None:
    done = prices("list", "--provider", name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: unknown provider '{name}'.\nhint:  {hint}")
