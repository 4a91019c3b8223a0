"""What `r1plan doctor` found, for a terminal: the answer first, then a line for each thing."""

from __future__ import annotations

from r1plan.doctor.report import Health
from r1plan.render.doctor.words import told
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.render.text.wrap import labelled, wrapped

_MARKS = {"ok": "ok", "note": "note", "broken": "BROKEN"}
_BESIDE = " " * 11


def health_lines(health: Health, width: int) -> list[str]:
    """The lines, at most `width` columns wide but for a command, which stays on one."""
    broken = [told(each).topic for each in health.findings if each.state == "broken"]
    notes = sum(each.state == "note" for each in health.findings)
    first = f"Broken: {', '.join(broken)}." if broken else "Nothing is broken."
    if notes:
        first += f" {count(notes, 'thing')} could be better."
    lines = [*wrapped(first, width), ""]
    for each in health.findings:
        said = told(each)
        mark = "" if each.state == "ok" else f"{_MARKS[each.state]}: "
        lines += labelled(said.topic, f"{mark}{said.found}", width)
        for step in said.steps:
            lines += wrapped(step.text, width, first=f"{_BESIDE}-> ", later=f"{_BESIDE}   ")
            # Whole on a line of its own, however long: what a terminal cuts, copies as one.
            lines += [f"{_BESIDE}   {printable(step.command)}"] if step.command is not None else []
        if said.mend is not None and not said.steps:
            lines += wrapped(said.mend, width, first=f"{_BESIDE}-> ", later=f"{_BESIDE}   ")
    return lines
