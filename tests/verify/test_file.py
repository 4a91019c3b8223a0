"""The real engine on r1-tiny: what it allocates is what was planned, and what ends it leaves nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.errors import EngineError, NothingFits
from r1plan.hardware.detect import detect
from r1plan.hardware.energy import Energy, meter
from r1plan.hardware.machine import Machine
from r1plan.measurements.measurement import Measurement
from r1plan.measurements.stored import store, stored
from r1plan.plan.pins import KvType, Pins
from r1plan.tiny import MODEL_PATH
from r1plan.verify.file import VerifyHost, verify_file
from r1plan.verify.pace import PaceBounds, PaceStage
from r1plan.verify.planned import planned_here
from r1plan.verify.terms import terms_of

BRIEF = PaceBounds(figure_s=0.02, fill_s=30.0, prompt_tokens=32, deep_tokens=256)


class Told:
    """Notes what it is told; `at` is called then."""

    def __init__(self, at: Callable[[str], None] = lambda _stage: None) -> None:
        self.stages: list[str] = []
        self.shares: list[float] = []
        self._at = at

    def loads(self, share: float) -> None:
        self.shares.append(share)
        self._at("loading")

    def measures(self, stage: PaceStage, depth: int) -> None:
        self.stages.append(f"{stage} {depth}")
        self._at(f"{stage} {depth}")


def look() -> Machine:
    return detect(load_hardware, Path("/tmp"))


def verified(pins: Pins, told: Told | None = None, path: Path = MODEL_PATH) -> Measurement:
    machine = look()
    plan = planned_here(path, machine, pins, with_cards=False, threads=1)
    host = VerifyHost(look=look, tick=time.monotonic, now=lambda: datetime.now(UTC), meter=meter(None))
    return verify_file(plan, machine, host, BRIEF, told or Told())


def test_a_model_is_loaded_measured_and_its_readings_are_read_back(tmp_path: Path) -> None:
    told = Told()
    found = verified(Pins(), told)
    assert told.shares[-1] == 1.0
    assert told.stages == [
        *("warming 0", "prefill 0", "decode 0"),
        *("filling 256", "prefill 256", "decode 256"),
    ]
    assert [each.depth for each in found.prefill] == [0, 256]
    assert [each.depth for each in found.decode] == [33, 288]
    assert all(each.tok_s > 1 and each.planned for each in found.decode)
    assert found.speed_terms
    assert found.load_s > 0
    assert (found.file.model, found.file.quant, found.file.is_known) == ("r1-tiny", "Q8_0", False)
    assert found.engine.backends[-1] == "CPU"
    store(tmp_path / "measurements", found)
    assert stored(tmp_path / "measurements").found == (found,)


@pytest.mark.parametrize(("context", "n_ubatch"), [(512, 64), (2048, 256)])
@pytest.mark.parametrize("kv_type", ["f16", "q8_0", "q4_0", "f32"])
def test_what_is_planned_exactly_is_allocated_exactly(kv_type: KvType, context: int, n_ubatch: int) -> None:
    found = verified(Pins(context=context, kv_type=kv_type, n_ubatch=n_ubatch))
    exact = [each for each in terms_of(found) if each.basis == "exact"]
    assert {each.what for each in exact} == {"weights", "kv_cache", "compute"}
    assert [each for each in exact if each.is_below or each.is_above] == []
    assert (found.settings.kv_type, found.settings.n_ubatch) == (kv_type, n_ubatch)


def test_so_it_is_without_flash_attention() -> None:
    found = verified(Pins(context=1000, kv_type="bf16", flash_attn=False))
    assert [each for each in terms_of(found) if each.basis == "exact" and (each.is_below or each.is_above)] == []


@pytest.mark.parametrize("stage", ["loading", "warming 0", "decode 0", "filling 256"])
def test_a_break_ends_it_and_the_model_can_be_loaded_again(stage: str) -> None:
    def breaks(at: str) -> None:
        if at == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verified(Pins(context=1024), Told(breaks))


def test_the_power_is_what_the_counters_say_for_the_time_that_was_measured() -> None:
    from decimal import Decimal

    machine = look()
    plan = planned_here(MODEL_PATH, machine, Pins(context=1024), with_cards=False, threads=1)
    host = VerifyHost(
        look=look,
        tick=time.monotonic,
        now=lambda: datetime.now(UTC),
        meter=lambda: lambda: Energy(Decimal("0.01"), "rapl"),
    )
    power = verify_file(plan, machine, host, BRIEF, Told()).power
    assert power is not None
    assert power.watts * power.seconds == pytest.approx(36)
    assert power.source == "rapl"


def test_what_is_no_model_and_what_does_not_fit_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "x.gguf"
    wrong.write_bytes(b"\x89PNG" * 40)
    with pytest.raises(EngineError, match=r"x\.gguf"):
        planned_here(wrong, look(), Pins(), with_cards=False)
    from dataclasses import replace

    machine = look()
    small = replace(machine, memory=replace(machine.memory, total_bytes=300 << 20, available_bytes=100 << 20))
    with pytest.raises(NothingFits, match="does not fit") as caught:
        planned_here(MODEL_PATH, small, Pins(), with_cards=False)
    assert caught.value.exit_code == 3
    assert "recommend --model" in (caught.value.hint or "")
