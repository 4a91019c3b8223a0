"""`r1plan models inspect`: what a model file holds."""

from __future__ import annotations

from typing import Annotated

import typer


def inspect(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A .gguf file, its first shard, or hf:OWNER/REPO[/FILE].")
    ],
    quant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of a repository's files, such as Q4_K_M.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what a GGUF holds and where its bytes lie.

    Only its header is read: nothing is downloaded.
    """
    from r1plan.models.gguf.model import UnknownArchitecture
    from r1plan.models.reference import read_model_file
    from r1plan.render import output
    from r1plan.render.model_file import model_file_document, model_file_lines
    from r1plan.render.unknown_file import unknown_file_document, unknown_file_lines

    try:
        gguf, read = read_model_file(file, quant)
    except UnknownArchitecture as unknown:
        if json:
            output.document(unknown_file_document(unknown.gguf))
        else:
            output.lines(unknown_file_lines(unknown.gguf, output.columns()))
        return
    if json:
        output.document(model_file_document(gguf, read))
        return
    output.lines(model_file_lines(gguf, read, output.columns()))
