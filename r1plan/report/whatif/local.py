"""The requests of a report on one's own machine: the time at work, its electricity, and whether it had kept up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from duckdb import DuckDBPyConnection

from r1plan.catalog.price import Currency
from r1plan.plan.capacity.capacity import Capacity
from r1plan.plan.cost.own import MonthBill, month_bill
from r1plan.plan.quality import known_thinking_over_r1
from r1plan.plan.speed import Range
from r1plan.prices.cost import EXACT
from r1plan.report.database import rows, sql
from r1plan.report.whatif.answers import Answers
from r1plan.report.whatif.load import Load, read_load
from r1plan.report.whatif.option import LocalOption, LocalQuestion
from r1plan.report.whatif.target import Target
from r1plan.report.whatif.values import Immovable, LocalWork, ReplayAssumption, Stay, WhatIf
from r1plan.units import DAYS_A_MONTH

_ZERO = Decimal(0)
_MICRO_USD = Decimal("0.000001")
_RATIO_STEP = Decimal("0.0001")


class LocalReplay:
    """The requests of the table `priced` on one's own machine, in the time from `since` until `until`."""

    def __init__(
        self,
        database: DuckDBPyConnection,
        answers: Answers,
        question: LocalQuestion,
        within: tuple[datetime, datetime],
        currency: Currency,
    ) -> None:
        self._database, self._question, self._currency = database, question, currency
        self._load = read_load(database, answers, *within, question.assumed)

    def what_if(self, target: Target) -> WhatIf:
        """The answer for `target`, one option of this machine."""
        load = self._load
        option = None if load is None else self._question.option_of(target.local, load.demand)
        sums = rows(self._database, sql("what_if_fitting"), {"context": 0 if option is None else option.context})
        why = self._why_none(option)  # says more than that some are too long
        stays: Counter[Stay] = Counter()
        there = []
        for each in sums:
            reason: Stay | None = why if why is not None and each["stays"] in (None, "context") else each["stays"]
            if reason is None:
                there.append(each)
            else:
                stays[reason] += each["requests"]
        number = sum(each["requests"] for each in there)
        immovable = tuple(Immovable(reason, count) for reason, count in stays.most_common() if count)
        if load is None or option is None:
            return WhatIf(target=target.asked, asked=target.asked, immovable=immovable)
        work = local_work(option, load)
        name = f"local:{option.model}:{option.quant}{f'@{option.machine}' if option.machine else ''}"
        if not number:
            return WhatIf(target=name, asked=target.asked, immovable=immovable, local=work)
        known = [each for each in there if each["is_known"]]
        unknown = number - sum(each["requests"] for each in known)
        instead = _ZERO
        for each in known:
            instead = EXACT.add(instead, each["known_usd"])
        cost, low, high = _cost(option, load)
        return WhatIf(
            target=name,
            asked=target.asked,
            movable_requests=number,
            cost_usd=cost,
            low_usd=low,
            high_usd=high,
            instead_usd=instead if known else None,
            instead_unknown_requests=unknown,
            # What the machine costs is not told apart by request: a part of them alone saves nothing that is known.
            saving_usd=_less(instead, cost) if known and not unknown else None,
            saving_low_usd=_less(instead, high) if known and not unknown else None,
            saving_high_usd=_less(instead, low) if known and not unknown else None,
            immovable=immovable,
            assumptions=tuple(_assumptions(option, load, sum(each["estimated"] for each in there), number)),
            served=(option.model,),
            local=work,
        )

    def _why_none(self, option: LocalOption | None) -> Stay | None:
        """Why nothing can be there; None: something can."""
        if option is None:
            return "does_not_fit"
        if self._currency != "USD":
            return "other_currency"
        return None if option.capacity.machines_needed else "too_slow"


def local_work(option: LocalOption, load: Load) -> LocalWork:
    """What `option` does with `load` in its time."""
    capacity, hours, watts = option.capacity, load.days * 24, option.draw
    busy = _busy(capacity)
    kwh = None
    if watts is not None and busy is not None:
        mean_w = watts.busy_w * busy.mid + watts.idle_w * (1 - busy.mid)
        kwh = (capacity.copies_needed or 1) * hours * mean_w / 1000
    return LocalWork(
        model=option.model,
        quant=option.quant,
        engine=option.engine,
        machine=option.machine,
        context=option.context,
        tok_s=option.tok_s,
        machines_needed=capacity.machines_needed,
        limit=capacity.limit,
        asked_per_day=load.demand.requests_per_day or 0.0,
        served_per_day=capacity.requests_per_day,
        first_token_s=capacity.ttft_s,
        hours=hours,
        busy_hours=None if busy is None else Range(*(hours * share for share in busy)),
        watts_busy=None if watts is None else watts.busy_w,
        watts_idle=None if watts is None else watts.idle_w,
        kwh=kwh,
        usd_per_kwh=option.terms.usd_per_kwh,
        price_source=option.terms.source,
    )


def _cost(option: LocalOption, load: Load) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """What the load's time costs with the machine on throughout; at least: its work alone, at its fastest; at most."""
    capacity, busy, part = option.capacity, _busy(option.capacity), load.days / DAYS_A_MONTH
    if busy is None or not capacity.machines_needed:
        return None, None, None

    def bill_of(share: float) -> MonthBill | None:
        machines, copies = capacity.machines_needed or 1, capacity.copies_needed
        return month_bill(option.terms, option.cards, option.draw, machines, share, copies)

    least, usual, most = (bill_of(share) for share in busy)
    if least is None or usual is None or most is None:
        return None, None, None
    return _usd(usual.total_usd * part), _usd(least.busy_usd * part), _usd(most.total_usd * part)


def _busy(capacity: Capacity) -> Range | None:
    """The share of the time in which it works: less of it the faster it is, within the bounds of its speed."""
    speed = capacity.decode_tok_s_total
    if capacity.busy_share is None or not speed.low:
        return None
    return Range(*(min(1.0, capacity.busy_share * speed.mid / each) for each in (speed.high, speed.mid, speed.low)))


def _assumptions(option: LocalOption, load: Load, estimated: int, requests: int) -> Iterator[ReplayAssumption]:
    yield ReplayAssumption(that="machine_on", requests=requests)
    ratio = known_thinking_over_r1(option.model)
    yield ReplayAssumption(
        that="same_thinking" if ratio is None else "thinking_taken",
        requests=requests,
        model=option.model,
        instead_of="DeepSeek-R1",
        ratio=None if ratio is None else Decimal(ratio).quantize(_RATIO_STEP),
    )
    yield ReplayAssumption(that="same_tokens", requests=requests, model=option.model, instead_of="what answered")
    if load.unsplit:
        yield ReplayAssumption(that="thinking_share", requests=load.unsplit)
    if estimated:
        yield ReplayAssumption(that="estimated_tokens", requests=estimated)


def _less(instead: Decimal, cost: Decimal | None) -> Decimal | None:
    return None if cost is None else EXACT.subtract(instead, cost)


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_MICRO_USD)
