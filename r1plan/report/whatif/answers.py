"""What answers under a name at a price: the model, and of which family it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from r1plan.catalog.provider import Family, family_of, model_key
from r1plan.prices.book import PriceBook
from r1plan.report.whatif.target import Source
from r1plan.report.whatif.worlds import WorldPrices

# Whose models are of many sizes, so that one of them does not stand for another.
_EACH_ITS_OWN: tuple[Family, ...] = ("distill", "other")


class Answers:
    """What answered the requests, and what answers in other worlds, by the price that holds.

    `serves` says it of names whose price does not.
    """

    def __init__(
        self, serves: Mapping[Source, str], book: PriceBook, sources: Iterable[Source], prices: WorldPrices
    ) -> None:
        self._serves = serves
        rows = [each.base for source in sources for each in book.schedules(*source)]
        rows += [each.price for each in prices.prices]
        self._served = {each.id: each.served_model for each in rows if each.served_model is not None}

    def served(self, source: Source, price_id: str | None) -> str:
        """What answers as `source` at the price of that id, as text."""
        told = self._served.get(price_id or "") or self._serves.get(source)
        return told.partition(" / ")[0] if told else source[1].partition(":")[0]

    def family(self, source: Source, price_id: str | None) -> str:
        """A word that models share of which one may be taken for another."""
        served = self.served(source, price_id)
        family = family_of(served, is_r1=False)
        return f"{family} {short_key(served)}" if family in _EACH_ITS_OWN else family


def short_key(served: str) -> str:
    """One name for one model, whether its seller puts its maker's name before a distill's or not."""
    key = model_key(served)
    return key.removeprefix("deepseek-") if family_of(served, is_r1=False) == "distill" else key
