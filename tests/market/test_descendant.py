"""Each offer of R1's successors says which of them it is."""

from __future__ import annotations

import pytest

from r1plan.catalog.provider import descendant_of


@pytest.mark.parametrize(
    ("serves", "in_full", "short"),
    [
        ("DeepSeek-V4.1-Flash (1017)", "V4.1-Flash", "V4.1"),
        ("DeepSeek-V4-Pro-0813", "V4-Pro", "V4"),
        ("deepseek-ai/DeepSeek-V3.1-Terminus", "V3.1-Terminus", "V3.1"),
        ("deepseek-v3.2-exp", "V3.2-Exp", "V3.2"),
        ("DeepSeek-V3-0324", "V3", "V3"),
        ("DeepSeek-R1-0528", None, None),
        ("gpt-5", None, None),
        ("nothing: refused", None, None),
        ("", None, None),
    ],
)
def test_a_descendant_is_told_by_what_a_seller_serves(serves: str, in_full: str | None, short: str | None) -> None:
    assert descendant_of(serves) == in_full
    assert descendant_of(serves, in_full=False) == short
