"""Blocks of Markdown as rows of a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.render.markdown.blocks import CodeEnd, CodeLine, CodeStart, Prose
from r1plan.render.markdown.rows import MarkdownRows, colours
from r1plan.render.text.sanitize import printable
from r1plan.render.text.width import cells

SGR = re.compile(r"\x1b\[[0-9;]*m")


def rows(source: str, columns: int = 40) -> list[str]:
    return [SGR.sub("", row) for row in MarkdownRows(colours()).prose(source, columns)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("# Title", ["Title"], id="heading-at-the-left"),
        pytest.param("one\ntwo", ["one", "two"], id="a-new-line-is-meant"),
        pytest.param("- a\n  - b\n", ["• a", "  • b"], id="nested-list"),
        pytest.param("9. a\n", ["9. a"], id="number"),
        pytest.param("10. a\n    b\n", ["10. a", "    b"], id="number-of-two-digits"),
        pytest.param("[docs](http://x.example)", ["docs (http://x.example)"], id="an-address-is-not-hidden"),
        pytest.param("<http://x.example>", ["http://x.example"], id="an-address-alone"),
        pytest.param("![chart](c.png)", ["[chart] (c.png)"], id="image"),
        pytest.param("a <think> b </think>", ["a <think> b </think>"], id="tags-are-text"),
        pytest.param("<div>\nx\n</div>", ["<div>", "x", "</div>"], id="html-is-text"),
        pytest.param("\\[ x^2 \\]", ["    x²"], id="formula"),
        pytest.param("> a\n> b", ["▌ a", "▌ b"], id="quote"),
        pytest.param("| a | b |\n|---|--:|\n| 1<br>2 | $x$ |", ["a  b", "────", "1  x", "2"], id="table"),
        pytest.param("1. do:\n   ```sh\n   ls\n   ```", ["1. do:", "   ls"], id="code-in-a-list"),
    ],
)
def test_markdown_reads_as_text(source: str, expected: list[str]) -> None:
    found = rows(source)
    assert [re.sub(r" {3,}(?=\S+$)", "  ", row) if "|" in source else row for row in found] == expected


MARKS = [
    "word ", "**", "*", "`", "~~", "[", "](", ")", "![", "<br>", "<a>", "\n", "\n\n", "- ", "1. ", "> ", "# ", "| ",
    "|\n|-|\n", "```", "    ", "\\[", "\\]", "$", "\\(", "\\)", "&amp;", "\\", "===", "---", "你", "🎉", "\t",
    "<http://x>",
]  # fmt: skip
fragments = st.lists(st.sampled_from(MARKS), max_size=20)


@settings(max_examples=100, deadline=None)
@given(fragments, st.integers(2, 60))
def test_no_markdown_breaks_it_or_is_wider_than_the_terminal(pieces: list[str], columns: int) -> None:
    for row in rows("".join(pieces), columns):
        assert cells(row) <= max(columns, 12)


def test_code_is_set_as_it_came_and_coloured_in_the_light_of_what_came_before() -> None:
    renderer = MarkdownRows(colours())
    renderer.rows(CodeStart("```python", "python", gap=False), 20)
    lines = ['"""A text', "that goes on", '"""', "\tlong = 1  # " + "x" * 40]
    shown = [row for line in lines for row in renderer.rows(CodeLine(line), 20)]
    assert [SGR.sub("", row) for row in shown] == lines
    assert SGR.sub("", renderer.rows(CodeEnd("```"), 20)[0]) == "```"


def test_a_block_of_an_unknown_language_is_plain() -> None:
    renderer = MarkdownRows(colours())
    renderer.rows(CodeStart("```klingon", "klingon", gap=False), 20)
    assert [SGR.sub("", row) for row in renderer.rows(CodeLine("nuqneH"), 20)] == ["nuqneH"]


def test_what_rich_cannot_set_is_shown_as_it_came() -> None:
    class Broken(MarkdownRows):
        def prose(self, source: str, columns: int) -> list[str]:
            raise RuntimeError

    assert Broken(colours()).rows(Prose("# one\n**two**\n", gap=True), 40) == ["", "# one", "**two**"]


def test_a_gap_is_an_empty_row() -> None:
    assert MarkdownRows(colours()).rows(Prose("a", gap=True), 20)[0] == ""


ENTITIES = (
    *("&#x202e;", "&#8238;", "&#27;[2J", "&#x1b;]52;c;eA==&#7;", "&#x9b;31m", "&#x200b;", "&ZeroWidthSpace;", "&rlm;"),
    *("&lrm;", "&#x61c;", "&#xe0041;", "&#x2028;", "&InvisibleTimes;", "&shy;", "&#xd83d;"),
)
FORMS = ("{}a", "**{}a**", "`x` {}a", "# {}a", "- {}a", "[{}a](http://x)", "![{}a](http://x)", "| {}a |\n|---|\n| b |")


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("form", FORMS)
def test_an_entity_is_cleaned_when_it_is_a_character(form: str, entity: str) -> None:
    shown = "".join(rows(form.format(entity), columns=60))
    assert printable(shown) == shown
    assert "a" in shown


def test_an_entity_colours_nothing() -> None:
    assert "\x1b" not in "".join(MarkdownRows(colours()).prose("&#27;[31mred &#x1b;[1mbold", 40))
