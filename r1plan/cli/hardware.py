"""`r1plan hardware`: the cards, chips and processors that are known by name."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    word: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Only what has each of these in its name.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the graphics cards, chips and processors that are known by name: memory, bandwidth, target.

    Without a word it lists the families, each by the words that show its rows.

    Example: r1plan hardware 4090
    """
    from r1plan.catalog.load import load_cpus, load_hardware
    from r1plan.errors import NotFound
    from r1plan.hardware.names.listing import families, with_word
    from r1plan.render import output
    from r1plan.render.hardware import family_lines, known_document, known_lines

    hardware, cpus, words = load_hardware(), load_cpus(), " ".join(word or ())
    if not words.strip() and not json:
        told = families(hardware, cpus)
        output.lines(family_lines(told, len(hardware.accelerators), len(cpus), output.columns()))
        return
    known = with_word(hardware, cpus, words)
    if not (known.cards or known.cpus):
        raise NotFound(
            f"no hardware with '{words}' in its name is known.",
            "`r1plan hardware` lists the families; recommend's --vram GIB --bandwidth GB/S describes any card.",
        )
    if json:
        output.document(known_document(known))
        return
    output.lines(known_lines(known, output.columns()))
