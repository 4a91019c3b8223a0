"""Files at Hugging Face, read in parts: `hf:OWNER/REPO` or `hf:OWNER/REPO/FILE`. Nothing is downloaded whole.

No token is ever sent, so a redirect to the file store cannot carry one off. R1PLAN_HF_BASE_URL names another server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from r1plan import __version__
from r1plan.errors import EngineError, UsageError

PREFIX = "hf:"
BASE_URL = "https://huggingface.co"
_TIMEOUT_S = 30
_MOST_LISTING_BYTES = 8 << 20
_MOST_LISTED = 12
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REPOSITORY = re.compile(rf"{_PART}/{_PART}\Z")
_FILE = re.compile(rf"{_PART}(/{_PART})*\Z")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)\Z")
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$")


@dataclass(frozen=True, slots=True)
class Address:
    """A file of a repository; `file` None asks for the only one, or the only one of a quant."""

    repository: str
    file: str | None


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
    """A server that answers as Hugging Face does. `environ` may hold R1PLAN_HF_BASE_URL."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.base = (environ.get("R1PLAN_HF_BASE_URL") or BASE_URL).rstrip("/")
        if urlsplit(self.base).scheme not in ("http", "https"):
            raise UsageError(f"R1PLAN_HF_BASE_URL: expected an http or https address, got {self.base!r}.")
        self._opener: OpenerDirector = build_opener(_Redirects)

    def open(self, where: Address, quant: str | None = None) -> RemoteFile:
        """The file that is meant. Raises UsageError when the repository holds several, EngineError when none."""
        file = where.file or self._only(where.repository, quant)
        if not file.endswith(".gguf"):
            raise UsageError(f"{file} is no GGUF.", "name a file that ends in .gguf")
        return RemoteFile(self, where.repository, file)

    def _only(self, repository: str, quant: str | None) -> str:
        files = [name for name in self._files(repository) if not _LATER_SHARD.search(name)]
        marked = [name for name in files if quant is None or _mentions(name, quant)]
        if len(marked) == 1:
            return marked[0]
        if not marked:
            what = "no GGUF" if not files else f"no GGUF of {quant}"
            raise EngineError(f"{repository} holds {what}.", _listed(files) or "look for its GGUF conversion")
        raise UsageError(f"{repository} holds {len(marked)} models.", f"name one with /FILE: {_listed(marked)}")

    def _files(self, repository: str) -> list[str]:
        # One page lists 1,000 files; a repository of GGUFs has at most a few hundred.
        body, _ = self.get(f"{self.base}/api/models/{repository}/tree/main?recursive=true", 0, _MOST_LISTING_BYTES)
        try:
            entries = json.loads(body)
            paths = [entry["path"] for entry in entries if entry["type"] == "file"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise EngineError(f"{self.base} did not list {repository} in a way that can be read.", _REACH) from error
        return sorted(path for path in paths if isinstance(path, str) and path.endswith(".gguf") and _FILE.match(path))

    def get(self, url: str, offset: int, count: int) -> tuple[bytes, int | None]:
        """At most `count` bytes of `url` from `offset`, and the whole's size where the server says it."""
        headers = {
            "Range": f"bytes={offset}-{offset + count - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": f"r1plan/{__version__}",
        }
        what = urlsplit(url).path
        request = Request(url, headers=headers)  # noqa: S310  the base's scheme was checked, and redirects' are
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                body: bytes = response.read(count)
                given = _RANGE.match(response.headers.get("Content-Range", ""))
                if response.status != 206 and offset:
                    raise EngineError(
                        f"{self.base} does not send parts of {what}.", "download the file and give its path"
                    )
                if response.status == 206 and (given is None or int(given[1]) != offset):
                    raise EngineError(f"{self.base} sent another part of {what} than was asked for.", _REACH)
                length = response.headers.get("Content-Length", "")
                return body, int(given[3]) if given else int(length) if length.isdigit() else None
        except HTTPError as error:
            error.close()
            raise self._refused(error.code, what) from error
        except (URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise EngineError(f"cannot read {what} at {self.base}: {reason}.", _REACH) from error

    def _refused(self, status: int, what: str) -> EngineError:
        if status in (401, 403, 404):
            # Hugging Face answers 401 for a repository that does not exist.
            return EngineError(f"{self.base} has no public {what} (HTTP {status}).", "check the owner, repo and file")
        if 300 <= status < 400:
            return EngineError(f"{self.base} redirects {what} to an address that is not taken.", _REACH)
        return EngineError(f"{self.base} refused {what} (HTTP {status}).", "try again later")


class RemoteFile:
    """One file of a repository, read in parts."""

    def __init__(self, hub: Hub, repository: str, file: str) -> None:
        self._hub, self._repository, self._file = hub, repository, file
        self._url = f"{hub.base}/{repository}/resolve/main/{quote(file)}"
        self.name = file.rpartition("/")[2]
        self._start, size = hub.get(self._url, 0, 2 << 20)
        if size is None:
            raise EngineError(f"{hub.base} does not say how long {file} is.", "download the file and give its path")
        self.size_bytes = size

    def read(self, offset: int, count: int) -> bytes:
        """At most `count` bytes from `offset`."""
        if offset + count <= len(self._start):
            return self._start[offset : offset + count]
        return self._hub.get(self._url, offset, count)[0]

    def sibling(self, name: str) -> RemoteFile:
        """Another file of the same folder."""
        folder = self._file.rpartition("/")[0]
        return RemoteFile(self._hub, self._repository, f"{folder}/{name}" if folder else name)


class _Redirects(HTTPRedirectHandler):
    """Follows a redirect to http or https, and never from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request to follow with. Raises URLError for another kind of address."""
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in allowed:
            raise URLError(f"it redirects to {urlsplit(newurl).scheme or 'nothing'}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_REACH = "check the network, or download the file and give its path."


def _mentions(file: str, quant: str) -> bool:
    """Whether the file's or its folder's name holds `quant` as a whole word."""
    return (
        re.search(rf"(?<![A-Za-z0-9_-]){re.escape(quant)}(?![A-Za-z0-9_])", file.replace("-", " - "), re.I) is not None
    )


def _listed(files: list[str]) -> str:
    more = f" and {len(files) - _MOST_LISTED} more" if len(files) > _MOST_LISTED else ""
    return ", ".join(files[:_MOST_LISTED]) + more
