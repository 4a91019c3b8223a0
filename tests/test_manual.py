"""The manual page says what `--help` says, and every reader of such pages takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import manual
from tests.cli.options.test_short import commands

TEXT = manual.MANUAL.read_text(encoding="utf-8")


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


def test_the_page_is_what_the_help_gives_now() -> None:
    assert manual.manual() == TEXT, "run: make man"


def test_it_holds_every_command_and_every_option_that_is_built() -> None:
    shown = TEXT.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    for name, command in commands().items():
        assert f"r1plan {name}".strip() in shown
        for parameter in command.params:
            if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
                for option in (*parameter.opts, *parameter.secondary_opts):
                    assert option in shown, (name, option)


def test_it_is_ascii_and_names_no_place_of_this_machine() -> None:
    assert TEXT.isascii()
    assert str(Path.home()) not in TEXT
    assert str(manual.MANUAL.parent) not in TEXT


@needs("mandoc")
def test_mandoc_has_nothing_to_say_but_that_there_is_no_date() -> None:
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", manual.MANUAL], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert said == []


@needs("groff")
def test_groff_warns_of_nothing() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", manual.MANUAL], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@needs("groff")
def test_it_reads_as_the_help_does_at_80_columns() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-P-cbou", manual.MANUAL], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    flat = re.sub(r"\s+", " ", done.stdout)
    assert "-m, --model ID|FILE Only this model" in flat
    assert "What `r1plan detect --json` printed on another machine." in flat
    assert "That card's memory bandwidth" in flat
