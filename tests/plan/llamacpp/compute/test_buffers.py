"""The compute buffers on a card and beside it, against what an H100's allocator said; the CPU's are in tests/oracle."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.model import Model
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of, steady, without_like_cards
from r1plan.plan.llamacpp.compute.graph import HOST, Run
from r1plan.plan.llamacpp.memory.buffers import cells_of
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.measured.vram import Reading, readings, split_readings
from tests.plan.catalogue import model
from tests.plan.deepseek32 import V32

# Read from a file without Llama 3's table of rotary frequencies, which such a layer in host memory has copied.
NO_ROPE_TABLE = "R1-Distill-Llama-8B-Q4_K_M-4096-f16-ub512-ngl10"
READINGS = [reading for reading in readings() if reading.id != NO_ROPE_TABLE]
SPLIT = list(split_readings())


def weights_of(reading: Reading) -> Weights:
    return stock_weights(model(reading.model).architecture, reading.shape, reading.quant)


def predicted(reading: Reading) -> tuple[int, ...]:
    weights, layers = weights_of(reading), reading.layers
    on_card = min(reading.gpu_layers - 1, layers)
    all_experts = layers - weights.dense_layers
    experts = all_experts if reading.experts_on_cpu else max(layers - on_card - weights.dense_layers, 0)
    runs = runs_of(weights, layers - on_card, (on_card,), min(experts, all_experts))
    return compute_bytes(
        model(reading.model).architecture,
        reading.shape,
        reading.settings,
        cells_of(reading.n_ctx, 1),
        PlacedRuns(runs, 1, weights.output_bytes),
    )


def test_there_are_readings_of_every_kind() -> None:
    assert len(READINGS) > 390
    assert {reading.kv_type for reading in READINGS} >= {"f16", "q8_0", "q4_0", "bf16"}
    assert any(reading.experts_on_cpu for reading in READINGS)
    assert any(reading.gpu_layers <= reading.layers for reading in READINGS)


@pytest.mark.parametrize("name", sorted({reading.model for reading in READINGS}))
def test_a_cards_buffers_are_what_its_allocator_said(name: str) -> None:
    wrong = []
    for reading in READINGS:
        if reading.model != name:
            continue
        host, card = predicted(reading)
        for said, ours in ((reading.compute, card), (reading.host_compute, host)):
            if abs(ours - said) > max(said * 0.001, 0.01 * MIB):  # the log rounds to two decimals
                wrong.append((reading.id, said / MIB, ours / MIB))
    assert wrong == []


@pytest.mark.parametrize("name", sorted({reading.model for reading in SPLIT}))
def test_two_cards_buffers_are_what_the_dry_run_says(name: str) -> None:
    wrong = []
    for reading in SPLIT:
        if reading.model != name:
            continue
        weights, host = weights_of(reading), reading.layers - sum(reading.layers_on)
        experts = weights.expert_layers if reading.experts_on_cpu else max(host - weights.dense_layers, 0)
        found = compute_bytes(
            model(name).architecture,
            reading.shape,
            reading.settings,
            cells_of(reading.n_ctx, 1),
            PlacedRuns(
                runs_of(weights, host, reading.layers_on, min(experts, weights.expert_layers)),
                2,
                weights.output_bytes,
                pipelined=not host and not reading.experts_on_cpu,
            ),
            as_dry_run=True,
        )
        for said, ours in zip((reading.host_compute, *reading.computes), found, strict=True):
            if abs(ours - said) > max(said * 0.001, 0.01 * MIB):
                wrong.append((reading.id, said / MIB, ours / MIB))
    assert wrong == []


@pytest.mark.parametrize(
    ("host", "cards", "experts", "expected"),
    [
        pytest.param(0, (61,), 0, [(3, False, 0, 0), (58, True, 0, 0)], id="all-on-one-card"),
        pytest.param(
            0, (61,), 58, [(3, False, 0, 0), (57, True, 0, HOST), (1, True, 0, HOST)], id="experts-in-host-memory"
        ),
        pytest.param(0, (61,), 50, [(3, False, 0, 0), (50, True, 0, HOST), (8, True, 0, 0)], id="some-experts"),
        pytest.param(0, (31, 30), 0, [(3, False, 0, 0), (28, True, 0, 0), (30, True, 1, 1)], id="two-cards"),
        pytest.param(2, (59,), 0, [(2, False, HOST, HOST), (1, False, 0, 0), (58, True, 0, 0)], id="two-in-host"),
        pytest.param(61, (), 58, [(3, False, HOST, HOST), (58, True, HOST, HOST)], id="processor-only"),
        pytest.param(
            61,
            (0,),
            58,
            [(3, False, HOST, HOST), (57, True, HOST, HOST), (1, True, HOST, HOST)],
            id="head-alone-on-a-card",
        ),
    ],
)
def test_layers_become_runs(
    host: int, cards: tuple[int, ...], experts: int, expected: list[tuple[int, bool, int, int]]
) -> None:
    weights = stock_weights("deepseek2", model("DeepSeek-R1").shape, "Q4_K_M")
    runs = runs_of(weights, host, cards, experts)
    assert [(run.layers, run.routed, run.device, run.experts_on) for run in runs] == expected
    assert all(bool(run.matrices) == (run.experts_on == HOST and bool(cards)) for run in runs)


LATENT_AND_NOT = [*map(model, ("R1-Distill-Qwen-7B", "R1-Distill-Llama-70B", "DeepSeek-R1")), V32]


@pytest.mark.parametrize("which", LATENT_AND_NOT, ids=lambda each: each.id)
@pytest.mark.parametrize("where", ["processor", "card", "two-cards", "experts", "partial"])
def test_three_layers_of_a_kind_need_what_all_of_them_need(which: Model, where: str) -> None:
    weights = stock_weights(which.architecture, which.shape, "Q4_K_M")
    layers, some = which.shape.layers, which.shape.layers // 3
    host, cards, experts = {
        "processor": (layers, (), weights.expert_layers),
        "card": (0, (layers,), 0),
        "two-cards": (0, (some, layers - some), 0),
        "experts": (0, (layers,), weights.expert_layers),
        "partial": (some, (layers - some,), max(some - weights.dense_layers, 0)),
    }[where]
    runs = runs_of(weights, host, cards, experts)
    for engine in (EngineSettings(), EngineSettings("q8_0", 1024), EngineSettings(flash_attn=False)):
        few, all_ = (
            compute_bytes(
                which.architecture,
                which.shape,
                engine,
                16_384,
                PlacedRuns(runs, len(cards), weights.output_bytes, pipelined=len(cards) > 1),
                all_layers=all_layers,
            )
            for all_layers in (False, True)
        )
        assert few == all_


def split(draw: st.DrawFn, which: Model) -> tuple[Weights, int, tuple[int, ...], int]:
    """A model with some layers and some experts in host memory and the others on two to eight cards."""
    weights = stock_weights(which.architecture, which.shape, draw(st.sampled_from(["Q4_K_M", "IQ2_M"])))
    number = draw(st.integers(2, 8))
    host = draw(st.sampled_from([0, 0, 1, 5]))
    left = which.shape.layers - host
    cuts = [left * end // number for end in range(number + 1)]
    if draw(st.booleans()):
        inner = draw(st.lists(st.integers(1, left - 1), min_size=number - 1, max_size=number - 1, unique=True))
        cuts = [0, *sorted(inner), left]
    least = min(max(host - weights.dense_layers, 0), weights.expert_layers)
    experts = draw(st.sampled_from([least, min(least + 10, weights.expert_layers)]))
    return weights, host, tuple(end - first for first, end in pairwise(cuts)), experts


@pytest.mark.parametrize("layers", [(2, 59), (3, 58), (4, 57), (3, 3, 55), (3, 20, 38), (57, 4)])
def test_a_card_that_ends_where_a_kind_of_layer_ends_is_as_exact_as_any(layers: tuple[int, ...]) -> None:
    r1, plain = model("DeepSeek-R1"), EngineSettings()
    weights = stock_weights(r1.architecture, r1.shape, "Q4_K_M")
    placed = PlacedRuns(runs_of(weights, 0, layers, 0), len(layers), weights.output_bytes, pipelined=True)
    few, all_ = (
        compute_bytes(r1.architecture, r1.shape, plain, 8192, placed, all_layers=all_layers)
        for all_layers in (False, True)
    )
    assert few == all_


@given(
    st.data(),
    st.sampled_from([*map(model, ("R1-Distill-Qwen-7B", "R1-Distill-Llama-8B", "DeepSeek-R1")), V32]),
    st.sampled_from(
        [
            EngineSettings(),
            EngineSettings("q8_0", 128),
            EngineSettings(n_ubatch=16),
            EngineSettings(flash_attn=False),
            EngineSettings(slots=4, runtime="llama-server"),
        ]
    ),
)
@settings(max_examples=40, deadline=None)
def test_cards_that_do_the_same_need_the_same(data: st.DataObject, which: Model, engine: EngineSettings) -> None:
    weights, host, cards, experts = data.draw(st.composite(split)(which))
    few, all_ = (
        compute_bytes(
            which.architecture,
            which.shape,
            engine,
            8192,
            PlacedRuns(
                runs_of(weights, host, cards, experts),
                len(cards),
                weights.output_bytes,
                pipelined=not host and not experts,
            ),
            all_layers=all_layers,
        )
        for all_layers in (False, True)
    )
    assert few == all_


@pytest.mark.parametrize(
    ("host", "cards", "experts", "expected"),
    [
        pytest.param(0, (8, 8, 8, 8, 8, 8, 8, 5), 0, (0, 1, 1, 1, 1, 1, 1, 2), id="all-between-are-one"),
        pytest.param(0, (30, 31), 0, (0, 1), id="no-card-between"),
        pytest.param(0, (20, 1, 1, 20, 19), 0, (0, 1, 1, 2, 3), id="one-layer-is-not-two"),
        pytest.param(0, (8, 8, 8, 8, 8, 8, 8, 5), 20, (0, 1, 2, 3, 3, 3, 3, 4), id="some-experts-in-host-memory"),
    ],
)
def test_one_card_stands_for_those_after_it_that_do_the_same(
    host: int, cards: tuple[int, ...], experts: int, expected: tuple[int, ...]
) -> None:
    weights = stock_weights("deepseek2", model("DeepSeek-R1").shape, "Q4_K_M")
    _, stand_ins = without_like_cards(steady(runs_of(weights, host, cards, experts)), len(cards))
    assert stand_ins == expected


@given(
    st.sampled_from(["R1-Distill-Qwen-1.5B", "R1-Distill-Llama-8B", "R1-0528-Qwen3-8B", "DeepSeek-R1"]),
    st.sampled_from(["f16", "q8_0", "q4_0", "f32"]),
    st.integers(1, 2048),
    st.integers(1, 64),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_longer_contexts_never_need_less_than_their_mask_and_logits(
    name: str, kv_type: KvType, n_ubatch: int, blocks: int, on_card: bool
) -> None:
    which = model(name)
    cells = 256 * blocks
    run = (Run(which.shape.layers, False, 0 if on_card else HOST, 0 if on_card else HOST),)
    engine = EngineSettings(kv_type, n_ubatch)
    found = compute_bytes(which.architecture, which.shape, engine, cells, PlacedRuns(run, int(on_card), 1))
    tokens = min(n_ubatch, cells)
    assert found[0] >= 2 * tokens * cells
    assert found[-1] >= tokens * which.shape.vocab_size * 4


def test_no_two_layers_of_v32_leave_the_same_gap() -> None:
    """Each frees a leaf that lay in the buffer from the beginning: a few layers do not stand for all."""
    weights = stock_weights("deepseek32", V32.shape, "Q4_K_M")
    runs = runs_of(weights, V32.shape.layers, (), weights.expert_layers)
    settings = EngineSettings(n_ubatch=2048, flash_attn=False)
    few, all_ = (
        compute_bytes("deepseek32", V32.shape, settings, 131_072, PlacedRuns(some, 0, 1), all_layers=True)
        for some in (steady(runs), runs)
    )
    assert abs(all_[0] - few[0]) > 400 * MIB


def test_each_card_holds_the_leaves_of_its_own_layers() -> None:
    weights, settings = stock_weights("deepseek32", V32.shape, "Q4_K_M"), EngineSettings()
    one, two = (
        compute_bytes(
            "deepseek32", V32.shape, settings, 32_768, PlacedRuns(runs_of(weights, 0, cards, 0), len(cards), 1)
        )
        for cards in ((61,), (31, 30))
    )
    leaf = 512 * 2048 * 4
    assert one[1] > 61 * leaf
    assert max(two[1:]) < one[1] - 20 * leaf
