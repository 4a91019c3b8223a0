"""`r1plan prices`: a check of the price files."""

from __future__ import annotations

from pathlib import Path

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
