"""No text of others can steer the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.render.text.sanitize import escaped, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain, 中文, ≈\n\ttabbed", "plain, 中文, ≈\n\ttabbed", id="ordinary text stays"),
        pytest.param("a\x1b[31mred\x1b[0mb", "aredb", id="colours go"),
        pytest.param("a\x1b[2J\x1b[Hb", "ab", id="clearing the screen goes"),
        pytest.param("a\x1b]0;title\x07b", "ab", id="setting a title goes"),
        pytest.param("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb", id="a hidden link goes"),
        pytest.param("50%\r100%", "50%100%", id="a carriage return cannot overwrite the line"),
        pytest.param("a\x9b31mb", "ab", id="the one-byte CSI goes"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="text cannot be turned round"),
        pytest.param("a\x1b", "a", id="a lone escape goes"),
    ],
)
def test_control_sequences_are_taken_out(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_nothing_that_steers_a_terminal_survives(text: str) -> None:
    assert not {c for c in printable(text) if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) <= 0x9F}


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_json_is_escaped_so_that_it_steers_no_terminal_and_means_the_same(text: str) -> None:
    document = escaped(json.dumps({"text": text}, ensure_ascii=False, indent=2))
    assert json.loads(document) == {"text": text}
    assert printable(document) == document
