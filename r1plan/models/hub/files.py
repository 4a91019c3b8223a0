"""Files at Hugging Face, read in parts: `hf:OWNER/REPO` or `hf:OWNER/REPO/FILE`. Nothing is downloaded whole.

No token is ever sent, so a redirect to the file store cannot carry one off. R1PLAN_HF_BASE_URL or HF_ENDPOINT
names another server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from r1plan.errors import EngineError, UsageError
from r1plan.models.hub.parts import REACH, PartsOfFiles, checked_base
from r1plan.models.quant_names import usual_names

PREFIX = "hf:"
BASE_URL = "https://huggingface.co"
_VARIABLE = "R1PLAN_HF_BASE_URL"
_MOST_LISTING_BYTES = 2 << 20
_MOST_NAME = 300
_MOST_LISTED = 12
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}\Z")
_FILE = re.compile(rf"{_PART}(/{_PART})*\Z")
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


@dataclass(frozen=True, slots=True)
class Address:
    """A file of a repository; `file` None asks for the only one, or the only one of a quant."""

    repository: str
    file: str | None


def hub_address(environ: Mapping[str, str]) -> str:
    """The hub that is meant: R1PLAN_HF_BASE_URL, else HF_ENDPOINT, else Hugging Face. Raises UsageError for none."""
    variable = _VARIABLE if environ.get(_VARIABLE) else "HF_ENDPOINT"
    return checked_base(environ.get(variable) or BASE_URL, variable)


def address(text: str) -> Address:
    """What `hf:OWNER/REPO[/FILE]` names. Raises UsageError."""
    owner, _, rest = text.removeprefix(PREFIX).partition("/")
    repo, _, file = rest.partition("/")
    repository = f"{owner}/{repo}"
    if not _REPOSITORY.match(repository) or (file and not _FILE.match(file)):
        raise UsageError(
            f"{text!r} is no address at Hugging Face.", "write hf:OWNER/REPO or hf:OWNER/REPO/FOLDER/FILE.gguf"
        )
    return Address(repository, file or None)


class Hub:
    """A server that answers as Hugging Face does. `environ` may hold R1PLAN_HF_BASE_URL or HF_ENDPOINT."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.base = hub_address(environ)
        self.parts = PartsOfFiles(self.base)

    def open(self, where: Address, quant: str | None = None) -> RemoteFile:
        """The file that is meant. Raises UsageError when the repository holds several, EngineError when none."""
        file = where.file or self._only(where.repository, quant)
        if not file.endswith(".gguf"):
            raise UsageError(f"{file} is no GGUF.", "name a file that ends in .gguf")
        return RemoteFile(self, where.repository, file)

    def _only(self, repository: str, quant: str | None) -> str:
        files = [name for name in self._files(repository) if not _LATER_SHARD.search(name)]
        marked = files
        if quant is not None:  # "q4" where no file is so called is Q4_K_M
            each_way = ([name for name in files if quant_mentioned(name, usual)] for usual in usual_names(quant))
            marked = next((found for found in each_way if found), [])
        if len(marked) == 1:
            return marked[0]
        if not marked:
            what = "no GGUF" if not files else f"no GGUF of {quant}"
            raise EngineError(f"{repository} holds {what}.", _listed(files) or "look for its GGUF conversion")
        raise UsageError(f"{repository} holds {len(marked)} models.", f"name one with /FILE: {_listed(marked)}")

    def _files(self, repository: str) -> list[str]:
        # One page lists 1,000 files; a repository of GGUFs has at most a few hundred.
        body, _ = self.parts.get(
            f"{self.base}/api/models/{repository}/tree/main?recursive=true", 0, _MOST_LISTING_BYTES
        )
        try:
            entries = json.loads(body)
            paths = [entry["path"] for entry in entries if entry["type"] == "file"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise EngineError(f"{self.base} did not list {repository} in a way that can be read.", REACH) from error
        files = (path for path in paths if isinstance(path, str) and len(path) <= _MOST_NAME)
        return sorted(path for path in files if path.endswith(".gguf") and _FILE.match(path))


class RemoteFile:
    """One file of a repository, read in parts."""

    def __init__(self, hub: Hub, repository: str, file: str) -> None:
        self._hub, self._repository, self._file = hub, repository, file
        self._url = f"{hub.base}/{repository}/resolve/main/{quote(file)}"
        self.name = file.rpartition("/")[2]
        self._start, size = hub.parts.get(self._url, 0, 2 << 20)
        if size is None:
            raise EngineError(f"{hub.base} does not say how long {file} is.", "download the file and give its path")
        self.size_bytes = size

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""
        if offset + count <= len(self._start):
            return self._start[offset : offset + count]
        return self._hub.parts.get(self._url, offset, count)[0]

    def has_sibling(self, name: str) -> bool:
        """Nobody can say without asking for it, and then its absence is said."""
        return True

    def sibling(self, name: str) -> RemoteFile:
        """Another file of the same folder."""
        folder = self._file.rpartition("/")[0]
        return RemoteFile(self._hub, self._repository, f"{folder}/{name}" if folder else name)


def quant_mentioned(file: str, quant: str) -> bool:
    """Whether the file's or its folder's name holds `quant` as a whole word."""
    return (
        re.search(rf"(?<![A-Za-z0-9_-]){re.escape(quant)}(?![A-Za-z0-9_])", file.replace("-", " - "), re.I) is not None
    )


def _listed(files: list[str]) -> str:
    more = f" and {len(files) - _MOST_LISTED} more" if len(files) > _MOST_LISTED else ""
    return ", ".join(files[:_MOST_LISTED]) + more
