"""`r1plan recommend` on a machine where models were measured."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from r1plan.cli.options.machine import this_machine
from r1plan.engine.local.installed import installed_version
from r1plan.hardware.machine import Machine
from r1plan.hardware.stored import document as machine_document
from r1plan.measurements.measurement import Measurement
from r1plan.measurements.stored import FOLDER, store
from tests.cli.test_recommend import document, r1plan
from tests.plan.llamacpp.speed.measuring import chosen
from tests.plan.llamacpp.speed.test_measured import measurement

MODEL, QUANT = "R1-Distill-Qwen-1.5B", "Q4_K_M"
ASKED = ("--cpu-only", "--model", MODEL, "--quant", QUANT, "--context", "4096")


@cache
def here() -> Machine:
    """This computer without its cards."""
    return replace(this_machine(), gpus=())


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "data" / FOLDER


def measured(slower: float = 1.25, **changes: Any) -> Measurement:
    """The small model, a quarter slower than is planned."""
    found = measurement(chosen(here(), MODEL, QUANT, context=4096), slower=slower, on=here())
    return replace(found, engine=replace(found.engine, version=installed_version()), **changes)


def speed(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = document(*arguments)["choice"]["speed"]
    return found


def mid(found: dict[str, Any]) -> float:
    return float(found["decode_tok_s"][0]["mid"])


def width(found: dict[str, Any]) -> float:
    first = found["decode_tok_s"][0]
    return float((first["high"] - first["low"]) / first["mid"])


def test_what_was_measured_is_planned_from_then_on(folder: Path) -> None:
    before = speed(*ASKED)
    assert before["basis"] == "assumed"
    store(folder, measured())
    after = speed(*ASKED)
    assert after["basis"] == "measured here"
    assert after["source"].startswith(f"measured here on 2026-11-28 with {MODEL}:{QUANT}; ")
    assert mid(after) == pytest.approx(mid(before) / 1.25, rel=0.02)
    assert width(after) < 0.2 * width(before)


def test_it_is_transferred_to_other_models_with_a_wider_range(folder: Path) -> None:
    other = ("--cpu-only", "--model", "R1-Distill-Qwen-1.5B", "--quant", "Q8_0", "--context", "4096")
    before = speed(*other)
    store(folder, measured())
    after = speed(*other)
    assert after["basis"] == "measured here"
    assert mid(after) == pytest.approx(mid(before) / 1.25, rel=0.1)
    assert width(speed(*ASKED)) < width(after) < width(before)


def test_a_described_machine_is_planned_without_it(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(machine_document(here())))
    other = ("--ram", "64", "--cpu-only", "--cpu", "EPYC 9654", *ASKED[1:])
    asked = [("--machine", str(file), *ASKED), other]
    before = [speed(*each) for each in asked]
    store(folder, measured())
    assert [speed(*each) for each in asked] == before


def test_explain_says_what_does_not_count(folder: Path) -> None:
    found = measured()
    processor = replace(found.machine.processor, model="another")
    store(folder, replace(found, machine=replace(found.machine, processor=processor)))
    (folder / "damaged.json").write_text("{")
    (folder / "damaged.json").chmod(0o600)
    said = " ".join(r1plan(*ASKED, "--explain").stdout.split())
    assert f"Measurements of this machine {MODEL}:{QUANT} of 2026-11-28 is not used: the processor was another" in said
    assert "damaged.json is no measurement: " in said
    answer = document(*ASKED)
    assert answer["choice"]["speed"]["basis"] == "assumed"
    assert any(note.startswith("damaged.json is no measurement: ") for note in answer["machine"]["notes"])


def test_an_empty_folder_changes_nothing(folder: Path) -> None:
    before = speed(*ASKED)
    folder.mkdir(parents=True)
    assert speed(*ASKED) == before
