"""The README cannot lie: what it shows is what the program prints."""

from __future__ import annotations

from pathlib import Path

from tests import readme


def test_every_command_of_the_readme_prints_what_stands_under_it(tmp_path: Path) -> None:
    shown = list(readme.commands(readme.README.read_text(encoding="utf-8")))
    assert len(shown) >= 3
    readme.furnish(tmp_path)
    for command, expected in shown:
        assert readme.steady(readme.run(command, str(tmp_path))) == readme.steady(expected), command
