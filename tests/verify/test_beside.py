"""Which layout is measured beside one that is whole on cards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.hardware.machine import Machine
from r1plan.models.gguf.file import Gguf
from r1plan.models.gguf.model import ModelFile
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.pins import Pins
from r1plan.verify.beside import pins_beside
from r1plan.verify.planned import FilePlan, plan_file, work_of
from tests.plan.catalogue import TABLES, card, machine, model, quant

CARD = machine(card(24), ram=64)


def planned(on: Machine, id_: str, name: str, pins: Pins) -> FilePlan:
    which, file = model(id_), quant(id_, name)
    held = ModelFile(which, file, weights_of(which, file), which, None)
    return plan_file(Path("model.gguf"), Gguf("model.gguf", {}, (), 0, 0, 1), held, on, pins, TABLES, 4)


@pytest.mark.parametrize(
    ("on", "id_", "name", "beside"),
    [
        pytest.param(CARD, "R1-Distill-Qwen-32B", "Q4_K_M", {"gpu_layers": 1}, id="a dense one on a card"),
        pytest.param(
            machine(*(card(80, index=n) for n in range(8)), ram=512),
            "DeepSeek-R1",
            "Q4_K_M",
            {"experts_on_cpu": True},
            id="a mixture on cards",
        ),
        pytest.param(machine(card(24), ram=64), "R1-Distill-Llama-70B", "Q4_K_M", None, id="partly in RAM already"),
        pytest.param(machine(ram=64), "R1-Distill-Qwen-7B", "Q4_K_M", None, id="no card"),
        pytest.param(machine(card(100, unified=True), ram=128), "R1-Distill-Qwen-7B", "Q4_K_M", None, id="one memory"),
    ],
)
def test_a_model_that_is_whole_on_cards_is_measured_in_ram_too(
    on: Machine, id_: str, name: str, beside: dict[str, object] | None
) -> None:
    plan = planned(on, id_, name, Pins(context=8192))
    found = pins_beside(plan, Pins())
    if beside is None:
        assert found is None
        return
    assert found is not None
    assert found == replace(Pins(context=8192), **beside)  # type: ignore[arg-type]
    other = planned(on, id_, name, found)
    (host,) = [each for each in work_of(other) if each.card is None]
    assert host.weights_read_bytes > 0.5 * sum(each.weights_read_bytes for each in work_of(other) if each.card is None)
    assert host.layers + host.expert_layers >= plan.file.weights.layers - 3


@pytest.mark.parametrize("pins", [Pins(gpu_layers=99), Pins(experts_on_cpu=True)], ids=["layers", "experts"])
def test_what_the_person_pinned_is_all_that_is_measured(pins: Pins) -> None:
    assert pins_beside(planned(CARD, "R1-Distill-Qwen-7B", "Q4_K_M", Pins()), pins) is None
