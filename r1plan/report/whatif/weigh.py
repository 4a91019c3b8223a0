"""The sums of a replay as one answer: its cost, what bounds it, what stays, and what was assumed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from r1plan.prices.book import TIER_INSTANT_NOT_VERIFIED, EffectivePrice
from r1plan.prices.cost import EXACT
from r1plan.report.whatif.answers import Answers, short_key
from r1plan.report.whatif.caches import Caches
from r1plan.report.whatif.moved import Moved, requests_of
from r1plan.report.whatif.target import Source, Target
from r1plan.report.whatif.thinking import ModelRatio, ThinkingRatios
from r1plan.report.whatif.values import Immovable, ReplayAssumption, Stay, WhatIf

_ZERO = Decimal(0)
_PERCENT = Decimal("0.01")


@dataclass(slots=True)
class _Sums:
    """What is added up over the requests that move; the `known_` ones over those whose own cost is known."""

    cost: Decimal = _ZERO
    low: Decimal = _ZERO
    high: Decimal = _ZERO
    known_cost: Decimal = _ZERO
    known_low: Decimal = _ZERO
    known_high: Decimal = _ZERO
    instead: Decimal = _ZERO
    requests: int = 0
    unknown: int = 0
    stays: Counter[Stay] = field(default_factory=Counter)

    def add(self, each: Moved, cost: Decimal, low: Decimal, high: Decimal) -> None:
        add = EXACT.add
        self.requests += each.requests
        self.cost, self.low, self.high = add(self.cost, cost), add(self.low, low), add(self.high, high)
        if not each.is_known:
            self.unknown += each.requests
            return
        self.instead = add(self.instead, each.known_usd or _ZERO)
        self.known_cost = add(self.known_cost, cost)
        self.known_low, self.known_high = add(self.known_low, low), add(self.known_high, high)


class Weighing:
    """Makes an answer of what was moved. `as_of`: at the prices of that instant; `prices` are those there, by id."""

    def __init__(
        self,
        answers: Answers,
        caches: Caches,
        thinking: ThinkingRatios,
        as_of: datetime | None,
        prices: Mapping[str, EffectivePrice],
    ) -> None:
        self._answers, self._caches, self._thinking = answers, caches, thinking
        self._as_of, self._prices = as_of, prices

    def what_if(self, target: Target, seller: Source | None, moved: Iterable[Moved]) -> WhatIf:
        """The answer for `target`, at `seller` where all move to one."""
        sums, there = _Sums(), list[Moved]()
        for each in moved:
            stays = self._stays(target, seller, each)
            if stays is not None:
                sums.stays[stays] += each.requests
                continue
            there.append(each)
            sums.add(each, *self._bounds(target, seller, each))
        some = bool(sums.requests)
        is_known = sums.requests > sums.unknown
        names = {self._served_there(seller, each) for each in there}
        return WhatIf(
            target=target.asked if seller is None else "/".join(seller),
            asked=target.asked,
            movable_requests=sums.requests,
            cost_usd=sums.cost if some else None,
            low_usd=sums.low if some else None,
            high_usd=sums.high if some else None,
            instead_usd=sums.instead if is_known else None,
            instead_unknown_requests=sums.unknown,
            saving_usd=EXACT.subtract(sums.instead, sums.known_cost) if is_known else None,
            saving_low_usd=EXACT.subtract(sums.instead, sums.known_high) if is_known else None,
            saving_high_usd=EXACT.subtract(sums.instead, sums.known_low) if is_known else None,
            immovable=tuple(Immovable(reason, number) for reason, number in sums.stays.most_common() if number),
            assumptions=tuple(self._assumptions(target, seller, there)),
            served=tuple(sorted(names)) if seller is not None else (),
        )

    def _stays(self, target: Target, seller: Source | None, each: Moved) -> Stay | None:
        if target.kind == "all" and seller is not None and each.price_there is not None:
            own = self._answers.family((each.provider, each.model), each.price_id)
            if own != self._answers.family(seller, each.price_there):
                return "other_family"
        if each.stays is None and target.kind == "max-thinking" and not each.is_split:
            return "thinking_unknown"
        return each.stays

    def _bounds(self, target: Target, seller: Source | None, each: Moved) -> tuple[Decimal, Decimal, Decimal]:
        """What `each` costs there, at least and at most."""
        add = EXACT.add
        fresh, hit, hit_as_fresh, output = (
            value or _ZERO for value in (each.fresh_usd, each.hit_usd, each.hit_as_fresh_usd, each.output_usd)
        )
        if target.kind == "no-cache":
            hit = hit_as_fresh
        if target.tokens is not None:
            output = EXACT.subtract(output, each.spared_usd[target.tokens] or _ZERO)
        cost = add(add(fresh, hit), output)
        if seller is None:
            return cost, cost, cost
        low = high = cost
        if hit != hit_as_fresh and not self._caches.are_alike(each, seller):
            low, high = (add(value, EXACT.subtract(hit_as_fresh, hit)) for value in (min(low, high), max(low, high)))
            low, high = min(cost, low), max(cost, high)
        found = self._ratio(seller, each)
        if found is not None and found.ratio != 1:
            # Where the output is not split all of it may have been thinking.
            thought = output if not each.is_split else each.thought_usd or _ZERO
            more = EXACT.multiply(thought, EXACT.subtract(found.ratio, Decimal(1)))
            low, high = add(low, min(more, _ZERO)), add(high, max(more, _ZERO))
        return cost, low, high

    def _ratio(self, seller: Source, each: Moved) -> ModelRatio | None:
        return self._thinking.ratio(self._served_here(each), self._served_there(seller, each))

    def _served_here(self, each: Moved) -> str:
        return self._answers.served((each.provider, each.model), each.price_id)

    def _served_there(self, seller: Source | None, each: Moved) -> str:
        return self._answers.served(seller or (each.provider, each.model), each.price_there)

    def _assumptions(self, target: Target, seller: Source | None, there: Sequence[Moved]) -> Iterator[ReplayAssumption]:
        if not there:
            return
        if self._as_of is not None:
            yield ReplayAssumption(that="as_of", at=self._as_of, requests=requests_of(there))
        if seller is None:
            if target.kind != "no-cache":
                yield ReplayAssumption(that="answers_unchanged", requests=requests_of(there))
        else:
            yield from self._of_models(seller, there)
            yield from self._caches.assumed(seller, there)
        if estimated := sum(each.estimated for each in there):
            yield ReplayAssumption(that="estimated_tokens", requests=estimated)
        if seller is not None and (sums := [each for each in there if each.is_aggregate and self._has_limits(each)]):
            yield ReplayAssumption(that="lengths_unknown", requests=requests_of(sums))
        yield from self._caveats(there)

    def _of_models(self, seller: Source, there: Sequence[Moved]) -> Iterator[ReplayAssumption]:
        """What is taken for true of another model's tokens and thinking, for each pair of models."""
        pairs: dict[tuple[str, str], list[Moved]] = {}
        for each in there:
            own, other = short_key(self._served_here(each)), short_key(self._served_there(seller, each))
            if own != other:
                pairs.setdefault((own, other), []).append(each)
        for (own, other), its in sorted(pairs.items()):
            whole = _ZERO
            for each in its:
                for part in (each.fresh_usd, each.hit_usd, each.output_usd):
                    whole = EXACT.add(whole, part or _ZERO)
            about = ReplayAssumption(that="same_tokens", requests=requests_of(its), model=other, instead_of=own)
            yield replace(about, usd=EXACT.multiply(whole, _PERCENT))
            found = self._ratio(seller, its[0])
            if found is None:
                yield replace(about, that="same_thinking")
            elif found.requests:
                yield replace(about, that="own_thinking_ratio", ratio=found.ratio, requests=found.requests)
            else:
                yield replace(about, that="thinking_ratio", ratio=found.ratio)

    def _has_limits(self, each: Moved) -> bool:
        price = self._prices.get(each.price_there or "")
        return price is not None and (price.context_tokens is not None or price.max_output_tokens is not None)

    def _caveats(self, there: Sequence[Moved]) -> Iterator[ReplayAssumption]:
        """The doubts about the prices in use, but for the tier's instant: it stands on nearly every row of a clock."""
        used: Counter[str] = Counter()
        for each in there:
            if each.price_there is not None:
                used[each.price_there] += each.requests
        for price_id, number in sorted(used.items()):
            for caveat in self._prices[price_id].caveats:
                if caveat != TIER_INSTANT_NOT_VERIFIED:
                    yield ReplayAssumption(that="price_caveat", requests=number, price_id=price_id, caveat=caveat)
