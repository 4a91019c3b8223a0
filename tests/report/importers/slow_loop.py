"""What a report over other tools' rows must come to: a plain loop over Decimals that knows nothing of SQL."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

from r1plan.prices.cost import cost_of
from r1plan.prices.schedule import EffectivePrice
from r1plan.prices.usage import Usage
from tests.prices.test_book import real_book
from tests.report.importers.made.truth import Truth

# What tools call a seller, and a model of a seller, that our prices have under another name.
SELLERS = {"together_ai": "together", "DEEPSEEK": "deepseek", "fireworks-ai": "fireworks"}
MODELS = {
    ("deepseek", "deepseek/deepseek-chat"): "deepseek-chat",
}
TOKENS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")
PARTS = (
    *("input_miss_usd", "cache_hit_usd", "thinking_usd", "answer_usd", "thinking_unknown_usd", "cache_saving_usd"),
    "charged_usd",
)
MONEY = ("cost_usd", *PARTS, "uncertain_low_usd", "uncertain_high_usd")
COUNTS = ("requests", "uncertain_requests", "unpriced_requests", "estimated_requests", *TOKENS)


class Sums:
    """The sums of a report. Money that is not known of some and 0 of all others is None."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(COUNTS, 0)
        self._known = dict.fromkeys(MONEY, Decimal(0))
        self._lacking: set[str] = set()
        self._bills: list[Decimal] = []

    def add(self, truth: Truth) -> None:
        requests = truth.requests or 0
        self.counts["requests"] += requests
        for name in TOKENS:
            self.counts[name] += getattr(truth, name) or 0
        if truth.reported_usd is not None:
            self._bills.append(truth.reported_usd)
        cost = _cost(truth)
        for name in MONEY:
            amount = cost.get(name, Decimal(0))
            if amount is None:
                self._lacking.add(name)
            else:
                self._known[name] += amount
        if "uncertain_low_usd" in cost:
            self.counts["uncertain_requests"] += requests
        else:
            self.counts["unpriced_requests"] += requests * (cost["cost_usd"] is None and not _is_here(truth))
            self.counts["estimated_requests"] += requests * (truth.is_guessed or truth.cost_low_usd is not None)

    @property
    def values(self) -> Mapping[str, Decimal | int | None]:
        money = {name: known if known or name not in self._lacking else None for name, known in self._known.items()}
        # Of nothing but bounds and what cost nothing the cost is not known.
        if not money["cost_usd"] and self.counts["uncertain_requests"]:
            money["cost_usd"] = None
        if money["cost_usd"] is None:
            money.update(dict.fromkeys(PARTS))
        return {**self.counts, **money, "reported_usd": sum(self._bills, Decimal(0)) if self._bills else None}


def name_of(truth: Truth) -> tuple[str, str]:
    """Seller and model in our words."""
    seller = SELLERS.get(truth.provider, truth.provider)
    return seller, MODELS.get((seller, truth.model), truth.model)


def _is_here(truth: Truth) -> bool:
    return truth.provider == "local"


def end_us(truth: Truth) -> int | None:
    """What is there whole has ended, though nobody may know when."""
    if truth.ended_us is not None and truth.started_us is not None and truth.ended_us >= truth.started_us:
        return truth.ended_us
    is_whole = truth.status in ("ok", "length") and (truth.output_tokens is not None or truth.reported_usd is not None)
    return truth.started_us if is_whole and not truth.span_us else None


def _cost(truth: Truth) -> dict[str, Decimal | None]:
    """What a row costs and the parts of that; or its bounds."""
    unknown: dict[str, Decimal | None] = dict.fromkeys(("cost_usd", *PARTS))
    if truth.span_us or truth.requests != 1:
        return _cost_of_sums(truth)
    started, end = truth.started_us, end_us(truth)
    assert started is not None
    if end is None or (truth.status in ("aborted", "failed") and truth.cost_low_usd is not None):
        return {"uncertain_low_usd": truth.cost_low_usd, "uncertain_high_usd": None}
    if truth.input_tokens is None and truth.output_tokens is None:
        price = None
    else:
        price = real_prices().price_for(
            *name_of(truth), started_at=instant(started), ended_at=instant(end),
            first_token_at=None if truth.first_token_us is None else instant(truth.first_token_us),
            input_tokens=truth.input_tokens or 0,
        )  # fmt: skip
    if _is_here(truth):
        return unknown if truth.input_tokens or truth.output_tokens or price is None else {}
    if truth.reported_usd is not None and (price is None or truth.input_tokens is None or truth.output_tokens is None):
        return {**unknown, "cost_usd": truth.reported_usd, "charged_usd": truth.reported_usd}
    if price is not None:
        return _billed(truth, price)
    used = (
        1 if truth.input_tokens is None and truth.output_tokens is None else truth.input_tokens or truth.output_tokens
    )
    return unknown if used else dict.fromkeys(unknown, Decimal(0))


def _billed(truth: Truth, price: EffectivePrice) -> dict[str, Decimal | None]:
    usage = Usage(
        input_tokens=truth.input_tokens or 0, output_tokens=truth.output_tokens or 0,
        cache_hit_tokens=truth.cache_hit_tokens, thinking_tokens=truth.thinking_tokens,
    )  # fmt: skip
    cost = cost_of(usage, price.per_token)
    parts = {name: getattr(cost, name) for name in PARTS if name != "charged_usd"}
    return {"cost_usd": cost.total_usd, **parts, "charged_usd": Decimal(0)}


def _cost_of_sums(truth: Truth) -> dict[str, Decimal | None]:
    """Of what is told as a sum: by the one price of its time, or by the cheapest and the dearest."""
    unknown: dict[str, Decimal | None] = dict.fromkeys(("cost_usd", *PARTS))
    assert truth.started_us is not None
    prices = _prices_in(
        *name_of(truth), truth.started_us, max(truth.span_us, 1, (truth.ended_us or 0) - truth.started_us + 1)
    )
    if None not in prices and prices:
        bills = [_billed(truth, price) for price in prices if price is not None]
        whole = {each["cost_usd"] for each in bills}
        if len(whole) == 1:
            # Of two prices that differ in what was not used the least is saved.
            return {**bills[0], "cache_saving_usd": min(each["cache_saving_usd"] or Decimal(0) for each in bills)}
        if truth.reported_usd is None:
            rates = [price.per_token for price in prices if price is not None]
            hit = truth.cache_hit_tokens or 0
            counts = ((truth.input_tokens or 0) - hit, hit, truth.output_tokens or 0)
            columns = [[rate.miss for rate in rates], [rate.hit for rate in rates], [rate.output for rate in rates]]
            low, high = (
                sum((limit(column) * count for column, count in zip(columns, counts, strict=True)), Decimal(0))
                for limit in (min, max)
            )
            return {"uncertain_low_usd": low, "uncertain_high_usd": high}
    if truth.reported_usd is not None:
        return {**unknown, "cost_usd": truth.reported_usd, "charged_usd": truth.reported_usd}
    return unknown if truth.input_tokens or truth.output_tokens else dict.fromkeys(unknown, Decimal(0))


@cache
def _prices_in(seller: str, model: str, start_us: int, long_us: int) -> tuple[EffectivePrice | None, ...]:
    """The prices of every quarter of an hour of a time, None where there is none."""
    step = 900_000_000
    found = [
        real_prices().price_at(seller, model, instant(at), 0)
        for at in (*range(start_us, start_us + long_us, step), start_us + long_us - 1)
    ]
    return tuple(each for number, each in enumerate(found) if each not in found[:number])


real_prices = cache(real_book)


def instant(us: int) -> datetime:
    """Of microseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def without_sums_beside_rows(truths: Sequence[Truth]) -> Sequence[Truth]:
    """A sum over a time in which the tool tells a single request to the same seller is of the same requests."""
    began = sorted((each.started_us or 0) for each in truths if not each.span_us)
    return [
        each
        for each in truths
        if not each.span_us
        or bisect_left(began, each.started_us or 0) == bisect_left(began, (each.started_us or 0) + each.span_us)
    ]


def summed(truths: Iterable[Truth]) -> Mapping[str, Decimal | int | None]:
    """The sums of `truths`, by the names that a report has for them."""
    sums = Sums()
    for each in truths:
        sums.add(each)
    return sums.values
