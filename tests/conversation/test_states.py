"""Where what is read of conversations is kept: beside them, within bounds, and gone with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from r1plan.conversation.states import make_room, state_place
from r1plan.conversation.store import latest


def saved(folder: Path, name: str, state_bytes: int | None = None, used: int = 0) -> Path:
    """A conversation, and its state that was used `used` seconds after the first."""
    path = folder / f"{name}.jsonl"
    path.write_text("{}\n")
    if state_bytes is not None:
        state = path.with_suffix(".state")
        state.write_bytes(b"x" * state_bytes)
        os.utime(state, (1_700_000_000 + used,) * 2)
    return path


def states(folder: Path) -> set[str]:
    return {each.stem for each in folder.glob("*.state")}


@pytest.mark.parametrize(
    ("needed", "left"),
    [
        (400, {"a", "b", "c"}),
        (401, {"b", "c"}),
        (700, {"b", "c"}),
        (701, {"c"}),
        (1000, set()),
    ],
    ids=["room for all", "one byte too many", "two left", "one left", "none left"],
)
def test_what_was_used_longest_ago_gives_way(tmp_path: Path, needed: int, left: set[str]) -> None:
    for used, (name, size) in enumerate((("a", 300), ("b", 200), ("c", 100))):
        saved(tmp_path, name, size, used)
    assert make_room(saved(tmp_path, "new"), needed, most_bytes=1000)
    assert states(tmp_path) == left


def test_what_is_replaced_counts_for_nothing(tmp_path: Path) -> None:
    saved(tmp_path, "a", 300)
    own = saved(tmp_path, "own", 700)
    assert make_room(own, 700, most_bytes=1000)
    assert states(tmp_path) == {"a", "own"}


def test_more_than_all_may_have_is_refused_and_removes_nothing(tmp_path: Path) -> None:
    saved(tmp_path, "a", 300)
    assert not make_room(saved(tmp_path, "new"), 1001, most_bytes=1000)
    assert states(tmp_path) == {"a"}


def test_a_conversation_that_is_not_saved_gets_no_room(tmp_path: Path) -> None:
    assert not make_room(tmp_path / "unsaved.jsonl", 1)


def test_a_state_goes_with_its_conversation(tmp_path: Path) -> None:
    gone, here = saved(tmp_path, "gone", 10), saved(tmp_path, "here", 10)
    gone.unlink()
    assert state_place(here).path == tmp_path / "here.state"
    assert states(tmp_path) == {"here"}


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    here = saved(tmp_path, "here")
    old, new = tmp_path / ".here.state.00.part", tmp_path / ".here.state.11.part"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1_700_000_000,) * 2)
    state_place(here)
    assert not old.exists()
    assert new.exists()


def test_a_folder_that_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    assert not state_place(tmp_path / "none" / "a.jsonl").make_room(1)


def test_a_state_is_no_conversation(tmp_path: Path) -> None:
    path = saved(tmp_path, "a", 10, used=10**6)
    assert latest(tmp_path) == path
