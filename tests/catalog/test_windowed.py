"""A shape of DeepSeek-V4 whose sizes contradict one another is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.plan.deepseek4 import V4_SMALL

SHAPE = V4_SMALL.shape


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"layers": 6}, "compress_ratios: expected one for each of 6 layers, got 7"),
        ({"indexer": None}, "an indexer is missing"),
        ({"heads": 18}, "18 heads cannot be shared by 4 groups"),
        ({"head_dim": 32}, "expected at most 32, a key's width, got 64"),
    ],
    ids=["ratios", "indexer", "groups", "rope"],
)
def test_sizes_that_contradict_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SHAPE, **changed)  # type: ignore[arg-type]


def test_layers_say_what_they_compress_and_how_they_route() -> None:
    assert [tuple(SHAPE.kind_of(layer)) for layer in (0, 1, 2, 7)] == [
        (True, 128, True),
        (True, 4, True),
        (True, 0, False),
        (True, 0, False),
    ]
