"""A plan for a terminal: one sentence to act on, the choice beside its alternatives, and what was rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from r1plan.market.compare import ApiOffer
from r1plan.money import usd
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import kind_of
from r1plan.plan.workload import Workload
from r1plan.render.plan.view import NARROW, EngineView, OptionT
from r1plan.render.plan.words import cause_text, standing_text
from r1plan.render.text.bold import bold
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import wrapped_rows
from r1plan.render.text.units import count
from r1plan.render.text.wrap import wrapped

_TIERS = {"off_peak": " (off-peak now)", "peak": " (peak now)"}


def plan_lines(
    view: EngineView[OptionT], plan: Plan[OptionT], api: Sequence[ApiOffer], width: int, *, styled: bool
) -> Iterator[str]:
    """The plan for a terminal of `width` columns; `styled` ones show the heads and the choice in bold letters."""
    for line in view.opening(plan):
        yield from [printable(line.text)] if line.verbatim else _paragraph(line.text, width)
    if api:
        yield from _paragraph(api_line(api, plan.workload), width)
    if view.shows_table(plan):
        yield ""
        yield from _table(view, plan.options, width, styled)
    closing = rejected_line(view, plan)
    if closing and (plan.choice is None or plan.choice.fits):
        yield ""
        yield from _paragraph(closing, width)


def api_line(api: Sequence[ApiOffer], workload: Workload) -> str:
    """What the same request costs where it is sold by the token."""
    said = []
    for offer in (next((each for each in api if each.is_r1), None), next((e for e in api if not e.is_r1), None)):
        if offer is None:
            continue
        month = f", {usd(offer.usd_per_month)} a month" if offer.usd_per_month is not None else ""
        tier = _TIERS.get(offer.price.tier, "")
        said.append(f"{offer.provider_name}'s {offer.model} {usd(offer.usd_per_request * 1000)}{month}{tier}")
    tokens = f"{workload.input_tokens:,} tokens in, {workload.output_tokens:,} out"
    return f"At an API instead, 1,000 requests of {tokens}: {'; '.join(said)}."


def rejected_line(view: EngineView[OptionT], plan: Plan[OptionT]) -> str:
    """How many options were rejected, with the nearest misses in numbers."""
    if not plan.rejected:
        return ""
    numbers = Counter(view.tally[kind_of(each.cause)] for each in plan.rejected)
    said = dict.fromkeys(view.tally.values())
    parts = ", ".join(f"{numbers[each]:,} {each[numbers[each] > 1]}" for each in said if numbers[each])
    called, near = view.nearest(plan)
    examples = "; ".join(f"{each.id} {cause_text(each.cause)}" for each in near)
    example = f" {called}: {examples}." if near else ""
    return f"{count(len(plan.rejected), 'other option')} rejected: {parts}.{example}"


def _paragraph(line: str, width: int) -> list[str]:
    return wrapped(line, width, cut_words=True)


def _table(view: EngineView[OptionT], options: Sequence[OptionT], width: int, styled: bool) -> Iterator[str]:
    between = "\n  " if width < NARROW else " "
    columns = view.columns(width)
    rows = [
        [
            printable(f"{option.model.id}{between}{option.quant_name}"),
            *(printable(column.cell(option)) for column in columns),
            printable(standing_text(option.why)),
        ]
        for option in options
    ]
    table_columns, (heads, choice, *others) = wrapped_rows(
        [["model", *(column.title for column in columns), "why"], *rows],
        ["<", *("<" if column.left else ">" for column in columns), "<"],
        [False, *(column.may_wrap for column in columns), True],
        width,
        gap="   ",
    )
    yield from map(bold, heads) if styled else heads
    yield "─" * min(width, table_columns)
    yield from map(bold, choice) if styled else choice
    for lines in others:
        yield from lines
