"""Logs at addresses: https:// and what stands in a bucket."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from r1plan.errors import LogError, UsageError
from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.given import given_files
from r1plan.report.spend import SpendReport
from tests.report.importers.made import litellm, openrouter
from tests.report.sources import written
from tests.report.sources.bucket import BUCKET, KEY, SECRET, served_bucket

LITELLM = [each.record for each in litellm.spend_logs(Random(1), 20)]
OPENROUTER = [each.record for each in openrouter.log(Random(2), 15)]
OBJECTS = {
    "logs/2026/06.jsonl.gz": gzip.compress(written.lines(LITELLM)),
    "logs/2026/or export[1].csv": written.table(OPENROUTER),
    "logs/2026/readme.txt": b"hello",
    "logs/07.jsonl": written.lines(LITELLM[:5]),
    "logs-old/05.jsonl": b"not asked for",
    "other.jsonl": b"{}",
}


def report_of(*paths: str) -> SpendReport:
    return spend_report(SpendQuestion(given_files(paths), Period(), (), PriceBook({})))


@contextmanager
def served(answers: Mapping[str, tuple[int, Mapping[str, str], bytes]]) -> Iterator[str]:
    """A server on loopback that answers each path with a status, headers and a body."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            status, headers, body = answers[self.path]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
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


def test_a_file_at_an_address_is_read_whatever_packs_it_and_wherever_it_moved() -> None:
    content = written.table(OPENROUTER)
    answers = {
        "/a.csv?sig=secret": (200, {}, content),
        "/b.csv": (200, {"Content-Encoding": "gzip"}, gzip.compress(content)),
        "/c": (200, {}, written.zipped({"x.csv": content})),
        "/old.csv": (302, {"Location": "/a.csv?sig=secret"}, b""),
    }
    with served(answers) as base:
        for path in answers:
            report = report_of(f"{base}{path}")
            assert report.totals.requests == len(OPENROUTER), path
            assert "secret" not in repr((report.warnings, report.imported))


def test_what_an_address_does_not_give_is_told_without_its_key() -> None:
    answers = {
        "/gone.csv?sig=secret": (404, {}, b""),
        "/short.csv": (200, {"Content-Length": "99999"}, b"a,b\n"),
        "/round.csv": (302, {"Location": "/round.csv"}, b""),
    }
    with served(answers) as base:
        for path in answers:
            (warning,) = report_of(f"{base}{path}").warnings
            assert (warning.kind, warning.file) == ("unreadable_file", f"{base}{path}".partition("?")[0])
            assert warning.os_error
            assert "secret" not in repr(warning)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("obstore")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_SKIP_SIGNATURE", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    # What a machine at Amazon would ask for keys: nobody is there.
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with served_bucket(OBJECTS) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield url


# what is asked for -> the objects that are meant
MEANT = {
    "logs/07.jsonl": ["logs/07.jsonl"],
    "logs": ["logs/07.jsonl", "logs/2026/06.jsonl.gz", "logs/2026/or export[1].csv"],
    "logs/": ["logs/07.jsonl", "logs/2026/06.jsonl.gz", "logs/2026/or export[1].csv"],
    "logs/*.jsonl*": ["logs/07.jsonl"],
    "logs/**/*.jsonl*": ["logs/07.jsonl", "logs/2026/06.jsonl.gz"],
    "*/2026/0[1-9].jsonl.gz": ["logs/2026/06.jsonl.gz"],
    "logs*/0?.jsonl": ["logs-old/05.jsonl", "logs/07.jsonl"],
    "": ["logs-old/05.jsonl", "logs/07.jsonl", "logs/2026/06.jsonl.gz", "logs/2026/or export[1].csv", "other.jsonl"],
}


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("asked", MEANT)
def test_an_object_a_folder_and_a_pattern_of_a_bucket_are_those_objects(asked: str) -> None:
    assert [str(each) for each in given_files([f"s3://{BUCKET}/{asked}"])] == [
        f"s3://{BUCKET}/{name}" for name in MEANT[asked]
    ]


@pytest.mark.usefixtures("bucket")
def test_a_folder_of_a_bucket_is_one_report() -> None:
    report = report_of(f"s3://{BUCKET}/logs/")
    assert {each.importer for each in report.imported} == {"litellm", "openrouter"}
    # What is in two of its objects counts once.
    counted = [each.truth.requests or 0 for each in litellm.spend_logs(Random(1), 20) if each.truth]
    assert report.totals.requests == sum(counted) + len(OPENROUTER)


@pytest.mark.usefixtures("bucket")
def test_keys_and_region_may_stand_in_a_file_in_ones_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_PROFILE", "work")
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(
        f"[default]\naws_access_key_id = other\n[work]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )
    (home / ".aws" / "config").write_text("[profile work]\nregion = eu-west-1\n")
    assert len(given_files([f"s3://{BUCKET}/logs/"])) == 3


ALL, ONE = f"s3://{BUCKET}/logs/", f"s3://{BUCKET}/gone.jsonl"
NO_KEYS: Mapping[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
# what is asked of, what is set -> what is said
REFUSED: Mapping[str, tuple[str, Mapping[str, str | None], str]] = {
    "no bucket": ("s3://elsewhere/logs/", {}, "there is no bucket elsewhere, where s3://elsewhere/logs/ should be."),
    "no object": (ONE, {}, f"{ONE} does not exist."),
    "nothing": (f"s3://{BUCKET}/none/", {}, f"s3://{BUCKET}/none/ holds no usage log."),
    "no match": (f"s3://{BUCKET}/*.parquet", {}, f"no object matches s3://{BUCKET}/*.parquet."),
    "unknown": (ALL, {"AWS_ACCESS_KEY_ID": "x"}, f"the server knows no such key as that for {ALL}."),
    "wrong": (ALL, {"AWS_SECRET_ACCESS_KEY": "x"}, f"the secret key for {ALL} is wrong."),
    "unsigned": (ONE, {"AWS_SKIP_SIGNATURE": "true"}, f"{ONE} may not be read with these keys."),
    "no keys": (ALL, NO_KEYS, f"no keys are known for {ALL}."),
}


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("case", REFUSED)
def test_what_a_bucket_does_not_give_is_one_sentence_and_one_hint(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address, environment, message = REFUSED[case]
    for name, value in environment.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(LogError) as refused:
        report_of(address)
    assert refused.value.message == message
    assert refused.value.hint


def test_a_server_that_nobody_is_at_is_one_sentence(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(LogError) as refused:
        given_files([f"s3://{BUCKET}/logs/"])
    assert refused.value.message == f"s3://{BUCKET}/logs/ was not fetched: HTTP error: error sending request."


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(UsageError) as refused:
        given_files(["s3://bucket/logs/"])
    assert refused.value.hint == "pip install 'r1plan[s3]'"


def test_a_bucket_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError, match="s3:// names no host"):
        given_files(["s3://"])
