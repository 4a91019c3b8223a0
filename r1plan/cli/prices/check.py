"""`r1plan prices check`: what is wrong, and what deserves a second look, in price files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from r1plan.cli.prices.options import At, instant_of

STALE_DAYS = 90


def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="A price file or a folder of them; all in use by default.")
    ] = None,
    at: At = "now",
    stale_days: Annotated[
        int, typer.Option(metavar="N", min=0, help="Note a list last checked more than N days ago.")
    ] = STALE_DAYS,
) -> None:
    """Find overlaps, gaps, floats and stale checks in price files.

    Exit code 1 when there is an error; notes alone do no harm.
    """
    from r1plan.catalog.prices.check import check_prices
    from r1plan.render import output
    from r1plan.render.prices.terminal import check_lines

    found = check_prices(path, instant_of(at), stale_days)
    output.lines(check_lines(found))
    if found.has_errors:
        raise typer.Exit(1)
