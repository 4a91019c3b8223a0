"""What is wrong with a file is said in a sentence, in bounded memory, and costs no other file anything."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, cast

import duckdb
import pytest

from r1plan.prices.book import PriceBook
from r1plan.render.spend.warnings import reason, warning_text
from r1plan.render.spend.words import notes
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.given import given_files
from r1plan.report.spend import SpendReport
from tests.prices.test_book import real_book
from tests.report.importers.made import litellm
from tests.report.sources import written
from tests.report.test_invalid_line import line

BODY: Mapping[str, Any] = {
    "id": "r-1", "object": "chat.completion", "created": 1_780_000_000, "model": "deepseek-reasoner",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "4"}}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}  # fmt: skip


def body(**changes: Any) -> dict[str, Any]:
    return {**BODY, **changes}


def report_of(*paths: Path, tool: str | None = None) -> SpendReport:
    return spend_report(SpendQuestion(given_files(paths), Period(), (), PriceBook({}), importer=tool))


def said(report: SpendReport) -> list[str]:
    return [warning_text(each) for each in report.warnings if each.kind != "price_caveat"]


def test_lines_of_a_tools_log_that_are_torn_are_named_and_the_others_count(tmp_path: Path) -> None:
    log = tmp_path / "bodies.jsonl"
    good = json.dumps(body(id="a"))
    log.write_text(f"{good}\n\n{good[:40]}\nrubbish\n[1]\n{json.dumps(body(id='b'))}\n")
    report = report_of(log)
    assert [(each.line, reason(each)) for each in report.warnings if each.kind == "bad_line"] == [
        (3, "torn: the line ends in the middle"),
        (4, "not JSON: Expecting value at column 1"),
        (5, "expected an object, got [1]"),
    ]
    assert (report.totals.requests, report.lost) == (2, 3)


def test_a_first_line_that_is_torn_hides_no_other(tmp_path: Path) -> None:
    log = tmp_path / "bodies.jsonl"
    log.write_text(f"{json.dumps(body())[30:]}\n{json.dumps(body(id='b'))}\n")
    report = report_of(log)
    assert [each.line for each in report.warnings if each.kind == "bad_line"] == [1]
    assert report.totals.requests == 1


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"created": None}, "no_instant"),
        ({"created": "soon"}, "no_instant"),
        ({"created": 5_000_000_000}, "far_instant"),
    ],
    ids=str,
)
def test_a_record_that_cannot_be_used_is_named_by_its_cause(
    changes: Mapping[str, Any], fault: str, tmp_path: Path
) -> None:
    log = tmp_path / "bodies.jsonl"
    log.write_bytes(written.lines([body(id="good"), body(id="bad", **changes)]))
    report = report_of(log)
    (warning,) = [each for each in report.warnings if each.kind == "bad_record"]
    assert (warning.record_fault, warning.count, warning.ids) == (fault, 1, ("bad",))
    assert (report.totals.requests, report.totals.input_tokens, report.lost) == (1, 10, 1)


def test_a_negative_count_is_none_and_that_is_said(tmp_path: Path) -> None:
    log = tmp_path / "bodies.jsonl"
    log.write_bytes(
        written.lines([body(id="good"), body(id="bad", usage={"prompt_tokens": -5, "completion_tokens": 5})])
    )
    report = report_of(log)
    assert [(each.kind, each.count) for each in report.warnings] == [("unknown_tokens", 1)]
    assert (report.totals.requests, report.totals.input_tokens, report.totals.output_tokens) == (2, 10, 10)


def test_rows_of_a_csv_with_other_cells_than_the_header_are_named_by_line(tmp_path: Path) -> None:
    records = [each.record for each in litellm.spend_logs(Random(1), 6)]
    rows = written.table(records).split(b"\n")
    whole = report_of(_put(tmp_path / "whole.csv", b"\n".join(rows)))
    torn = [*rows[:3], b",".join(rows[3].split(b",")[:2]), *rows[4:6], rows[6] + b",more", *rows[7:]]
    report = report_of(_put(tmp_path / "torn.csv", b"\n".join(torn)))
    (warning,) = [each for each in report.warnings if each.kind == "bad_record"]
    assert (warning.record_fault, warning.lines, warning.count) == ("columns", (4, 7), 2)
    assert report.imported[0].rows + 2 >= whole.imported[0].rows > report.imported[0].rows


def test_a_csv_in_latin_1_is_read_and_that_is_said(tmp_path: Path) -> None:
    records = [{**each.record, "team_id": "Zürich"} for each in litellm.spend_logs(Random(1), 9)]
    log = _put(tmp_path / "x.csv", written.table(records).decode().encode("latin-1"))
    report = report_of(log)
    assert [each.kind for each in report.warnings if each.kind != "unknown_requests"] == ["other_encoding"]
    assert report.imported[0].importer == "litellm"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.json", b'[{"id": "a"}, {"id": ', "its JSON is damaged or ends in the middle"),
        ("x.sse", b": keep-alive\n\ndata: [DONE]\n\n", "neither text nor a table that can be read"),
        ("x.jsonl", b":", "neither text nor a table that can be read"),
        ("x.json", b'{"id": "a",\n "usage": {', "its JSON is damaged or ends in the middle"),
        ("x.json", b'{"colour": "red", "size": 3}\n', "no log or export that is known: its fields are colour, size"),
        ("x.csv", b"colour,size\nred,3\n", "no log or export that is known: its fields are colour, size"),
        ("x.parquet", b"PAR1 and nothing", "read in part at most, as it is damaged"),
        ("x.db", b"SQLite format 3\0 and nothing", "read in part at most, as it is damaged"),
        ("x.csv", bytes(range(256)) * 40, "neither text nor a table that can be read"),
    ],
)
def test_a_file_that_is_no_log_is_left_out_and_says_why(name: str, content: bytes, why: str, tmp_path: Path) -> None:
    good = _put(tmp_path / "good.jsonl", written.lines([body()]))
    report = report_of(_put(tmp_path / name, content), good)
    (warning,) = [each for each in report.warnings if each.kind == "unreadable_file"]
    assert (reason(warning) or "").startswith(why)
    assert (report.totals.requests, report.lost) == (1, 1)


def test_the_tool_whose_fields_are_nearest_is_named(tmp_path: Path) -> None:
    log = _put(tmp_path / "x.csv", b"request_id,spend,prompt_tokens,completion_tokens,startTime\na,1,2,3,4\n")
    (warning,) = report_of(log).warnings
    assert (reason(warning) or "").endswith("nearest is LiteLLM, without call_type")


def test_what_a_zip_may_not_hold_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../outside.jsonl", written.lines([body(id="x")]))
        packed.writestr("/root.jsonl", written.lines([body(id="y")]))
        packed.writestr("C:\\windows.jsonl", written.lines([body(id="z")]))
        packed.writestr("inner.zip", written.zipped({"a.jsonl": b"{}"}))
        packed.writestr("fine/a.jsonl", written.lines([body(id="a")]))
        packed.writestr("__MACOSX/._a.jsonl", b"\0\5")
        packed.writestr("notes.txt", b"hello")
    report = report_of(archive)
    assert report.totals.requests == 1
    assert sorted(str(each.file_fault) for each in report.warnings) == ["archive_in_archive", *["outside"] * 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.zip"]


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst"])
def test_what_stands_before_a_damage_is_read(tmp_path: Path, ending: str) -> None:
    # A tool that appends a frame a batch leaves a torn one where it is killed.
    frames = [written.PACK[ending](written.lines([body(id=name)])) for name in ("a", "b", "c")]
    report = report_of(_put(tmp_path / f"log.jsonl.{ending}", b"".join(frames)[:-9]))
    # Of the torn frame too what can be unpacked.
    assert report.totals.requests == (2 if ending == "zst" else 3)
    assert [each.file_fault for each in report.warnings] == ["damaged"]


def test_what_a_tar_may_not_hold_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    content = written.lines([body()])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("good.jsonl", "../outside.jsonl", "/etc/x.jsonl", "inner.zip", "inner.tar.gz", ".hidden/x.jsonl"):
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
        link = tarfile.TarInfo("link.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    report = report_of(_put(tmp_path / "export.tgz", packed.getvalue()))
    assert report.totals.requests == 1
    assert {each.file: each.file_fault for each in report.warnings if each.kind == "unreadable_file"} == {
        f"{tmp_path}/export.tgz/{name}": fault
        for name, fault in {
            "../outside.jsonl": "outside", "/etc/x.jsonl": "outside", "inner.zip": "archive_in_archive",
            "inner.tar.gz": "archive_in_archive", "link.jsonl": "archived_link",
        }.items()
    }  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.tgz"]


def test_both_members_of_one_name_in_a_tar_are_read_and_each_id_counts_once(tmp_path: Path) -> None:
    export = tmp_path / "export.tar"
    for mode, ids in (("w", ("a", "b")), ("a", ("b", "c"))):
        content = written.lines([body(id=each) for each in ids])
        with tarfile.open(export, cast("Any", mode)) as archive:
            about = tarfile.TarInfo("log.jsonl")
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    report = report_of(export)
    assert report.totals.requests == 3
    assert [each.file_fault for each in report.warnings if each.kind == "unreadable_file"] == []


@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_an_archive_of_more_members_than_are_read_says_so(ending: str, tmp_path: Path) -> None:
    pack = written.tarred if ending == "tar" else written.zipped
    export = _put(tmp_path / f"export.{ending}", pack({f"{number}.jsonl": b"" for number in range(10_001)}))
    assert said(report_of(export)) == [
        f"{export}: left out: an archive of more than 10,000 members: unpack it and give the folder."
    ]


def test_a_tar_that_is_torn_is_read_up_to_there_and_named(tmp_path: Path) -> None:
    whole = written.tarred({"a.jsonl": written.lines([body()]), "b.jsonl": written.lines([body(id="b")] * 99)})
    report = report_of(_put(tmp_path / "torn.tar", whole[: len(whole) // 2]))
    assert "damaged" in {each.file_fault for each in report.warnings}


def test_a_zip_that_is_encrypted_or_torn_is_named(tmp_path: Path) -> None:
    content = bytearray(written.zipped({"a.jsonl": written.lines([body()])}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    encrypted = report_of(_put(tmp_path / "secret.zip", bytes(content)))
    assert [each.file_fault for each in encrypted.warnings] == ["encrypted"]
    torn = report_of(_put(tmp_path / "torn.zip", bytes(content[:60])))
    assert [each.file_fault for each in torn.warnings] == ["damaged"]


BOMBS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
sys.argv[0] = "r1plan"
from r1plan.__main__ import main
main()
"""


def bounded(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    """The command within 2 GiB of address space."""
    return subprocess.run(
        [sys.executable, "-c", BOMBS, "cost-report", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "COLUMNS": "300", "R1PLAN_HOME": str(home)},
    )  # fmt: skip


def test_a_bomb_is_stopped_long_before_it_fills_the_disk(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("a.jsonl", "w") as member:
        for _ in range(400):
            member.write(bytes(1 << 20))
    good = _put(tmp_path / "good.jsonl", written.lines([body()]))
    done = bounded(bomb, good, home=tmp_path)
    assert "a.jsonl: left out: it holds hundreds of times its own size" in done.stderr
    assert "1 request" in done.stdout


def test_a_line_of_hundreds_of_megabytes_is_named_and_the_others_count(tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    with log.open("wb") as stream:
        stream.write(written.lines([body(id="a")]))
        stream.write(b'{"id": "')
        stream.truncate(stream.tell() + (700 << 20))  # zeros that take no room on the disk
        stream.seek(0, os.SEEK_END)
        stream.write(b"\n" + written.lines([body(id="b")]))
    done = bounded(log, home=tmp_path)
    assert "x.jsonl:2: left out: too long: 734,003,208 bytes" in done.stderr
    assert "2 requests" in done.stdout


def test_a_database_that_is_being_written_is_read_as_of_one_moment_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    records = [each.record for each in litellm.spend_logs(Random(3), 30)]
    written.sqlite(records, path)
    with closing(sqlite3.connect(path)) as owner:
        owner.execute("PRAGMA journal_mode = wal")
        owner.execute("PRAGMA wal_autocheckpoint = 0")
        owner.execute("INSERT INTO spend SELECT * FROM spend LIMIT 0")
        owner.execute("UPDATE spend SET request_id = 'new-' || request_id WHERE rowid <= 5")
        owner.commit()
        owner.execute("BEGIN IMMEDIATE")
        owner.execute("DELETE FROM spend")  # not yet there for others
        before = sorted(each.name for each in tmp_path.iterdir())
        report = report_of(path)
        assert sorted(each.name for each in tmp_path.iterdir()) == before
        owner.rollback()
        assert owner.execute("SELECT count(*) FROM spend").fetchone() == (30,)
    whole = report_of(_put(tmp_path / "same.jsonl", written.lines(records)))
    assert report.imported[0].rows == whole.imported[0].rows
    assert [each.kind for each in report.warnings if each.kind == "unreadable_file"] == []


def test_a_database_of_another_program_is_left_out_and_its_tables_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (url, title)")
        database.commit()
    (warning,) = report_of(path).warnings
    assert reason(warning) == "no database that is known: it has table bookmarks"


def test_a_parquet_file_with_other_types_is_the_same_report(tmp_path: Path) -> None:
    times = {"startTime": "2026-03-04 05:06:07.125", "endTime": "2026-03-04 05:07:07.5", "completionStartTime": None}
    records = [{**each.record, **times} for each in litellm.spend_logs(Random(5), 60)]
    written.parquet(records, tmp_path / "a.parquet")
    with duckdb.connect() as database:
        database.execute(f"""COPY (
            SELECT * REPLACE (
                CAST(spend AS DECIMAL(30, 14)) AS spend, CAST(prompt_tokens AS DOUBLE) AS prompt_tokens,
                CAST(completion_tokens AS VARCHAR) AS completion_tokens, encode(request_id) AS request_id,
                startTime AT TIME ZONE 'UTC' AS startTime, CAST(endTime AS TIMESTAMP_NS) AS endTime
            ) FROM '{tmp_path}/a.parquet'
        ) TO '{tmp_path}/b.parquet' (FORMAT parquet)""")
    first, second = report_of(tmp_path / "a.parquet"), report_of(tmp_path / "b.parquet")
    assert (first.totals, first.imported[0].noted) == (second.totals, second.imported[0].noted)
    assert first.totals.requests > 0


def test_our_own_rows_in_an_array_or_beside_others_are_our_own(tmp_path: Path) -> None:
    rows = [json.loads(line(id=name)) for name in "ab"]
    array = _put(tmp_path / "array.json", json.dumps(rows, indent=1).encode())
    foreign = _put(tmp_path / "bodies.jsonl", written.lines([body()]))
    report = report_of(array, foreign)
    assert (report.totals.requests, said(report)) == (3, [])


def test_no_key_name_or_prompt_of_a_record_is_in_a_warning(tmp_path: Path) -> None:
    secret = {"api_key": "sk-secret", "user": "a@example.org", "choices": [{"message": {"content": "my prompt"}}]}
    log = tmp_path / "x.jsonl"
    log.write_bytes(written.lines([body(id="good"), body(id="bad", created=None, **secret), secret]))
    text = repr(report_of(log))
    assert not [word for word in ("sk-secret", "a@example.org", "my prompt") if word in text]


def _put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content", [b"[]", b"[\n]\n", b'{"object": "page", "data": []}\n', b'{\n "data": []\n}\n', b""]
)
def test_an_export_of_a_time_without_requests_is_no_fault(content: bytes, tmp_path: Path) -> None:
    report = report_of(_put(tmp_path / "x.json", content))
    assert (report.totals.requests, report.lost, report.is_nothing_usable) == (0, 0, False)


@pytest.mark.parametrize("end", [None, "soon", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_a_whole_answer_with_an_end_that_cannot_be_counts_at_its_start(end: str | None, tmp_path: Path) -> None:
    made = next(each for each in litellm.spend_logs(Random(3), 60) if each.truth and not each.traps)
    record = {**made.record, "endTime": end}
    report = report_of(_put(tmp_path / "x.jsonl", written.lines([record])))
    assert (report.totals.requests, report.totals.uncertain_requests) == (1, 0)
    assert report.totals.output_tokens == made.record["completion_tokens"]


def test_lines_in_latin_1_are_read_and_that_is_said(tmp_path: Path) -> None:
    rows = [body(id=name, note="Zürich") for name in "ab"]
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows)
    report = report_of(_put(tmp_path / "x.jsonl", text.encode("latin-1")))
    assert (report.totals.requests, [each.kind for each in report.warnings]) == (2, ["other_encoding"])


CHUNK = {"id": "c-1", "object": "chat.completion.chunk", "created": 1_780_000_000, "model": "deepseek-reasoner"}


def test_a_stream_without_a_usage_is_one_request_of_unknown_tokens(tmp_path: Path) -> None:
    choices = [{"index": 0, "delta": {"content": "4"}}]
    events = [{**CHUNK, "choices": choices} for _ in range(3)]
    text = "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"
    report = report_of(_put(tmp_path / "x.sse", text.encode()))
    assert (report.totals.requests, [each.kind for each in report.warnings]) == (1, ["unknown_tokens"])


def test_a_usage_in_two_chunks_is_taken_together(tmp_path: Path) -> None:
    counts = [{"prompt_tokens": 1000, "completion_tokens": 0}, {"prompt_tokens": 0, "completion_tokens": 500}]
    rows = [{**CHUNK, "choices": [], "usage": each} for each in counts]
    report = report_of(_put(tmp_path / "x.jsonl", written.lines(rows)))
    assert (report.totals.requests, report.totals.input_tokens, report.totals.output_tokens) == (1, 1000, 500)


def test_a_request_without_any_count_is_unpriced_and_not_free(tmp_path: Path) -> None:
    log = _put(tmp_path / "x.jsonl", written.lines([body(id="a"), body(id="b", usage=None)]))
    report = spend_report(SpendQuestion(given_files([log]), Period(), (), real_book()))
    totals = report.totals
    assert (totals.requests, totals.unpriced_requests) == (2, 1)
    assert totals.cost_usd is not None
    assert totals.cost_usd > 0
    assert "unpriced: 1 request to deepseek deepseek-reasoner, of which no count of tokens is known." in list(
        notes(report)
    )


@pytest.mark.parametrize("form", ["parquet", "sqlite", "csv"])
def test_a_table_that_is_said_to_be_our_own_log_is_left_out_and_told(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{form}"
    records = [{"colour": "red", "size": 3}]
    if form == "csv":
        path.write_bytes(written.table(records))
    else:
        getattr(written, form)(records, path)
    report = report_of(path, tool="r1plan")
    assert (report.totals.requests, [each.kind for each in report.warnings]) == (0, ["unreadable_file"])
