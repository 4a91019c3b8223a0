"""`r1plan models pull`: fetch a model's files, checked, into Hugging Face's cache."""

from __future__ import annotations

from typing import Annotated

import typer


def pull_model(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="ID[:QUANT]|hf:OWNER/REPO[/FILE]|PLAN",
            help="A model such as R1-Distill-Qwen-32B:Q4_K_M, files at Hugging Face, or what `recommend --json` "
            "printed (-: from standard input). Without a quant, or without anything: what `recommend` chooses for this "
            "machine.",
        ),
    ] = None,
    quant: Annotated[str | None, typer.Option(metavar="NAME", help="Which quant, such as Q4_K_M or q4.")] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="REV", help="A branch, tag or commit of the repository. Default: main.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a quant chosen here is fetched.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Fetch a model's files into Hugging Face's cache, where other programs find them too.

    Each file is checked against its checksum before it is used. What was cut off goes on where it ended; what is here
    already is not fetched again.

    HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.
    """
    import os

    from r1plan.catalog.load import load_models
    from r1plan.cli.agreed import agreed
    from r1plan.cli.models.fetching import fetched
    from r1plan.cli.models.wanted import wanted_model
    from r1plan.models.pull.access import hub_access
    from r1plan.models.pull.content import content_name
    from r1plan.models.reference import RECOMMENDED
    from r1plan.render import output
    from r1plan.render.pull.document import pull_document
    from r1plan.render.pull.words import chosen_text, pulled_lines

    access = hub_access(os.environ)
    wanted = wanted_model(model or RECOMMENDED, quant, revision)
    if wanted.chosen_bytes is not None:
        said = chosen_text(wanted, wanted.chosen_bytes)
        if may_ask() and not yes:
            if not agreed(f"{said} Fetch it?", default=True):
                output.note("Nothing was fetched.")
                raise typer.Exit(1)
        else:
            output.note(said)
    pulled = fetched(wanted.files, access)
    name = content_name(pulled, load_models().values())
    if json:
        output.document(pull_document(pulled, wanted.model, wanted.quant, name))
    else:
        output.lines(pulled_lines(pulled, name))


def may_ask() -> bool:
    """Whether a person sits at a terminal and can be asked."""
    import sys

    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
