"""A plan's first lines with what it means for a month: the headline says whom the machine serves, and for what."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.money import month_usd, price_text
from r1plan.plan.choice.chosen import Chosen
from r1plan.plan.cost.terms import OwnTerms
from r1plan.plan.outlook.frontier import Way
from r1plan.plan.outlook.outlook import Outlook
from r1plan.plan.plan import Plan
from r1plan.render.outlook.frontier import card_numbers, name, where
from r1plan.render.outlook.words import api_name, bill_name, break_even_text, missed_text, month_clause
from r1plan.render.plan.view import EngineView, Line, OptionT
from r1plan.render.text.units import duration

_ROOM = 0.6  # of a line: the headline leaves the table's figures out, as more follows it


def opening_lines(
    view: EngineView[OptionT], plan: Plan[OptionT], outlook: Outlook | None, columns: int
) -> Iterator[Line]:
    """The view's own opening; where a month was asked about its headline says more, and a line on money follows."""
    if outlook is None or outlook.choice is None:
        yield from view.opening(plan, columns)
        return
    clause, missed = month_clause(outlook), _missed(plan, outlook)
    lines = list(view.opening(plan, int(columns * _ROOM) if clause or missed else columns))
    if lines and missed:
        yield Line(f"{missed}. {lines[0].text}")
        lines = lines[1:]
    elif lines and clause:
        yield Line(f"{lines[0].text.removesuffix('.')}; {clause}.")
        lines = lines[1:]
    if fewer := fewer_cards_text(plan, outlook):
        yield Line(fewer)
    yield from lines
    if outlook.is_asked and (money := money_line(plan, outlook)):
        yield Line(money)


def month_lines(plan: Plan[OptionT], outlook: Outlook) -> Iterator[str]:
    """What is added to a plan's opening, in lines of its own; none where nobody asked about a month."""
    if not outlook.is_asked or plan.choice is None:
        return
    said = (_missed(plan, outlook) or month_clause(outlook), fewer_cards_text(plan, outlook), money_line(plan, outlook))
    yield from filter(None, said)


def money_line(plan: Plan[OptionT], outlook: Outlook) -> str:
    """On what the number of requests rests, what the output costs, and from where on that pays."""
    choice, against, even = outlook.choice, outlook.against, outlook.break_even
    if choice is None or not choice.capacity.requests_per_day:
        return ""
    said = [each for each in (served_basis(plan, outlook),) if each]
    flat_out = choice.cost.usd_per_mtok_flat_out
    prices = [price_taken(outlook.terms)]
    if outlook.demand.requests_per_day is None and flat_out is not None:
        prices.append(f"{month_usd(flat_out)} a million tokens of output without a pause")
    if any(prices):
        said.append(f"{bill_name(choice.cost.kind).capitalize()}: {', '.join(filter(None, prices))}.")
    if even is not None and against is not None:
        said.append(break_even_text(even, api_name(against), choice.cost.kind))
    return " ".join(said)


def served_basis(plan: Plan[OptionT], outlook: Outlook) -> str:
    """For whom the number of requests a day holds, and what would serve more; empty where it was not said."""
    choice, limits = outlook.choice, outlook.limits
    limited = limits.ttft_s is not None or limits.tok_s is not None
    if choice is None or (outlook.demand.requests_per_day is None and not limited):
        return ""
    capacity = choice.capacity
    hours = "at the log's hours" if outlook.demand.hours_basis == "logged" else "at office hours"
    option = " (--slo-ttft)" if limits.ttft_s is None else ""
    said = f"That is if nine in ten wait at most {duration(capacity.ttft_limit_s)} for the first token{option}, {hours}"
    several = capacity.machines_needed is not None and capacity.machines_needed > 1
    if several and capacity.concurrency == 1 and plan.engine == "llama.cpp" and plan.pins.slots is None:
        said += ", one answer at a time: --slots N works on several"
    return f"{said}."


def price_taken(terms: OwnTerms) -> str:
    """The price of the catalogue by which the machine is counted, and whose it is; empty where a person said it."""
    source = terms.source.rpartition("; ")[2].partition(":")[0]
    price, unit = terms.usd_per_kwh, "a kWh"
    if terms.kind == "rented":
        price, unit = terms.usd_per_gpu_hour, "an hour a card"
    return "" if price is None or source.startswith("--") else f"${price_text(price)} {unit} ({source})"


def fewer_cards_text(plan: Plan[OptionT], outlook: Outlook) -> str:
    """That vLLM does the month's work with fewer of the same cards than llama.cpp, and as well; empty where not."""
    way = _on_fewer_cards(plan, outlook)
    if way is None:
        return ""
    cost = f"{month_usd(way.usd_per_month)} a month of rent"
    return f"With vLLM (--engine vllm) {where(way).partition(',')[0]} do that: {name(way)}, {cost}."


def _on_fewer_cards(plan: Plan[OptionT], outlook: Outlook) -> Way | None:
    option, choice, ways = plan.choice, outlook.choice, outlook.ways
    if option is None or choice is None or ways is None or plan.engine != "llama.cpp":
        return None
    needed = choice.capacity.machines_needed
    if needed is None or needed < 2:
        return None
    mine = card_numbers([card.name for card in choice.cards], needed)
    found = [
        way
        for way in (*ways.frontier.ways, *(each.way for each in ways.frontier.beaten))
        if way.kind == "rented" and way.quality.value >= option.quality.index
        and (cards := card_numbers(way.cards, way.machines)).keys() == mine.keys()
        and sum(cards.values()) < sum(mine.values())
        and way.id not in {each.id for each in plan.options}
    ]  # fmt: skip
    return min(found, key=lambda way: (way.model != option.model.id, way.usd_per_month), default=None)


def _missed(plan: Plan[OptionT], outlook: Outlook) -> str:
    """What is asked and not reached: by nothing, where the choice was among all that fit."""
    return missed_text(outlook, anything=plan.choice is not None and isinstance(plan.choice.why, Chosen))
