"""What typer refuses of a command line reaches a person as our own pair: what is wrong with the value, what to do."""

from __future__ import annotations

import pytest

from r1plan.cli import COMMANDS, build
from r1plan.cli.usage_error import run
from r1plan.errors import R1PlanError, UsageError
from tests.cli.options.test_short import commands


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        pytest.param("chat --modle x", "r1plan chat has no option '--modle'.", "did you mean --model?", id="near"),
        pytest.param("chat --MODEL x", "r1plan chat has no option '--MODEL'.", "did you mean --model?", id="capitals"),
        pytest.param("chat --modle=x", "r1plan chat has no option '--modle'.", "did you mean --model?", id="value"),
        pytest.param("chat --zzz", "r1plan chat has no option '--zzz'.", "r1plan chat --help says", id="far"),
        pytest.param("--zzz", "r1plan has no option '--zzz'.", "r1plan --help says", id="of-no-command"),
        pytest.param("chat -model x", "r1plan chat has no option '-model'.", "did you mean --model?", id="one-dash"),
        pytest.param("recommend --no-flash-atn", "--no-flash-atn", "did you mean --no-flash-attn", id="off-switch"),
        pytest.param("prices cost a b --inptu 1", "r1plan prices cost has no option", "--input", id="of-a-group"),
        pytest.param("chat --model", "--model needs a value.", "r1plan chat --help", id="no-value"),
        pytest.param("chat --json=5", "--json takes no value.", "'='", id="value-of-a-switch"),
        pytest.param("chat --seed abc x", "--seed 'abc': expected a whole number, 0 or more.", "--seed 1", id="word"),
        pytest.param("chat --seed -1 x", "--seed -1: expected a whole number, 0 or more.", "--seed 1", id="below"),
        pytest.param("chat --seed 1.5 x", "--seed 1.5: expected a whole number", "--seed 1", id="fraction"),
        pytest.param("chat --max-tokens 0 x", "--max-tokens 0: expected a whole number, 1 or more.", "1", id="zero"),
        pytest.param("chat --max-tokens -1 x", "--max-tokens -1: expected a whole number, 1 or more.", "1", id="minus"),
        pytest.param(
            "chat --context 63 x", "--context 63: expected a whole number, 64 or more.", "--context 64", id="63"
        ),
        pytest.param("chat --temperature 2.1 x", "2.1: expected a number from 0 to 2.", "--temperature 1", id="above"),
        pytest.param("chat --temperature nan x", "'nan': expected a number from 0 to 2.", "--temperature 1", id="nan"),
        pytest.param("chat --thinking loud x", "'loud' is no way to show the thinking.", "dim or hide", id="mode"),
        pytest.param("chat --max-cost abc x", "'abc' is not an amount.", "--max-cost 0.05", id="amount"),
        pytest.param("recommend --engine vlm", "--engine 'vlm': expected llama.cpp or vllm.", "vllm?", id="choice"),
        pytest.param(
            "recommend --engine ollama", "expected llama.cpp or vllm.", "did you mean llama.cpp?", id="of-two"
        ),
        pytest.param("recommend --engine x", "--engine 'x'", "r1plan recommend --help", id="choice-far"),
        pytest.param("recommend --vram 24XB", "--vram '24XB': expected", "such as --vram 24", id="with-no-such-unit"),
        pytest.param(
            "recommend --min-speed 1.5tok", "'1.5tok': expected", "such as --min-speed 1.5", id="fraction-of-a-unit"
        ),
        pytest.param(
            "recommend --cache-hit 60%", "'60%': expected a number.", "such as --cache-hit 0.6", id="per-cent"
        ),
        pytest.param("recommend --input-tokens 1e4", "'1e4'", "such as --input-tokens 10000", id="an-exponent"),
        pytest.param("recommend --slots 2k", "--slots '2k'", "such as --slots 2000", id="thousands"),
        pytest.param("recommend --ram 32 --ram 64", "--ram is given twice.", "give it once.", id="twice"),
        pytest.param("chat x --seed 1 --seed=1 --seed 2", "--seed is given 3 times.", "once", id="three-times"),
        pytest.param("recommend --mmap --no-mmap", "--mmap or --no-mmap is given twice.", "once", id="opposites"),
        pytest.param("recommend --context 1.0005k", "--context '1.0005k'", "--context 16384", id="no-whole-number"),
        pytest.param("chat --temperature 5x a", "'5x': expected a number from 0", "--temperature 1", id="out-of-range"),
        pytest.param("recommend --vram big", "--vram 'big': expected a number.", "such as --vram 64", id="no-number"),
        pytest.param("recommend 4090", "has no place for '4090'", "r1plan recommend --gpu 4090", id="a-card"),
        pytest.param("recommend 2x 3090", "no place for '2x 3090'", "recommend --gpu '2x 3090'", id="cards"),
        pytest.param("recommend 17", "no place for '17'", "example: r1plan recommend", id="no-card"),
        pytest.param("4090", "r1plan has no command '4090'.", "r1plan recommend --gpu 4090", id="card-as-command"),
        pytest.param("rtx 4090", "no command 'rtx'.", "r1plan recommend --gpu 'rtx 4090'", id="name-as-command"),
        pytest.param("recommend --gpu none", "--gpu 'none' names no card.", "--cpu-only", id="none"),
        pytest.param("recommend --gpu 4090,3090", "names several cards", "--gpu 4090 --gpu 3090", id="cards-in-one"),
        pytest.param("models download x", "no command 'download'", "r1plan models pull", id="other-word"),
        pytest.param("models ls", "no command 'ls'", "r1plan models list shows", id="where-models-are-named"),
        pytest.param("recommend --vram many", "--vram 'many': expected a number.", "such as --vram", id="float"),
        pytest.param("recommend --context 0", "--context 0: expected", "leave --context out", id="pin"),
        pytest.param("recommend --slots 0", "--slots 0: expected", "leave --slots out", id="slots"),
        pytest.param("recommend --ram 0", "--ram 0: expected", "leave --ram out", id="ram"),
        pytest.param("recommend --ram nan", "--ram nan: expected", "leave --ram out", id="ram-nan"),
        pytest.param("recommend --cache-hit 2", "--cache-hit 2: expected", "--cache-hit 0.5", id="share"),
        pytest.param("chat what is this", "r1plan chat has no place for 'is this'.", "in quotes", id="words"),
        pytest.param("detect x", "r1plan detect has no place for 'x'.", "example: r1plan detect", id="argument"),
        pytest.param("prices cost deepseek", "r1plan prices cost needs MODEL.", "example: r1plan", id="missing"),
        pytest.param("prices cost a b --input 1", "r1plan prices cost needs --output.", "example", id="missing-option"),
        pytest.param("prices lst", "r1plan prices has no command 'lst'.", "did you mean list?", id="sub-command"),
        pytest.param("Chat x", "r1plan has no command 'Chat'.", "did you mean chat?", id="command-in-capitals"),
    ],
)
def test_a_wrong_word_is_one_sentence_with_the_value_and_one_hint(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(build(), line.split())
    assert message in raised.value.message
    assert hint in (raised.value.hint or "")
    assert "\n" not in f"{raised.value.message}{raised.value.hint}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_an_option_that_it_has_not(name: str) -> None:
    with pytest.raises(R1PlanError) as raised:
        run(build(), [name, "--zzz"])
    assert (raised.value.exit_code, raised.value.hint) == (2, f"r1plan {name} --help says what there is.")


def test_what_ends_well_has_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(build(), ["--version"]) == 0
    assert capsys.readouterr().out.startswith("r1plan ")
    assert run(build(), ["prices"]) == 2
    assert "Commands" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in commands() if name not in ("", "prices", "models")])
def test_every_option_of_every_command_is_refused_in_one_sentence_with_a_hint(name: str) -> None:
    options = [each for each in commands()[name].params if each.param_type_name == "option"]
    lines = [[max(each.opts, key=len), *([] if not each.is_flag else ["--zzz"])] for each in options]
    lines += [[f"{max(each.opts, key=len)}=x"] for each in options if each.is_flag]
    lines += [
        [max(each.opts, key=len), wrong, "--zzz"]
        for each in options
        if each.type.name.split()[0] in ("integer", "int", "float", "choice")
        for wrong in ("", "x", "1_000", "１２", "it's")
    ]
    for words in lines:
        with pytest.raises(R1PlanError) as raised:
            run(build(), [*name.split(), *words])
        assert raised.value.exit_code == 2, words
        assert raised.value.hint, words
        assert "\n" not in f"{raised.value.message}{raised.value.hint}"
        assert "Usage" not in raised.value.message
        assert "Error" not in raised.value.message
