"""Commands to copy."""

from __future__ import annotations

import subprocess

import pytest

from r1plan.render.text.command import command_lines

COMMAND = "  vllm serve some/model --max-model-len 32768 --name 'a  -b c' --tensor-parallel-size 8 --trust"


def test_a_command_that_fits_is_one_line() -> None:
    assert command_lines(COMMAND, len(COMMAND)) == [COMMAND]


@pytest.mark.parametrize("width", [40, 50, 60, 80, len(COMMAND) - 1])
def test_a_broken_command_fits_and_is_the_same_to_a_shell(width: int) -> None:
    lines = command_lines(COMMAND, width)
    assert len(lines) > 1
    assert max(map(len, lines)) <= width
    assert all(line.lstrip().startswith("-") for line in lines[1:])

    def words(command: str) -> str:
        return subprocess.run(
            ["bash", "-c", f"printf '<%s>' {command}"], capture_output=True, text=True, check=True
        ).stdout

    assert words("\n".join(lines)) == words(COMMAND)


def test_a_word_that_is_wider_than_the_terminal_stays_whole() -> None:
    assert command_lines(f"run --file {'x' * 30} -y", 20) == ["run \\", f"    --file {'x' * 30} \\", "    -y"]


def test_a_command_holds_nothing_that_steers_a_terminal() -> None:
    assert command_lines("run\x1b[2J --x\n y", 80) == ["run --x  y"]
