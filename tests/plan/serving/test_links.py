from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.hardware.assumed.card import named_card
from r1plan.plan.serving.links import link_of
from r1plan.units import GB

CARDS = load_hardware().gpus


@pytest.mark.parametrize(
    ("card", "gb_s"),
    [
        pytest.param("v100-sxm2-32gb", 150, id="nvlink-2"),
        pytest.param("a100-sxm-80gb", 300, id="nvlink-3"),
        pytest.param("h100-sxm-80gb", 450, id="nvlink-4"),
        pytest.param("h200-sxm-141gb", 450, id="nvlink-4-h200"),
        pytest.param("b200-sxm", 900, id="nvlink-5"),
        pytest.param("b300-sxm", 900, id="nvlink-5-b300"),
        pytest.param("gb200", 900, id="nvlink-5-gb200"),
        pytest.param("mi300x", 448, id="infinity-fabric"),
    ],
)
def test_boards_with_links_exchange_over_them(card: str, gb_s: float) -> None:
    assert link_of(named_card(CARDS[card])) == (gb_s * GB, 1.0)


@pytest.mark.parametrize(
    "card", ["rtx-4090", "rtx-5090", "l40s", "l4", "t4", "h100-pcie-80gb", "a100-pcie-80gb", "rtx-a6000"]
)
def test_all_others_go_by_the_bus_and_take_longer_to_start(card: str) -> None:
    link = link_of(named_card(CARDS[card]))
    assert link.bytes_per_s < 60 * GB
    assert link.times_as_long > 1


@pytest.mark.parametrize(
    ("generation", "lanes", "gb_s"), [(3, 16, 12.6), (4, 16, 25.2), (4, 8, 12.6), (5, 16, 50.4), (None, None, 25.2)]
)
def test_a_bus_is_as_fast_as_its_lanes(generation: int | None, lanes: int | None, gb_s: float) -> None:
    card = replace(named_card(CARDS["rtx-4090"]), pcie_generation=generation, pcie_lanes=lanes)
    assert link_of(card).bytes_per_s == pytest.approx(gb_s * GB, rel=0.01)
