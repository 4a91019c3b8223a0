"""An error reaches a person as one sentence and one hint, with the exit code of its kind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from r1plan import errors
from r1plan.cli import COMMANDS, LazyGroup, build
from r1plan.cli.usage_error import run


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.R1PlanError, 1),
        (errors.UsageError, 2),
        (errors.NothingFits, 3),
        (errors.OverBudget, 4),
        (errors.CatalogError, 1),
        (errors.NotFound, 2),
        (errors.EngineError, 1),
        (errors.ProviderError, 1),
        (errors.LogError, 1),
        (errors.OutputError, 1),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_each_kind_of_error_has_its_exit_code(kind: type[errors.R1PlanError], code: int) -> None:
    assert kind("It did not work.").exit_code == code


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    error = errors.NotFound.among("GPU", "RTX-4O90", ["rtx-4090", "rtx-4080", "h100-sxm-80gb"])
    assert error.message == "unknown GPU 'RTX-4O90'."
    assert error.hint == "did you mean rtx-4090, rtx-4080?"


def test_an_unknown_name_without_near_ones_keeps_the_given_hint() -> None:
    assert errors.NotFound.among("GPU", "zzz", ["rtx-4090"], hint="see the list").hint == "see the list"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_its_help_what_the_overview_says_of_it(name: str) -> None:
    command = LazyGroup(name="r1plan").get_command(None, name)
    assert command.help is not None
    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_an_example(name: str) -> None:
    done = subprocess.run([sys.executable, "-m", "r1plan", name, "--help"], capture_output=True, text=True, check=True)
    assert f"r1plan {name}" in done.stdout.partition("Example")[2]


def test_an_unknown_command_is_answered_with_a_near_one() -> None:
    done = subprocess.run([sys.executable, "-m", "r1plan", "recomend"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: r1plan has no command 'recomend'.\nhint:  did you mean recommend?\n"


def test_a_wrong_option_exits_with_two() -> None:
    with pytest.raises(errors.UsageError) as raised:
        run(build(), ["detect", "--no-such-option"])
    assert raised.value.exit_code == 2


def test_a_command_leaves_the_collector_nothing_to_go_through_at_the_end() -> None:
    code = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count() > 0, len(gc.get_objects())))\n"
        "sys.argv[1:] = ['--version']\n"
        "from r1plan.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    frozen, left = done.stdout.split()[-2:]
    assert frozen == "True"
    assert int(left) < 1000


@pytest.mark.parametrize("library", ["duckdb", "llama_cpp"])
def test_a_library_that_frees_what_it_holds_at_the_end_finds_it(library: str) -> None:
    code = (
        "import atexit, gc, sys, types; atexit.register(lambda: print(gc.get_freeze_count()))\n"
        f"sys.modules['{library}'] = types.ModuleType('{library}'); sys.argv[1:] = ['--version']\n"
        "from r1plan.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "0"
