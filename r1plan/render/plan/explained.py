"""What `--explain` adds: the chosen option in parts, and everything rejected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from r1plan.plan.answer import answer_time
from r1plan.plan.doubts import DamagedMeasurement, DoubtedMeasurement, MeasurementDoubt
from r1plan.plan.plan import Plan
from r1plan.plan.speed import Range, Speed
from r1plan.render.plan.choice_words import choice_lines
from r1plan.render.plan.rejected import rejected_groups
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.plan.words import machine_notes
from r1plan.render.text.bold import bold
from r1plan.render.text.sanitize import printable
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import count, duration
from r1plan.render.text.width import cells
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.plan.outlook.outlook import Outlook


def explained(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    headroom: Headroom[OptionT] | None,
    screen: Screen,
    outlook: Outlook | None = None,
) -> Iterator[str]:
    """The lines: short parts, an empty line and a heading before each, none wider than the screen."""
    for line in _lines(view, plan, headroom, screen, outlook):
        if line and not line.startswith(" "):
            yield from (bold(each) if screen.styled else each for each in wrapped(line, screen.columns))
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        if "\x1b" in line or cells(line) <= screen.columns or screen.columns < 2 * len(indent) + 8:
            yield line
        else:
            yield from wrapped(line, screen.columns, later=f"{indent}    ", cut_words=True)


def token_time(speed: Speed) -> str:
    """Where the time of a token goes."""
    total = sum(term.seconds for term in speed.terms)
    parts = ", ".join(f"{term.what} {term.seconds * 1000:.1f}" for term in speed.terms)
    return f"  one token takes {total * 1000:.1f} ms: {parts}"


def range_text(speed: Range) -> str:
    """A speed with the interval it is expected in."""
    return f"{speed.mid:,.1f} tok/s ({speed.low:,.1f} to {speed.high:,.1f})"


def answer_lines(plan: Plan[OptionT], option: OptionT) -> Iterator[str]:
    """How long an answer takes, and of how many tokens it is thought to be."""
    workload, time = plan.workload, answer_time(option, plan.workload)
    if time is None:
        return
    longer = option.quality.thinking_over_r1
    thinks = "" if longer == 1 else f", as it thinks {longer:g} times as long as R1"
    yield f"  a typical answer takes {duration(time.typical_s)}:"
    yield f"    {count(workload.input_tokens, 'token')} in, {time.output_tokens:,} out with the thinking{thinks}"
    most = f"nine of ten at most {duration(time.p90_s)}"
    if workload.demand is None:
        yield f"    {most}, as the speed is not known better"
    else:
        lengths = "logged" if workload.demand.basis == "logged" else "as answers differ in length, assumed"
        yield f"    half of all take at most {duration(time.p50_s)}, {most} ({lengths})"


def doubt_text(doubt: MeasurementDoubt) -> str:
    """Why a measurement is not used: "…:Q4_K_M of 2026-11-28 is not used: the power limit was 450 W and is 300 W."."""
    if isinstance(doubt, DamagedMeasurement):
        return f"{doubt.name} is no measurement: {doubt.why}."
    weight = "counts less" if doubt.is_used else "is not used"
    return f"{doubt.option_id} of {doubt.measured_at.date()} {weight}: {_why(doubt)}."


def _lines(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    headroom: Headroom[OptionT] | None,
    screen: Screen,
    outlook: Outlook | None,
) -> Iterator[str]:
    if plan.choice is not None:
        yield from view.explained(plan, plan.choice, headroom, screen)
        yield from choice_lines(plan)
    if outlook is not None:
        from r1plan.render.outlook.explained import outlook_lines

        yield from outlook_lines(outlook, screen)
    if plan.rejected:
        yield ""
        yield f"Rejected ({len(plan.rejected):,}; each by itself with --json)"
        for group in rejected_groups(view, plan):
            yield printable(f"  {group}")
    if plan.doubts:
        yield ""
        yield "Measurements of this machine"
        for doubt in plan.doubts:
            yield printable(f"  {doubt_text(doubt)}")
    if notes := machine_notes(plan):
        yield ""
        yield "Assumed of the machine"
        for note in notes:
            yield printable(f"  {note}")


def _why(doubt: DoubtedMeasurement) -> str:
    change = f"was {doubt.was} and is {doubt.now}"
    match doubt.doubt:
        case "another-card":
            return f"{doubt.was or 'its card'} is not here"
        case "another-power-limit":
            return f"the power limit {change}"
        case "another-processor":
            return f"the processor {change}"
        case "few-threads":
            return f"{doubt.was} calculated, where {doubt.now} are usual"
        case "too-small":
            return f"{doubt.was} a token lie in a cache, and less than {doubt.now} tell nothing of memory"
        case "implausible":
            expected = f", where {doubt.now} are expected" if doubt.now else ""
            return f"{doubt.was or 'such a time'} cannot be{expected}"
        case "another-driver":
            return f"the card's driver {change}"
        case "another-engine":
            return f"llama-cpp-python {change}"
        case "another-ram":
            return f"the RAM {change}"
        case "disturbed":
            return f"it was disturbed ({doubt.was})"
        case _:
            assert_never(doubt.doubt)
