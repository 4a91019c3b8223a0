"""What a pull is to fetch, once the server has said what it has: each file with its bytes and its checksum."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Protocol

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf\Z)", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT_SHA1 = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
MOST_SHARDS = 500
"""More files no model is made of."""


class Hasher(Protocol):
    """What hashlib makes."""

    def update(self, data: Any, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """The sum of all that was taken."""


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file at one commit. `etag` is its SHA-256, or git's SHA-1 of a file that is not kept apart."""

    name: str
    bytes: int
    etag: str

    @property
    def is_sha256(self) -> bool:
        """Whether `etag` is the plain SHA-256 of the bytes."""
        return _SHA256.fullmatch(self.etag) is not None

    def hasher(self) -> Hasher:
        """What makes `etag` of the right bytes."""
        if self.is_sha256:
            return hashlib.sha256()
        # As git names a blob; the hub's own name for it, no protection.
        return hashlib.sha1(f"blob {self.bytes}\0".encode(), usedforsecurity=False)


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """The files of a model at one commit; an engine is given the first. `revision` is what was asked for."""

    repo: str
    revision: str
    commit: str
    files: tuple[PinnedFile, ...]

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(each.bytes for each in self.files)


@dataclass(frozen=True, slots=True)
class WantedFiles:
    """What was asked for. `files` None: the only model of the repository, or the only one of `quant`.

    A name with a `*` stands for all that fit it. `are_inferred`: the catalogue took the repository to have such files,
    and nobody named them.
    """

    repo: str
    files: tuple[str, ...] | None = None
    quant: str | None = None
    revision: str = "main"
    are_inferred: bool = False


@dataclass(frozen=True, slots=True)
class WantedModel:
    """The files, and what they are of the catalogue.

    `chosen_bytes`: how large the quant is that was chosen here; `slow_tok_s`: how fast it is, where nobody would wait.
    """

    files: WantedFiles
    model: str | None = None
    quant: str | None = None
    chosen_bytes: int | None = None
    slow_tok_s: float | None = None


def is_checksum(etag: str) -> bool:
    """Whether `etag` says what the bytes are."""
    return _SHA256.fullmatch(etag) is not None or _GIT_SHA1.fullmatch(etag) is not None


def with_all_shards(name: str) -> tuple[str, ...]:
    """`name`, or every shard of the model that it is one shard of, the first first."""
    found = _SHARD.search(name)
    if found is None or not 1 <= int(found[1]) <= int(found[2]) <= MOST_SHARDS:
        return (name,)
    return tuple(
        f"{name[: found.start()]}-{number:05d}-of-{found[2]}{name[found.end() :]}"
        for number in range(1, int(found[2]) + 1)
    )


def is_repository(name: object) -> bool:
    """Whether that can be the name of a repository: OWNER/REPO."""
    return isinstance(name, str) and _REPOSITORY.fullmatch(name) is not None


def is_safe_name(name: object) -> bool:
    """Whether a file's name can be a path below a folder and nowhere else."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= 300
        and name.isprintable()
        and "\\" not in name
        and all(part not in ("", ".", "..") for part in name.split("/"))
    )
