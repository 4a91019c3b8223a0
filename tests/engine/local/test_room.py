"""A model that finds no room: in a process that may have only so much memory, where it steps down and answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from r1plan.engine.chat import Answer, ChatRequest, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.llama.library import EngineDevice
from r1plan.engine.local.load import OutOfMemory, _check_reserve
from r1plan.engine.local.room.no_room import no_room_left
from r1plan.engine.local.room.step_down import FileLayers, Lack, Ladder, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.hardware.machine import GpuProcess
from r1plan.tiny import MODEL_PATH
from r1plan.units import GIB, MIB
from tests.engine.local.long_model import long_model

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS bounds memory on Linux alone")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return long_model(tmp_path_factory.mktemp("long"))


def short_of_memory(file: Path, what: str, more_mib: int, context: int, *pinned: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.engine.local.short_of_memory", file, what, more_mib, context, *pinned]
    done = subprocess.run([str(each) for each in words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def test_a_context_without_room_steps_down_and_answers(file: Path) -> None:
    result = short_of_memory(file, "open", 60, 131072)
    assert "42" in result["answer"]
    (change,) = result["changes"]
    assert change["before"]["context_tokens"] == 131072
    assert change["after"] == result["now"]
    assert result["now"]["kv_type"] == "q8_0"
    assert 1024 <= result["now"]["context_tokens"] < 131072
    assert (change["lacks"][0]["during"], change["lacks"][0]["device"]) == ("cache", "CPU")


def test_what_is_pinned_stays_and_the_hint_names_it(file: Path) -> None:
    result = short_of_memory(file, "open", 60, 65536, "kv_type", "context_tokens")
    assert result["kind"] == "OutOfMemory"
    assert result["error"] == "r1-long.gguf: there is no room in main memory for a context of 65,536 tokens."
    assert result["hint"] == "--kv f16 is too much: try --kv q8_0, or leave it out."
    assert result["changes"] == []


def test_one_pin_leaves_the_others_to_be_given_up(file: Path) -> None:
    result = short_of_memory(file, "open", 60, 65536, "kv_type")
    assert result["now"]["kv_type"] == "f16"
    assert result["now"]["context_tokens"] < 65536
    assert "answer" in result


def test_a_context_that_cannot_grow_keeps_what_it_holds(file: Path) -> None:
    enough, short = (short_of_memory(file, "grow", more, 65536) for more in (800, 40))
    assert enough["cached"] == short["held"] == 300
    assert short["next"] == enough["next"], "the same follows"
    assert short["error"] == "the prompt has 65,536 tokens, and there is room for a context of 512."
    assert short["now"]["context_tokens"] == 512
    (change,) = short["changes"]
    assert change["before"]["context_tokens"] == 65536 + 2048
    assert change["after"]["context_tokens"] == 512
    assert enough["changes"] == []


def test_a_context_grows_with_a_loss_where_it_finds_room_so(file: Path) -> None:
    result = short_of_memory(file, "grow", 215, 65536)
    assert result["cached"] == 300
    assert result["now"]["kv_type"] == "q8_0"
    assert result["now"]["context_tokens"] >= 65536
    assert [each["after"]["kv_type"] for each in result["changes"]] == ["q8_0"]


def device(name: str, free_mib: int, kind: Any = "gpu") -> EngineDevice:
    return EngineDevice(name, "a card", kind, free_mib * MIB, 24 * GIB)


@pytest.mark.parametrize(
    ("found", "reserve_mib", "lacking"),
    [
        ([device("CUDA0", 511)], None, "CUDA0"),
        ([device("CUDA0", 512)], None, None),
        ([device("CUDA0", 9000), device("CUDA1", 100)], None, "CUDA1"),
        ([device("ROCm0", 100)], None, "ROCm0"),
        ([device("Vulkan0", 1)], None, None),
        ([device("CPU", 1, "cpu")], None, None),
        ([device("CUDA0", 150)], 149, None),
        ([device("CUDA0", 150)], 151, "CUDA0"),
        ([], None, None),
    ],
    ids=[
        "too little",
        "just enough",
        "one of two",
        "rocm",
        "vulkan says it",
        "main memory",
        "planned",
        "planned, too little",
        "no card",
    ],
)
def test_a_card_keeps_what_it_calculates_with(
    found: list[EngineDevice], reserve_mib: int | None, lacking: str | None
) -> None:
    reserve = None if reserve_mib is None else reserve_mib * MIB
    if lacking is None:
        _check_reserve("m.gguf", found, reserve)
        return
    with pytest.raises(OutOfMemory) as raised:
        _check_reserve("m.gguf", found, reserve)
    assert (raised.value.device, raised.value.during) == (lacking, "working")


def test_the_last_word_names_what_lacks_who_has_it_and_what_fits() -> None:
    held = GpuProcess(pid=4242, name="ollama", used_bytes=round(12.1 * GIB))
    fallback = LoadFallback(holders=lambda _name: (held,), smaller=lambda: "m:Q4_K_S fits: r1plan models pull m:Q4_K_S")
    error = OutOfMemory(
        "m.gguf: there is no room on CUDA0 for its weights.", "", during="weights", device="CUDA0", asked=1
    )
    lack = Lack("weights", "CUDA0", 20 * GIB, 11 * GIB)
    last = no_room_left(error, [lack], LoadSettings(gpu_layers=0), Ladder(fallback, FileLayers()))
    assert last.message == (
        "m.gguf: there is no room on CUDA0 for its weights: 20.0 GiB are needed, and 11.0 GiB are free; "
        "ollama (pid 4242) holds 12.1 GiB."
    )
    assert last.hint == "m:Q4_K_S fits: r1plan models pull m:Q4_K_S"


def test_a_pin_that_is_too_much_is_named_with_what_would_fit() -> None:
    fallback = LoadFallback(pinned=frozenset({"gpu_layers"}))
    error = OutOfMemory(
        "m.gguf: there is no room on CUDA0 for its weights.", "", during="weights", device="CUDA0", asked=1
    )
    lack = Lack("weights", "CUDA0", 20 * GIB, 17 * GIB)
    last = no_room_left(error, [lack], LoadSettings(gpu_layers=65), Ladder(fallback, FileLayers(64, 300 * MIB)))
    assert last.hint == "--gpu-layers 65 is too much: try --gpu-layers 54, or leave it out."


def test_a_model_that_may_touch_no_card_answers_as_before() -> None:
    answers = set()
    for uses_cards in (True, False):
        settings = LoadSettings(context_tokens=512, threads=1, uses_cards=uses_cards)
        engine = LocalEngine(MODEL_PATH, "r1-tiny", settings, temperature=0.0)
        events = list(engine.stream(ChatRequest(messages=(Message("user", "What is 17 + 25?"),))))
        answers.add("".join(each.text for each in events if isinstance(each, Answer)))
        engine.close()
    assert answers == {"17 + 25 = 42"}
