"""A long paste is one mark in the line that is typed, and whole in what is sent and remembered."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.conversation.pastes import Pastes
from r1plan.conversation.questions import prepared, remember, typed_before

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
LINES = "\n".join(f"line {number}" for number in range(200))


@pytest.mark.parametrize(
    ("text", "is_folded"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param("\n".join("abcdefghijkl"), False, id="12-lines"),
        pytest.param("\n".join("abcdefghijklm"), True, id="13-lines"),
        pytest.param("x" * 2000, False, id="2000-characters"),
        pytest.param("x" * 2001, True, id="2001-characters"),
        pytest.param("\n" * 12, True, id="empty-lines"),
        pytest.param(LINES, True, id="200-lines"),
    ],
)
def test_what_is_long_becomes_one_mark_and_whole_again(text: str, is_folded: bool) -> None:
    pastes = Pastes()
    folded = pastes.folded(text)
    assert (len(folded) == 1 and pastes.piece(folded) == text) is is_folded
    assert pastes.whole(f"a {folded} b") == f"a {text} b"


def test_what_is_pasted_twice_has_one_mark_and_other_text_another() -> None:
    pastes = Pastes()
    first, second = pastes.folded(LINES), pastes.folded(LINES + "x")
    assert pastes.folded(LINES) == first != second
    assert pastes.whole(f"{second}{first}") == f"{LINES}x{LINES}"


def test_more_pastes_than_there_are_marks_are_kept_as_they_are() -> None:
    pastes = Pastes()
    texts = [LINES + str(number) for number in range(1100)]
    folded = [pastes.folded(text) for text in texts]
    assert [pastes.whole(each) for each in folded] == texts
    assert folded[1023] != texts[1023]
    assert folded[1024] == texts[1024]


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDCFF, 0xDFFF], ids=hex)
def test_what_is_no_character_is_neither_a_mark_nor_sent(code: int) -> None:
    assert Pastes().whole(f"a{chr(code)}b") == "a\ufffdb"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_whatever_is_typed_and_pasted_is_sent_as_it_was(texts: list[str]) -> None:
    pastes = Pastes()
    long = [text * 2100 for text in texts]
    assert pastes.whole("".join(map(pastes.folded, [*texts, *long]))) == "".join([*texts, *long])


def test_what_was_typed_is_found_again_the_last_first(tmp_path: Path) -> None:
    path = tmp_path / "data" / "questions"
    assert prepared(path)
    questions = ["one", "two\n\nlines\n", "+three", "# four", LINES]
    for each in questions:
        remember(path, each, AT)
    assert typed_before(path) == questions[::-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_torn_end_costs_no_other_question(tmp_path: Path) -> None:
    path = tmp_path / "questions"
    remember(path, "one", AT)
    with path.open("ab") as file:
        file.write(b"\n# now\n+tor\xff")
    remember(path, "two", AT)
    assert typed_before(path) == ["two", "tor\ufffd", "one"]


def test_of_a_large_file_the_last_questions_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "questions"
    for number in range(6):
        remember(path, f"{number}\n{'x' * 999_990}", AT)
    assert [each[0] for each in typed_before(path)] == ["5", "4", "3", "2"]


def test_a_question_beyond_measure_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "questions"
    remember(path, "x" * ((1 << 20) + 1), AT)
    assert not path.exists()


def test_what_is_no_plain_file_is_neither_read_nor_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/full"), tmp_path / "file" / "below"):
        (tmp_path / "file").touch()
        assert not prepared(path)
        remember(path, "x", AT)
        assert typed_before(path) == []
