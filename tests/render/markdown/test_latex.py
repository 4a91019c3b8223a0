"""Formulas as text: what is known is made readable, what is not stays as it came."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from r1plan.render.markdown.latex import readable
from r1plan.render.markdown.math_rules import BLOCK, INLINE, with_math


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\frac{1}{2} \times x^{2}", "1/2 × x²"),
        (r"x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}", "x = (-b ± √(b²-4ac))/(2a)"),
        (r"\boxed{42}", "[42]"),
        (r"\boxed{\text{no } x_{10}}", "[no  x₁₀]"),
        (r"\int_0^\infty e^{-x^2}\,dx", "∫₀^∞ e^(-x²) dx"),
        (r"\sin\theta + \log_2 n + \sin x", "sin θ + log₂ n + sin x"),
        (r"90^\circ = x^{\circ}", "90° = x°"),
        ("\\begin{aligned} a &= b \\\\ &= c \\\\[2pt]\n &= d\\end{aligned}", "a = b\n= c\n= d"),
        (r"\{1, 2\} \subset \mathbb{R}", "{1, 2} ⊂ ℝ"),
        (r"10\% \& my\_name", "10% & my_name"),
        (r"\left( \frac{\{a\}}{b} \right.", "( {a}/b"),
        (r"\frac12 + \binom{n}{k}", r"\frac12 + \binom{n}{k}"),
        (r"a & b", "a & b"),
        ("", ""),
    ],
)
def test_a_formula_reads_as_text(source: str, text: str) -> None:
    assert readable(source) == text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab1{}^_\\ &$\n" + "frac" + "sqrt", max_size=40))
def test_no_formula_breaks_it(source: str) -> None:
    readable(source)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abc123 +=()", max_size=20))
def test_text_without_marks_stays(source: str) -> None:
    assert readable(source) == source.strip()


def formulas(text: str) -> list[tuple[str, str]]:
    parser = with_math(MarkdownIt("commonmark", {"html": False}).enable("table"))
    tokens = [child for token in parser.parse(text) for child in (token, *(token.children or ()))]
    return [(token.type, token.content) for token in tokens if token.type in (BLOCK, INLINE)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(r"a \(x_1 * y * z\) b", [(INLINE, "x_1 * y * z")], id="round"),
        pytest.param("it is $a_1 + b_1$.", [(INLINE, "a_1 + b_1")], id="dollar"),
        pytest.param("costs $5 and $10, or $20", [], id="money"),
        pytest.param("US$5-$6", [], id="money-behind-letters"),
        pytest.param("so $$x$$ it is", [(INLINE, "x")], id="two-dollars-in-a-sentence"),
        pytest.param("\\[ x\n+ y \\]", [(BLOCK, " x\n+ y ")], id="block"),
        pytest.param("text\n$$\nx\n$$\nmore", [(BLOCK, "x")], id="block-between-lines"),
        pytest.param("- item\n  \\[ x \\]\n", [(BLOCK, " x ")], id="block-in-a-list"),
        pytest.param("\\[ x \\] it is", [(INLINE, "x")], id="a-sentence-goes-on"),
        pytest.param("\\[ x", [(BLOCK, " x")], id="not-ended-yet"),
        pytest.param("\\[ x\n\nno", [], id="no-empty-line-inside"),
        pytest.param("`\\(x\\)` and \\\\(y", [], id="code-and-escapes"),
        pytest.param("    \\[ x \\]", [], id="indented-code"),
    ],
)
def test_formulas_are_told_from_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert formulas(text) == expected
