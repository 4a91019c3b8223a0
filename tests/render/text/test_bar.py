"""Quantities as bars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.render.text.bar import bar


@pytest.mark.parametrize(
    ("parts", "columns", "shown"),
    [
        pytest.param([("#", 3), (".", 1)], 8, "######..", id="shares"),
        pytest.param([("#", 1_000_000), ("+", 1), (".", 1)], 8, "######+.", id="the smallest is seen too"),
        pytest.param([("#", 1), ("+", 0), (".", 1)], 4, "##..", id="nothing takes no column"),
        pytest.param([("#", 1), ("+", 1), (".", 1)], 4, "##+.", id="what rounding leaves"),
        pytest.param([("#", 1), ("+", 1), (".", 98)], 2, "..", id="fewer columns than parts"),
        pytest.param([("#", 0)], 3, "   ", id="nothing at all"),
        pytest.param([], 3, "   ", id="no part"),
    ],
)
def test_each_part_takes_its_share(parts: list[tuple[str, int]], columns: int, shown: str) -> None:
    assert bar(parts, columns) == shown


@given(st.lists(st.integers(0, 10**13), max_size=6), st.integers(1, 120))
def test_a_bar_is_as_wide_as_asked_and_shows_every_part_in_its_order(sizes: list[int], columns: int) -> None:
    parts = list(zip("abcdef", sizes, strict=False))
    shown = bar(parts, columns)
    assert len(shown) == columns
    some = "".join(character for character, size in parts if size)
    if some and len(some) <= columns:
        assert "".join(dict.fromkeys(shown)) == some
    assert shown == "".join(sorted(shown))
