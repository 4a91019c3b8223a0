"""A letter means the same everywhere, and what llm's users type works."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from r1plan.cli import COMMANDS, build
from r1plan.cli.options.short import SET_BY_KEY, SHORT, spelled_out
from r1plan.cli.usage_error import run
from r1plan.errors import R1PlanError, UsageError


def commands() -> dict[str, Any]:
    """Every command by how it is called, groups too."""
    root = build()
    context = typer.Context(root, info_name="r1plan")
    found = {"": root}
    for name in COMMANDS:
        found[name] = root.get_command(context, name)
        found |= {f"{name} {each}": command for each, command in getattr(found[name], "commands", {}).items()}
    return found


def test_a_letter_stands_for_one_long_option_in_every_command() -> None:
    meanings: dict[str, set[str]] = {}
    for command in commands().values():
        for parameter in command.params:
            for letter in (each for each in parameter.opts if len(each) == 2):
                meanings.setdefault(letter, set()).add(max(parameter.opts, key=len))
    assert meanings == {letter: {name} for name, letter in SHORT.items()}


@pytest.mark.parametrize(
    ("command", "letters"),
    [
        ("chat", {"-m", "-s", "-c", "-f", "-o", "-n", "-p"}),
        ("recommend", {"-m"}),
        ("prices list", {"-m", "-p"}),
        ("cost-report", set()),
        ("", {"-V"}),
    ],
)
def test_the_letters_of_a_command(command: str, letters: set[str]) -> None:
    found = {each for parameter in commands()[command].params for each in parameter.opts if len(each) == 2}
    assert found == letters


@pytest.mark.parametrize("command", [*commands()])
def test_every_command_has_help_under_its_letter(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), [*command.split(), "-h"]) == 0
    assert "-h, --help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("-o temperature 0.5 hi", "--temperature=0.5 hi", id="letter"),
        pytest.param("--option max_tokens 9", "--max-tokens=9", id="underscore"),
        pytest.param("-o max-thinking 9", "--max-thinking=9", id="dash"),
        pytest.param("-o seed 1 -o temperature 0", "--seed=1 --temperature=0", id="two"),
        pytest.param("-o seed -1", "--seed=-1", id="minus"),
        pytest.param("hi -- -o seed 1", "hi -- -o seed 1", id="behind-the-end-of-options"),
        pytest.param("hi", "hi", id="none"),
    ],
)
def test_o_is_an_option_by_its_name(typed: str, meant: str) -> None:
    assert spelled_out("r1plan chat", typed.split()) == meant.split()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chat -o", "-o needs a key and a value."),
        ("chat -o seed", "-o needs a key and a value."),
        ("chat -o top_p 1 x", "-o 'top_p': expected temperature,"),
        ("chat -oseed 1", "--option 'seed' is no key and a value."),
        ("chat --option=seed 1", "--option 'seed' is no key and a value."),
        ("chat -o temperature 3 x", "--temperature 3.0: expected a number from 0 to 2."),
        ("chat -o seed x y", "--seed 'x': expected a whole number"),
        ("chat -model x", "r1plan chat has no option '-model'."),
        ("chat -model=x", "r1plan chat has no option '-model'."),
        ("chat -continue", "r1plan chat has no option '-continue'."),
        ("recommend -gpu rtx-4090", "r1plan recommend has no option '-gpu'."),
        ("prices list -model r1", "r1plan prices list has no option '-model'."),
        ("cost-report -o x", "r1plan cost-report has no option '-o'."),
    ],
)
def test_what_a_letter_does_not_mean_is_an_error(line: str, message: str) -> None:
    with pytest.raises(R1PlanError) as raised:
        run(build(), line.split())
    assert message in raised.value.message
    assert raised.value.hint
    assert raised.value.exit_code == 2


def test_a_long_name_behind_one_dash_is_a_value_behind_the_end_of_options() -> None:
    with pytest.raises(UsageError, match="no place for 'b'"):
        run(build(), ["chat", "--", "-model", "b"])


def test_every_key_of_o_is_an_option_of_chat() -> None:
    names = {each for parameter in commands()["chat"].params for each in parameter.opts}
    assert {f"--{key.replace('_', '-')}" for key in SET_BY_KEY} <= names
