"""What a person types for a model that is to be removed, as blobs that r1plan fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, NotFound
from r1plan.settings import expanded

if TYPE_CHECKING:
    from r1plan.models.pull.record import BlobRecord, PullRecords


def removable(typed: str, records: PullRecords, environ: Mapping[str, str]) -> tuple[BlobRecord, ...]:
    """The blobs that `typed` means and that are there, with all shards of each model.

    Raises UsageError for a file that is another program's, NotFound for a name that means nothing, EngineError where
    r1plan fetched nothing of it.
    """
    from r1plan.models.pull.foreign import not_ours
    from r1plan.models.pull.pinned import with_all_shards
    from r1plan.models.pull.remove import disk_bytes

    ours = [each for each in records.ours() if disk_bytes(each)]
    path = expanded(Path(typed))
    if path.exists() and not path.is_dir():
        real = path.resolve()
        found = [each for each in ours if Path(each.path).resolve() == real]
        if not found:
            raise not_ours(path, environ)
    else:
        found = _named(typed, ours)
    if not found:
        raise EngineError(f"nothing of {typed} was fetched by r1plan.", _hint(ours))
    files = {(each.repo, shard) for each in found for shard in with_all_shards(each.file)}
    return tuple(each for each in ours if (each.repo, each.file) in files)


def _named(typed: str, ours: list[BlobRecord]) -> list[BlobRecord]:
    """Blobs of a repository, one of its files, or a model of the catalogue."""
    from r1plan.models.hub.files import quant_mentioned
    from r1plan.models.quant_names import usual_names
    from r1plan.models.reference import named_model

    address, _, quant = typed.removeprefix("hf:").partition(":")
    by_repo = [
        each
        for each in ours
        if address.casefold() in (each.repo.casefold(), f"{each.repo}/{each.file}".casefold())
        and (not quant or any(quant_mentioned(each.file, usual) for usual in usual_names(quant)))
    ]
    if by_repo or typed.startswith("hf:"):
        return by_repo
    try:
        named = named_model(typed, None)
    except NotFound:
        if "/" in typed:
            return []
        raise
    ids = named.models if named.model is None else [named.model]
    repos = {each.repo.casefold() for id_ in ids for each in named.models[id_].repositories}
    return [
        each
        for each in ours
        if each.repo.casefold() in repos and (named.quant is None or quant_mentioned(each.file, named.quant))
    ]


def _hint(ours: list[BlobRecord]) -> str:
    names = list(dict.fromkeys(f"{each.repo}/{each.file}" for each in ours))
    return f"it fetched {', '.join(names[:6])}" if names else "r1plan models list shows what is here, and whose it is"
