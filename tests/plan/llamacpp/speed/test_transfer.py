"""One verified file, and what a plan of the others then says, by the readings of one machine.

An H200 beside 16 virtual processors, 28 November 2026, llama.cpp of llama-cpp-python 0.3.36. A file on cards alone is
measured a second time in main memory, as `models verify` does, and both count as one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from r1plan.hardware.machine import Machine
from r1plan.hardware.stored import parse
from r1plan.measurements.measurement import Measurement
from r1plan.plan.llamacpp.speed.learned import LearnedRates, of_file, prompts_of
from r1plan.plan.llamacpp.speed.measured import learned_here
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import plan

LINES = [
    json.loads(line) for line in (Path(__file__).parents[3] / "measured" / "h200_verify.jsonl").read_text().splitlines()
]
HERE: Machine = parse(next(json.dumps(each["machine"]) for each in LINES if each["kind"] == "machine"), "H200")


def verified() -> dict[str, list[Measurement]]:
    found: dict[str, list[Measurement]] = defaultdict(list)
    for each in LINES:
        if each["kind"] == "verify":
            found[each["name"].removesuffix(" beside")].append(msgspec.convert(each["document"], Measurement))
    return found


VERIFIED = verified()
FILES = ("32B", "70B-split", "R1-cut", "7B")


def off(known: LearnedRates, of: Measurement) -> dict[str, float]:
    """By how large a share each reading's speed is planned too high."""
    (run,) = learned_here(HERE, [of]).rates.runs
    on, file = MachineRates(HERE, known.factors), known.file_rate(run.option_id, run.read_bytes)
    token = of_file(on, on.token(run.work), file)
    prompt = of_file(on, on.prompt(run.work) or [], file and prompts_of(file))
    shares = {
        f"decode at {each.depth}": each.seconds_a_token
        / sum(part.seconds + part.seconds_a_depth * each.depth for part in token)
        - 1
        for each in of.decode
    }
    return {**shares, "prompt": of.prefill[0].seconds_a_token / sum(part.seconds for part in prompt) - 1}


def after(*names: str) -> LearnedRates:
    return learned_here(HERE, [each for name in names for each in VERIFIED[name]]).rates


# What main memory gives differs from file to file on that machine: it read the 70B's layers at 65 GB/s and the 32B's
# at 75, and copied them at 6.7 and 8.5. What follows from one of them is off by that for the other.
FAR = {
    ("32B", "70B-split", "prompt"): 0.22,
    ("7B", "70B-split", "prompt"): 0.14,
    ("32B", "R1-cut", "prompt"): 0.14,
    ("32B", "70B-split", "decode at 1056"): 0.11,
    ("R1-cut", "70B-split", "decode at 33"): 0.16,
    ("R1-cut", "70B-split", "decode at 1056"): 0.12,
}


@pytest.mark.parametrize("of", FILES)
@pytest.mark.parametrize("one", FILES)
def test_one_verified_file_brings_the_others_within_a_tenth(one: str, of: str) -> None:
    for what, share in off(after(one), VERIFIED[of][0]).items():
        assert abs(share) <= FAR.get((one, of, what), 0.10), (what, share)


@pytest.mark.parametrize("of", FILES)
def test_all_together_bring_each_within_7_percent(of: str) -> None:
    for what, share in off(after(*FILES), VERIFIED[of][0]).items():
        assert abs(share) <= 0.07, (what, share)


@pytest.mark.parametrize("of", ["32B", "7B"])
def test_the_constants_alone_are_near_what_fits_the_card(of: str) -> None:
    for what, share in off(after(), VERIFIED[of][0]).items():
        assert abs(share) <= 0.05, (what, share)


def test_a_small_model_does_not_fill_a_large_card_while_it_reads() -> None:
    read = next(each for each in LINES if each["kind"] == "llama-bench")
    choice = plan(HERE, Workload(depths=(100,)), Pins(model=read["model"], quant=read["quant"], context=4096)).choice
    assert choice is not None
    assert choice.speed.prefill_tok_s is not None
    assert choice.speed.prefill_tok_s.mid == pytest.approx(read["prefill_tok_s"], rel=0.1)
    assert choice.speed.at(100).mid == pytest.approx(read["decode_tok_s"], rel=0.05)


@pytest.mark.parametrize("of", FILES)
def test_prompts_are_near_by_the_constants_alone_wherever_the_layers_are(of: str) -> None:
    assert abs(off(after(), VERIFIED[of][0])["prompt"]) <= 0.12


@pytest.mark.parametrize("of", FILES)
@pytest.mark.parametrize("one", FILES)
def test_a_range_after_one_file_holds_what_was_read_of_another(one: str, of: str) -> None:
    known, first = after(one), VERIFIED[of][0]
    (run,) = learned_here(HERE, [first]).rates.runs
    on, file = MachineRates(HERE, known.factors), known.file_rate(run.option_id, run.read_bytes)
    same, wide = known.run_of(file, run.work), 0.5 if run.work.host else 0.2
    token = of_file(on, on.token(run.work), file)
    prompt = of_file(on, on.prompt(run.work) or [], file and prompts_of(file))
    spreads = {
        f"decode at {each.depth}": known.token_range(token, each.depth, file, same, wide) for each in first.decode
    }
    spreads["prompt"] = known.prompt_range(prompt, 0, file, same, wide + 0.1)
    for what, share in off(known, first).items():
        assert abs(1 / (1 + share) - 1) <= spreads[what].spread <= wide + 0.1, (what, share)
        assert spreads[what].here or one != of


@pytest.mark.parametrize(("name", "most_mib"), [("32B", 8), ("70B-split", 64), ("R1-cut", 40), ("7B", 8)])
def test_a_buffer_that_the_engine_did_not_tell_of_is_no_overhead(name: str, most_mib: int) -> None:
    known = after(name)
    assert abs(known.overhead_bytes[0]) <= most_mib << 20


def documents() -> list[dict[str, Any]]:
    return [each["document"] for each in LINES if each["kind"] == "verify"]


def test_a_prompt_that_reads_pinned_memory_does_not_wait_for_pages() -> None:
    split = next(each for each in documents() if each["layout"] == "partial")
    pages, pinned = (
        msgspec.convert({**split, "settings": {**split["settings"], "mapped": mapped}}, Measurement)
        for mapped in (True, False)
    )
    constants = MachineRates(HERE)
    slow, fast = (
        sum(part.seconds for part in constants.prompt(learned_here(HERE, [each]).rates.runs[0].work) or [])
        for each in (pages, pinned)
    )
    assert 2 < slow / fast < 3.4
