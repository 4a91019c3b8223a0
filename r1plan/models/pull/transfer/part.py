"""One request for a part of a file: its bytes from an offset on, or trouble, and never other bytes than those."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from r1plan.errors import EngineError
from r1plan.models.pull.pinned import PinnedFile, PinnedModel, is_checksum
from r1plan.models.pull.transfer.failures import lost, refusal
from r1plan.models.pull.transfer.trouble import ConnectionCut, FileChanged, ServerBusy

if TYPE_CHECKING:
    import httpx2

    from r1plan.models.pull.access import HubAccess

_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The bytes that were asked for, in pieces; they may end early, or go on. `is_whole`: the server sends no parts."""

    pieces: Iterator[bytes]
    is_whole: bool


class PartSource:
    """Asks for parts of a model's files, from several threads at once.

    The hub is asked first: it says whether the file is still the same, and at which address of its store it is. That
    address is used until anything fails there, as addresses expire; then the hub is asked anew.
    """

    def __init__(self, client: httpx2.Client, access: HubAccess, model: PinnedModel) -> None:
        self._client, self._access, self._model = client, access, model
        self._addresses: dict[str, str] = {}

    @contextmanager
    def opened(self, file: PinnedFile, offset: int, last: int) -> Iterator[PartAnswer]:
        """The bytes of `file` from `offset` to `last`, both within it.

        Raises ServerBusy, ConnectionCut, FileChanged, and EngineError for what does not pass.
        """
        import httpx2

        try:
            with ExitStack() as stack:
                response = self._at_store(stack, file, offset, last) or self._at_hub(stack, file, offset, last)
                skipped = _checked(response, self._access, self._model, file, offset)
                pieces = response.iter_raw()
                yield PartAnswer(_after(pieces, skipped), is_whole=response.status_code == 200)
                if response.headers.get("Content-Length") == str(last + 1 - offset):
                    next(pieces, None)  # its end, behind which the connection serves the next part
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._addresses.pop(file.name, None)
            raise lost(error, self._access) from error
        except BaseException:
            self._addresses.pop(file.name, None)
            raise

    def _at_store(self, stack: ExitStack, file: PinnedFile, offset: int, last: int) -> httpx2.Response | None:
        """The answer of the store's address; None where none is known, or it is not taken any more."""
        address = self._addresses.get(file.name)
        if address is None:
            return None
        response = stack.enter_context(self._client.stream("GET", address, headers=_headers(offset, last)))
        if response.status_code == 206:
            return response
        self._addresses.pop(file.name, None)
        return None

    def _at_hub(self, stack: ExitStack, file: PinnedFile, offset: int, last: int) -> httpx2.Response:
        from huggingface_hub import hf_hub_url

        access, model = self._access, self._model
        url = hf_hub_url(model.repo, file.name, revision=model.commit, endpoint=access.endpoint)
        headers = _headers(offset, last)
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token}"
        response = stack.enter_context(self._client.stream("GET", url, headers=headers))
        _check_same(response, access, model, file)
        if response.status_code == 206 and response.history and _host(response) != access.host:
            self._addresses[file.name] = str(response.url)
        return response


def _headers(offset: int, last: int) -> dict[str, str]:
    return {"Range": f"bytes={offset}-{last}", "Accept-Encoding": "identity"}


def _host(response: httpx2.Response) -> str:
    return response.url.netloc.decode("ascii", "replace")


def _check_same(response: httpx2.Response, access: HubAccess, model: PinnedModel, file: PinnedFile) -> None:
    """Raise FileChanged where the hub says that it has another file there now. What a store calls it is its own."""
    for each in (*response.history, response):
        if each.status_code >= 400 or _host(each) != access.host:
            continue
        said = each.headers.get("X-Linked-ETag") or each.headers.get("ETag") or ""
        etag = said.removeprefix("W/").strip('"').lower()
        commit = each.headers.get("X-Repo-Commit", model.commit)
        if commit != model.commit or (is_checksum(etag) and len(etag) == len(file.etag) and etag != file.etag):
            raise FileChanged(file.name)


def _checked(response: httpx2.Response, access: HubAccess, model: PinnedModel, file: PinnedFile, offset: int) -> int:
    """How many bytes at the beginning of the answer are here already."""
    status, host = response.status_code, _host(response)
    of_store = bool(response.history) and host != access.host
    if status >= 400:
        if of_store and status in (400, 401, 403, 404, 410):  # an address that has expired
            raise ServerBusy(status, None)
        if status == 416:
            raise _lies(access, file, host, "fewer")
        raise refusal(status, response.headers, access, model.repo, file.name)
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", ""):
        raise EngineError(f"{host} sends {file.name} compressed ({coding[:20]}), which nobody asked for.", None)
    if status == 200:
        length = response.headers.get("Content-Length", "").strip()
        if length.isdigit() and int(length) != file.bytes:
            raise _lies(access, file, host, f"{int(length):,}")
        return offset
    found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if status != 206 or found is None or int(found[1]) != offset:
        raise ConnectionCut(f"{host} sent another part than was asked for")
    if found[3] != "*" and int(found[3]) != file.bytes:
        raise _lies(access, file, host, f"{int(found[3]):,}")
    return 0


def _lies(access: HubAccess, file: PinnedFile, host: str, bytes_there: str) -> EngineError:
    return EngineError(
        f"{file.name} has {file.bytes:,} bytes by {access.host}, and {bytes_there} where it is sent from ({host}).",
        "nothing of it is used; try again later, or another server in HF_ENDPOINT",
    )


def _after(pieces: Iterator[bytes], skipped: int) -> Iterator[bytes]:
    for piece in pieces:
        if skipped >= len(piece):
            skipped -= len(piece)
            continue
        yield piece[skipped:] if skipped else piece
        skipped = 0
