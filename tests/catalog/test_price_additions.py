"""Rows are added to a price file, and no line that stands there is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from r1plan.catalog.prices.additions import AddedPrice, with_rows
from r1plan.errors import CatalogError

SEEN = datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC)
ROW = AddedPrice(
    model="it's/m", input=Decimal("1E+1"), cache_hit=None, output=Decimal("0.5"), seen_at=SEEN, source="s", note="n: 1"
)
OPEN = """provider: p
checked: 2026-01-01
prices:
    - model: it's/m
      rates: {input_cache_miss: '1', input_cache_hit: null, output: '2'}
      effective_from: 2026-01-01
      sources: [s]
"""


def test_a_row_that_still_holds_gets_its_end_and_every_old_line_stays() -> None:
    new = with_rows(OPEN, "p", "P", [ROW], "f").splitlines()
    assert [line for line in new if line in OPEN.splitlines()][: len(OPEN.splitlines())] == OPEN.splitlines()
    assert new[4] == "      effective_until: 2026-11-29T01:02:03Z"
    assert "    - model: 'it''s/m'" in new


@pytest.mark.parametrize(
    "old",
    [
        OPEN.replace("      sources", "      effective_until: null\n      sources"),
        OPEN + "currency: USD\n",
        "provider: p\nchecked: 2026-01-01\nprices: [{model: a}]\n",
        "provider: p\nchecked: 2026-01-01\nprices: []\n",
        "prices\n",
        "a: [\n",
    ],
    ids=["an end that says null", "another key behind", "in one line", "an empty list", "no mapping", "no YAML"],
)
def test_where_lines_cannot_be_added_it_is_refused_in_a_sentence(old: str) -> None:
    with pytest.raises(CatalogError, match=r"^f"):
        with_rows(old, "p", "P", [ROW], "f")


def test_a_row_that_has_ended_stays_as_it_is() -> None:
    ended = OPEN.replace("      sources", "      effective_until: 2026-02-01\n      sources")
    assert with_rows(ended, "p", "P", [ROW], "f").startswith(ended)
