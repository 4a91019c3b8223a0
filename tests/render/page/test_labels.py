"""Where the names in a picture stand."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.render.page.labels import Box, placed

PLOT = Box(40, 10, 840, 400)
POINTS = st.lists(st.tuples(st.floats(45, 835), st.floats(15, 395)), min_size=1, max_size=8)
KEPT = Box(300, 380, 360, 396)


@given(named=POINTS, others=POINTS, letters=st.sampled_from([9.0, 13.0]))
@settings(max_examples=60, deadline=None)
def test_a_label_covers_no_other_label_no_named_point_and_nothing_that_is_kept_free(
    named: list[tuple[float, float]], others: list[tuple[float, float]], letters: float
) -> None:
    texts = [["R1-Distill-Qwen-32B", f"Q{number}_K_M"] for number in range(len(named))]
    labels = placed(named, texts, others, PLOT, kept=[KEPT], letters=letters, radius=9)
    boxes = [label.box for label in labels if label is not None]
    markers = [Box(x - 9, y - 9, x + 9, y + 9) for x, y in named]
    assert len(labels) == len(named)
    assert all(box.within(PLOT) for box in boxes)
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))
    assert not any(box.meets(each) for box in boxes for each in (*markers, KEPT))
    for label in labels:
        if label is not None and label.lead is not None:
            across = [on_line(label.lead, part / 10) for part in range(1, 10)]
            assert not any(box.meets(each) for box in boxes if box != label.box for each in across)


def on_line(line: tuple[float, float, float, float], part: float) -> Box:
    """A point of the line."""
    x, y = line[0] + (line[2] - line[0]) * part, line[1] + (line[3] - line[1]) * part
    return Box(x - 0.01, y - 0.01, x + 0.01, y + 0.01)


def test_points_of_one_name_at_one_place_are_named_once() -> None:
    same = [["DeepSeek-R1-0528", "GPTQ"]] * 2
    labels = placed([(400, 200), (402, 201)], same, [], PLOT, letters=10, radius=8)
    assert [label is None for label in labels] == [False, True]
    apart = placed([(400, 200), (600, 201)], same, [], PLOT, letters=10, radius=8)
    assert None not in apart


def test_a_point_alone_has_its_name_at_its_side_with_no_line() -> None:
    (label,) = placed([(400, 200)], [["a name"]], [], PLOT, letters=10, radius=8)
    assert label is not None
    assert (label.aligned, label.lead) == ("start", None)
    assert label.box.left > 408
    assert label.box.top < 200 < label.box.bottom


@pytest.mark.parametrize(
    ("x", "aligned"), [(45.0, "start"), (835.0, "end")], ids=["at the left edge", "at the right edge"]
)
def test_a_name_stands_towards_the_middle(x: float, aligned: str) -> None:
    (label,) = placed([(x, 200)], [["R1-Distill-Qwen-32B"]], [], PLOT, letters=12, radius=8)
    assert label is not None
    assert label.aligned == aligned


def test_a_name_rather_goes_where_it_covers_no_point() -> None:
    right = [(430.0 + 8 * step, 200.0) for step in range(8)]
    (label,) = placed([(400, 200)], [["a longer name"]], right, PLOT, letters=10, radius=8)
    assert label is not None
    assert label.aligned == "end"


def test_a_name_for_which_there_is_no_room_is_left_out() -> None:
    narrow = Box(0, 0, 60, 60)
    assert placed([(30, 30)], [["far too long for this"]], [], narrow, letters=10, radius=8) == [None]
