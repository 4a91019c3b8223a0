"""Where the file of a quant is to be had: the repository, its files and their bytes. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from r1plan.catalog.model import Model, Quant, Repository


class PublishedFile(NamedTuple):
    """One file of a repository. `bytes` is None for one of several whose own sizes are not known.

    The name holds a `*` where it stands for all files of a quant of which nobody said how many there are.
    """

    name: str
    bytes: int | None


class QuantDownload(NamedTuple):
    """The files that hold one quant, `bytes` in all. `repo` is empty for a file on this disk.

    `tag` is what the repository's files of this quant are told apart by, None: only by the file's name.
    """

    repo: str
    revision: str | None
    files: tuple[PublishedFile, ...]
    bytes: int
    tag: str | None

    @property
    def first(self) -> str:
        """The name of the file that an engine is given."""
        return self.files[0].name


def download_of(model: Model, quant: Quant) -> QuantDownload | None:
    """The files of `quant` in the first repository that is known to hold it; None: none is."""
    held = next((each for each in model.repositories if quant.name in each.quants), None)
    if held is None:
        return None
    names = _names(held, quant.name)
    alone = quant.file_bytes if len(names) == 1 else None
    files = tuple(PublishedFile(name, alone) for name in names)
    return QuantDownload(
        held.repo, held.revision, files, quant.file_bytes, quant.name if "<QUANT>" in held.pattern else None
    )


def is_published(model: Model, quant: Quant) -> bool:
    """Whether somebody is known to offer `quant`, or no repository of the model is known at all."""
    return not model.repositories or any(quant.name in each.quants for each in model.repositories)


def smallest_published(models: Iterable[Model]) -> tuple[Model, Quant] | None:
    """The smallest quant of any of `models` that llama.cpp runs and that is to be had; None where there is none."""
    found = [
        (model, quant)
        for model in models
        for quant in model.quants
        if quant.engine == "llama.cpp" and any(quant.name in each.quants for each in model.repositories)
    ]
    return min(found, key=lambda each: each[1].tensor_bytes, default=None)


def _names(held: Repository, quant: str) -> tuple[str, ...]:
    pattern = held.pattern.replace("<QUANT>", quant)
    if "%05d" not in pattern:
        return (pattern,)
    shards = held.shards.get(quant)
    if shards is None:
        return (pattern.replace("%05d-of-%05d", "*"),)
    return tuple(pattern % (number, shards) for number in range(1, shards + 1))
