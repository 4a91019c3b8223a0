"""Which stored measurements count on a machine as it is now, and which are doubted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from r1plan.engine.local.settings import LoadSettings
from r1plan.hardware.machine import Machine
from r1plan.measurements.identity import FileIdentity, machine_identity
from r1plan.measurements.measurement import (
    BufferReading,
    DeviceWork,
    Disturbance,
    EngineIdentity,
    Measurement,
    PowerReading,
    SpeedReading,
)
from r1plan.plan.doubts import DamagedMeasurement, DoubtedMeasurement
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.speed.measured import LearnedHere, learned_here
from r1plan.plan.llamacpp.speed.rates import HOST, Rate
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from r1plan.render.plan.explained import doubt_text
from r1plan.units import MIB
from tests.plan.catalogue import CATALOGUE, card, machine
from tests.plan.llamacpp.speed.measuring import NOON, chosen, run

CARD = replace(card(24), profile="made-up", driver="580.65.06", power_limit_w=450.0)
HERE = machine(CARD, ram=512)
FITS = chosen(HERE, "R1-Distill-Qwen-32B", "Q4_K_M", context=8192)
SPLIT = chosen(HERE, "R1-Distill-Llama-70B", "Q4_K_M", context=8192)
WEIGHTS = Rate(CARD.name, "weights")


def measurement(option: Option = FITS, *, slower: float = 1.0, on: Machine = HERE, **changes: Any) -> Measurement:
    """What is stored of `option` where everything takes `slower` times as long as is planned."""
    real = run(on, option, faster=1 / slower)
    cards = tuple(
        DeviceWork(
            device=f"gpu{each.card}",
            card=each.card,
            layers=each.layers,
            expert_layers=0,
            weights_read_bytes=round(each.weights_bytes),
            cache_read_bytes=each.cache_bytes,
        )
        for each in real.work.cards
    )
    host = real.work.host
    work = [*cards]
    if host is not None:
        work.append(
            DeviceWork(
                device="host",
                card=None,
                layers=host.layers,
                expert_layers=host.expert_layers,
                weights_read_bytes=round(host.weights_bytes),
                cache_read_bytes=host.cache_bytes,
            )
        )

    def readings(times: Any, tokens: int) -> tuple[SpeedReading, ...]:
        return tuple(
            SpeedReading(depth=each.depth, tokens=tokens, repeats=5, seconds_a_token=each.seconds, spread=0.004)
            for each in times
        )

    found = Measurement(
        measured_at=NOON,
        r1plan="0.1.0",
        machine=machine_identity(on),
        engine=EngineIdentity(version="0.3.36", backends=("CUDA", "CPU")),
        file=FileIdentity(
            model=option.model.id,
            is_known=True,
            quant=option.quant.name,
            architecture=option.model.architecture,
            name="model.gguf",
            file_bytes=option.quant.file_bytes,
            digest=option.id,
            active_params=option.model.active_params,
            bits_per_weight=option.quant.bits_per_weight,
            trunk_types=weights_of(option.model, option.quant).trunk_types,
            expert_types=weights_of(option.model, option.quant).expert_types,
            heads_a_key=option.model.shape.heads_a_key,
            attention_flop_a_depth=option.model.shape.attention_flop_a_depth,
        ),
        settings=LoadSettings(context_tokens=option.context),
        layout=option.placement.layout,
        prefill=readings(real.prompt, 512),
        decode=readings(real.decode, 64),
        work=tuple(work),
        streamed_bytes=round(real.work.prompt.streamed_bytes),
        load_s=10.0,
    )
    return replace(found, **changes)


def doubts(found: LearnedHere) -> list[tuple[str, bool]]:
    return [(each.doubt, each.is_used) for each in found.doubts if isinstance(each, DoubtedMeasurement)]


@pytest.mark.parametrize("option", [FITS, SPLIT], ids=lambda option: option.id)
def test_a_stored_measurement_is_the_work_that_the_plan_counts(option: Option) -> None:
    found, real = learned_here(HERE, [measurement(option)], "0.3.36"), run(HERE, option)
    assert found.doubts == ()
    (read,) = found.rates.runs
    assert read.work.kind == real.work.kind
    assert read.work.prompt == pytest.approx(real.work.prompt)
    for stored, counted in zip(read.work.cards, real.work.cards, strict=True):
        assert stored == pytest.approx(counted)
    assert (read.work.host is None) == (real.work.host is None)
    if real.work.host is not None:
        assert read.work.host == pytest.approx(real.work.host)
    assert read.places == real.places
    assert all(factor == pytest.approx(1, abs=1e-6) for factor in found.rates.factors.values())


def test_a_deep_prompt_counts_where_the_file_says_what_attention_takes() -> None:
    known = measurement()
    deep = replace(known.prefill[0], depth=8192, seconds_a_token=known.prefill[0].seconds_a_token * 3)
    old = replace(known.file, attention_flop_a_depth=0.0)
    (told,), (untold,) = (
        learned_here(HERE, [replace(known, file=file, prefill=(*known.prefill, deep))], "0.3.36").rates.runs
        for file in (known.file, old)
    )
    assert [each.depth for each in told.prompt] == [0, 8192]
    assert [each.depth for each in untold.prompt] == [0]


def test_a_slow_machine_is_learned_from_what_is_stored() -> None:
    found = learned_here(HERE, [measurement(slower=1.3)], "0.3.36")
    assert 1.05 < found.rates.factors[WEIGHTS] < 1.3


def test_the_newest_of_one_file_under_one_setting_counts_and_twice_is_once() -> None:
    old, new = measurement(slower=3.0), measurement(slower=1.2, measured_at=NOON + timedelta(days=1))
    alone = learned_here(HERE, [new]).rates
    assert learned_here(HERE, [old, new]).rates.factors == alone.factors
    assert learned_here(HERE, [new, new]).rates.factors == alone.factors
    assert len(learned_here(HERE, [new, replace(old, settings=LoadSettings(context_tokens=4096))]).rates.runs) == 2


def test_the_power_that_was_read_is_that_of_the_same_option_and_of_no_other() -> None:
    read = measurement(power=PowerReading(watts=200.0, seconds=20.0, source="nvml"))
    learned = learned_here(HERE, [read], "0.3.36").rates
    pins = Pins(model=FITS.model.id, quant=FITS.quant.name, context=8192)
    same, other = (
        choose(HERE, CATALOGUE, Workload(), each, learned).choice for each in (pins, replace(pins, quant="Q3_K_M"))
    )
    assert same is not None
    assert same.draw is not None
    assert (same.draw.busy_w, same.draw.basis) == (275.0, "measured here")
    assert other is not None
    assert other.draw is not None
    assert other.draw.basis == "assumed"


@pytest.mark.parametrize(
    ("on", "doubt"),
    [
        pytest.param(machine(ram=512), "another-card", id="the card was taken out"),
        pytest.param(machine(replace(CARD, name="another"), ram=512), "another-card", id="another card"),
        pytest.param(
            machine(replace(CARD, total_bytes=CARD.total_bytes // 2, free_bytes=1 << 30), ram=512),
            "another-card",
            id="a card of that name with half the memory",
        ),
        pytest.param(
            machine(replace(CARD, power_limit_w=300.0), ram=512), "another-power-limit", id="its power limit is lower"
        ),
    ],
)
def test_a_measurement_of_another_card_teaches_nothing(on: Machine, doubt: str) -> None:
    found = learned_here(on, [measurement(slower=1.5)])
    assert doubts(found) == [(doubt, False)]
    assert found.rates.factors == {}
    assert found.rates.runs == ()


@pytest.mark.parametrize(("threads", "counts"), [(1, False), (11, False), (12, True), (16, True), (None, True)])
def test_few_threads_tell_nothing_of_a_processor(threads: int | None, counts: bool) -> None:
    settings = LoadSettings(threads=threads)
    found = learned_here(HERE, [measurement(SPLIT, settings=settings)])
    assert bool(found.rates.runs) == counts
    assert doubts(found) == ([] if counts else [("few-threads", False)])
    assert learned_here(HERE, [measurement(FITS, settings=settings)]).doubts == ()


def test_a_model_that_lies_in_a_cache_tells_nothing_of_memory() -> None:
    whole = measurement(FITS)
    tiny = replace(whole, work=tuple(replace(each, weights_read_bytes=7 << 20) for each in whole.work))
    found = learned_here(HERE, [tiny])
    assert found.rates.runs == ()
    assert doubts(found) == [("too-small", False)]


def test_what_is_not_used_is_said_once() -> None:
    on = machine(CARD, ram=512, cores=8)
    assert doubts(learned_here(on, [measurement(SPLIT, disturbances=("swap",))], "0.4.0")) == [
        ("another-processor", False)
    ]


def test_another_processor_counts_only_where_it_computed() -> None:
    on = machine(CARD, ram=512, cores=8)
    assert doubts(learned_here(on, [measurement(SPLIT)])) == [("another-processor", False)]
    assert learned_here(on, [measurement(FITS)]).doubts == ()


@pytest.mark.parametrize(
    ("on", "engine", "doubt"),
    [
        pytest.param(machine(replace(CARD, driver="590.10"), ram=512), "0.3.36", "another-driver", id="driver"),
        pytest.param(HERE, "0.4.0", "another-engine", id="engine"),
        pytest.param(machine(CARD, ram=128), "0.3.36", "another-ram", id="memory"),
    ],
)
def test_what_has_changed_since_is_trusted_less(on: Machine, engine: str, doubt: str) -> None:
    same = learned_here(HERE, [measurement(SPLIT, slower=1.4)], "0.3.36").rates
    found = learned_here(on, [measurement(SPLIT, slower=1.4)], engine)
    assert doubts(found) == [(doubt, True)]
    assert 1 < found.rates.factors[WEIGHTS] < same.factors[WEIGHTS]
    assert found.rates.runs[0].noise > 3 * same.runs[0].noise


def test_a_limit_that_only_rounds_otherwise_is_the_same() -> None:
    on = machine(replace(CARD, power_limit_w=449.9), ram=512)
    assert learned_here(on, [measurement()]).doubts == ()


@pytest.mark.parametrize("slower", [1e-9, 1 / 31, 31.0, 1e9])
def test_a_time_that_cannot_be_is_refused(slower: float) -> None:
    found = learned_here(HERE, [measurement(slower=slower)])
    assert doubts(found) == [("implausible", False)]
    assert found.rates.factors == {}


@pytest.mark.parametrize("changes", [{"work": ()}, {"decode": (), "prefill": ()}], ids=["no work", "no times"])
def test_a_measurement_without_what_is_learned_from_teaches_nothing(changes: dict[str, Any]) -> None:
    assert learned_here(HERE, [measurement(slower=1.5, **changes)]).rates.factors == {}


def test_work_on_a_card_that_the_machine_never_had_is_refused() -> None:
    broken = measurement()
    work = tuple(replace(each, card=7) for each in broken.work)
    assert doubts(learned_here(HERE, [replace(broken, work=work)])) == [("another-card", False)]


def test_cards_in_another_order_are_the_same_cards() -> None:
    large, small = replace(CARD, index=0), replace(card(12, index=1), name="small card")
    then = machine(large, small)
    now = machine(replace(small, index=0), replace(large, index=1))
    found = measurement(on=then)
    (read,) = learned_here(now, [found]).rates.runs
    assert [each.card for each in read.work.cards] == [1]


@pytest.mark.parametrize("disturbance", ["thermal", "other-process", "unsteady", "busy-processor", "swap"])
def test_disturbed_readings_count_less(disturbance: Disturbance) -> None:
    quiet, loud = (learned_here(HERE, [measurement(slower=1.4, disturbances=each)]) for each in ((), (disturbance,)))
    assert 1 < loud.rates.factors[WEIGHTS] < quiet.rates.factors[WEIGHTS]
    assert [doubt_text(each) for each in loud.doubts] == [
        f"R1-Distill-Qwen-32B:Q4_K_M of 2026-11-28 counts less: it was disturbed ({disturbance})."
    ]


@pytest.mark.parametrize("usual", ["power-limit", "no-gpu-build"])
def test_what_a_machine_always_does_is_no_disturbance(usual: Disturbance) -> None:
    quiet, loud = (learned_here(HERE, [measurement(slower=1.4, disturbances=each)]) for each in ((), (usual,)))
    assert loud.rates.factors == quiet.rates.factors
    assert loud.doubts == ()


def overhead(planned_mib: int, measured_mib: int | None, learned_mib: int = 0) -> BufferReading:
    return BufferReading(
        device="gpu0",
        card=0,
        term="overhead",
        planned_bytes=planned_mib * MIB,
        measured_bytes=None if measured_mib is None else measured_mib * MIB,
        learned_bytes=learned_mib * MIB,
    )


@pytest.mark.parametrize(
    ("reading", "more_mib"),
    [
        pytest.param(overhead(500, 620), 120, id="more than planned"),
        pytest.param(overhead(500, 450), -50, id="less"),
        pytest.param(overhead(620, 620, 120), 120, id="as planned with what was learned"),
        pytest.param(overhead(500, None), None, id="not read"),
        pytest.param(overhead(500, 5000), None, id="more than any card loses"),
    ],
)
def test_what_the_card_lost_is_learned_as_a_difference_to_the_plan_alone(
    reading: BufferReading, more_mib: int | None
) -> None:
    found = learned_here(HERE, [measurement(buffers=(reading,))]).rates.overhead_bytes
    assert found == ({} if more_mib is None else {0: more_mib * MIB})


def test_another_process_on_the_card_hides_what_the_card_lost() -> None:
    found = measurement(buffers=(overhead(500, 620),), disturbances=("other-process",))
    assert learned_here(HERE, [found]).rates.overhead_bytes == {}


def test_no_more_runs_are_used_than_take_a_moment() -> None:
    many = [
        measurement(settings=LoadSettings(context_tokens=1024 + n), measured_at=NOON + timedelta(hours=n))
        for n in range(40)
    ]
    runs = learned_here(HERE, many).rates.runs
    assert 4 <= len(runs) <= 12
    assert runs[0].measured_at == NOON + timedelta(hours=39)


@pytest.mark.parametrize(
    ("doubt", "text"),
    [
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "another-power-limit", False, "450 W", "300 W"),
            "M:Q4 of 2026-11-28 is not used: the power limit was 450 W and is 300 W.",
            id="limit",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "another-driver", True, "580", "590"),
            "M:Q4 of 2026-11-28 counts less: the card's driver was 580 and is 590.",
            id="driver",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "another-card", False, "RTX 4090"),
            "M:Q4 of 2026-11-28 is not used: RTX 4090 is not here.",
            id="card",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "implausible", False, "1e+09 tok/s", "38.2 tok/s"),
            "M:Q4 of 2026-11-28 is not used: 1e+09 tok/s cannot be, where 38.2 tok/s are expected.",
            id="nonsense",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "another-engine", True, "0.3.36", "0.4.0"),
            "M:Q4 of 2026-11-28 counts less: llama-cpp-python was 0.3.36 and is 0.4.0.",
            id="engine",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "few-threads", False, "1 thread", "16"),
            "M:Q4 of 2026-11-28 is not used: 1 thread calculated, where 16 are usual.",
            id="threads",
        ),
        pytest.param(
            DoubtedMeasurement("M:Q4", NOON, "too-small", False, "7 MiB", "256 MiB"),
            "M:Q4 of 2026-11-28 is not used: "
            "7 MiB a token lie in a cache, and less than 256 MiB tell nothing of memory.",
            id="small",
        ),
        pytest.param(DamagedMeasurement("ab.json", "is empty"), "ab.json is no measurement: is empty.", id="damaged"),
    ],
)
def test_doubts_are_said_in_one_sentence(doubt: DoubtedMeasurement | DamagedMeasurement, text: str) -> None:
    assert doubt_text(doubt) == text


def test_the_processor_alone_is_learned_too() -> None:
    alone = machine(ram=64)
    option = chosen(alone, "R1-Distill-Qwen-7B", "Q4_K_M")
    found = learned_here(alone, [measurement(option, slower=2.0, on=alone)])
    assert found.doubts == ()
    assert found.rates.factors[Rate(HOST, "weights")] > 1.3
