"""Speeds as they are planned, beside the formulas of other planners, on the same measured rows (`make bench`)."""

from __future__ import annotations

import pytest

from tests.bench.speed import SPEED_PEERS, off, told
from tests.measured.speed_rows import GROUPS, Group


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("place", range(len(SPEED_PEERS)), ids=[each.name for each in SPEED_PEERS])
def test_every_kind_of_machine_is_told_better_than_by_a_peer(group: Group, place: int) -> None:
    rows = [each for each in told() if each.row.group == group]
    ours, theirs = off([each.decode for each in rows]), off([each.peers[place] for each in rows])
    assert ours.median < theirs.median
    assert ours.p90 < theirs.p90


def test_r1_on_processors_and_beside_cards_is_within_a_fifth_at_the_median() -> None:
    rows = [each for each in told() if each.row.group in ("processor", "hybrid") and each.row.model.kind == "full"]
    assert len(rows) > 25
    assert off([each.decode for each in rows]).median < 0.2


def test_ranges_hold_most_of_what_was_measured_and_not_all_by_being_wide() -> None:
    rows = [each for each in told() if each.row.group in ("processor", "hybrid")]
    assert 0.85 <= sum(each.inside for each in rows) / len(rows) <= 0.98


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_rows(group: Group) -> None:
    assert any(each.row.group == group for each in told())
