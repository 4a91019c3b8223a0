"""What is planned and printed for vLLM follows the rules of what each card computes, whichever card it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.load import load_hardware
from r1plan.cli.options.machine import machine_from_options
from r1plan.deploy.vllm import serve_commands
from r1plan.hardware.described import DescribedCard, describe
from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import CapabilityUnknown, NotComputed
from r1plan.plan.serving.capability import Capability, Generation, capability_of, generation_of
from r1plan.plan.serving.cards import NoCards, equal_gpus, hosts_of
from r1plan.plan.serving.checkpoints import DTYPES, Dtype, published_in
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.layouts import layouts
from r1plan.plan.serving.option import ServerSettings, ServingOption, ServingPins
from r1plan.plan.vllm.planner import VLLM
from r1plan.plan.vllm.rules import arithmetic_of, how, refusal
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, model

CARDS = load_hardware().gpus
OPTIONS = frozenset(
    (Path(__file__).parents[2] / "measured" / "vllm_options.txt").read_text(encoding="utf-8").splitlines()
)
DISTILL, R1 = model("R1-Distill-Qwen-32B"), model("DeepSeek-R1")


def card(id_: str) -> GpuDevice:
    return describe([DescribedCard(CARDS[id_])]).gpus[0]


def plan(on: Machine, **pins: object) -> Plan[ServingOption]:
    return choose_served(VLLM, on, CATALOGUE, Workload(), ServingPins(**pins))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("id_", "native", "unpacked"),
    [
        pytest.param("tesla-p40", "", "", id="6.1"),
        pytest.param("v100-sxm2-16gb", "", "", id="7.0"),
        pytest.param("t4", "FP16", "FP8 AWQ GPTQ", id="7.5"),
        pytest.param("a100-sxm-80gb", "BF16 FP16", "FP8 AWQ GPTQ", id="8.0"),
        pytest.param("rtx-3090", "BF16 FP16", "FP8 AWQ GPTQ", id="8.6"),
        pytest.param("rtx-4090", "BF16 FP16 FP8", "AWQ GPTQ", id="8.9"),
        pytest.param("h200-sxm-141gb", "BF16 FP16 FP8", "AWQ GPTQ MXFP4", id="9.0"),
        pytest.param("b200-sxm", "BF16 FP16 FP8 NVFP4 MXFP4", "AWQ GPTQ", id="10.0"),
        pytest.param("jetson-agx-thor-t5000", "BF16 FP16 FP8", "AWQ GPTQ", id="11.0"),
        pytest.param("rtx-5090", "BF16 FP16 FP8 NVFP4 MXFP4", "AWQ GPTQ", id="12.0"),
        pytest.param("rx-7900-xtx", "BF16 FP16", "AWQ GPTQ", id="gfx1100"),
        pytest.param("rx-7600", "", "", id="gfx1102"),
        pytest.param("mi250x", "BF16 FP16", "AWQ GPTQ", id="gfx90a"),
        pytest.param("mi300x", "BF16 FP16 FP8", "AWQ GPTQ MXFP4", id="gfx942"),
        pytest.param("rx-9070-xt", "BF16 FP16 FP8", "AWQ GPTQ", id="gfx1201"),
        pytest.param("strix-halo", "BF16 FP16", "AWQ GPTQ", id="gfx1151"),
        pytest.param("rx-6800", "", "", id="gfx1030"),
        pytest.param("mi50-32gb", "", "", id="gfx906"),
        pytest.param("arc-b580", "", "", id="xpu"),
    ],
)
def test_a_card_computes_what_the_checks_in_vllm_say(id_: str, native: str, unpacked: str) -> None:
    gpu = card(id_)
    found = {each: how(each, gpu) for each in DTYPES if refusal(DISTILL, each, "bf16", gpu) is None}
    assert {each for each in found if found[each] == "native"} == set(native.split())
    assert {each for each in found if found[each] == "weight-only"} == set(unpacked.split())


def _allowed(gpu: Gpu, dtype: str) -> bool:
    """What may be planned for, said a second time: by compute capability, or by AMD's target."""
    if gpu.gfx is not None:
        fp8 = gpu.gfx in ("gfx942", "gfx950", "gfx1200", "gfx1201")
        documented = gpu.gfx in ("gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1101", "gfx1150", "gfx1151")
        return (fp8 or documented) and {"FP8": fp8, "NVFP4": False, "MXFP4": gpu.gfx in ("gfx942", "gfx950")}.get(
            dtype, True
        )
    cc = float(gpu.compute_capability or 0)
    needs = {"BF16": cc >= 8.0, "FP16": True, "FP8": True, "AWQ": True, "GPTQ": True}
    if dtype == "MXFP4":
        return int(cc) in (9, 10, 12)
    return cc >= 7.5 and needs.get(dtype, 10.0 <= cc < 11.0 or cc >= 12.0)


def _checked(option: ServingOption, sheet: Gpu) -> None:
    """The option and its commands against the rules and the recorded list of options."""
    assert _allowed(sheet, option.dtype), (sheet.id, option.id)
    has_bf16 = sheet.gfx is not None or float(sheet.compute_capability or 0) >= 8.0
    assert option.model.shape.experts is None or has_bf16
    commands = serve_commands(option)
    assert len(commands) == option.parallel.machines
    assert option.parallel.gpus == len(option.gpus) <= 8 * option.parallel.machines
    for command in commands:
        words = command.split()
        assert words[:2] == ["vllm", "serve"]
        assert {word for word in words if word.startswith("--")} <= OPTIONS
        assert ("--dtype half" in command) == (option.dtype == "FP16" or not has_bf16)
        assert "--enable-prompt-tokens-details --enable-force-include-usage" in command
        parser = {"deepseek32": "deepseek_v3", "deepseek4": "deepseek_v4"}.get(option.model.architecture, "deepseek_r1")
        assert f"--reasoning-parser {parser} " in command
        made_at_start = option.dtype == "FP8" and option.model.id == "R1-0528-Qwen3-8B"
        assert ("--quantization fp8" in command) == made_at_start
        if "--kv-cache-dtype fp8" in command and option.model.architecture != "deepseek4":
            assert sheet.gfx or float(sheet.compute_capability or 0) >= 8.9
        tensor = int(words[words.index("--tensor-parallel-size") + 1]) if "--tensor-parallel-size" in words else 1
        assert option.model.shape.heads % tensor == 0
        assert tensor <= 8


# Of cards that are alike to a server one stands for all.
ALIKE = sorted({(each.compute_capability, each.gfx, each.vram_gib): each for each in CARDS.values()}.values(), key=str)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_every_command_for_every_card_model_and_type_satisfies_the_rules(count: int) -> None:
    assert len(ALIKE) > 80
    seen: set[str] = set()
    for number, sheet in enumerate(ALIKE):
        if sheet.gpu_class in ("intel", "qualcomm") or (sheet.unified and (count > 1 or sheet.vram_gib is None)):
            continue
        machine = describe([DescribedCard(sheet, count)])
        cards, _ = equal_gpus(machine, "vllm")
        hosts, _ = hosts_of(cards, machine, None)
        pins = ServingPins(settings=ServerSettings(kv_type="bf16" if number % 5 else "fp8"))
        for each in CATALOGUE.models.values():
            for dtype in published_in(each):
                options = layouts(VLLM, cards, hosts, each, dtype, CATALOGUE, Workload(), pins)
                if not options:
                    cause = refusal(each, dtype, pins.settings.kv_type, cards[0])
                    assert cause is not None, (sheet.id, each.id, dtype)
                    assert cause.why in ("overflows", "no fp8 cache") or not _allowed(sheet, dtype), (sheet.id, dtype)
                for option in options:
                    _checked(option, sheet)
                seen |= {option.dtype for option in options}
    assert seen | {"MXFP4"} == set(DTYPES)  # which is DeepSeek-V4's alone


@pytest.mark.parametrize("id_", ["arc-b580", "m3-max-40c"])
def test_cards_that_vllm_is_not_planned_for_are_said_to_be_none(id_: str) -> None:
    with pytest.raises(NoCards) as refused:
        plan(describe([DescribedCard(load_hardware().accelerators[id_])]))
    assert "needs NVIDIA or AMD cards" in refused.value.message


def test_what_is_chosen_for_the_cards_of_the_known_refusals_can_start() -> None:
    for id_ in ("t4", "rx-7900-xtx", "strix-halo", "mi250x", "a100-sxm-80gb", "rtx-3060-12gb"):
        count = 1 if CARDS[id_].unified else 4
        answer = plan(describe([DescribedCard(CARDS[id_], count)]))
        assert answer.choice is not None
        for option in answer.options:
            _checked(option, CARDS[id_])


@pytest.mark.parametrize("id_", ["t4", "a100-sxm-80gb", "rtx-4090", "rtx-5090", "rx-7900-xtx", "mi300x"])
@pytest.mark.parametrize("dtype", [each for each in DTYPES if each != "MXFP4"])
def test_a_pinned_type_is_served_or_refused_as_the_rules_say(id_: str, dtype: Dtype) -> None:
    sheet = CARDS[id_]
    name = "DeepSeek-R1" if dtype == "NVFP4" else "R1-Distill-Qwen-7B"
    answer = plan(describe([DescribedCard(sheet, 8)]), model=name, dtype=dtype)
    if answer.choice is None:
        assert not _allowed(sheet, dtype)
        assert answer.nearest_miss is not None
        assert isinstance(answer.nearest_miss.cause, NotComputed)
    else:
        _checked(answer.choice, sheet)


@pytest.mark.parametrize("id_", ["t4", "rtx-2080-ti"])
def test_the_mixture_is_not_computed_in_fp16(id_: str) -> None:
    for dtype in ("FP8", "AWQ", "GPTQ"):
        cause = refusal(R1, dtype, "bf16", card(id_))
        assert cause is not None
        assert cause.why == "overflows"


@pytest.mark.parametrize(
    ("capability", "fp8_cache"),
    [
        pytest.param(Capability("nvidia", (8, 6)), False, id="8.6"),
        pytest.param(Capability("nvidia", (8, 9)), True, id="8.9"),
        pytest.param(Capability("amd", gfx="gfx90a"), False, id="gfx90a"),
        pytest.param(Capability("amd", gfx="gfx942"), True, id="gfx942"),
        pytest.param(Capability("unknown"), False, id="unknown"),
    ],
)
def test_a_cache_of_eight_bits_needs_what_computes_with_them(capability: Capability, fp8_cache: bool) -> None:
    assert arithmetic_of(capability).fp8_cache == fp8_cache


@pytest.mark.parametrize(
    ("capability", "text", "generation"),
    [
        pytest.param("9.0", "9.0", "hopper", id="hopper"),
        pytest.param("10.3", "10.3", "blackwell", id="b300"),
        pytest.param("12.1", "12.1", "other nvidia", id="gb10"),
        pytest.param("8.9", "8.9", "other nvidia", id="ada"),
        pytest.param(None, "", "other nvidia", id="unknown"),
        pytest.param("ninety", "", "other nvidia", id="nonsense"),
    ],
)
def test_the_generation_follows_from_the_capability_and_not_from_the_name(
    capability: str | None, text: str, generation: Generation
) -> None:
    gpu = GpuDevice(
        index=0,
        vendor="nvidia",
        name="NVIDIA H100 of a kind",
        profile=None,
        total_bytes=1,
        free_bytes=1,
        bandwidth_gb_s=None,
        compute_capability=capability,
    )
    assert capability_of(gpu).text == text
    assert generation_of(gpu) == generation


def test_of_an_unknown_card_only_what_every_card_does_is_planned_and_that_is_said() -> None:
    answer = plan(machine_from_options(vram=[24.0], bandwidth=[900.0]))
    assert answer.choice is not None
    assert {option.dtype for option in answer.options} <= {"FP16", "AWQ", "GPTQ"}
    assert all("--dtype half" in command for option in answer.options for command in serve_commands(option))
    assert CapabilityUnknown("card with 24 GiB") in answer.notes


def test_types_that_are_unpacked_say_that_arithmetic_is_no_faster() -> None:
    a100, h100 = (
        plan(describe([DescribedCard(CARDS[id_])]), model="R1-Distill-Qwen-32B", dtype="FP8").choice
        for id_ in ("a100-sxm-80gb", "h100-sxm-80gb")
    )
    assert a100 is not None
    assert h100 is not None
    assert "no faster than in BF16" in a100.speed.source
    assert "no faster" not in h100.speed.source
