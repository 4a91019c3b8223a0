"""`r1plan prices`: what its subcommands have in common."""

from __future__ import annotations

import pytest

from tests.cli.prices.calling import prices


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        pytest.param(["show", "deepsek", "x"], 2, "error: unknown provider 'deepsek'.", id="provider"),
        pytest.param(["show", "deepseek", "r1"], 2, "error: deepseek has no model 'r1'.", id="model"),
        pytest.param(
            ["show", "deepseek", "deepseek-r1:7b"], 2, "error: deepseek has no model 'deepseek-r1:7b'.", id="local"
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
