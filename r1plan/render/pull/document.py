"""A pull for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from r1plan.render.pull.words import run_command

if TYPE_CHECKING:
    from r1plan.models.pull.pull import PulledModel


def pull_document(pulled: PulledModel, model: str | None, quant: str | None, name: str) -> dict[str, Any]:
    """`r1plan.pull/1`: the files with their checksums and paths. `path` is what an engine is given."""
    return {
        "schema": "r1plan.pull/1",
        "model": model,
        "quant": quant,
        "repo": pulled.model.repo,
        "revision": pulled.model.revision,
        "commit": pulled.model.commit,
        "bytes": pulled.model.bytes,
        "fetched_bytes": sum(each.fetched_bytes for each in pulled.files),
        "files": [
            {
                "name": each.file.name,
                "bytes": each.file.bytes,
                "sha256": each.file.etag if each.file.is_sha256 else None,
                "path": str(each.path),
                "fetched_bytes": each.fetched_bytes,
            }
            for each in pulled.files
        ],
        "path": str(pulled.path),
        "command": run_command(name),
    }
