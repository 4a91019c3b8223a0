from __future__ import annotations

from r1plan.render.text.dim import dimmed


def test_what_follows_dimmed_text_is_plain_again() -> None:
    assert dimmed("aside") + "answer" == "\x1b[2maside\x1b[0manswer"
