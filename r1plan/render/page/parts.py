"""What several parts of a plan's page are made of."""

from __future__ import annotations

from typing import NamedTuple


class PageTable(NamedTuple):
    """Rows under heads; `numbers` are the places of the columns that hold figures."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]
