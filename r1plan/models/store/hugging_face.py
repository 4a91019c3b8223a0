"""Hugging Face's cache: `models--OWNER--REPO/snapshots/COMMIT/FILE`, each a link to a blob or the bytes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from r1plan.files.plain import plain_bytes
from r1plan.models.store.stored import StoredFile, begins_as_gguf, is_gguf, joined_shards, stored_file
from r1plan.models.store.tree import StoreTree

_REPOSITORY = "models--"
_MOST_REF_BYTES = 4096


def hugging_face_files(tree: StoreTree) -> Iterator[StoredFile]:
    """The model files of every repository in the cache, the current revision's before older ones."""
    for folder in tree.folders():
        if folder.name.startswith(_REPOSITORY):
            repository = folder.name.removeprefix(_REPOSITORY).replace("--", "/", 1)
            yield from joined_shards(_of_snapshots(tree, folder, repository))
            yield from _unfinished(tree, folder, repository)


def _of_snapshots(tree: StoreTree, folder: Path, repository: str) -> list[StoredFile]:
    snapshots, current = folder / "snapshots", _current(folder)
    found = []
    for file in tree.files(snapshots):
        commit, _, name = file.path.relative_to(snapshots).as_posix().partition("/")
        if name and is_gguf(file.path.name):
            found.append((commit != current, stored_file("huggingface", f"{repository}/{name}", file)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _current(folder: Path) -> str:
    """The commit that the main branch was when it was last fetched."""
    try:
        return plain_bytes(folder / "refs" / "main", _MOST_REF_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _unfinished(tree: StoreTree, folder: Path, repository: str) -> Iterator[StoredFile]:
    """Downloads of model files that have not ended."""
    for file in tree.files(folder / "blobs"):
        name = file.path.name
        if not name.endswith(".incomplete") or file.real is None:
            continue
        if (file.path.parent / name.partition(".")[0]).exists():  # since fetched by somebody else
            continue
        if begins_as_gguf(file.path) or "gguf" in repository.casefold():
            yield replace(stored_file("huggingface", repository, file), flaw="unfinished")
