"""How a model here runs, in a line, for machines of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.ask.local.cards import EngineMachine
from r1plan.ask.local.plan import LocalPlan, UnplannedFile, local_plan
from r1plan.engine.local.room.step_down import Lack, LoadChange
from r1plan.hardware.machine import GpuDevice, GpuProcess, Machine
from r1plan.plan.pins import Pins
from r1plan.render.chat.engine import engine_fields, engine_rows, runs_text
from r1plan.units import GIB
from tests.ask.local.test_plan import KNOWN, engine, file, planned
from tests.plan.catalogue import card, machine


def rtx(index: int = 0, gib: float = 24) -> GpuDevice:
    return replace(card(gib, index=index), name="NVIDIA GeForce RTX 4090")


@pytest.mark.parametrize(
    ("model", "here", "said"),
    [
        (
            "R1-Distill-Qwen-7B",
            machine(rtx()),
            "M: all 29 layers on the RTX 4090, 8,192 tokens of context that grows ",
        ),
        ("R1-Distill-Llama-70B", machine(rtx(), rtx(1)), "M: all 81 layers on 2 x RTX 4090, "),
        ("R1-Distill-Llama-70B", machine(rtx()), " of 81 layers on the RTX 4090, "),
        ("R1-Distill-Qwen-7B", machine(), "M: on the processor with 8 threads, "),
        ("DeepSeek-R1", machine(rtx(gib=48), ram=512), "M: all 62 layers on the RTX 4090, the experts of "),
        ("DeepSeek-R1", machine(rtx(), ram=64), " GiB of them on the disk, "),
        ("DeepSeek-R1", machine(ram=64), "M: on the processor with 8 threads, "),
    ],
    ids=["card", "cards", "partial", "processor", "experts", "disk", "processor-disk"],
)
def test_the_line_says_where_the_layers_are(model: str, here: Machine, said: str) -> None:
    text = runs_text("M", planned(model, here))
    assert said in text
    assert " tok/s." in text


def test_what_is_set_otherwise_than_usual_is_said() -> None:
    plan = planned("R1-Distill-Qwen-7B", machine(rtx()), context=4096, n_ubatch=128, mapped=False, flash_attn=False)
    assert ", 4,096 tokens of context, prompts read 128 tokens at once, no flash attention, the file read into " in (
        runs_text("M", plan)
    )
    one = planned("R1-Distill-Qwen-7B", machine(rtx()), context=4096, n_ubatch=1)
    assert ", prompts read 1 token at once, " in runs_text("M", one)
    assert ", a cache of q8_0, " in runs_text("M", planned("R1-Distill-Qwen-7B", machine(rtx()), kv_type="q8_0"))


def test_a_build_that_cannot_use_the_card_says_so_with_the_command() -> None:
    here = EngineMachine(machine(), unused=("NVIDIA GeForce RTX 4090",))
    plan = local_plan(None, UnplannedFile(), here, Pins(), 4)
    assert runs_text("M", plan).endswith(
        "This build of llama.cpp cannot use the RTX 4090: r1plan doctor says the command that builds one."
    )


def test_what_has_no_room_by_the_plan_is_said_to_be_tried() -> None:
    plan = planned("R1-Distill-Llama-70B", machine(rtx(gib=8), ram=16), context=131_072)
    assert runs_text("M", plan).endswith("By the plan it has no room here, and is tried all the same.")


@pytest.mark.parametrize(
    ("layers", "cards", "said"),
    [(None, 1, "all layers on the graphics card"), (3, 1, "3 layers on"), (0, 0, "on the processor with 4 threads")],
)
def test_what_is_not_planned_says_that(layers: int | None, cards: int, said: str) -> None:
    here = EngineMachine(None if cards else machine(), cards, 1 << 30)
    plan: LocalPlan = local_plan(None, UnplannedFile(), here, Pins(gpu_layers=layers), 4)
    assert f"M: not planned for, {said}" in runs_text("M", plan)


def test_a_program_gets_the_settings_and_the_plan() -> None:
    plan = planned("R1-Distill-Llama-70B", machine(rtx(), rtx(1)))
    fields = engine_fields(plan)
    assert (fields["option"], fields["basis"], fields["fits"]) == ("R1-Distill-Llama-70B:Q4_K_M", "plan", True)
    assert fields["placement"]["gpu_layers"] == fields["placement"]["layers"] == 81
    assert sum(fields["placement"]["tensor_split"]) == 81
    assert fields["context"] == {"begins": plan.settings.context_tokens, "max": plan.most_context_tokens}
    assert fields["decode_tok_s"]["low"] < fields["decode_tok_s"]["mid"] < fields["decode_tok_s"]["high"]


def test_a_conversation_shows_each_device_too() -> None:
    rows = engine_rows("M", planned("R1-Distill-Llama-70B", machine(rtx(), rtx(1))))
    assert [row.split(":")[0] for row in rows[1:]] == ["  gpu0", "  gpu1", "  host"]
    assert len(engine_rows("M", local_plan(None, UnplannedFile(), engine(machine()), Pins(), 4))) == 1


OLLAMA = GpuProcess(pid=4242, name="ollama", used_bytes=12 * GIB)


@pytest.mark.parametrize(
    ("model", "gpu", "said"),
    [
        (
            "R1-Distill-Llama-70B",
            replace(rtx(), free_bytes=12 * GIB, processes=(OLLAMA,)),
            " ollama (pid 4242) holds 12.0 GiB of the RTX 4090.",
        ),
        ("R1-Distill-Llama-70B", replace(rtx(), free_bytes=12 * GIB), " Other programs hold 12.0 GiB of the RTX 4090."),
        ("R1-Distill-Llama-70B", replace(rtx(), free_bytes=12 * GIB, desktop_bytes=GIB), None),
        ("R1-Distill-Llama-70B", rtx(), None),
        ("R1-Distill-Qwen-7B", replace(rtx(), free_bytes=12 * GIB, processes=(OLLAMA,)), None),
    ],
    ids=["named", "not named", "a desktop that is assumed", "an empty card", "all of it fits"],
)
def test_who_holds_the_card_is_said_where_it_matters(model: str, gpu: GpuDevice, said: str | None) -> None:
    here = engine(machine(gpu, ram=128))
    plan = local_plan(file(model), UnplannedFile(), replace(here, crowded=(gpu,)), Pins(), 8, KNOWN)
    text = runs_text("M", plan)
    if said is None:
        assert "hold" not in text
    else:
        assert text.endswith(said)


def test_a_change_is_among_the_fields_and_names_the_holder_itself() -> None:
    plan = planned("R1-Distill-Llama-70B", machine(rtx()))
    change = LoadChange(plan.settings, replace(plan.settings, gpu_layers=9), (Lack("weights", "CUDA0"),), 81, (OLLAMA,))
    gpu = replace(rtx(), free_bytes=12 * GIB, processes=(OLLAMA,))
    changed = replace(plan, changes=(change,), crowded=(gpu,))
    assert "ollama" not in runs_text("M", changed)
    (told,) = engine_fields(changed)["changes"]
    assert told["after"] == {"gpu_layers": 9}
