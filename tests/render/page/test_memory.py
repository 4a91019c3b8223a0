"""The bars of memory."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from r1plan.render.page.memory import DeviceBar, device_bars
from r1plan.units import GIB
from tests.plan.catalogue import card, machine

ONE, TWO = machine(card(24)), machine(card(24), card(24, index=1))


def row(device: str = "gpu0", kind: str = "gpu", weights: float = 16.0, **fields: Any) -> dict[str, Any]:
    sizes = {"weights": weights, "kv_cache": 2.0, "compute": 0.5, "overhead": 0.5}
    terms = {f"{term}_bytes": round(size * GIB) for term, size in sizes.items()}
    return {
        "device": device,
        "kind": kind,
        "capacity_bytes": 24 * GIB,
        "free_bytes": 23 * GIB,
        "margin_bytes": GIB // 4,
        **terms,
        "total_bytes": sum(terms.values()),
        "full_at_context": 40_000,
        "basis": dict.fromkeys(sizes, "exact"),
        **fields,
    }


def bar(**fields: Any) -> DeviceBar:
    (found,) = device_bars([row(**fields)], ONE)
    return found


def test_the_parts_lie_end_to_end_and_fill_the_bar() -> None:
    parts = bar().parts
    assert [part.kind for part in parts] == ["others", "weights", "kv_cache", "compute", "overhead", "free"]
    assert [part.size for part in parts] == ["1.0 GiB", "16.0 GiB", "2.0 GiB", "512 MiB", "512 MiB", "4.0 GiB"]
    for before, after in pairwise(parts):
        assert after.begins == pytest.approx(before.begins + before.long, abs=0.02)
    assert sum(part.long for part in parts) == pytest.approx(100, abs=0.05)
    assert bar().ends == 100
    assert parts[-1].remark == "with a margin of 256 MiB"


def test_a_card_that_holds_too_much_shows_where_its_memory_ends() -> None:
    full = bar(weights=45.0)
    assert full.note == "25.0 GiB too much"
    assert "free" not in [part.kind for part in full.parts]
    assert full.ends == pytest.approx(24 / 49 * 100, abs=0.01)


@pytest.mark.parametrize(
    ("second", "titles"),
    [
        ({}, ["2 x card 24 (gpu0 to gpu1): each 19.0 GiB of 23.0 GiB free"]),
        (
            {"weights": 8.0},
            ["card 24 (gpu0): 19.0 GiB of 23.0 GiB free", "card 24 (gpu1): 11.0 GiB of 23.0 GiB free"],
        ),
    ],
    ids=["alike", "another"],
)
def test_cards_that_hold_the_same_share_a_bar(second: dict[str, Any], titles: list[str]) -> None:
    bars = device_bars([row(), row("gpu1", full_at_context=41_000, **second)], TWO)
    assert [each.title for each in bars] == titles


def test_a_difference_that_nobody_sees_makes_no_bar_of_its_own() -> None:
    almost = row("gpu1", weights=16.0 + 1 / 1024)
    assert len(device_bars([row(), almost], TWO)) == 1


def test_parts_of_nothing_are_not_named() -> None:
    assert "KV cache" not in [part.name for part in bar(kv_cache_bytes=0).parts]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("host", "Main memory: 19.0 GiB of 23.0 GiB free"),
        ("unified", "Memory of GPU and processor: 19.0 GiB of 23.0 GiB free"),
        ("disk", "Disk: 19.0 GiB of the file's 24.0 GiB"),
    ],
)
def test_what_is_no_card_is_called_by_its_kind(kind: str, title: str) -> None:
    assert bar(device=kind, kind=kind).title == title


def test_a_disk_has_nothing_free_but_a_part_of_the_file_in_memory() -> None:
    names = [part.name for part in bar(device="disk", kind="disk").parts]
    assert names == ["experts read when a token needs them", "held in memory"]


def test_where_all_that_is_free_is_the_margin_it_is_said_once() -> None:
    parts = bar(margin_bytes=4 * GIB).parts
    assert (parts[-1].size, parts[-1].remark) == ("4.0 GiB", "all kept as a margin")
    assert bar(margin_bytes=0).parts[-1].remark == ""
