"""What follows `--what-if local:` names a model, a machine or a plan that was kept."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from r1plan.catalog.priors import load_priors
from r1plan.cli.options.machine import machine_from_options
from r1plan.cli.spend.asked_option import asked_option
from r1plan.cli.spend.local_world import option_here
from r1plan.errors import NotFound, R1PlanError, UsageError
from r1plan.hardware.machine import Machine
from r1plan.hardware.stored import document
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.month.demand import Demand
from r1plan.plan.workload import Workload


@cache
def desktop() -> Machine:
    return machine_from_options(gpu=["rtx-4090"], ram=64.0)


@cache
def demand() -> Demand:
    return demand_of(Workload(), load_priors(), "UTC")


def test_a_model_alone_is_for_this_machine() -> None:
    asked = asked_option("32b:q4_k_m")
    assert (asked.typed, asked.quant, asked.machine, asked.where) == ("32b:q4_k_m", None, None, None)
    assert asked_option("Recommended").typed is None


@pytest.mark.parametrize(
    ("text", "cards", "ram_gib"),
    [
        pytest.param("32b@rtx-4090", 1, None, id="card"),
        pytest.param("32b:q4_k_m@2x3090, 64GB", 2, 64, id="cards-and-memory"),
        pytest.param("r1@128GB,rtx-4090,rtx-3090", 2, 128, id="two-cards"),
        pytest.param("32b@4090,64", 1, 64, id="bare-memory"),
        pytest.param("r1@1024,2x3090", 2, 1024, id="bare-memory-of-a-server"),
    ],
)
def test_a_machine_is_named_by_its_cards_and_memory(text: str, cards: int, ram_gib: int | None) -> None:
    asked = asked_option(text)
    assert asked.machine is not None
    assert len(asked.machine.gpus) == cards
    assert ram_gib is None or asked.machine.memory.total_bytes == ram_gib << 30
    assert asked.where == text.partition("@")[2]


def test_a_machine_is_one_that_detect_printed(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(document(desktop())))
    assert asked_option(f"32b@{file}").machine == replace(desktop(), origin="file")


def test_the_choice_of_a_plan_is_what_its_machine_runs(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    words = ("--gpu", "rtx-4090", "--ram", "64", "--model", "14b", "--quant", "q4_k_m", "--context", "8k")
    command = [sys.executable, "-m", "r1plan", "recommend", *words, "--json"]
    file.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    asked = asked_option(str(file))
    assert (asked.typed, asked.quant, asked.engine) == ("R1-Distill-Qwen-14B", "Q4_K_M", "llama.cpp")
    assert (asked.pins.context, asked.pins.slots, asked.where) == (8192, 1, str(file))
    assert asked.machine is not None
    assert [each.profile for each in asked.machine.gpus] == ["rtx-4090"]
    assert asked.machine.memory == desktop().memory
    assert asked_option(f"7b@{file}").machine == asked.machine
    found = option_here(str(file), demand())
    assert found is not None
    assert (found.model, found.quant, found.context, found.machine) == (asked.typed, asked.quant, 8192, str(file))
    assert option_here("14b:q4_k_m@rtx-4090,64GB", demand()) == replace(
        option_here("14b:q4_k_m", demand(), desktop()) or found, machine="rtx-4090,64GB"
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("32b@", UsageError, id="no-machine"),
        pytest.param("@rtx-4090", UsageError, id="no-model"),
        pytest.param("32b@64GB", UsageError, id="memory-alone"),
        pytest.param("32b@64", UsageError, id="bare-memory-alone"),
        pytest.param("32b@3090,4099", NotFound, id="no-such-bare-card"),
        pytest.param("32b@rtx-4090,64GB,32GB", UsageError, id="two-memories"),
        pytest.param("32b@rtx-4099", NotFound, id="no-such-card"),
        pytest.param("gone.json", UsageError, id="no-file"),
        pytest.param("32b@gone.json", UsageError, id="no-machine-file"),
    ],
)
def test_what_names_no_model_or_machine_is_said(text: str, error: type[R1PlanError]) -> None:
    with pytest.raises(error) as raised:
        asked_option(text)
    assert raised.value.hint


LLAMA = {
    "model": "14b", "quant": "q4_k_m", "engine": "llama.cpp", "context": {"chosen": 8192}, "kv_type": "f16",
    "n_ubatch": 512, "slots": 1, "flash_attn": True, "runtime": "in-process",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"kv_type": "f99"},
        {"kv_type": []},
        {"slots": -1},
        {"context": {"chosen": 1e9}},
        {"runtime": None},
        {"n_ubatch": "a"},
    ],
    ids=str,
)
def test_a_choice_of_what_there_is_not_is_no_choice(wrong: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    machine = {name: value for name, value in document(desktop()).items() if name != "schema"}
    file.write_text(json.dumps({"machine": machine, "choice": LLAMA}))
    assert asked_option(str(file)).pins.kv_type == "f16"
    file.write_text(json.dumps({"machine": machine, "choice": LLAMA | wrong}))
    with pytest.raises(UsageError, match="holds no plan with a choice"):
        asked_option(str(file))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        pytest.param({"schema": "r1plan.recommend/2", "choice": LLAMA}, "got 'r1plan.recommend/2'", id="schema"),
        pytest.param({"choice": LLAMA | {"fits": False}}, "its choice, 14b q4_k_m, does not fit", id="fits"),
    ],
)
def test_a_plan_that_is_of_another_version_or_does_not_fit_is_refused(
    plan: dict[str, object], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    machine = {name: value for name, value in document(desktop()).items() if name != "schema"}
    file.write_text(json.dumps({"machine": machine, **plan}))
    with pytest.raises(UsageError, match=said) as raised:
        asked_option(str(file))
    assert raised.value.hint == "make it anew with `r1plan recommend --json`"
    if "schema" in plan:
        with pytest.raises(UsageError, match=said):
            asked_option(f"7b@{file}")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"choice": null}',
        '{"choice": {"model": "m", "quant": "q", "engine": "x"}}',
        "\udcff",
        "[" * 9999,
    ],
    ids=["empty", "list", "object", "no-choice", "engine", "bytes", "deep"],
)
def test_a_file_without_a_plan_is_named(content: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=r"plan\.json"):
        asked_option(str(file))
