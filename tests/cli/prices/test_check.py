"""`r1plan prices`: a check of the price files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.catalog.prices.check import check_prices
from tests.cli.prices.calling import OWN, prices


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


ROUTE = "id: mine\ndescription: Mine.\naccepts: [r1]\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        pytest.param("profiles/providers/mine.yaml", "id: mine\nnmae: x\ndialect: openai\n", "'nmae'", id="provider"),
        pytest.param("profiles/hardware/mine.yaml", "gpus:\n  - id: x\n", "profiles/hardware/mine.yaml", id="hardware"),
        pytest.param("profiles/routes/mine.yml", ROUTE + "objective: fast\n", "objective", id="route"),
        pytest.param("profiles/routes/a.yaml", ROUTE + "rules:\n  - when: {}\n    route: gone\n", "gone", id="rule"),
        pytest.param("profiles/models/mine.yaml", "id: x\n", "error: profiles/models/mine.yaml", id="model"),
        pytest.param("profiles/dialects/mine.yaml", "id: other\n", "error: profiles/dialects/mine.yaml", id="dialect"),
        pytest.param("profiles/forecast.yaml", "lengths: no\n", "error: profiles/forecast.yaml", id="forecast"),
        pytest.param("profiles/quant-quality.yaml", "x: 1\n", "profiles/quant-quality.yaml", id="quality"),
        pytest.param("profiles/rentals.yaml", "rentals: 1\n", "error: profiles/rentals.yaml", id="rentals"),
        pytest.param("profiles/served-scores.yaml", "scores: 1\n", "error: profiles/served-scores.yaml", id="scores"),
        pytest.param("budgets.yaml", "monthly_usd: lots\n", "error: budgets.yaml", id="budgets"),
    ],
)
def test_every_file_that_a_user_may_write_is_checked(home: Path, name: str, text: str, told: str) -> None:
    for path, content in ((name, text), ("profiles/routes/fine.yaml", ROUTE.replace("mine", "fine"))):
        (home / "config" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "config" / path).write_text(content, encoding="utf-8")
    found = check_prices(None, datetime(2026, 11, 24, tzinfo=UTC), 90)
    assert found.files == 19 + 2
    (error,) = (each for each in found.findings if each.is_error)
    assert told in f"error: {error.label}: {error.text}"


def test_one_wrong_file_of_a_user_hides_no_other(home: Path) -> None:
    folder = home / "config" / "profiles" / "routes"
    folder.mkdir(parents=True)
    for name in "abc":
        (folder / f"{name}.yaml").write_text("id: x\n", encoding="utf-8")
    (home / "config" / "budgets.yaml").write_text("monthly_usd: lots\n", encoding="utf-8")
    found = check_prices(None, datetime(2026, 11, 24, tzinfo=UTC), 90)
    wrong = [each.label for each in found.findings if each.is_error]
    assert wrong == [*(f"profiles/routes/{name}.yaml" for name in "abc"), "budgets.yaml"]
