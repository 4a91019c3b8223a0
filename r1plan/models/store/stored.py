"""A model's files as a store has them, before anybody has looked into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from r1plan.files.plain import opened_plain
from r1plan.models.gguf.file import SHARD
from r1plan.models.store.places import StoreName
from r1plan.models.store.tree import TreeFile

Flaw = Literal["unfinished", "outside", "gone"]
"""Why a file cannot be used as it is: a download that has not ended, a link that leads out of its store, one that leads
to nothing."""

UNFINISHED = (".part", ".partial", ".incomplete", ".downloadinprogress", ".crdownload", ".aria2", ".tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One model in a store. `names` are what the store calls it, the first first; `path` is what an engine is given.

    `real` is where its bytes lie. `files` is the number of shards, `bytes` their size, `modified_s` the newest of them
    in seconds since 1970.
    """

    store: StoreName
    names: tuple[str, ...]
    path: Path
    real: Path
    files: int = 1
    bytes: int = 0
    modified_s: float = 0.0
    flaw: Flaw | None = None


def is_unfinished(name: str) -> bool:
    """Whether a download writes to a file of this name until it has all of it."""
    return name.casefold().endswith(UNFINISHED)


def is_gguf(name: str) -> bool:
    """Whether a file's name is that of a model file, whole or not yet."""
    folded = name.casefold()
    for ending in UNFINISHED:
        folded = folded.removesuffix(ending)
    return folded.endswith(".gguf") and not name.startswith("._")  # macOS's own beside files on other disks


def begins_as_gguf(path: Path) -> bool:
    """Whether there is a plain file whose first bytes are those of a GGUF."""
    try:
        with opened_plain(path) as opened:
            return opened.read(4) == b"GGUF"
    except OSError:
        return False


def stored_file(store: StoreName, name: str, file: TreeFile) -> StoredFile:
    """One file called `name`."""
    flaw: Flaw | None = None
    if file.real is None:
        flaw = "outside" if file.is_outside else "gone"
    elif is_unfinished(file.path.name):
        flaw = "unfinished"
    return StoredFile(
        store=store,
        names=(name,),
        path=file.path,
        real=file.real or file.path,
        bytes=file.bytes,
        modified_s=file.modified_s,
        flaw=flaw,
    )


def joined_shards(files: Iterable[StoredFile]) -> list[StoredFile]:
    """The shards of a model as one, by what their names say; whether all are there is for its header to say."""
    groups: dict[tuple[str, str], list[StoredFile]] = {}
    for each in files:
        found = None if each.flaw == "unfinished" else SHARD.match(each.path.name)
        key = (each.path.name, "") if found is None else (found[1], found[3])
        groups.setdefault((str(each.path.parent / key[0]), key[1]), []).append(each)
    return [_joined(sorted(group, key=lambda each: each.path.name)) for group in groups.values()]


def _joined(shards: list[StoredFile]) -> StoredFile:
    if len(shards) == 1:
        return shards[0]
    return replace(
        shards[0],
        files=len(shards),
        bytes=sum(each.bytes for each in shards),
        modified_s=max(each.modified_s for each in shards),
        flaw=next((each.flaw for each in shards if each.flaw), None),
    )


def once(files: Iterable[StoredFile]) -> list[StoredFile]:
    """The same bytes once, with all the names that they have."""
    found: dict[Path, StoredFile] = {}
    for each in files:
        first = found.get(each.real)
        names = each.names if first is None else tuple(dict.fromkeys((*first.names, *each.names)))
        found[each.real] = replace(first or each, names=names)
    return list(found.values())
