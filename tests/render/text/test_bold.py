"""Bold letters."""

from __future__ import annotations

from r1plan.render.text.bold import bold


def test_what_comes_after_bold_text_is_not_bold() -> None:
    assert bold("model") + "x" == "\x1b[1mmodel\x1b[0mx"
