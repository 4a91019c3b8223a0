"""No text of others can steer the terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.render.text.sanitize import coloured, escaped, one_line, printable


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
        pytest.param("a\x1b]52;c;cm0=\x07b", "ab", id="writing the clipboard goes"),
        pytest.param("a\x1bP+q544e\x1b\\b", "ab", id="a device string goes"),
        pytest.param("a\x1b_Gi=1;AA\x1b\\b\x1b^x\x1b\\\x1bXy\x1b\\c", "abc", id="private strings go"),
        pytest.param("a\x9d0;title\x9cb", "ab", id="one-byte strings go"),
        pytest.param("a\x1bcb\x1b(0c\x1b#8d", "abcd", id="a reset, a charset and an alignment go"),
        pytest.param("a\x1b]0;no end", "a]0;no end", id="a string without an end cannot start"),
        pytest.param("a\u061cb\u200ec\u200fd\u202ae\u2069f", "abcdef", id="marks of direction go"),
        pytest.param("a\u200bb\u2060c\ufeffd\u00ade\u180ef", "abcdef", id="what has no width goes"),
        pytest.param("a\u2028b\u2029c", "a b c", id="separators of lines become blanks"),
        pytest.param("a\U000e0041\U000e007fb\U000e0001", "ab", id="tag characters go"),
        pytest.param("a\ufff9b\ufffac\ufffb", "abc", id="annotations go"),
        pytest.param("a\u115f\u1160\u3164\uffa0\u034fb", "ab", id="fillers go"),
        pytest.param("a\ufe00\U000e0100b\ufe0fc", "abc", id="selectors that select nothing go"),
        pytest.param("x\ufe0f\ufe0fy\u200d\u200dz", "xyz", id="joiners between other letters go"),
        pytest.param("a\ud83d\ude00b\ud83dc\udc9bd", "a\U0001f600b\ufffdc\ufffdd", id="halves of characters"),
        pytest.param("\uffff\ufffea\u206ab\u2061c\U0001d173d", "abcd", id="what no text has goes"),
    ],
)
def test_control_sequences_are_taken_out(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("👨\u200d👩\u200d👧", id="family"),
        pytest.param("🏳\ufe0f\u200d🌈", id="flag"),
        pytest.param("👩🏽\u200d💻", id="skin tone"),
        pytest.param("❤\ufe0f ☎\ufe0e 1\ufe0f\u20e3 #\ufe0f\u20e3", id="selected forms and keycaps"),
        pytest.param("می\u200cخواهم", id="Persian"),
        pytest.param("र\u094d\u200dय क\u094d\u200c", id="Hindi"),
        pytest.param("ශ\u0dca\u200dරී", id="Sinhala"),
        pytest.param("ᠮᠣᠩᠭᠣᠯ\u180b", id="Mongolian"),
        pytest.param("naïve e\u0301 한국어 ไทย עברית العربية", id="marks and scripts"),
        pytest.param("\U0010ffff\ue000", id="private use"),
    ],
)
def test_what_joins_and_selects_where_it_belongs_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d", "\ufe0f"], ids=ascii)
def test_no_message_hides_in_a_row_of_joiners(joiner: str) -> None:
    for letter in ("ب", "😀", "a"):
        assert len(printable(letter + joiner * 50)) <= 2


HOSTILE = st.text(
    st.characters(exclude_categories=())
    | st.sampled_from(
        "\x1b\x9b\x9d\x90[]P;0m\x07\\ \u200d\u200c\ufe0f\ufe0e\u20e31👩ب\u180b\u1820\ud83d\ude00\U000e0041"
    )
)


@given(HOSTILE)
def test_cleaning_hostile_text_twice_is_cleaning_it_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    printable(text).encode()


@given(HOSTILE)
def test_a_hostile_document_can_be_written_and_read(text: str) -> None:
    document = escaped(json.dumps({"text": text}, ensure_ascii=False))
    assert printable(document) == document
    assert json.loads(document)["text"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_row_keeps_the_colours_that_it_was_given_and_nothing_else() -> None:
    assert coloured("\x1b[1mbold\x1b[0m a\nb \x1b[2Jc\x1b]0;t\x07 \u202e\x9b31m") == "\x1b[1mbold\x1b[0m a b c "


def test_one_line_is_one_line_and_one_cell() -> None:
    assert one_line("a\nb\tc\r\nd\u2028e\x85f\x0b") == "a b c d ef"


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
