"""What measurements of a machine teach of its other plans, in worlds whose truth is known and beside real readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_hardware
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.speed.learned import (
    NOTHING_LEARNED,
    LearnedRates,
    MeasuredRun,
    MeasuredTime,
    learned_rates,
)
from r1plan.plan.llamacpp.speed.rates import HOST, MachineRates, Rate, RateName
from r1plan.plan.llamacpp.speed.work import CardWork, PromptWork, TokenWork, work_kind
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, card, machine
from tests.plan.llamacpp.speed.measuring import NOON, chosen, run
from tests.plan.llamacpp.speed.test_speed import ROWS

CARD = replace(card(24), profile="made-up")
HERE = machine(CARD, ram=512)
WEIGHTS, LAYERS, PROMPT = (Rate(CARD.name, what) for what in ("weights", "layers", "prompt"))
FITS = chosen(HERE, "R1-Distill-Qwen-32B", "Q4_K_M", context=8192)
SMALL = chosen(HERE, "R1-Distill-Qwen-7B", "Q8_0", context=8192)
SPLIT = chosen(HERE, "R1-Distill-Llama-70B", "Q4_K_M", context=8192)
IN_RAM = chosen(HERE, "R1-Distill-Qwen-32B", "Q4_K_M", context=8192, gpu_layers=1)
MIXTURE = chosen(HERE, "DeepSeek-R1", "Q4_K_M", context=8192)


def planned(on: Machine, like: Option, learned: LearnedRates, depths: tuple[int, ...] = (64, 4096)) -> Option:
    pins = Pins(model=like.model.id, quant=like.quant.name, context=like.context)
    choice = choose(on, CATALOGUE, Workload(min_tok_s=1e-3, depths=depths), pins, learned).choice
    assert choice is not None
    return choice


def width(option: Option) -> float:
    speed = option.speed.at(64)
    return (speed.high - speed.low) / 2 / speed.mid


def test_the_layouts_of_these_tests_are_of_each_kind() -> None:
    layouts = [each.placement.layout for each in (FITS, SMALL, SPLIT, MIXTURE)]
    assert layouts == ["gpu", "gpu", "partial", "experts-in-ram"]


@pytest.mark.parametrize("measured", [FITS, SPLIT, MIXTURE], ids=lambda option: option.id)
def test_a_measurement_equal_to_the_plan_changes_no_speed_and_narrows_the_range(measured: Option) -> None:
    learned = learned_rates(HERE, [run(HERE, measured)])
    assert set(learned.factors.values()) == {1.0}
    for option in (FITS, SMALL, SPLIT, MIXTURE):
        before, after = planned(HERE, option, NOTHING_LEARNED), planned(HERE, option, learned)
        assert after.speed.at(64).mid == pytest.approx(before.speed.at(64).mid, rel=1e-12)
        assert width(after) <= width(before) + 1e-12
    assert width(planned(HERE, measured, learned)) < 0.5 * width(planned(HERE, measured, NOTHING_LEARNED))


@pytest.mark.parametrize(
    ("measured", "others"),
    [
        pytest.param(FITS, (SMALL,), id="a model on the card tells of another there"),
        pytest.param(SMALL, (FITS,), id="a small one of a large one"),
        pytest.param(SPLIT, (), id="a split one of itself"),
    ],
)
@pytest.mark.parametrize("truth", [0.75, 1.3])
def test_others_come_within_a_tenth_where_the_card_is_off_as_a_whole(
    measured: Option, others: tuple[Option, ...], truth: float
) -> None:
    world = {WEIGHTS: truth, LAYERS: truth, Rate(CARD.name, "cache"): truth, PROMPT: truth}
    learned = learned_rates(HERE, [run(HERE, measured, world)])
    for option in (measured, *others):
        found, real = planned(HERE, option, learned), run(HERE, option, world)
        for reading in real.decode:
            assert found.speed.at(reading.depth).mid == pytest.approx(1 / reading.seconds, rel=0.1)
            assert found.speed.at(reading.depth).low < 1 / reading.seconds < found.speed.at(reading.depth).high
        assert found.speed.prefill_tok_s is not None
        assert found.speed.prefill_tok_s.mid == pytest.approx(1 / real.prompt[0].seconds, rel=0.1)


@pytest.mark.parametrize("slower", [0.7, 1.5])
def test_one_measured_split_and_one_measured_on_the_card_tell_of_experts_in_ram(slower: float) -> None:
    world = {WEIGHTS: 0.9, LAYERS: 0.9}
    world |= {Rate(HOST, what): slower for what in ("weights", "layers", "expert layers", "handing over")}
    learned = learned_rates(HERE, [run(HERE, FITS, world), run(HERE, SPLIT, world)])
    real, blind = run(HERE, MIXTURE, world).decode[0], planned(HERE, MIXTURE, NOTHING_LEARNED)
    found = planned(HERE, MIXTURE, learned)
    assert abs(found.speed.at(64).mid * real.seconds - 1) < 0.5 * abs(blind.speed.at(64).mid * real.seconds - 1)
    assert found.speed.at(64).low < 1 / real.seconds < found.speed.at(64).high


@pytest.mark.parametrize("handing_over", [0.5, 2.0])
@pytest.mark.parametrize("slower", [0.6, 0.8, 1.3, 1.7])
def test_one_file_measured_on_the_card_and_in_ram_tells_of_every_kind(slower: float, handing_over: float) -> None:
    world = {
        WEIGHTS: 0.9,
        LAYERS: 1.2,
        PROMPT: 0.8,
        Rate(HOST, "copying"): 1.6,
        Rate(HOST, "handing over"): handing_over,
    }
    whats: tuple[RateName, ...] = ("weights", "layers", "expert layers", "cache", "latent cache")
    world |= {Rate(HOST, what): slower for what in whats}
    learned = learned_rates(HERE, [run(HERE, FITS, world), run(HERE, IN_RAM, world, depths=(33,), hours=1)])
    for option in (SMALL, SPLIT, MIXTURE):
        found, real = planned(HERE, option, learned).speed, run(HERE, option, world)
        assert found.basis == "measured here"
        for reading in real.decode:
            assert found.at(reading.depth).mid == pytest.approx(1 / reading.seconds, rel=0.1)
            assert found.at(reading.depth).low < 1 / reading.seconds < found.at(reading.depth).high
        assert found.prefill_tok_s is not None
        assert found.prefill_tok_s.mid == pytest.approx(1 / real.prompt[0].seconds, rel=0.1)


def test_what_was_not_measured_stays_as_it_was() -> None:
    """A card alone tells nothing of the processor."""
    learned = learned_rates(HERE, [run(HERE, FITS, {WEIGHTS: 1.4, LAYERS: 1.4})])
    assert not any(rate.place == HOST for rate in learned.factors)
    alone = machine(ram=64)
    cpu = chosen(alone, "R1-Distill-Qwen-7B", "Q4_K_M")
    assert planned(alone, cpu, learned).speed == planned(alone, cpu, NOTHING_LEARNED).speed
    assert planned(HERE, SPLIT, learned).speed.basis == "assumed"
    assert width(planned(HERE, SPLIT, learned)) > 0.3


def test_the_basis_says_measured_here_with_the_day_and_the_file() -> None:
    speed = planned(HERE, FITS, learned_rates(HERE, [run(HERE, FITS)])).speed
    assert speed.basis == "measured here"
    assert speed.source.startswith("measured here on 2026-11-28 with R1-Distill-Qwen-32B:Q4_K_M; ")
    other = planned(HERE, SMALL, learned_rates(HERE, [run(HERE, FITS), run(HERE, SPLIT, hours=1)])).speed
    assert other.basis == "measured here"
    assert other.source.startswith("measured here on 2026-11-28 with R1-Distill-Llama-70B:Q4_K_M and 1 more; ")


def test_the_measured_layout_is_known_best_and_another_file_least() -> None:
    learned = learned_rates(HERE, [run(HERE, FITS, {WEIGHTS: 1.2})])
    same, longer, other = (planned(HERE, option, learned) for option in (FITS, replace(FITS, context=4096), SMALL))
    assert 0.02 < width(same) <= width(longer) <= width(other) < width(planned(HERE, SMALL, NOTHING_LEARNED))
    assert width(same) < 0.05
    assert width(other) >= 0.08 - 1e-9


@given(st.floats(0.2, 5.0), st.floats(1.01, 3.0))
@settings(max_examples=25, deadline=None)
def test_faster_measured_is_faster_predicted(faster: float, more: float) -> None:
    for measured in (FITS, SPLIT, MIXTURE):
        slow, fast = (learned_rates(HERE, [run(HERE, measured, faster=by)]) for by in (faster, faster * more))
        rates = [MachineRates(HERE, each.factors) for each in (slow, fast)]
        for work in WORKS:
            for depth in (0, 4096, 30_000):
                slower, quicker = (sum(p.seconds + p.seconds_a_depth * depth for p in on.token(work)) for on in rates)
                assert quicker <= slower * (1 + 1e-9)
            slower, quicker = (sum(part.seconds for part in on.prompt(work) or []) for on in rates)
            assert quicker <= slower * (1 + 1e-9)


WORKS = [run(HERE, option).work for option in (FITS, SMALL, SPLIT, MIXTURE)]


def test_the_order_of_measurements_changes_nothing() -> None:
    world = {WEIGHTS: 1.3, Rate(HOST, "weights"): 0.8, PROMPT: 1.2}
    runs = [run(HERE, option, world, hours=n) for n, option in enumerate((FITS, SPLIT, MIXTURE))]
    found = [learned_rates(HERE, each) for each in permutations(runs)]
    assert all(each.factors == found[0].factors and each.runs == found[0].runs for each in found)


@given(st.floats(0.3, 3.0), st.sampled_from([FITS, SPLIT, MIXTURE]))
@settings(max_examples=25, deadline=None)
def test_no_range_is_wider_than_before(faster: float, measured: Option) -> None:
    learned = learned_rates(HERE, [run(HERE, measured, faster=faster)])
    rates = MachineRates(HERE, learned.factors)
    for work in WORKS:
        token = learned.token_range(rates.token(work), 1000, None, None, 0.4)
        prompt = learned.prompt_range(rates.prompt(work) or [], 0, None, None, 0.5)
        assert 0.08 - 1e-9 <= token.spread <= 0.4
        assert 0.08 - 1e-9 <= prompt.spread <= 0.5


def test_readings_far_from_the_constants_narrow_less() -> None:
    near, far = (learned_rates(HERE, [run(HERE, FITS, faster=by)]) for by in (1.0, 4.0))
    work = WORKS[1]
    known = [
        each.token_range(MachineRates(HERE, each.factors).token(work), 1000, None, None, 0.4).spread
        for each in (near, far)
    ]
    assert known[0] < known[1]


def test_more_measurements_come_nearer_to_the_truth() -> None:
    world = {WEIGHTS: 1.25, LAYERS: 0.6}
    real = run(HERE, chosen(HERE, "R1-Distill-Qwen-14B", "Q4_K_M", context=8192), world)
    off = []
    for measured in ((), (FITS,), (FITS, SMALL)):
        rates = MachineRates(HERE, learned_rates(HERE, [run(HERE, each, world) for each in measured]).factors)
        off.append(abs(sum(part.seconds for part in rates.token(real.work)) / real.decode[0].seconds - 1))
    assert off[0] > 0.1
    assert max(off[1:]) < 0.03


def test_what_a_card_was_found_to_lose_is_planned() -> None:
    for lost in (200 << 20, -100 << 20):
        learned = learned_rates(HERE, [], {CARD.index: lost})
        before, after = (
            next(each for each in planned(HERE, SMALL, known).memory if each.device.kind == "gpu")
            for known in (NOTHING_LEARNED, learned)
        )
        assert after.bytes_of("overhead") - before.bytes_of("overhead") == lost
        assert next(part.basis for part in after.parts if part.term == "overhead") == "measured here"


def rows_of_a_card() -> Iterator[tuple[Machine, list[tuple[str, TokenWork, float, float]]]]:
    """Cards with several rows of today's builds of Llama-2-7B: quant, work, depth in tokens and seconds a token."""
    bits = {"F16": 16.0, "Q8_0": 8.5, "Q4_0": 4.54}
    weights, layers, hidden, vocabulary = 6_738_415_616, 32, 4096, 32_000
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in ROWS.values():
        known = row["arch_of"] == "Llama-2-7B" and row["quant"] in bits and row["offload"] == "gpu-full"
        if known and not row.get("era") and row["gpu_count"] == 1:
            found[row["gpu"], row["backend"]].append(row)
    known_cards = {*load_hardware().gpus, *load_hardware().apple}
    for (gpu, _), rows in found.items():
        if len(rows) < 2 or gpu not in known_cards:
            continue
        on = machine_from_options(gpu=[gpu])
        yield (
            on,
            [
                (
                    row["quant"],
                    TokenWork(
                        work_kind(row["quant"], bits[row["quant"]], moe=False, latent=False),
                        (
                            CardWork(
                                0,
                                layers,
                                (weights - vocabulary * hidden) * bits[row["quant"]] / 8,
                                layers * 2 * hidden * 2,
                            ),
                        ),
                        None,
                        0.0,
                        PromptWork(2.0 * weights, 0.0, 0.0, 512),
                    ),
                    row["context"] + row["n_gen"] // 2,
                    1 / row["tg_tok_s"],
                )
                for row in rows
            ],
        )


@pytest.mark.parametrize("slower", [0.85, 1.15])
def test_one_real_reading_of_a_card_that_is_off_brings_its_others_within_a_tenth(slower: float) -> None:
    """The constants were fitted on these rows, so the cards are taken to be slower, or faster, than they are."""
    before, after, inside = [], [], []
    for on, rows_as_read in rows_of_a_card():
        rows = [(quant, work, depth, seconds * slower) for quant, work, depth, seconds in rows_as_read]
        for quant, work, depth, seconds in rows:
            measured = MeasuredRun(
                option_id=f"Llama-2-7B:{quant}",
                measured_at=NOON,
                places=(on.gpus[0].name,),
                work=work,
                decode=(MeasuredTime(int(depth), seconds, 0.02),),
            )
            learned = learned_rates(on, [measured])
            constants, rates = MachineRates(on), MachineRates(on, learned.factors)
            for other, its_work, its_depth, its_seconds in rows:
                if other == quant:
                    continue
                blind, told = (
                    sum(part.seconds + part.seconds_a_depth * its_depth for part in each.token(its_work))
                    for each in (constants, rates)
                )
                before.append(abs(blind / its_seconds - 1))
                after.append(abs(told / its_seconds - 1))
                known = learned.token_range(rates.token(its_work), int(its_depth), None, None, 0.3)
                inside.append(abs(told / its_seconds - 1) <= known.spread)
    assert len(after) >= 50
    assert max(after) < 0.1
    assert max(after) < max(before)
    assert sum(after) < 0.6 * sum(before)
    assert sum(inside) >= 0.9 * len(inside)
