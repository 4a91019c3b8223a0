"""An object store on loopback that speaks S3: lists in pages, objects, errors, and signatures that it works out anew.

After Amazon's API reference: ListObjectsV2, GetObject, and "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

KEY, SECRET = "AKIATEST", "wJalrTest"
BUCKET = "logs-of-ours"
PAGE = 2  # so that every list has several


@contextmanager
def served_bucket(objects: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a server with `objects` in BUCKET."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            at = urlsplit(self.path)
            bucket, _, key = unquote(at.path).removeprefix("/").partition("/")
            query = dict(parse_qsl(at.query, keep_blank_values=True))
            if (fault := _refusal(self)) is not None:
                self._answer(403, _error(fault))
            elif bucket != BUCKET:
                self._answer(404, _error("NoSuchBucket"))
            elif query.get("list-type") == "2":
                self._answer(200, _page(objects, query))
            elif key in objects:
                self._answer(200, objects[key])
            else:
                self._answer(404, _error("NoSuchKey"))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"x"')
            self.send_header("Last-Modified", formatdate(1_780_000_000, usegmt=True))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(objects: Mapping[str, bytes], query: Mapping[str, str]) -> bytes:
    names = sorted(name for name in objects if name.startswith(query.get("prefix", "")))
    start = int(query.get("continuation-token", "0"))
    there = "".join(
        f"<Contents><Key>{escape(name)}</Key><LastModified>2026-06-01T00:00:00.000Z</LastModified>"
        f'<ETag>"x"</ETag><Size>{len(objects[name])}</Size></Contents>'
        for name in names[start : start + PAGE]
    )
    more = start + PAGE < len(names)
    token = f"<NextContinuationToken>{start + PAGE}</NextContinuationToken>" if more else ""
    return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{there}</ListBucketResult>".encode()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


def _refusal(request: BaseHTTPRequestHandler) -> str | None:
    """Why a request is not answered: nobody signed it, somebody unknown, or with another key."""
    said = request.headers.get("Authorization", "")
    if not said.startswith("AWS4-HMAC-SHA256 "):
        return "AccessDenied"
    parts = dict(each.strip().split("=", 1) for each in said.removeprefix("AWS4-HMAC-SHA256 ").split(","))
    name, *scope = parts["Credential"].split("/")
    if name != KEY:
        return "InvalidAccessKeyId"
    at = urlsplit(request.path)
    pairs = sorted((quote(k, "~"), quote(v, "~")) for k, v in parse_qsl(at.query, keep_blank_values=True))
    signed = parts["SignedHeaders"]
    canonical = "\n".join(
        (
            *("GET", at.path, "&".join("=".join(pair) for pair in pairs)),
            *(f"{header}:{request.headers[header].strip()}" for header in signed.split(";")),
            *("", signed, request.headers["x-amz-content-sha256"]),
        )
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", request.headers["x-amz-date"], "/".join(scope), digest))
    key = f"AWS4{SECRET}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return None if hmac.digest(key, text.encode(), "sha256").hex() == parts["Signature"] else "SignatureDoesNotMatch"
