"""`r1plan detect`: the machine alone."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document, which --machine reads.")] = False,
) -> None:
    """Show what this machine has: graphics cards, memory, processor, disk.

    What it prints as JSON can be planned for on any other machine, with `r1plan recommend --machine box.json`.

    Example: r1plan detect --json > box.json
    """
    from r1plan.cli.options.machine import this_machine
    from r1plan.render import output

    machine = this_machine()
    if json:
        from r1plan.hardware.stored import document

        output.document(document(machine))
        return
    from r1plan.render.machine import lines

    output.lines(lines(machine, output.columns()))
    for note in machine.notes:
        output.note(note)
