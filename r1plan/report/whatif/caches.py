"""What another seller's cache would have found: as much where both find prefixes by themselves, else nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from r1plan.catalog.provider import LOCAL
from r1plan.prices.cost import EXACT
from r1plan.report.whatif.moved import Moved, requests_of
from r1plan.report.whatif.target import Source
from r1plan.report.whatif.values import ReplayAssumption

_ZERO = Decimal(0)


class Caches:
    """The caches of providers, of which those of `finds_prefixes` find by themselves what was sent before."""

    def __init__(self, finds_prefixes: frozenset[str]) -> None:
        self._finds_prefixes = finds_prefixes | {LOCAL}

    def are_alike(self, each: Moved, seller: Source) -> bool:
        """Whether the cache at `seller` finds what the one found that answered."""
        return each.provider == seller[0] or {each.provider, seller[0]} <= self._finds_prefixes

    def assumed(self, seller: Source, there: Sequence[Moved]) -> Iterator[ReplayAssumption]:
        """What is taken for true of the cache there, for those requests that it matters to."""
        same, unsure, none, untold = (list[Moved]() for _ in range(4))
        for each in there:
            if not each.tells_hits and each.input_tokens:
                untold.append(each)
            elif each.provider == seller[0] or not each.hit_as_fresh_usd:
                continue
            elif each.hit_usd == each.hit_as_fresh_usd:
                none.append(each)
            else:
                (same if self.are_alike(each, seller) else unsure).append(each)
        if same:
            yield ReplayAssumption(that="same_hits", requests=requests_of(same))
        if unsure:
            usd = _ZERO
            for each in unsure:
                usd = EXACT.add(usd, EXACT.subtract(each.hit_as_fresh_usd or _ZERO, each.hit_usd or _ZERO))
            yield ReplayAssumption(that="hits_there", requests=requests_of(unsure), usd=usd)
        if none:
            yield ReplayAssumption(that="no_hits_there", requests=requests_of(none))
        if untold:
            yield ReplayAssumption(that="hits_unknown", requests=requests_of(untold))
