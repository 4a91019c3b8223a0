"""The search for a layout against every layout there is, on machines and models small enough to list them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.models.weights import Layer, of_layers
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.context import context_within
from r1plan.plan.llamacpp.fit.merit import NO_LAYOUT, LayoutMerit
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.fit.settings import tighter_settings, usual_settings
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import Layout, Placement, device_loads
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.llamacpp.speed.rates import HOST, Rate, RateName
from r1plan.plan.pins import Pins
from r1plan.plan.quality import quality_of
from r1plan.plan.workload import Workload
from r1plan.units import MIB
from tests.plan.catalogue import TABLES, card, machine, model, quant


@cache
def small(
    sizes_mib: tuple[int, ...], experts_mib: int = 0, dense: int = 0, context_max: int = 32_768
) -> QuantCandidate:
    """A model of a few layers of these sizes; with `experts_mib`, all after the first `dense` hold experts too."""
    like = model("DeepSeek-R1" if experts_mib else "R1-Distill-Qwen-7B")
    shape = replace(like.shape, layers=len(sizes_mib), vocab_size=8_000)
    which = replace(like, shape=shape, context_max=context_max)
    file = quant(like.id, "Q4_K_M")
    weights = of_layers(
        [
            Layer(size * MIB, experts_mib * MIB, experts_mib * MIB // 3)
            if experts_mib and number >= dense
            else Layer(size * MIB)
            for number, size in enumerate(sizes_mib)
        ],
        embedding_bytes=40 * MIB,
        output_bytes=50 * MIB,
        dense=dense if experts_mib else len(sizes_mib),
        read_share=8 / 256 if experts_mib else 1.0,
    )
    return QuantCandidate(which, file, weights, quality_of(which, file, TABLES))


def every_layout(candidate: QuantCandidate, cards: int) -> Iterator[Placement]:
    """All of them: any layers on any card, and any number of expert layers in host memory."""
    layers, weights = candidate.weights.layers, candidate.weights
    for counts in product(range(layers + 1), repeat=cards):
        on_gpu = sum(counts)
        if not 0 < on_gpu <= layers:
            continue
        first = layers - on_gpu
        for on_host in range(max(first - weights.dense_layers, 0), weights.expert_layers + 1):
            layout: Layout = "partial" if first else "experts-in-ram" if on_host else "gpu-split"
            if layout == "gpu-split" and sum(map(bool, counts)) == 1:
                layout = "gpu"
            yield Placement(layout, layers, counts, on_host, weights.dense_layers)
    yield Placement("cpu", layers, (0,) * cards, weights.expert_layers, weights.dense_layers)


def best_of_all(on: Machine, candidate: QuantCandidate, search: Search) -> LayoutMerit | None:
    """The merit of the best layout that fits, found by trying each."""
    devices, best, evaluator = devices_of(on), NO_LAYOUT, search.evaluator
    for engine in (*usual_settings(search.pins), *tighter_settings(search.pins)):
        for placement in every_layout(candidate, len(devices.gpus)):
            where = device_loads(
                placement, devices, candidate.model.shape, candidate.weights, engine, candidate.model.context_max
            )
            context = context_within(evaluator.contexts(candidate), where.context_max)
            if all(device.fits for device in where.memory_at(context)):
                best = max(best, evaluator.merit(candidate, where, context))
    return None if best is NO_LAYOUT else best


def agrees(found: LayoutMerit, truth: LayoutMerit, slower: float) -> bool:
    """Whether a layout is the best in all that is compared, but for taking up to so many times as long."""
    return found[:3] == truth[:3] and truth.pace * slower - 1e-9 <= found.pace <= truth.pace + 1e-9


def searched(
    on: Machine,
    candidate: QuantCandidate,
    pins: Pins,
    learned: LearnedRates = NOTHING_LEARNED,
    workload: Workload | None = None,
) -> tuple[Option | None, Search]:
    search = Search(on, devices_of(on), workload or Workload(), pins, learned)
    found = search.of(candidate)
    return (found if isinstance(found, Option) else None), search


def skewed(on: Machine, by: tuple[float, float]) -> LearnedRates:
    """What is learned of a machine whose cards take so many times as long as their constants say, and its processor."""
    places = [*((gpu.name, by[0]) for gpu in on.gpus), (HOST, by[1])]
    whats: tuple[RateName, ...] = ("weights", "layers", "expert layers", "cache", "latent cache", "handing over")
    return LearnedRates(factors={Rate(place, what): factor for place, factor in places for what in whats})


# Measured as the constants say; a slow card; a slow processor; both fast.
skews = st.sampled_from([(1.0, 1.0), (1.8, 1.0), (0.9, 2.5), (0.6, 0.5)])
# A layout takes from half a minute to ten here.
patiences = st.sampled_from([0.5, 1.0, 2.0, 4.0, 15.0])
# Of one card that holds all with a whole cache none of 8 bits is looked for, which may be a little faster.
WHOLE_CACHE_FIRST = 1.02
cards_of = st.lists(st.tuples(st.integers(900, 5000), st.sampled_from([1000.0, 1000.0, 450.0])), min_size=0, max_size=3)


def near(on: Machine, unlike: float = 1.01) -> float:
    """How many times as long as the best a layout may take: none with cards of one speed, else `unlike`.

    Cards that differ in speed are filled by numbers of layers and not by their bytes, which differ a little.
    """
    return 1.0 if len({gpu.bandwidth_gb_s for gpu in on.gpus}) <= 1 else unlike


def cards(sizes: list[tuple[int, float]]) -> list[GpuDevice]:
    return [card(mib / 1024, index=n, bandwidth=speed) for n, (mib, speed) in enumerate(sizes)]


@given(cards_of, st.integers(1, 12), st.sampled_from([None, 4096, 20_000]), skews, patiences)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_layout_of_a_dense_model_beats_the_one_found(
    sizes: list[tuple[int, float]], ram: int, context: int | None, skew: tuple[float, float], patience: float
) -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    on = machine(*cards(sizes), ram=ram)
    pins, workload = Pins(kv_type="f16", n_ubatch=512, context=context), Workload(patience_min=patience)
    found, search = searched(on, candidate, pins, skewed(on, skew), workload)
    truth = best_of_all(on, candidate, search)
    assert (found is None) == (truth is None)
    if found is not None and truth is not None:
        assert found.fits
        assert agrees(found.merit, truth, near(on))


@given(cards_of, st.integers(9, 40), st.sampled_from([None, 4096, 20_000]), skews, patiences)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_layout_of_a_mixture_beats_the_one_found(
    sizes: list[tuple[int, float]], ram: int, context: int | None, skew: tuple[float, float], patience: float
) -> None:
    candidate = small((300, 180, 170, 180, 190, 200), experts_mib=1500, dense=1)
    on = machine(*cards(sizes), ram=ram)
    pins, workload = Pins(kv_type="f16", n_ubatch=512, context=context), Workload(patience_min=patience)
    found, search = searched(on, candidate, pins, skewed(on, skew), workload)
    truth = best_of_all(on, candidate, search)
    assert (found is None) == (truth is None)
    if found is not None and truth is not None:
        assert found.fits
        # Each expert layer in RAM is handed over besides, which a number of layers tells nothing of.
        assert agrees(found.merit, truth, near(on, unlike=1.02))


@given(cards_of, st.integers(1, 9))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_where_ram_is_too_small_for_the_experts_a_layout_is_found_if_there_is_one(
    sizes: list[tuple[int, float]], ram: int
) -> None:
    candidate = small((300, 180, 170, 180, 190, 200), experts_mib=1500, dense=1)
    on = machine(*cards(sizes), ram=ram)
    found, search = searched(on, candidate, Pins(kv_type="f16", n_ubatch=512))
    truth = best_of_all(on, candidate, search)
    assert (found is None) == (truth is None)


@given(cards_of, st.integers(1, 12), st.integers(0, 3), st.integers(1, 3000), skews, patiences)
@example([(1463, 1000.0)], 4, 1, 25, (1.0, 1.0), 15.0)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_more_memory_is_never_worse(
    sizes: list[tuple[int, float]], ram: int, which: int, more_mib: int, skew: tuple[float, float], patience: float
) -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    on = machine(*cards(sizes), ram=ram)
    more = more_mib * MIB
    if which < len(on.gpus):
        larger = replace(on.gpus[which], free_bytes=on.gpus[which].free_bytes + more)
        roomier = replace(on, gpus=tuple(larger if gpu.index == which else gpu for gpu in on.gpus))
    else:
        roomier = machine(*on.gpus, ram=ram + more_mib / 1024)
    workload = Workload(patience_min=patience)
    before, _ = searched(on, candidate, Pins(), skewed(on, skew), workload)
    after, _ = searched(roomier, candidate, Pins(), skewed(roomier, skew), workload)
    if before is not None:
        assert after is not None
        assert after.merit[:3] >= before.merit[:3]
        if after.merit[:3] == before.merit[:3]:
            assert after.merit.pace >= before.merit.pace * WHOLE_CACHE_FIRST


ONE_CARD = Pins(kv_type="f16", n_ubatch=512, context=8192)


def needed(candidate: QuantCandidate, layers: int) -> int:
    """Free bytes on one card that hold the last `layers` layers and the output head, to the byte."""
    devices = devices_of(machine(card(100), ram=100))
    where = device_loads(
        Placement("partial" if layers < candidate.weights.layers else "gpu", candidate.weights.layers, (layers,)),
        devices,
        candidate.model.shape,
        candidate.weights,
        EngineSettings(),
        candidate.model.context_max,
    )
    return where.memory_at(8192)[0].total_bytes


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(("spare", "more"), [(-1, -1), (0, 0), (1, 0)], ids=["a byte less", "exactly", "a byte more"])
def test_a_card_holds_a_layer_from_the_byte_on_that_it_needs(layers: int, spare: int, more: int) -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    free = needed(candidate, layers) + 256 * MIB + spare
    on = machine(replace(card(10), free_bytes=free), ram=100)
    found, _ = searched(on, candidate, ONE_CARD)
    assert found is not None
    assert sum(found.placement.layers_on_gpu) == layers + more


@pytest.mark.parametrize("context", [None, 9000])
@pytest.mark.parametrize("gpu_layers", [1, 4, 6, 7])
def test_pinned_layers_are_shared_out_so_that_they_fit(gpu_layers: int, context: int | None) -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    on = machine(*cards([(2000, 1000.0), (4000, 450.0)]), ram=20)
    found, _ = searched(on, candidate, Pins(gpu_layers=gpu_layers, context=context, kv_type="f16"))
    assert found is not None
    assert found.fits
    assert found.placement.gpu_layers == gpu_layers


def test_a_smaller_micro_batch_is_used_only_where_the_usual_one_leaves_too_little() -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    roomy, _ = searched(machine(card(8), ram=1), candidate, Pins())
    assert roomy is not None
    assert roomy.settings.n_ubatch == 512
    room = needed(candidate, 6) + 256 * MIB
    tight, _ = searched(machine(replace(card(8), free_bytes=room - 120 * MIB), ram=1), candidate, Pins())
    assert tight is not None
    assert tight.settings.n_ubatch < 512
    asked, _ = searched(machine(replace(card(8), free_bytes=room - 120 * MIB), ram=1), candidate, Pins(n_ubatch=512))
    assert asked is None or asked.context < tight.context


def test_flash_attention_is_off_only_when_asked() -> None:
    candidate = small((700, 520, 480, 480, 500, 650))
    for asked in (True, False):
        found, _ = searched(machine(card(8), ram=1), candidate, Pins(flash_attn=asked))
        assert found is not None
        assert found.settings.flash_attn is asked
