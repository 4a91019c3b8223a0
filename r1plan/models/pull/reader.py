"""What a hub says of a repository: its files at one commit, and of each file its bytes and its checksum."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from r1plan import __version__
from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.models.hub.files import quant_mentioned
from r1plan.models.pull.pinned import (
    PinnedFile,
    PinnedModel,
    WantedFiles,
    is_checksum,
    is_safe_name,
    with_all_shards,
)
from r1plan.models.pull.transfer.failures import answered
from r1plan.models.pull.transfer.pace import within
from r1plan.models.pull.transfer.trouble import FileChanged, NotAtServer
from r1plan.models.quant_names import usual_names

if TYPE_CHECKING:
    from r1plan.models.pull.access import HubAccess
    from r1plan.models.pull.transfer.patience import Patience

_COMMIT = re.compile(r"[0-9A-Za-z]{7,64}")
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf\Z", re.IGNORECASE)
_MOST_BYTES = 1 << 50
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class RepositoryListing:
    """A repository's files. `commit` None: the listing did not say. `sha256` is known of those kept apart."""

    commit: str | None
    names: tuple[str, ...]
    sha256: dict[str, str] = field(default_factory=dict)


class HubReader:
    """Asks a hub, patiently."""

    def __init__(self, access: HubAccess, patience: Patience) -> None:
        from huggingface_hub import HfApi

        self._access, self._patience = access, patience
        self._api = HfApi(
            access.endpoint, token=access.token or False, library_name="r1plan", library_version=__version__
        )

    def pinned(self, wanted: WantedFiles) -> PinnedModel:
        """The files that are meant, at the commit that `wanted.revision` is now.

        Raises EngineError, UsageError where several could be meant, NotAtServer, FileChanged where the commit moves.
        """
        listing = None
        if wanted.files is None or any("*" in each for each in wanted.files):
            listing = self.listing(wanted.repo, wanted.revision)
            names = chosen(listing.names, wanted)
        else:
            names = tuple(dict.fromkeys(shard for each in wanted.files for shard in with_all_shards(each)))
        first, commit = self._head(wanted, names[0], listing.commit if listing else None, listing)
        files = [first, *(self._head(wanted, name, commit, listing)[0] for name in names[1:])]
        return PinnedModel(wanted.repo, wanted.revision, commit, tuple(files))

    def listing(self, repo: str, revision: str) -> RepositoryListing:
        """All files of the repository, however this hub lists them."""
        ways = (lambda: self._info(repo, revision), lambda: self._tree(repo, revision), lambda: self._info(repo, None))
        first: NotAtServer | None = None
        for way in ways if revision == "main" else ways[:2]:  # a mirror may know but one of them
            try:
                found: RepositoryListing = self._ask(repo, None, way)
            except NotAtServer as error:
                first = first or error
            else:
                return found
        raise first or EngineError(f"{self._access.host} does not list {repo}.", None)

    def _info(self, repo: str, revision: str | None) -> RepositoryListing:
        info = self._api.model_info(repo, revision=revision, files_metadata=True, timeout=self._access.metadata_s)
        siblings = info.siblings or []
        sums = {each.rfilename: each.lfs.sha256 for each in siblings if each.lfs is not None}
        commit = info.sha if isinstance(info.sha, str) and _COMMIT.fullmatch(info.sha) else None
        return RepositoryListing(commit, _safe(each.rfilename for each in siblings), sums)

    def _tree(self, repo: str, revision: str) -> RepositoryListing:
        from huggingface_hub.hf_api import RepoFile

        entries = self._api.list_repo_tree(repo, recursive=True, revision=revision)
        files = [each for each in entries if isinstance(each, RepoFile)]
        sums = {each.path: each.lfs.sha256 for each in files if each.lfs is not None}
        return RepositoryListing(None, _safe(each.path for each in files), sums)

    def _head(
        self, wanted: WantedFiles, name: str, commit: str | None, listing: RepositoryListing | None
    ) -> tuple[PinnedFile, str]:
        """One file and the commit that the hub says it is of."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        repo = wanted.repo
        url = hf_hub_url(repo, name, revision=commit or wanted.revision, endpoint=self._access.endpoint)
        try:
            found = self._ask(
                repo,
                name,
                lambda: get_hf_file_metadata(
                    url,
                    token=self._access.token or False,
                    timeout=self._access.metadata_s,
                    endpoint=self._access.endpoint,
                    library_name="r1plan",
                    library_version=__version__,
                ),
            )
        except NotAtServer as error:
            raise self._missing(error, wanted, name) from error
        host = self._access.host
        at = found.commit_hash or commit
        if commit is not None and at != commit:
            raise FileChanged(name)
        if at is None or not _COMMIT.fullmatch(at):
            raise EngineError(f"{host} does not say of which commit {name} is.", "check HF_ENDPOINT, and the proxy")
        etag = (found.etag or "").lower()
        if not is_checksum(etag):
            listing = listing or self.listing(repo, commit or wanted.revision)
            etag = listing.sha256.get(name, "")
        if not is_checksum(etag):
            raise EngineError(f"{host} gives no checksum of {name}: nothing could be held against it.", None)
        if found.size is None or not 0 < found.size < _MOST_BYTES:
            raise EngineError(f"{host} does not say how long {name} is.", "check HF_ENDPOINT, and the proxy")
        return PinnedFile(name, found.size, etag), at

    def _missing(self, error: NotAtServer, wanted: WantedFiles, name: str) -> R1PlanError:
        """The error for a file that is not there, with the names that are near it."""
        if not error.repo_is_there:
            return error
        try:
            names = [each for each in self.listing(wanted.repo, wanted.revision).names if _is_model(each)]
        except R1PlanError:
            return error
        shards = len(with_all_shards(name))
        if shards > 1 and any(each in names for each in with_all_shards(name)):
            there = sum(each in names for each in with_all_shards(name))
            return EngineError(f"{wanted.repo} has only {there} of the {shards} shards of {name}.", None)
        return NotAtServer(error.message, _near(name, names, wanted), repo_is_there=True)

    def _ask(self, repo: str, file: str | None, ask: Callable[[], Any]) -> Any:
        most_s = 2 * self._access.limits.slow_s
        return self._patience.until_done(lambda: answered(lambda: within(most_s, ask), self._access, repo, file))


def _safe(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(each for each in names if is_safe_name(each)))


def _is_model(name: str) -> bool:
    return name.casefold().endswith(".gguf") and "mmproj" not in name.casefold()


def chosen(names: tuple[str, ...], wanted: WantedFiles) -> tuple[str, ...]:
    """The files that are meant. Raises EngineError for none, UsageError for several models."""
    if wanted.files is not None:
        found = [name for name in names if any(fnmatchcase(name, pattern) for pattern in wanted.files)]
        if not found:
            raise EngineError(f"{wanted.repo} has no {wanted.files[0]}.", _near(wanted.files[0], names, wanted))
        return tuple(dict.fromkeys(shard for each in found for shard in with_all_shards(each)))
    models = [name for name in names if _is_model(name) and not _LATER_SHARD.search(name)]
    marked = models
    if wanted.quant is not None:  # "q4" where no file is so called is Q4_K_M
        each_way = ([name for name in models if quant_mentioned(name, usual)] for usual in usual_names(wanted.quant))
        marked = next((found for found in each_way if found), [])
    if len(marked) == 1:
        return with_all_shards(marked[0])
    if not marked:
        what = f"no GGUF of {wanted.quant}" if models else "no GGUF"
        raise EngineError(f"{wanted.repo} holds {what}.", _listed(models) or "look for its GGUF conversion")
    raise UsageError(
        f"{wanted.repo} holds {len(marked)} models{f' of {wanted.quant}' if wanted.quant else ''}.",
        f"name one with :QUANT or /FILE: {_listed(marked)}",
    )


def _near(name: str, names: Iterable[str], wanted: WantedFiles) -> str | None:
    """The hint for a file that is not there: the models that are called most like it, else what there is."""
    models = [each for each in names if _is_model(each) and not _LATER_SHARD.search(each)]
    called = {each.casefold().removesuffix(".gguf"): each for each in models}
    near = get_close_matches(name.casefold().removesuffix(".gguf"), called, 3, 0.4)
    found = ", ".join(called[each] for each in near) if near else _listed(models)
    if not found:
        return "it holds no GGUF: look for its GGUF conversion"
    named = f"; name one: hf:{wanted.repo}/FILE" if wanted.are_inferred else ""
    return f"{'that name was inferred; ' if wanted.are_inferred else ''}it has {found}{named}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MOST_LISTED} more" if len(every) > _MOST_LISTED else ""
    return ", ".join(every[:_MOST_LISTED]) + more
