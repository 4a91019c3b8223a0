"""From a plan to what llama.cpp is told: on machines of every kind, with what a person pins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.ask.local.cards import EngineMachine
from r1plan.ask.local.plan import LocalPlan, PlanKnowledge, PlannedFile, UnplannedFile, local_plan
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import UsageError
from r1plan.hardware.machine import Machine
from r1plan.plan.pins import Pins
from r1plan.units import GIB
from tests.plan.catalogue import MODELS, TABLES, card, machine

NOTHING, KNOWN = UnplannedFile(), PlanKnowledge(TABLES)


def file(model: str, quant: str = "Q4_K_M") -> PlannedFile:
    return PlannedFile(models={model: MODELS[model]}, model=model, quant=quant, weights=None)


def engine(here: Machine) -> EngineMachine:
    return EngineMachine(here, len(here.gpus), sum(gpu.free_bytes for gpu in here.gpus))


def planned(model: str, here: Machine, **pins: object) -> LocalPlan:
    return local_plan(file(model), NOTHING, engine(here), Pins(**pins), 8, KNOWN)  # type: ignore[arg-type]


ONE, TWO = machine(card(24)), machine(card(24), card(24, index=1))


def test_a_model_that_fits_is_whole_on_the_card_and_begins_with_a_short_context_that_grows() -> None:
    plan = planned("R1-Distill-Qwen-7B", ONE)
    assert plan.option is not None
    assert plan.settings == LoadSettings(context_tokens=8192, gpu_layers=29, threads=8, batch_threads=8)
    assert plan.most_context_tokens == plan.option.context_max > 32_768


def test_layers_are_cut_over_cards_as_planned() -> None:
    plan = planned("R1-Distill-Llama-70B", TWO)
    assert plan.option is not None
    assert len(plan.settings.tensor_split) == 2
    assert sum(plan.settings.tensor_split) == plan.settings.gpu_layers == 81
    assert plan.settings.tensor_split == plan.option.placement.tensor_split


def test_a_full_card_keeps_its_place_in_the_split_of_the_engine() -> None:
    full = replace(card(24), free_bytes=0)
    here = machine(full, card(24, index=1), card(24, index=2))
    plan = planned("R1-Distill-Llama-70B", here)
    assert plan.option is not None
    assert plan.settings.tensor_split == (0, *plan.option.placement.tensor_split)


def test_one_card_needs_no_split() -> None:
    assert planned("R1-Distill-Qwen-32B", ONE).settings.tensor_split == ()


def test_what_does_not_fit_stays_in_ram() -> None:
    plan = planned("R1-Distill-Llama-70B", ONE)
    assert plan.option is not None
    assert 0 < (plan.settings.gpu_layers or 0) < 81
    assert plan.settings.gpu_layers == plan.option.placement.gpu_layers


def test_experts_stay_in_ram_by_llamas_own_count() -> None:
    plan = planned("DeepSeek-R1", machine(card(48), ram=512))
    assert plan.option is not None
    assert plan.settings.experts_on_host == plan.option.placement.n_cpu_moe > 3


def test_experts_are_read_from_the_disk_rather_than_not_at_all() -> None:
    plan = planned("DeepSeek-R1", machine(card(24), ram=64))
    assert plan.option is not None
    assert plan.option.fits
    assert plan.option.disk_bytes > 0
    assert plan.settings.mapped


def test_without_cards_nothing_is_sent_to_one() -> None:
    plan = planned("R1-Distill-Qwen-7B", machine())
    assert (plan.settings.gpu_layers, plan.settings.tensor_split, plan.settings.experts_on_host) == (0, (), 0)


def test_one_memory_for_both_has_all_layers_on_the_graphics() -> None:
    here = machine(replace(card(48, unified=True), vendor="apple", gpu_class="apple"), ram=64)
    assert planned("R1-Distill-Qwen-32B", here).settings.gpu_layers == 65


@pytest.mark.parametrize(
    ("pins", "settings"),
    [
        ({"context": 4096}, {"context_tokens": 4096}),
        ({"kv_type": "q8_0"}, {"kv_type": "q8_0"}),
        ({"kv_type": "q4_0", "context": 12_345}, {"kv_type": "q4_0", "context_tokens": 12_345}),
        ({"n_ubatch": 64}, {"n_ubatch": 64, "n_batch": 512}),
        ({"n_ubatch": 2048}, {"n_ubatch": 2048, "n_batch": 2048}),
        ({"gpu_layers": 0}, {"gpu_layers": 0}),
        ({"gpu_layers": 7}, {"gpu_layers": 7}),
        ({"flash_attn": False}, {"flash_attn": False, "kv_type": "f16"}),
        ({"mapped": False}, {"mapped": False}),
        ({"gpu_layers": 3, "kv_type": "f16", "n_ubatch": 128, "context": 2048}, {"gpu_layers": 3, "n_ubatch": 128}),
    ],
    ids=lambda each: ",".join(each) if isinstance(each, dict) else "",
)
@pytest.mark.parametrize("model", ["R1-Distill-Qwen-7B", "R1-Distill-Llama-70B"])
def test_what_is_pinned_stays_pinned(model: str, pins: dict[str, object], settings: dict[str, object]) -> None:
    plan = planned(model, ONE, **pins)
    assert {name: getattr(plan.settings, name) for name in settings} == settings


def test_a_pinned_context_neither_shrinks_nor_grows() -> None:
    plan = planned("R1-Distill-Qwen-7B", ONE, context=4096)
    assert plan.most_context_tokens == plan.settings.context_tokens == 4096


def test_a_pinned_context_that_does_not_fit_is_kept_and_said_not_to_fit() -> None:
    plan = planned("R1-Distill-Llama-70B", machine(card(8), ram=16), context=131_072)
    assert plan.option is not None
    assert not plan.option.fits
    assert plan.settings.context_tokens == 131_072


def test_what_does_not_fit_at_all_is_tried_with_what_the_card_holds_of_its_bytes() -> None:
    here, unplanned = machine(card(8), ram=16), UnplannedFile(bytes=40 * GIB, layers=80)
    plan = local_plan(file("R1-Distill-Llama-70B"), unplanned, engine(here), Pins(), 8, KNOWN)
    assert plan.option is not None
    assert not plan.option.fits
    assert plan.settings.gpu_layers == 11
    pinned = local_plan(file("R1-Distill-Llama-70B"), unplanned, engine(here), Pins(gpu_layers=40), 8, KNOWN)
    assert pinned.settings.gpu_layers == 40


def test_experts_are_pinned_to_ram() -> None:
    plan = planned("DeepSeek-R1", machine(card(24), ram=512), experts_on_cpu=True)
    assert plan.settings.experts_on_host == 61


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ({"experts_on_cpu": True}, "is dense and has no experts"),
        ({"context": 1_000_000}, "--context 1000000"),
        ({"kv_type": "q8_0", "flash_attn": False}, "--no-flash-attn"),
        ({"kv_type": "q5_1"}, "flash attention is built for"),
    ],
    ids=lambda each: ",".join(each) if isinstance(each, dict) else "",
)
def test_pins_that_mean_nothing_are_refused_as_recommend_refuses_them(pins: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned("R1-Distill-Qwen-7B", ONE, **pins)
    assert said in caught.value.message


@pytest.mark.parametrize("pins", [{"gpu_layers": 4}, {"experts_on_cpu": True}], ids=["layers", "experts"])
def test_a_share_for_a_card_that_the_build_cannot_use_is_refused_with_its_name(pins: dict[str, object]) -> None:
    here = EngineMachine(machine(), unused=("NVIDIA GeForce RTX 4090",))
    with pytest.raises(UsageError) as caught:
        local_plan(file("DeepSeek-R1"), NOTHING, here, Pins(**pins), 8, KNOWN)  # type: ignore[arg-type]
    assert "this build of llama.cpp cannot use the NVIDIA GeForce RTX 4090" in caught.value.message
    assert "r1plan doctor" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="this machine has no graphics card"):
        local_plan(file("DeepSeek-R1"), NOTHING, engine(machine()), Pins(**pins), 8, KNOWN)  # type: ignore[arg-type]


class TestWithoutAPlan:
    """Files of architectures that r1plan does not plan for, or cards that it does not know."""

    @staticmethod
    def of(size: float | None, layers: int | None, free: float, cards: int = 1, **pins: object) -> LocalPlan:
        unplanned = UnplannedFile(
            bytes=None if size is None else round(size * GIB), layers=layers, context_tokens=131_072
        )
        here = EngineMachine(None, cards, round(free * GIB))
        return local_plan(None, unplanned, here, Pins(**pins), 8)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("size", "layers", "free", "cards", "expected"),
        [
            pytest.param(4.0, 32, 24, 1, None, id="fits"),
            pytest.param(40.0, 79, 24, 1, 38, id="half"),
            pytest.param(40.0, 79, 0.5, 1, 0, id="nothing-free"),
            pytest.param(40.0, 79, 48, 2, 77, id="two-cards"),
            pytest.param(None, None, 24, 1, None, id="nothing-known"),
            pytest.param(40.0, None, 24, 1, None, id="layers-not-known"),
            pytest.param(4.0, 32, 0, 0, 0, id="no-card"),
        ],
    )
    def test_layers_go_to_the_cards_as_their_bytes_do(
        self, size: float | None, layers: int | None, free: float, cards: int, expected: int | None
    ) -> None:
        assert self.of(size, layers, free, cards).settings.gpu_layers == expected

    def test_the_context_begins_short_and_grows_a_little(self) -> None:
        plan = self.of(4.0, 32, 24)
        assert (plan.settings.context_tokens, plan.most_context_tokens) == (8192, 32_768)

    def test_pins_hold_here_too(self) -> None:
        plan = self.of(40.0, 79, 24, context=1024, gpu_layers=5, kv_type="q8_0", n_ubatch=64, mapped=False)
        settings = plan.settings
        assert (settings.context_tokens, plan.most_context_tokens) == (1024, 1024)
        assert (settings.gpu_layers, settings.kv_type, settings.n_ubatch, settings.mapped) == (5, "q8_0", 64, False)
        assert self.of(40.0, 79, 24, experts_on_cpu=True).settings.experts_on_host == 79
