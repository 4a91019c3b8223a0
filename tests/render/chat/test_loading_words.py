"""What is said of a file that was loaded otherwise than planned."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from r1plan.engine.local.room.step_down import Lack, LoadChange
from r1plan.engine.local.settings import LoadSettings
from r1plan.hardware.machine import GpuProcess
from r1plan.render.chat.loading_words import load_change_document, load_change_text
from r1plan.units import GIB, MIB

PLANNED = LoadSettings(context_tokens=16384, gpu_layers=65)
CARD, HOST = (Lack("cache", "CUDA0"),), (Lack("cache", "CPU"),)
OLLAMA = GpuProcess(pid=4242, name="ollama", used_bytes=round(12.1 * GIB))


def change(lacks: tuple[Lack, ...] = CARD, **after: object) -> LoadChange:
    return LoadChange(PLANNED, replace(PLANNED, **after), lacks, layers=65)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            replace(change(kv_type="q8_0", gpu_layers=57), speed=0.7, holders=(OLLAMA,)),
            "The card was too full for the plan: KV cache q8_0 instead of f16, 57 instead of 65 layers on the card: "
            "about 30 % slower. ollama (pid 4242) holds 12.1 GiB of it.",
        ),
        (
            change(HOST, context_tokens=8192),
            "Main memory was too full for the plan: 8,192 instead of 16,384 tokens of context.",
        ),
        (change(n_ubatch=128), "The card was too full for the plan: prompts read by 128 instead of 512 tokens."),
        (
            change(gpu_layers=0, uses_cards=False),
            "The card was too full for the plan: no card is used: it writes slower.",
        ),
        (
            change(experts_on_host=43),
            "The card was too full for the plan: the experts of 43 instead of 0 layers in main memory: it writes "
            "slower.",
        ),
        (
            replace(change(gpu_layers=60), speed=1.0),
            "The card was too full for the plan: 60 instead of 65 layers on the card.",
        ),
        (
            replace(change(kv_type="q8_0"), holders=(replace(OLLAMA, name=None, used_bytes=300 * MIB), OLLAMA)),
            "The card was too full for the plan: KV cache q8_0 instead of f16. A program (pid 4242) holds 300 MiB and "
            "ollama (pid 4242) holds 12.1 GiB of it.",
        ),
        (
            replace(change(kv_type="q8_0"), holders=(replace(OLLAMA, used_bytes=None),)),
            "The card was too full for the plan: KV cache q8_0 instead of f16.",
        ),
    ],
    ids=["all", "main memory", "batch", "no card", "experts", "as fast", "two programs", "unknown size"],
)
def test_it_says_what_was_changed_and_what_it_costs(given: LoadChange, text: str) -> None:
    assert load_change_text(given) == text


def test_a_program_gets_only_what_is_another() -> None:
    document = load_change_document(replace(change(kv_type="q8_0", gpu_layers=57), speed=0.7, holders=(OLLAMA,)))
    assert document["before"] == {"gpu_layers": 65, "kv_type": "f16"}
    assert document["after"] == {"gpu_layers": 57, "kv_type": "q8_0"}
    assert document["held_by"] == [{"pid": 4242, "name": "ollama", "used_bytes": round(12.1 * GIB)}]
    assert json.loads(json.dumps(document)) == document
