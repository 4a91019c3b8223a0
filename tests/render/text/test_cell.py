"""No name in a CSV file is a formula."""

from __future__ import annotations

import pytest

from r1plan.render.text.cell import harmless_cell


@pytest.mark.parametrize(
    "text",
    [
        *('=HYPERLINK("http://x","y")', "=1+1", "+1+1", "-1-1", "@SUM(A1)", "-cmd|' /C calc'!A0", "-", "=", "-a", "+a"),
        *("\uff1d1+1", "\uff0b1+1", "\uff0d1-1", "\uff20A1", "\ufe62a", "\u22121-1"),
        *(" =1", "  \u00a0=1", "\u3000=1", '"=1"', "'=1", "\u200b=1", "\ufeff=1", "\x00=1", "\x1b[1m=1"),
        *("\t=1", "\r=1", "\n=1", "\tx", "\rx", "-1=2", "+1 234", "-1e", "+0x10", "--1", "+-1"),
        *("-5", "+5", "-0.25", "-1e-05", "+.5"),
    ],
    ids=ascii,
)
def test_what_a_spreadsheet_may_calculate_stands_behind_an_apostrophe(text: str) -> None:
    cell = harmless_cell(text)
    assert cell.startswith("'")
    assert not cell[1:].startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    "text", ["", "1", "0.0421", "a=b", "deepseek-ai/DeepSeek-R1", "2025-09-05", "a@b", "日本", "<b>"]
)
def test_an_ordinary_name_stays_what_it_is(text: str) -> None:
    assert harmless_cell(text) == text
