"""Chats that begin at the same moment: an honest server never bills more than the budget, and all that fits is sent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.ledger.contention import Language, contend

P90_USD = Decimal("0.0002")


@pytest.mark.parametrize(
    ("language", "fits"), [("English", 1), ("English", 8), ("Chinese", 5)], ids=["one fits", "all fit", "some fit"]
)
def test_as_many_as_fit_are_sent_at_once_and_no_more_is_billed(language: Language, fits: int, tmp_path: Path) -> None:
    came = contend(
        tmp_path / "logs", chats=8, language=language, limit_usd=P90_USD * fits, p90_usd=P90_USD, tokens=(5, 600)
    )
    assert came.holds, came
    assert came.sent == came.asked >= fits
    assert came.sent + came.refused == 8


@pytest.mark.parametrize("language", ["English", "Chinese"])
def test_chats_that_are_killed_count_all_that_they_may_be_billed(language: Language, tmp_path: Path) -> None:
    billed, killed = Decimal(0), 0
    for round_ in range(2):
        came = contend(
            tmp_path / "logs", chats=8, language=language, limit_usd=P90_USD * 4, p90_usd=P90_USD, tokens=(300, 300),
            kill_every_s=0.02, pause_s=0.002, seed=round_,
        )  # fmt: skip
        billed += came.billed_usd
        killed += came.killed
        assert billed <= came.limit_usd
        assert not came.failed
    # Those of the second round may all be refused: what was killed in the first has used the month up.
    assert killed
