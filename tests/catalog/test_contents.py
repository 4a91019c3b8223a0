"""What the shipped catalogue holds. The expected figures are from the research notes, not from the files."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from decimal import Decimal
from itertools import pairwise

import pytest

from r1plan.catalog.hardware import AppleChip, CpuFile, CpuMemory, CpuSheet, Gpu, HardwareFile
from r1plan.catalog.model import Model
from r1plan.catalog.price import PriceRow
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.validate import load_file
from r1plan.models.unplanned import unplanned
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.units import GIB
from tests.catalog.ours import CPUS, HARDWARE, HOLIDAYS, MODELS, PRICES, PROVIDERS, our_files

ROWS = [(provider, row) for provider, prices in PRICES.items() for row in prices.prices]

BILLION = 10**9


def test_r1_and_its_distills_are_there() -> None:
    assert {id_ for id_, model in MODELS.items() if model.kind != "successor"} == {
        "R1-Distill-Qwen-1.5B",
        "R1-Distill-Qwen-7B",
        "R1-Distill-Llama-8B",
        "R1-0528-Qwen3-8B",
        "R1-Distill-Qwen-14B",
        "R1-Distill-Qwen-32B",
        "R1-Distill-Llama-70B",
        "DeepSeek-R1",
        "DeepSeek-R1-Zero",
        "DeepSeek-R1-0528",
    }


def test_its_successors_are_there() -> None:
    assert {id_ for id_, model in MODELS.items() if model.kind == "successor"} == {
        "DeepSeek-V3-0324",
        "DeepSeek-V3.1",
        "DeepSeek-V3.1-Terminus",
        "DeepSeek-V3.2-Exp",
        "DeepSeek-V3.2",
        "DeepSeek-V4-Flash",
        "DeepSeek-V4-Flash-0731",
        "DeepSeek-V4-Pro",
        "DeepSeek-V4-Pro-0813",
        "DeepSeek-V4.1-Flash",
        "DeepSeek-V4.1-Flash-1017",
    }


def test_nothing_is_held_of_the_files_of_a_model_that_nothing_is_planned_for() -> None:
    for model in MODELS.values():
        assert bool(model.quants) == (unplanned(model.architecture) is None)


def test_the_counts_of_hardware_and_prices_are_those_of_the_research() -> None:
    assert (len(HARDWARE.gpus), len(HARDWARE.apple), len(HARDWARE.cpu_memory)) == (373, 38, 19)
    assert Counter(each.gpu_class for each in HARDWARE.gpus.values()) == {
        "nvidia-consumer": 108,
        "nvidia-workstation": 65,
        "nvidia-datacentre": 65,
        "nvidia-jetson": 12,
        "amd": 87,
        "intel": 33,
        "qualcomm": 3,
    }
    assert len(CPUS) == 807
    assert len(ROWS) == 80
    assert len(PROVIDERS) == 23


@pytest.mark.parametrize("model", [each for each in MODELS.values() if each.quants], ids=lambda each: each.id)
def test_every_model_has_the_26_stock_quants_once_each(model: Model) -> None:
    stock = [each.name for each in model.quants if each.stock]
    assert len(stock) == len(set(stock)) == 26
    assert len({each.name for each in model.quants}) == len(model.quants)


@pytest.mark.parametrize(
    ("model", "quant", "file_bytes"),
    [  # exact sizes of published files: Ollama's manifest of the first, Hugging Face LFS pointers of the others
        ("R1-Distill-Qwen-7B", "Q4_K_M", 4_683_075_271),
        ("R1-Distill-Llama-8B", "IQ4_NL", 4_677_991_264),
        ("R1-Distill-Llama-8B", "Q4_K_S", 4_692_671_328),
        ("R1-Distill-Llama-8B", "Q4_K_M", 4_920_736_608),
        ("R1-Distill-Llama-8B", "Q5_K_S", 5_599_296_352),
        ("R1-Distill-Qwen-14B", "IQ3_XS", 6_383_361_440),
        ("R1-Distill-Qwen-14B", "Q3_K_M", 7_339_204_000),
        ("R1-Distill-Qwen-14B", "IQ4_XS", 8_119_840_160),
        ("R1-Distill-Llama-70B", "IQ2_XS", 21_142_110_368),
        ("R1-Distill-Llama-70B", "IQ4_XS", 37_902_663_840),
        ("R1-Distill-Llama-70B", "Q4_K_M", 42_520_395_936),
        # The Hugging Face API, in public registries and logs.
        ("DeepSeek-V4-Flash", "UD-IQ3_XXS", 102_999_887_616),
        ("DeepSeek-V4-Flash", "UD-Q2_K_XL", 96_832_507_552),
        ("DeepSeek-V4-Flash", "UD-Q8_K_XL", 161_869_614_720),
        ("DeepSeek-V4-Flash-0731", "UD-IQ1_S", 82_539_237_024),
        ("DeepSeek-V4-Flash-0731", "UD-IQ2_M", 90_926_928_288),
        ("DeepSeek-V4-Flash-0731", "UD-IQ3_XXS", 102_999_888_416),
        ("DeepSeek-V4-Flash-0731", "UD-Q4_K_XL", 155_095_241_120),
        ("DeepSeek-V4-Flash-0731", "UD-Q8_K_XL", 161_869_615_520),
        ("DeepSeek-V4-Pro-0813", "Q2_K", 569_417_385_408),
        ("DeepSeek-V4-Pro-0813", "Q3_K_M", 748_403_475_872),
        ("DeepSeek-V4-Pro-0813", "Q4_K_M", 950_879_580_768),
        ("DeepSeek-V4-Pro-0813", "UD-Q4_K_XL", 849_683_927_055),
        ("DeepSeek-V4-Pro-0813", "UD-Q8_K_XL", 873_445_601_295),
    ],
)
def test_a_file_weighs_what_the_published_one_does(model: str, quant: str, file_bytes: int) -> None:
    assert {each.name: each.file_bytes for each in MODELS[model].quants}[quant] == file_bytes


@pytest.mark.parametrize(
    ("quant", "gib"),
    [("Q4_K_M", "376.65"), ("Q8_0", "664.29"), ("Q4_K_S", "353.90")],  # as llama-bench prints them
)
@pytest.mark.parametrize("model", ["DeepSeek-R1", "DeepSeek-R1-Zero", "DeepSeek-R1-0528"])
def test_a_671b_quant_weighs_what_llama_bench_prints(model: str, quant: str, gib: str) -> None:
    tensor_bytes = {each.name: each.tensor_bytes for each in MODELS[model].quants}[quant]
    assert f"{tensor_bytes / GIB:.2f}" == gib


def test_dynamic_quants_stay_with_their_own_model() -> None:
    own = {id_: {each.name for each in model.quants if not each.stock} for id_, model in MODELS.items()}
    assert len(own["DeepSeek-R1"]) == 6
    assert len(own["DeepSeek-R1-0528"]) == 12
    assert own["DeepSeek-R1-Zero"] == set()
    only_ik = {each.name for each in MODELS["DeepSeek-R1-0528"].quants if each.engine == "ik_llama.cpp"}
    assert only_ik == {"IQ3_K_R4", "IQ2_K_R4", "IQ1_S_R4"}


def test_a_published_range_of_bytes_read_holds_its_middle() -> None:
    ranged = [(model, each) for model in MODELS.values() for each in model.quants if each.decode_read_range_bytes]
    assert len([model for model, _ in ranged if model.kind != "successor"]) == 18
    for _, quant in ranged:
        assert quant.decode_read_range_bytes is not None
        low, high = quant.decode_read_range_bytes
        assert quant.decode_read_bytes == (low + high) // 2
        assert low < high < quant.tensor_bytes


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_bits_per_weight_follow_from_bytes_and_parameters(model: Model) -> None:
    for quant in model.quants:
        assert quant.tensor_bytes * 8 / model.params == pytest.approx(quant.bits_per_weight, rel=2e-3)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_short_source_of_a_model_is_spelled_out(model: Model) -> None:
    used = {model.sampling.source} | {each.source for each in model.scores}
    used |= {each.source for each in model.quants if each.source is not None}
    if model.thinking is not None:
        used |= {model.thinking.source} | {each.source for each in model.thinking.lengths}
    assert used <= set(model.sources)


@pytest.mark.parametrize("file", our_files("profiles", "hardware"), ids=lambda each: each.path.stem)
def test_every_short_source_of_hardware_is_spelled_out(file: CatalogFile) -> None:
    content = load_file(HardwareFile, file)
    rows: tuple[Gpu | AppleChip | CpuMemory, ...] = (*content.gpus, *content.apple, *content.cpu_memory)
    assert all(each.sources for each in rows)
    assert {source for each in rows for source in each.sources} == set(content.sources)


@pytest.mark.parametrize("file", our_files("profiles", "hardware/cpus"), ids=lambda each: each.path.stem)
def test_every_short_source_of_processors_is_spelled_out(file: CatalogFile) -> None:
    content = load_file(CpuFile, file)
    assert all(each.sources for each in content.cpus)
    assert {source for each in content.cpus for source in each.sources} == set(content.sources)


@pytest.mark.parametrize("gpu", HARDWARE.gpus.values(), ids=lambda each: str(each.id))
def test_every_card_says_what_its_engines_ask_of_it(gpu: Gpu) -> None:
    assert (gpu.compute_capability is not None) == gpu.gpu_class.startswith("nvidia")
    assert (gpu.gfx is not None) == (gpu.gpu_class == "amd")
    assert set(gpu.unsourced) <= {field.name for field in fields(Gpu)}


@pytest.mark.parametrize("cpu", CPUS.values(), ids=lambda each: str(each.id))
def test_a_processors_bandwidth_is_its_speed_times_its_channels(cpu: CpuSheet) -> None:
    width_bytes = cpu.channels * cpu.channel_bits / 8
    assert cpu.bandwidth_gb_s == pytest.approx(cpu.mt_s * width_bytes / 1000, rel=0.002)
    assert cpu.threads is None or cpu.threads >= cpu.cores
    assert set(cpu.unsourced) <= {field.name for field in fields(CpuSheet)}
    for option in cpu.memory_options:
        assert option.bandwidth_gb_s == pytest.approx(option.mt_s * width_bytes / 1000, rel=0.01)


def test_no_two_rows_of_hardware_share_an_id() -> None:
    ids: list[str] = []
    for file in our_files("profiles", "hardware"):
        content = load_file(HardwareFile, file)
        for rows in (content.gpus, content.apple, content.cpu_memory):
            ids += [each.id for each in rows]
    ids += [each.id for file in our_files("profiles", "hardware/cpus") for each in load_file(CpuFile, file).cpus]
    assert len(ids) == len(set(ids))


def test_a_model_has_its_published_and_its_independent_scores() -> None:
    scores = {
        (each.benchmark, each.independent, each.source): each.score for each in MODELS["R1-Distill-Qwen-32B"].scores
    }
    assert scores["aime2024_pass1", False, "r1-readme"] == 72.6
    assert scores["aime2024_pass1", True, "open-r1"] == 69.7
    assert scores["aime2024_pass1", True, "mlf-eval"] == 73.7


def test_a_mixture_of_experts_reads_a_small_part_of_itself() -> None:
    r1 = MODELS["DeepSeek-R1"]
    assert 36 * BILLION < r1.active_params < 38 * BILLION
    assert r1.shape.latent_attention is not None
    assert r1.shape.experts is not None
    assert not MODELS["DeepSeek-R1-Zero"].recommended


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=[f"{provider}-{row.model}" for provider, row in ROWS])
def test_a_price_has_a_source_and_a_provider_that_offers_it(provider: str, row: PriceRow) -> None:
    assert row.sources
    assert all(each.strip() for each in row.sources)
    offered = {name for offer in PROVIDERS[provider].offers for name in (offer.model, *offer.aliases)}
    assert row.model in offered


def test_usable_prices_of_one_name_never_overlap() -> None:
    known: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for provider, row in ROWS:
        for name in row.names if row.billable else ():
            start = row.effective_from.isoformat() if row.effective_from else ""
            until = row.effective_until.isoformat() if row.effective_until else "9999"
            known.setdefault((provider, name), []).append((start, until))
    for key, intervals in known.items():
        intervals.sort()
        for (_, until), (start, _) in pairwise(intervals):
            assert until <= start, key


def test_prices_are_exact_and_keep_their_precision() -> None:
    first = PRICES["deepseek"].prices[0]
    assert (first.rates.input_cache_miss, first.rates.input_cache_hit, first.rates.output) == (
        Decimal("0.55"),
        Decimal("0.14"),
        Decimal("2.19"),
    )
    cached = [row.rates.input_cache_hit for row in PRICES["deepseek"].prices if row.model == "deepseek-v4-pro"]
    assert Decimal("0.003625") in cached


def test_a_day_means_its_midnight_in_utc() -> None:
    first = PRICES["deepseek"].prices[0]
    assert first.effective_from is not None
    assert first.effective_from.isoformat() == "2025-01-20T00:00:00+00:00"
    assert first.effective_from_precision == "day"


def test_only_the_rows_whose_interval_is_unknown_are_not_billable() -> None:
    assert sorted((provider, row.model) for provider, row in ROWS if not row.billable) == [
        ("deepseek", "deepseek-v4-pro"),
        ("google", "gemini-2.5-pro"),
        ("openai", "o1-mini"),
        ("replicate", "deepseek-ai/deepseek-r1"),
    ]


def test_only_fireworks_r1_halves_a_missing_cached_price() -> None:
    halved = [row.model.rsplit("/", 1)[-1] for provider, row in ROWS if row.cache_hit_rule == "half-of-miss"]
    assert halved == ["deepseek-r1", "deepseek-r1-basic", "deepseek-r1-0528"]


def test_holidays_matter_to_the_current_deepseek_prices_alone() -> None:
    days = HOLIDAYS["china-public-holidays"].days
    assert sorted(f"{each:%m-%d}" for each in days) == (
        ["09-25", "09-26", "09-27"] + [f"10-0{day}" for day in range(1, 8)]
    )
    exempt = {(row.model, tier.tier) for _, row in ROWS for tier in row.clock if tier.holidays}
    assert exempt == {("deepseek-flash", "peak"), ("deepseek-v4-pro", "peak")}


def test_an_id_that_ended_names_a_successor_that_is_still_offered() -> None:
    for provider in PROVIDERS.values():
        lasting = {each.model for each in provider.offers if each.offered_until is None and not each.retired}
        successors = {each.successor for each in provider.offers if each.successor}
        assert successors <= lasting, provider.id


def test_deepseek_reasoner_ended_at_its_minute() -> None:
    offers = {each.model: each for each in PROVIDERS["deepseek"].offers}
    ended = offers["deepseek-reasoner"].offered_until
    assert ended is not None
    assert ended.isoformat() == "2026-07-24T15:59:00+00:00"
    assert offers["deepseek-reasoner"].successor == "deepseek-flash"


@pytest.mark.parametrize("model", [each for each in MODELS.values() if each.kind == "successor"], ids=lambda m: m.id)
def test_a_successors_stock_quants_are_what_the_quantiser_makes_of_its_shape(model: Model) -> None:
    # R1's own figures are of files from before its attention was written anew, and V3.1's are R1's.
    like_r1 = model.architecture == "deepseek2"
    for quant in model.quants:
        if quant.stock:
            made = stock_weights(model.architecture, model.shape, quant.name).total_bytes
            assert made == pytest.approx(quant.tensor_bytes, rel=0.01) if like_r1 else made == quant.tensor_bytes


def test_nothing_that_nobody_could_source_is_a_successors_score() -> None:
    successors = [each for each in MODELS.values() if each.kind == "successor"]
    assert not [(model.id, each) for model in successors for each in model.scores if each.confidence == "low"]
    assert not [model.id for model in successors if any("recalled" in text for text in model.sources.values())]


@pytest.mark.parametrize(
    ("id_", "benchmark", "by_effort"),
    [
        ("DeepSeek-V4-Flash", "gpqa_diamond", {"max": 88.1, "high": 87.4, "none": 71.2}),
        ("DeepSeek-V4-Flash", "hle", {"max": 34.8, "high": 29.4, "none": 8.1}),
        ("DeepSeek-V4-Pro", "gpqa_diamond", {"max": 90.1, "high": 89.1, "none": 72.9}),
        ("DeepSeek-V3.1", "gpqa_diamond", {"think": 80.1, "none": 74.9}),
        ("DeepSeek-V3.1", "aime2025", {"think": 88.4, "none": 49.8}),
    ],
)
def test_scores_are_held_by_effort_the_best_first(id_: str, benchmark: str, by_effort: dict[str, float]) -> None:
    found = {each.effort: each.score for each in MODELS[id_].scores if each.benchmark == benchmark}
    assert found == by_effort
    assert list(found.values()) == sorted(found.values(), reverse=True)
