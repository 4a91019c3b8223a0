"""Numbers on the command line are ASCII digits of a size that arithmetic and C libraries bear."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer import BadParameter

from r1plan.cli import build
from r1plan.errors import UsageError

Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """What is said of the words of a command line that is wrong."""

    def said(*words: str) -> str:
        try:
            build().main(list(words), prog_name="r1plan")
        except UsageError as error:
            return error.message
        except SystemExit as ended:
            return capsys.readouterr().err if ended.code == 2 else f"exit {ended.code}"
        return "nothing"

    return said


MORE_FIGURES = ("--ram", "--bandwidth", "--disk-bandwidth", "--cache-hit", "--min-speed", "--requests-per-day")
FIGURES = [(("recommend",), "--vram"), (("recommend",), "--power-price"), (("chat", "hi"), "--temperature")]


@pytest.mark.parametrize(
    "text", ["infinity", "1e400", "1e-400", "1_000", "\u0661", "\uff11", "0x10", "1,5", "24XB", "GB", "nan1", ""]
)
@pytest.mark.parametrize(("command", "option"), FIGURES)
def test_a_figure_is_a_number_in_digits(refused: Refused, command: tuple[str, ...], option: str, text: str) -> None:
    assert f"Invalid value for '{option}': {text!r} is not a number" in refused(*command, option, text)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NaN"])
@pytest.mark.parametrize(("command", "option"), [*FIGURES, *((("recommend",), each) for each in MORE_FIGURES)])
def test_a_figure_that_is_not_finite_is_refused(
    refused: Refused, command: tuple[str, ...], option: str, text: str
) -> None:
    assert option in refused(*command, option, text)


@pytest.mark.parametrize("text", ["1e3", "1_000", "\u0661", "9" * 16, "9" * 5000, "-" + "9" * 400, "1.0", "", "nan"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("recommend",), "--context"),
        (("chat", "hi"), "--seed"),
        (("chat", "hi"), "--max-tokens"),
        (("prices", "cost", "deepseek", "deepseek-chat", "--output", "1"), "--input"),
    ],
)
def test_a_count_is_a_whole_number_of_at_most_15_digits(
    refused: Refused, command: tuple[str, ...], option: str, text: str
) -> None:
    assert f"Invalid value for '{option}': {text!r} is not a whole number" in refused(*command, option, text)


def test_what_a_range_refuses_is_still_refused_in_its_own_words(refused: Refused) -> None:
    assert "is not in the range 0<=x<=2" in refused("chat", "hi", "--temperature", "2.5")


def test_every_number_of_every_command_is_checked() -> None:
    group = build()
    prices = group.get_command(None, "prices")
    commands = [group.get_command(None, name) for name in ("recommend", "chat")] + [prices.commands["cost"]]
    numbers = [each for command in commands for each in command.params if each.type.name.startswith(("int", "float"))]
    assert len(numbers) > 15
    for each in numbers:
        with pytest.raises(BadParameter, match="'1_0' is not a"):
            each.type.convert("1_0", each, None)
