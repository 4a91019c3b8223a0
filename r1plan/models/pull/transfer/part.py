"""One request for the rest of a file: the bytes from an offset on, or trouble, and never other bytes than those."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from r1plan.errors import EngineError
from r1plan.models.pull.pinned import PinnedFile, PinnedModel, is_checksum
from r1plan.models.pull.transfer.failures import lost, refusal
from r1plan.models.pull.transfer.trouble import ConnectionCut, FileChanged, ServerBusy

if TYPE_CHECKING:
    import httpx2

    from r1plan.models.pull.access import HubAccess

_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
# Some stores send no more than 50 GB in one answer.
_MOST_BYTES = 32 << 30


@contextmanager
def opened_part(
    client: httpx2.Client, access: HubAccess, model: PinnedModel, file: PinnedFile, offset: int
) -> Iterator[Iterator[bytes]]:
    """The bytes of `file` from `offset` on, in pieces; they may end early.

    The hub is asked each time: addresses at its store expire, and it says whether the file is still the same. Raises
    ServerBusy, ConnectionCut, FileChanged, and EngineError for what does not pass.
    """
    import httpx2
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(model.repo, file.name, revision=model.commit, endpoint=access.endpoint)
    last = min(file.bytes, offset + _MOST_BYTES) - 1
    headers = {"Range": f"bytes={offset}-{last}", "Accept-Encoding": "identity"}
    if access.token is not None:
        headers["Authorization"] = f"Bearer {access.token}"
    try:
        with client.stream("GET", url, headers=headers) as response:
            _check_same(response, access, model, file)
            skipped = _checked(response, access, model, file, offset)
            yield _after(response.iter_raw(), skipped)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise lost(error, access) from error


def _check_same(response: httpx2.Response, access: HubAccess, model: PinnedModel, file: PinnedFile) -> None:
    """Raise FileChanged where the hub says that it has another file there now. What a store calls it is its own."""
    for each in (*response.history, response):
        if each.status_code >= 400 or each.url.netloc.decode("ascii", "replace") != access.host:
            continue
        said = each.headers.get("X-Linked-ETag") or each.headers.get("ETag") or ""
        etag = said.removeprefix("W/").strip('"').lower()
        commit = each.headers.get("X-Repo-Commit", model.commit)
        if commit != model.commit or (is_checksum(etag) and len(etag) == len(file.etag) and etag != file.etag):
            raise FileChanged(file.name)


def _checked(response: httpx2.Response, access: HubAccess, model: PinnedModel, file: PinnedFile, offset: int) -> int:
    """How many bytes at the beginning of the answer are here already."""
    status, host = response.status_code, response.url.netloc.decode("ascii", "replace")
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
