"""Experts that find no room in RAM and are read from disk: the last resort, with its speed said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import NeedsMemory
from r1plan.plan.workload import Workload
from r1plan.units import GB, GIB
from tests.plan.catalogue import card, machine, plan, reason

BOX = machine(card(24), ram=64)
R1 = Pins(model="DeepSeek-R1", quant="Q4_K_M")


def from_disk(gb_s: float | None = None, pins: Pins = R1) -> Option:
    choice = plan(replace(BOX, disk_bandwidth_gb_s=gb_s), Workload(min_tok_s=0.01), pins).choice
    assert choice is not None
    return choice


def test_what_finds_no_room_is_on_disk_and_the_rest_fills_memory() -> None:
    choice = from_disk()
    assert choice.fits
    assert [each.device.kind for each in choice.memory] == ["gpu", "host", "disk"]
    gpu, host, disk = choice.memory
    assert host.spare_bytes == host.device.margin_bytes
    assert choice.disk_bytes == disk.total_bytes > 250 * GIB
    held = sum(each.bytes_of("weights") for each in (gpu, host, disk))
    assert held == disk.device.capacity_bytes


def test_a_token_waits_for_the_cold_experts_it_needs() -> None:
    choice = from_disk(7.0)
    seconds = next(term.seconds for term in choice.speed.terms if term.what == "disk")
    assert seconds == pytest.approx(choice.disk_bytes * 8 / 256 / (7.0 * GB))
    assert choice.tok_s < 7.0 * GB / (choice.disk_bytes * 8 / 256)
    assert choice.speed.basis == "assumed"


def test_a_prompt_reads_the_disk_once_a_micro_batch() -> None:
    slow, fast = from_disk(1.0), from_disk(1000.0)
    assert slow.speed.prefill_tok_s is not None
    assert fast.speed.prefill_tok_s is not None
    assert slow.speed.prefill_tok_s.mid < 512 * 1.0 * GB / slow.disk_bytes
    # Without a disk to wait for, what is in memory is copied to the card for each micro-batch all the same.
    assert fast.speed.prefill_tok_s.mid > 7 * slow.speed.prefill_tok_s.mid


def test_an_unsaid_bandwidth_is_assumed_and_said() -> None:
    assert "disk at 3 GB/s, assumed" in from_disk().speed.source
    assert "disk at 7 GB/s, given" in from_disk(7.0).speed.source
    assert from_disk(7.0).tok_s > from_disk().tok_s


def test_exactly_this_option_is_refused_with_its_speed_unless_that_is_accepted() -> None:
    refused = plan(BOX, pins=R1)
    assert refused.choice is not None
    assert not refused.choice.fits
    assert not refused.choice.disk_bytes
    rejection = refused.rejected[0]
    assert "with experts read from disk about 5.5 hours an answer (0.28 tok/s), longer than 15 minutes" in reason(
        rejection
    )
    assert isinstance(rejection.cause, NeedsMemory)
    assert rejection.cause.from_disk is not None
    accepted = plan(BOX, Workload(min_tok_s=rejection.cause.from_disk.tok_s * 0.99), R1).choice
    assert accepted is not None
    assert accepted.fits
    assert accepted.disk_bytes


def test_a_model_that_nothing_holds_is_offered_from_disk_and_says_so() -> None:
    choice = plan(BOX, pins=Pins(model="DeepSeek-R1")).choice
    assert choice is not None
    assert choice.disk_bytes
    assert reason(choice).startswith("nothing fits in memory: ")
    asked = plan(BOX, Workload(min_tok_s=3), Pins(model="DeepSeek-R1"))
    assert asked.choice is None
    assert all("slower than 3.0" in reason(each) for each in asked.rejected)


def test_what_fits_in_memory_goes_before_what_is_read_from_disk() -> None:
    fast_disk = replace(machine(card(80), ram=200), disk_bandwidth_gb_s=1000.0)
    answer = plan(fast_disk, Workload(objective="quality", min_tok_s=0.5))
    assert answer.choice is not None
    assert not answer.choice.disk_bytes


def test_dense_models_never_read_weights_from_disk() -> None:
    answer = plan(machine(ram=8), Workload(min_tok_s=0.01), Pins(model="R1-Distill-Llama-70B"))
    assert answer.choice is None
    assert not any("disk" in reason(each) for each in answer.rejected)


def test_weights_that_are_not_mapped_must_fit() -> None:
    refused = plan(BOX, Workload(min_tok_s=0.01), replace(R1, mapped=False))
    assert refused.choice is not None
    assert not refused.choice.fits
    assert "disk" not in reason(refused.rejected[0])


def test_a_containers_limit_bounds_what_stays_in_the_page_cache() -> None:
    limited = plan(machine(card(24), ram=512, limit=64), Workload(min_tok_s=0.01), R1).choice
    assert limited is not None
    assert limited.disk_bytes == from_disk().disk_bytes


def test_one_memory_is_counted_once_and_the_processor_reads_from_disk() -> None:
    one = machine(card(100, unified=True), ram=128)
    choice = plan(one, Workload(min_tok_s=0.01), R1).choice
    assert choice is not None
    assert [each.device.kind for each in choice.memory] == ["host", "disk"]
    assert choice.placement.layout == "cpu"
