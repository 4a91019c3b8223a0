"""What planners have in common, and that they know nothing of each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import r1plan.plan
from r1plan.cli.engines import ENGINES
from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import kind_of
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE
from tests.test_imports import imports

PLAN = Path(r1plan.plan.__file__).parent


@pytest.mark.parametrize("folder", ["serving", "vllm"])
def test_servers_import_nothing_of_llama_cpp(folder: str) -> None:
    files = sorted((PLAN / folder).glob("*.py"))
    assert files
    wrong = [
        f"{file.name}:{line}: {name}"
        for file in files
        for name, line in imports(file)
        if name.startswith("r1plan.plan.llamacpp")
    ]
    assert wrong == []


def test_what_servers_share_imports_nothing_of_one_of_them() -> None:
    wrong = [
        f"{file.name}:{line}: {name}"
        for file in sorted((PLAN / "serving").glob("*.py"))
        for name, line in imports(file)
        if name.startswith("r1plan.plan.vllm")
    ]
    assert wrong == []


@pytest.mark.parametrize(("one", "other"), [("vllm", "llamacpp"), ("llamacpp", "vllm"), ("llamacpp", "serving")])
def test_a_planner_loads_nothing_of_another(one: str, other: str) -> None:
    code = f"import sys, r1plan.plan.{one}.planner\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert f"r1plan.plan.{one}.planner" in loaded
    assert [name for name in loaded if name.startswith(f"r1plan.plan.{other}")] == []


@pytest.mark.parametrize("name", ENGINES)
def test_every_planner_answers_with_the_same_kind_of_plan(name: str) -> None:
    planner = next(made for engine, made in ENGINES.items() if engine == name)().planner
    machine = machine_from_options(gpu=["h100-sxm-80gb:2"])
    answer = planner.plan(machine, CATALOGUE, Workload(), planner.checked(Pins()))
    assert answer.engine == planner.engine == name
    assert answer.choice is not None
    assert answer.choice.fits
    assert answer.choice.id == f"{answer.choice.model.id}:{answer.choice.quant_name}"
    assert all(option.why is not None for option in answer.options)
    assert {kind_of(each.cause) for each in answer.rejected} <= {"memory", "slow", "refused", "behind"}
    short = [each.shortfall_bytes for each in answer.rejected if each.shortfall_bytes is not None]
    assert short == sorted(short)
    assert all(each.shortfall_bytes is not None for each in answer.rejected[: len(short)])
