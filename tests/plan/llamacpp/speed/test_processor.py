"""The processor's law, beside what was measured on processors and with experts in host memory."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Cpu, GpuDevice, HostMemory, Machine
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.settings import KV_TYPES
from r1plan.plan.llamacpp.speed.processor import ProcessorSpeed
from r1plan.plan.llamacpp.speed.rates import MachineRates
from r1plan.plan.llamacpp.speed.work import CardWork, PromptWork, TokenWork, work_kind
from r1plan.plan.pins import KvType, Pins
from r1plan.plan.workload import Workload
from r1plan.units import GIB
from tests.plan.catalogue import card, machine, plan
from tests.plan.llamacpp.speed.test_speed import ROWS


def host(
    gb_s: float, cores: int, *gpus: GpuDevice, avx512: bool | None = None, amx: bool | None = None, arch: str = "x86_64"
) -> Machine:
    memory = HostMemory(
        total_bytes=2000 * GIB, available_bytes=2000 * GIB, bandwidth_gb_s=gb_s, bandwidth_basis="data-sheet"
    )
    cpu = Cpu(model="made up", cores=cores, architecture=arch, avx512=avx512, amx=amx)
    return replace(machine(*gpus), memory=memory, cpu=cpu)


def chosen(on: Machine, model: str, quant: str, depth: int = 0, **pins: Any) -> Option:
    asked = Pins(model=model, quant=quant, context=32_768, **pins)
    choice = plan(on, Workload(depths=(depth,)), asked).choice
    assert choice is not None
    return choice


class Measured(NamedTuple):
    """A row of bench_calibration.yaml and the machine that it means; with `card_gb_s` experts alone are in RAM."""

    row: str
    gb_s: float
    cores: int
    avx512: bool | None
    model: str
    quant: str
    card_gb_s: float | None = None
    arch: str = "x86_64"


R1 = "DeepSeek-R1"
MEASURED = [
    Measured("b0559", 51.2, 6, False, "R1-Distill-Qwen-32B", "Q4_K_M"),
    Measured("b0581", 89.6, 6, True, "R1-Distill-Qwen-14B", "Q4_K_M"),
    Measured("b0584", 38.4, 4, False, "R1-Distill-Qwen-14B", "Q4_K_M"),
    Measured("b0585", 17.1, 4, None, "R1-Distill-Qwen-14B", "Q4_K_M", arch="aarch64"),
    Measured("b0592", 332.8, 192, None, "R1-Distill-Llama-70B", "Q4_K_M", arch="aarch64"),
    Measured("b0663", 614.4, 128, True, R1, "Q4_K_M"),
    Measured("b0664", 614.4, 128, True, R1, "Q8_0"),
    Measured("b0666", 614.4, 128, True, R1, "Q4_K_M"),
    Measured("b0668", 614.4, 128, True, R1, "Q4_K_M"),
    Measured("b0672", 460.8, 32, True, R1, "Q4_K_S"),
    Measured("b0646", 225.0, 24, True, R1, "UD-Q2_K_XL", 768.0),
    Measured("b0649", 225.0, 24, True, R1, "Q2_K", 768.0),
    Measured("b0684", 204.8, 64, False, R1, "Q4_K_M", 936.0),
    Measured("b0691", 307.2, 32, True, R1, "Q4_K_M", 1008.0),
    Measured("b0702", 204.8, 32, True, R1, "Q4_K_M", 1008.0),
]


def ratio(each: Measured) -> tuple[float, bool]:
    row = ROWS[each.row]
    gpus = [] if each.card_gb_s is None else [card(48, bandwidth=each.card_gb_s)]
    on = host(each.gb_s, each.cores, *gpus, avx512=each.avx512, arch=each.arch)
    predicted = chosen(on, each.model, each.quant, row["context"], experts_on_cpu=bool(gpus)).speed.at(row["context"])
    return predicted.mid / row["tg_tok_s"], predicted.low <= row["tg_tok_s"] <= predicted.high


@pytest.mark.parametrize("each", MEASURED, ids=lambda each: each.row)
def test_a_processor_decodes_within_its_range(each: Measured) -> None:
    _, inside = ratio(each)
    assert inside


def test_processors_are_predicted_without_bias() -> None:
    ratios = [ratio(each)[0] for each in MEASURED]
    assert 0.9 < median(ratios) < 1.1
    assert median(max(each, 1 / each) for each in ratios) < 1.15


def test_r1_in_eight_bits_on_sixteen_zen_5_cores_with_twelve_channels() -> None:
    """More than 6 tokens a second; it came out at 3.2. The memory alone tells what the cores can do."""
    for avx512 in (True, None):
        found = chosen(host(576.0, 16, avx512=avx512), R1, "Q8_0").speed.at(0)
        assert 5.8 < found.mid < 8.0


@pytest.mark.parametrize("avx512", [None, False, True])
def test_more_cores_are_faster_until_memory_decides(avx512: bool | None) -> None:
    rates = [chosen(host(460.8, cores, avx512=avx512), R1, "Q4_K_M").speed for cores in (2, 4, 8, 16, 64, 128)]
    mids = [each.at(0).mid for each in rates]
    assert mids == sorted(mids)
    assert mids[0] < 0.3 * mids[-1]
    assert mids[-2] == pytest.approx(mids[-1], rel=0.01)
    slow, fast = ({term.what for term in each.terms} for each in (rates[0], rates[-1]))
    assert "processor cores" in slow - fast
    assert "host bandwidth" in fast - slow


def test_wider_instructions_help_where_cores_decide() -> None:
    none, narrow, wide = (chosen(host(204.8, 4, avx512=each), R1, "Q8_0").tok_s for each in (None, False, True))
    assert narrow < none < wide
    none, narrow, wide = (chosen(host(307.2, 4, avx512=each), R1, "Q8_0").tok_s for each in (None, False, True))
    assert narrow < none == wide


def test_more_channels_help_where_memory_decides() -> None:
    two, eight, twelve = (chosen(host(gb_s, 64), R1, "Q4_K_M").tok_s for gb_s in (76.8, 307.2, 460.8))
    assert two < eight < twelve
    assert eight > 2.5 * two


@pytest.mark.parametrize(
    ("cores", "avx512", "amx", "least", "most"),
    [(48, None, None, 20, 45), (48, True, False, 20, 45), (96, True, True, 60, 130), (8, False, False, 1, 5)],
)
def test_prompts_are_read_by_all_cores(
    cores: int, avx512: bool | None, amx: bool | None, least: float, most: float
) -> None:
    """R1 on 48 cores and more came out three times too slow."""
    found = chosen(host(460.8, cores, avx512=avx512, amx=amx), R1, "Q4_K_M").speed.prefill_tok_s
    assert found is not None
    assert least < found.mid < most


def test_cores_that_nobody_named_do_not_decide() -> None:
    on = host(460.8, 6)
    unnamed = replace(on, cpu=replace(on.cpu, model="assumed"))
    assert chosen(unnamed, R1, "Q8_0").tok_s > 1.5 * chosen(on, R1, "Q8_0").tok_s


def test_hyperthreads_are_no_cores() -> None:
    on = host(576.0, 32)
    assert chosen(replace(on, cpu=replace(on.cpu, physical_cores=16)), R1, "Q8_0").tok_s < chosen(on, R1, "Q8_0").tok_s


def test_memory_that_was_assumed_widens_the_range() -> None:
    on = host(51.2, 8)
    given, assumed = (
        chosen(replace(on, memory=replace(on.memory, bandwidth_basis=basis)), "R1-Distill-Qwen-7B", "Q4_K_M").speed.at(
            0
        )
        for basis in ("given", "assumed")
    )
    assert assumed.low < given.low
    assert assumed.mid == given.mid
    assert assumed.high > given.high


def test_the_first_layer_in_host_memory_costs_more_than_the_next() -> None:
    """Of a 7B with 3 of 33 layers in host memory a token takes 25 ms, and 7.6 with none (b0543, b0548)."""
    on = host(51.2, 16, card(24, bandwidth=936.0))
    seconds = [
        1 / chosen(on, "R1-Distill-Llama-8B", "Q4_K_M", gpu_layers=layers).speed.at(0).mid for layers in (33, 32, 31)
    ]
    assert seconds[1] - seconds[0] > 1.5 * (seconds[2] - seconds[1])
    assert seconds[2] > 1.8 * seconds[0]


bandwidths, core_numbers = st.floats(10, 1000), st.integers(1, 256)
byte_numbers, core_times = st.floats(1e6, 1e11), st.floats(1e-4, 100)


def seconds_of(gb_s: float, cores: int, read_bytes: float, core_seconds: float, avx512: bool | None = None) -> float:
    on = host(gb_s, cores, avx512=avx512)
    return ProcessorSpeed(on.cpu, on.memory).weights_seconds(read_bytes, core_seconds)[0]


@given(bandwidths, core_numbers, byte_numbers, core_times)
def test_reading_and_computing_overlap_but_not_wholly(gb_s: float, cores: int, read: float, core_s: float) -> None:
    both = seconds_of(gb_s, cores, read, core_s)
    by_memory, by_cores = seconds_of(gb_s, cores, read, 0.0), seconds_of(gb_s, cores, 0.0, core_s)
    assert max(by_memory, by_cores) <= both * (1 + 1e-9)
    assert both <= 2**0.25 * max(by_memory, by_cores) * (1 + 1e-9)


@given(bandwidths, core_numbers, byte_numbers, core_times, st.floats(1, 4), st.integers(0, 64))
def test_a_faster_processor_is_never_slower(
    gb_s: float, cores: int, read: float, core_s: float, faster: float, more: int
) -> None:
    before = seconds_of(gb_s, cores, read, core_s, avx512=False) * (1 + 1e-9)
    assert seconds_of(gb_s * faster, cores, read, core_s, avx512=False) <= before
    assert seconds_of(gb_s, cores + more, read, core_s, avx512=False) <= before
    assert seconds_of(gb_s, cores, read, core_s, avx512=True) <= before


def test_a_second_socket_helps_a_little_and_does_not_double() -> None:
    one, two = (
        chosen(machine_from_options(cpu=f"{sockets}EPYC 9354", ram=1024.0), R1, "Q4_K_M").speed.at(0).mid
        for sockets in ("", "2x ")
    )
    assert 1.05 * one < two < 1.3 * one


def test_a_bandwidth_that_was_given_is_that_of_all_sockets() -> None:
    one, two = (
        chosen(
            machine_from_options(cpu=f"{sockets}EPYC 9354", ram=1024.0, ram_bandwidth=400.0, cores=32), R1, "Q4_K_M"
        ).tok_s
        for sockets in ("", "2x ")
    )
    assert one == two


def test_latent_attention_at_depth_takes_what_it_was_measured_to() -> None:
    """Twelve channels and 128 cores keep 0.81 and 0.64 of the speed at 8k and 16k (b0666-b0668)."""
    speed = {
        depth: chosen(host(614.4, 128, avx512=True), R1, "Q4_K_M", depth).speed.at(depth).mid
        for depth in (544, 8224, 16416)
    }
    assert speed[8224] / speed[544] == pytest.approx(7.86 / 9.65, rel=0.05)
    assert speed[16416] / speed[544] == pytest.approx(6.14 / 9.65, rel=0.07)


@pytest.mark.parametrize(("kv_type", "slower"), [("q8_0", 2.0), ("q4_0", 4.36)])
def test_a_processor_attends_to_a_quantised_cache_more_slowly(kv_type: KvType, slower: float) -> None:
    """Each row is made F32 first (core_types.jsonl, kind "attention"), which takes longer than the bytes it saves."""
    on = host(300.0, 8, avx512=True)
    elements = 1024 * 40 * 8
    kinds: tuple[KvType, KvType] = ("f16", kv_type)
    plain, quantised = (
        ProcessorSpeed(on.cpu, on.memory).attention_seconds(
            elements * KV_TYPES[each].bytes / KV_TYPES[each].elements, each, 8, latent=False
        )
        for each in kinds
    )
    assert quantised / plain == pytest.approx(slower, rel=0.01)


def test_prompts_on_a_processor_slow_with_what_is_before_them() -> None:
    on = host(89.6, 8, avx512=True)
    speed = chosen(on, "R1-Distill-Qwen-7B", "Q4_K_M", depth=16_000).speed
    first, deep = speed.prefill_at(0), speed.prefill_at(16_000)
    assert first is not None
    assert deep is not None
    assert 0.3 < deep.mid / first.mid < 0.9


def seconds_on(on: Machine, *shares: tuple[int, int]) -> float:
    """Of a token of a model of 4 GB in 32 layers, so many of them on each card."""
    kind = work_kind("Q4_K_M", 4.85, moe=False, latent=False)
    cards = tuple(CardWork(index, layers, layers * 125e6, 0) for index, layers in shares)
    work = TokenWork(kind, cards, None, 0.0, PromptWork(1.0, 0.0, 0.0, 512))
    return sum(each.seconds for each in MachineRates(on).token(work))


@pytest.mark.parametrize(("number", "more_ms"), [(2, 0.36), (4, 0.65), (8, 0.84)])
def test_cards_that_share_the_layers_take_turns(number: int, more_ms: float) -> None:
    """As two, four and eight RTX 4090 did, by the same milliseconds in Q4_K_M and F16 (b0052-b0115)."""
    on = machine(*(card(48, index=index) for index in range(number)))
    shared = seconds_on(on, *((index, 32 // number) for index in range(number)))
    assert (shared - seconds_on(on, (0, 32))) * 1000 == pytest.approx(more_ms, rel=0.4)


def test_unlike_cards_take_each_its_own_time() -> None:
    on = machine(card(24, index=0, bandwidth=1000.0), card(24, index=1, bandwidth=400.0))
    fast, slow = seconds_on(on, (0, 32)), seconds_on(on, (1, 32))
    assert seconds_on(on, (0, 24), (1, 8)) == pytest.approx(0.75 * fast + 0.25 * slow, rel=0.05)
