"""What a machine draws, against the readings that there are."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.cost.power import DrawReading, measured_draw, power_draw
from r1plan.plan.speed import Bottleneck
from tests.plan.catalogue import card

BOTTLENECKS: tuple[Bottleneck, ...] = get_args(Bottleneck)


def known(profile: str, watts: float | None, gpu_class: str = "nvidia-consumer", gb_s: float = 900.0) -> GpuDevice:
    unified = watts is None
    return replace(card(24, watts=watts, gpu_class=gpu_class, bandwidth=gb_s, unified=unified), profile=profile)


H200 = known("h200-sxm-141gb", 700.0, "nvidia-datacentre", 4800.0)


@pytest.mark.parametrize(
    ("device", "bottleneck", "at_the_wall", "within"),
    [
        # NVML of the card alone, with 200 or 300 W of a server's host.
        pytest.param(H200, "gpu bandwidth", 475 + 200, 0.05, id="H200, a 32B"),
        pytest.param(H200, "gpu layers' fixed cost", 406 + 200, 0.05, id="H200, a 7B"),
        pytest.param(H200, "host bandwidth", 138 + 300, 0.05, id="H200, weights on the host"),
        pytest.param(known("rtx-4090", 450.0), "gpu bandwidth", 464, 0.1, id="4090"),
        pytest.param(known("rtx-4070-ti", 285.0), "gpu bandwidth", 311, 0.1, id="4070 Ti"),
        pytest.param(known("rtx-3060-12gb", 170.0), "gpu bandwidth", 224, 0.1, id="3060"),
        pytest.param(known("rtx-2080-ti", 250.0), "gpu bandwidth", 308, 0.12, id="2080 Ti"),
        pytest.param(known("radeon-ai-pro-r9700", 300.0, "amd"), "gpu bandwidth", 331, 0.1, id="R9700"),
        pytest.param(known("gb10", None), "gpu bandwidth", 147, 0.1, id="GB10"),
        pytest.param(known("m3-ultra-80c", None), "gpu bandwidth", 227, 0.1, id="M3 Ultra"),
        pytest.param(known("radeon-8060s", None), "gpu bandwidth", 133, 0.1, id="Strix Halo"),
    ],
)
def test_a_reading_at_work_is_met(device: GpuDevice, bottleneck: Bottleneck, at_the_wall: float, within: float) -> None:
    draw = power_draw([device], bottleneck)
    assert draw is not None
    assert draw.busy_w == pytest.approx(at_the_wall, rel=within)
    assert draw.basis == "assumed"
    assert draw.source


@pytest.mark.parametrize(
    ("device", "card_w"),
    [
        pytest.param(H200, 77, id="H200"),
        pytest.param(known("v100-sxm2-32gb", 300.0, "nvidia-datacentre", 898.0), 40, id="V100"),
        pytest.param(known("rtx-3090", 350.0), 24, id="3090"),
        pytest.param(known("rtx-4090", 450.0), 22, id="4090"),
        pytest.param(known("rtx-5090", 575.0), 20, id="5090"),
    ],
)
def test_an_idle_card_is_met(device: GpuDevice, card_w: float) -> None:
    draw = power_draw([device], "gpu bandwidth")
    assert draw is not None
    host = 150 if device.gpu_class == "nvidia-datacentre" else 50
    assert draw.idle_w - host == pytest.approx(card_w, abs=10)


@given(st.lists(st.floats(5, 1500), min_size=1, max_size=8), st.sampled_from(BOTTLENECKS))
def test_work_draws_more_than_waiting_and_no_more_than_all_limits_and_the_host(
    limits: list[float], bottleneck: Bottleneck
) -> None:
    draw = power_draw([card(24, watts=each) for each in limits], bottleneck)
    assert draw is not None
    assert 0 < draw.idle_w < draw.busy_w <= sum(limits) + 150


@pytest.mark.parametrize("bottleneck", BOTTLENECKS)
def test_another_card_draws_more_and_an_unknown_limit_is_not_guessed(bottleneck: Bottleneck) -> None:
    one, two = (power_draw([card(24)] * number, bottleneck) for number in (1, 2))
    assert one is not None
    assert two is not None
    assert (two.busy_w, two.idle_w) > (one.busy_w, one.idle_w)
    assert power_draw([card(24), card(24, watts=None)], bottleneck) is None


def test_cards_that_work_in_turn_draw_one_cards_work_and_all_their_waiting() -> None:
    one = power_draw([card(24)], "gpu bandwidth")
    both, turns = (power_draw([card(24)] * 2, "gpu bandwidth", in_turn=each) for each in (False, True))
    assert one is not None
    assert both is not None
    assert turns is not None
    assert turns.idle_w == both.idle_w
    assert one.busy_w < turns.busy_w < both.busy_w
    assert turns.busy_w - one.busy_w == pytest.approx(both.idle_w - one.idle_w)


def test_a_processor_alone_draws_what_forecasts_take_for_a_desktop() -> None:
    from r1plan.catalog.priors import load_priors

    draw = power_draw([], "host bandwidth")
    assert draw is not None
    assert draw.busy_w == load_priors().power.watts


@pytest.mark.parametrize(
    ("devices", "bottleneck", "reading", "watts"),
    [
        pytest.param([H200], "gpu bandwidth", DrawReading(475.0, "nvml"), 675.0, id="a server's card"),
        pytest.param([H200], "disk", DrawReading(133.0, "nvml"), 433.0, id="a server's card that waits for the host"),
        pytest.param([card(24)], "gpu bandwidth", DrawReading(310.0, "nvml+rapl"), 360.0, id="card and processor"),
        pytest.param([], "host bandwidth", DrawReading(90.0, "rapl"), 140.0, id="a processor"),
        pytest.param([card(24)], "gpu bandwidth", DrawReading(90.0, "rapl"), None, id="a processor beside a card"),
        pytest.param([card(24)], "gpu bandwidth", DrawReading(300.0, "power_limit"), None, id="a limit"),
        pytest.param([card(24)], "gpu bandwidth", DrawReading(0.0, "nvml"), None, id="nothing"),
        pytest.param([known("gb10", None)], "gpu bandwidth", DrawReading(60.0, "nvml"), None, id="a part of a machine"),
    ],
)
def test_what_was_read_here_goes_before_the_model_and_the_host_is_added(
    devices: list[GpuDevice], bottleneck: Bottleneck, reading: DrawReading, watts: float | None
) -> None:
    modelled = power_draw(devices, bottleneck)
    assert modelled is not None
    found = measured_draw(devices, bottleneck, modelled, reading)
    assert found.idle_w == modelled.idle_w
    if watts is None:
        assert found == modelled
    else:
        assert found.busy_w == pytest.approx(watts)
        assert found.basis == "measured here"
