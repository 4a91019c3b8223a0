"""`r1plan models remove`: remove from Hugging Face's cache what r1plan fetched into it."""

from __future__ import annotations

from typing import Annotated

import typer


def remove(
    model: Annotated[
        str,
        typer.Argument(
            metavar="ID[:QUANT]|FILE|OWNER/REPO",
            help="A model, one of its files on this disk, or a repository at Hugging Face.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Remove a model's files that `models pull` fetched.

    What other programs fetched or keep stays: of those it is said where they are and what removes them.
    """
    import os

    from r1plan.cli.agreed import agreed
    from r1plan.cli.models.pull import may_ask
    from r1plan.cli.models.removable import removable
    from r1plan.errors import UsageError
    from r1plan.models.pull.record import PullRecords
    from r1plan.models.pull.remove import remove_blobs
    from r1plan.render import output
    from r1plan.render.pull.words import removal_text, removed_text
    from r1plan.settings import directories

    records = PullRecords(directories().data / "pulled")
    found = removable(model, records, os.environ)
    if not yes:
        said = removal_text(found)
        if not may_ask():
            raise UsageError(f"nothing was removed: {said}", "add --yes to remove it")
        if not agreed(f"{said} Remove it?", default=False):
            output.note("Nothing was removed.")
            raise typer.Exit(1)
    freed = remove_blobs(found, records)
    if json:
        output.document(
            {
                "schema": "r1plan.remove/1",
                "freed_bytes": freed,
                "files": [{"repo": each.repo, "name": each.file, "path": each.path} for each in found],
            }
        )
    else:
        output.lines([removed_text([each.file for each in found], freed)])
