"""What people type where a command is expected leads to the command that does it."""

from __future__ import annotations

import re
import shlex

import pytest

from r1plan.cli import COMMANDS, FIRST, build, meant
from r1plan.cli.usage_error import run
from r1plan.errors import UsageError
from tests.cli.options.test_short import commands


def refused(line: str) -> UsageError:
    with pytest.raises(UsageError) as raised:
        run(build(), shlex.split(line))
    return raised.value


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("run", "r1plan chat --model NAME"),
        ("run deepseek-r1:32b", "r1plan chat --model NAME"),
        ("RUN", "r1plan chat --model NAME"),
        ("ask", "r1plan chat"),
        ("pull", "r1plan models pull"),
        ("ls", "r1plan models list"),
        ("list", "r1plan models list"),
        ("serve", "--engine vllm"),
        ("deploy", "--engine vllm"),
        ("bench", "--explain"),
        ("ps", "r1plan doctor"),
        ("search", "r1plan prices list"),
        ("login", "DEEPSEEK_API_KEY"),
        ("config", "DEEPSEEK_API_KEY"),
        ("update", "git pull"),
        ("cost", "r1plan cost-report"),
        ("report", "r1plan cost-report"),
        ("price", "r1plan prices list"),
        ("recomend", "did you mean recommend?"),
        ("gpu", "r1plan detect"),
        ("quit", "Ctrl-D"),
        ("completion", "--install-completion"),
        ("prices ls", "r1plan prices list"),
        ("prices lst", "did you mean list?"),
        ("models download x", "r1plan models pull"),
        ("zzz", "r1plan --help"),
        ("version x", "r1plan --version"),
        ("--", "r1plan --help"),
        ("''", "r1plan --help"),
    ],
)
def test_an_expected_word_has_a_hint(line: str, hint: str) -> None:
    error = refused(line)
    assert hint in (error.hint or "")
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        pytest.param("'What is 17 + 25?'", 'to ask it: r1plan chat "What is 17 + 25?"', id="quoted"),
        pytest.param("what is 17 + 25", 'to ask it: r1plan chat "what is 17 + 25"', id="words"),
        pytest.param("why?", 'to ask it: r1plan chat "why?"', id="one-word"),
        pytest.param("'what costs $5?'", "to ask it: r1plan chat 'what costs $5?'", id="dollar"),
        pytest.param("'say \"hi\" twice'", "to ask it: r1plan chat 'say \"hi\" twice'", id="quotes"),
        pytest.param("'a\nb'", 'to ask it: r1plan chat "a b"', id="two-lines"),
    ],
)
def test_a_question_leads_to_chat_as_it_can_be_typed(line: str, hint: str) -> None:
    error = refused(line)
    assert error.hint == hint
    assert shlex.split(hint.removeprefix("to ask it: "))[:2] == ["r1plan", "chat"]
    assert "\n" not in error.message


def test_a_long_question_is_cut_in_both_lines() -> None:
    error = refused(f"'{'word ' * 1000}'")
    assert len(error.message) < 150
    assert len(error.hint or "") < 150


@pytest.mark.parametrize("typed", ["it's", 'a"b', "a'b\"c", "Did you mean", "x'. Did you mean 'chat'?"])
def test_a_word_with_quotes_is_shown_as_it_was_typed(typed: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(build(), [typed])
    assert raised.value.message == f"r1plan has no command '{typed}'."


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("help", "--help"),
        ("help recommend", "recommend --help"),
        ("help prices list", "prices list --help"),
        ("prices help list", "prices list --help"),
        ("prices help", "prices --help"),
        ("help --help", "--help"),
        ("HELP", "--help"),
        ("Help chat", "chat --help"),
        ("version", "--version"),
        ("Version", "--version"),
        ("-V", "--version"),
        ("-h", "--help"),
    ],
)
def test_help_and_version_are_understood_as_commands(line: str, same: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), line.split()) == 0
    said = capsys.readouterr().out
    assert run(build(), same.split()) == 0
    assert said == capsys.readouterr().out != ""


def test_help_for_what_is_no_command_is_an_error() -> None:
    assert refused("help xyz").message == "r1plan has no command 'xyz'."


def hints() -> list[str]:
    return [hint for table in meant._UNDER.values() for hint in table.values()]


def test_hints_name_commands_and_options_that_there_are() -> None:
    for hint in hints():
        for name in re.findall(r"r1plan (?!is |ends |keeps )([a-z][a-z-]+)", hint):
            assert name in COMMANDS, hint


def test_no_hint_stands_for_a_word_that_is_a_command() -> None:
    assert not {word for words in meant._UNDER["r1plan"] for word in words} & set(COMMANDS)


def test_help_begins_with_what_a_person_would_type(capsys: pytest.CaptureFixture[str]) -> None:
    run(build(), ["--help"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[2] == "Start with:"
    assert [line.strip().startswith(typed) for line, (typed, _about) in zip(shown[3:], FIRST, strict=False)] == [
        True
    ] * 4
    assert max(map(len, shown)) <= 80


@pytest.mark.parametrize("typed", [typed for typed, _about in FIRST])
def test_what_help_begins_with_is_understood(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), [*shlex.split(typed)[1:], "--help"]) == 0


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("recommend --ctx-size 8192", "--context"),
        ("recommend --max-model-len 8192", "--context"),
        ("recommend --n-gpu-layers 9", "--gpu-layers"),
        ("recommend -ngl 9", "--gpu-layers"),
        ("recommend -fa", "--flash-attn"),
        ("recommend --quantization Q4_K_M", "--quant"),
        ("recommend --cache_type_k q8_0", "--kv"),
        ("recommend --memory 64", "--ram"),
        ("chat --system-prompt x", "--system"),
        ("chat --host http://x", "--base-url"),
        ("chat --budget 1", "--max-cost"),
        ("chat --think", "--thinking"),
        ("cost-report --group-by day", "--by"),
        ("cost-report --from 2025-09-01", "--since"),
        ("chat --contxt 9", "--context"),
    ],
)
def test_an_option_of_another_tool_leads_to_ours(line: str, option: str) -> None:
    assert refused(line).hint == f"did you mean {option}?"


def test_each_of_the_options_is_one_of_some_command() -> None:
    known = {each for command in commands().values() for parameter in command.params for each in parameter.opts}
    assert set(meant._OPTIONS) <= known
