"""The page's own sentences."""

from __future__ import annotations

import pytest

from r1plan.plan.reasons import Cause, ContextTooLong, Difference, NeedsMemory, RanksBelow, Shortfall
from r1plan.render.page.words import benchmark_name, beyond_text, reason_text
from r1plan.units import GIB

SHORT = Shortfall(kind="gpu", device="gpu0", cards=1, needed_bytes=30 * GIB, room_bytes=23 * GIB, context_bytes=0)
LACKING = NeedsMemory((SHORT,), shortfall_bytes=7 * GIB, needed_bytes=30 * GIB)
WORSE = Difference(quality_points=-4.0, speed_ratio=2.0)


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (RanksBelow("a:Q", WORSE, tok_s=80.4), "ranks lower: less able, 2.0x the speed (80 tok/s)"),
        (RanksBelow("a:Q", WORSE), "ranks lower: less able, 2.0x the speed"),
        (
            RanksBelow("a:Q", WORSE, not_on_gpu=LACKING),
            "needs 30.0 GiB of gpu0, 23.0 free; partly in RAM it ranks below a:Q: less able, 2.0x the speed",
        ),
        (ContextTooLong(4096), "reads at most 4,096 tokens"),
    ],
    ids=["with its speed", "without", "not on the card", "another cause"],
)
def test_a_reason_stands_for_itself(cause: Cause, text: str) -> None:
    assert reason_text(cause) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, ""),
        (1, "1 option of much lesser quality or speed is not drawn."),
        (2, "2 options of much lesser quality or speed are not drawn."),
    ],
)
def test_what_is_not_drawn_is_counted_in_words_that_agree(number: int, text: str) -> None:
    assert beyond_text(number) == text


@pytest.mark.parametrize(
    ("benchmark", "name"), [("gpqa_diamond", "GPQA Diamond"), ("my_own_test", "my own test")], ids=["known", "unknown"]
)
def test_a_benchmark_is_written_as_its_makers_do(benchmark: str, name: str) -> None:
    assert benchmark_name(benchmark) == name
