"""The requests of one model at one price that are alike in another world, as sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from r1plan.report.whatif.values import Stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Sums over the requests of one model at one price that are alike in another world; amounts are there.

    `stays` says why they cannot be there. `known_usd` is what they cost as they were, None where it is not known.
    `spared_usd` is what thinking beyond each limit costs. A part is None where there is no price.
    """

    provider: str
    model: str
    price_id: str | None
    price_there: str | None
    stays: Stay | None
    is_known: bool
    tells_hits: bool
    is_split: bool
    is_aggregate: bool
    requests: int
    estimated: int
    input_tokens: Decimal
    fresh_usd: Decimal | None
    hit_usd: Decimal | None
    hit_as_fresh_usd: Decimal | None
    output_usd: Decimal | None
    thought_usd: Decimal | None
    known_usd: Decimal | None
    spared_usd: Mapping[int, Decimal | None]


def requests_of(moved: Iterable[Moved]) -> int:
    """How many requests they are."""
    return sum(each.requests for each in moved)
