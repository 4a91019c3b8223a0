"""A plan for a terminal: one sentence to act on, the choice beside its alternatives, and what was rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from r1plan.market.compare import ApiOffer
from r1plan.money import usd
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import kind_of
from r1plan.plan.workload import Workload
from r1plan.render.plan.view import NARROW, EngineView, OptionT
from r1plan.render.plan.words import cause_text, standing_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from rich.console import Console

_TIERS = {"off_peak": " (off-peak now)", "peak": " (peak now)"}


def show_plan(view: EngineView[OptionT], plan: Plan[OptionT], api: Sequence[ApiOffer], out: Console) -> None:
    """Print the plan."""
    for line in view.opening(plan):
        if line.verbatim:
            out.print(printable(line.text), markup=False, soft_wrap=True)
        else:
            _paragraph(line.text, out)
    if api:
        _paragraph(api_line(api, plan.workload), out)
    if view.shows_table(plan):
        out.print()
        _table(view, plan.options, out)
    closing = rejected_line(view, plan)
    if closing and (plan.choice is None or plan.choice.fits):
        out.print()
        _paragraph(closing, out)


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


def _paragraph(line: str, out: Console) -> None:
    out.print("\n".join(wrapped(line, out.width, cut_words=True)), markup=False)


def _table(view: EngineView[OptionT], options: Sequence[OptionT], out: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    between = "\n  " if out.width < NARROW else " "
    columns = view.columns(out.width)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("model", no_wrap=True, overflow="fold")
    for column in columns:
        table.add_column(column.title, justify="left" if column.left else "right", no_wrap=not column.may_wrap)
    table.add_column("why", overflow="fold")
    for number, option in enumerate(options):
        table.add_row(
            f"{option.model.id}{between}{option.quant_name}",
            *(column.cell(option) for column in columns),
            standing_text(option.why),
            style="bold" if number == 0 else None,
        )
    out.print(table)
