"""A folder of model files as they were fetched: ours, LM Studio's `PUBLISHER/REPO/FILE`, llama.cpp's cache."""

from __future__ import annotations

from r1plan.models.store.places import StoreName
from r1plan.models.store.stored import StoredFile, is_gguf, joined_shards, stored_file
from r1plan.models.store.tree import StoreTree


def folder_files(tree: StoreTree, store: StoreName) -> list[StoredFile]:
    """The model files in the folder and below, called by their path in it."""
    return joined_shards(
        stored_file(store, file.path.relative_to(tree.root).as_posix(), file)
        for file in tree.files()
        if is_gguf(file.path.name)
    )
