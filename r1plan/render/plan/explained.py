"""What `--explain` adds: the chosen option in parts, and everything rejected."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.plan.headroom import Headroom
from r1plan.plan.plan import Plan
from r1plan.plan.speed import Range, Speed
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.plan.words import cause_text, machine_notes
from r1plan.render.text.sanitize import printable
from r1plan.render.text.wrap import wrapped


def explained(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    headroom: Headroom[OptionT] | None = None,
    width: int | None = None,
) -> Iterator[str]:
    """The lines, an empty one before each part; broken at `width`, with what follows indented further."""
    for line in _lines(view, plan, headroom):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        if width is None or len(line) <= width or width < 2 * len(indent):
            yield line
        else:
            yield from wrapped(line, width, later=indent, cut_words=True)


def token_time(speed: Speed) -> str:
    """Where the time of a token goes."""
    total = sum(term.seconds for term in speed.terms)
    parts = ", ".join(f"{term.what} {term.seconds * 1000:.1f}" for term in speed.terms)
    return f"  one token takes {total * 1000:.1f} ms: {parts}"


def range_text(speed: Range) -> str:
    """A speed with the interval it is expected in."""
    return f"{speed.mid:,.1f} tok/s ({speed.low:,.1f} to {speed.high:,.1f})"


def _lines(view: EngineView[OptionT], plan: Plan[OptionT], headroom: Headroom[OptionT] | None) -> Iterator[str]:
    if plan.choice is not None:
        yield from view.explained(plan, plan.choice, headroom)
    if plan.rejected:
        yield ""
        yield f"Rejected ({len(plan.rejected):,})"
        longest = max(len(each.id) for each in plan.rejected)
        for each in plan.rejected:
            yield printable(f"  {each.id:<{longest}}  {cause_text(each.cause)}")
    if notes := machine_notes(plan):
        yield ""
        yield "Assumed of the machine"
        for note in notes:
            yield printable(f"  {note}")
