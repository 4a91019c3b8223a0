"""Whatever a log is, a pipe or a file with a line of any length, its good lines count and its bad ones are named."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import stat
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from time import process_time, sleep

import pytest

from r1plan.errors import LogError
from r1plan.ledger.blocks import LONGEST_LINE_BYTES
from r1plan.prices.book import PriceBook
from r1plan.render.spend.warnings import reason, warning_text
from r1plan.report.database import open_database
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.given import given_files
from r1plan.report.sources.opening import open_sources
from r1plan.report.spend import SpendReport
from tests.report.test_invalid_line import line, report_on

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1 << 20


def row_of(length_bytes: int, id_: str = "wide") -> bytes:
    """A valid row of that length."""
    return line(id=id_, project="x" * (length_bytes - len(line(id=id_, project=""))))


def report_of(*logs: Path) -> SpendReport:
    return spend_report(SpendQuestion(logs, Period(), (), PriceBook({})))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("kind", ["row", "\0", "x", " ", "\xff"], ids=ascii)
def test_a_line_too_long_is_named_and_the_others_count(kind: str, tmp_path: Path, temporary: Path) -> None:
    long = row_of(40_000_000) if kind == "row" else kind.encode("latin-1") * 40_000_000
    report = report_on(tmp_path, line(), b"", long, line(id="b"), b"oops", line(id="c"))
    assert [(each.line, reason(each)) for each in report.warnings] == [
        (3, "too long: 40,000,000 bytes, and a line has fewer than 33,554,432"),
        (5, "not JSON: Expecting value at column 1"),
    ]
    assert {each.file for each in report.warnings} == {str(tmp_path / "log.jsonl")}
    assert (report.totals.requests, report.lost) == (3, 2)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["not-ended", "ended"])
def test_the_longest_line_is_read_and_one_byte_more_is_not(off: int, end: bytes, tmp_path: Path) -> None:
    report = report_on(tmp_path, line(), row_of(LONGEST_LINE_BYTES + off) + end)
    assert (report.totals.requests, report.lost) == ((2, 0) if off < 0 else (1, 1))


@pytest.mark.parametrize("before_mib", [0, 15, 31, 63])
def test_a_wide_line_is_read_wherever_it_stands(before_mib: int, tmp_path: Path) -> None:
    """Of these DuckDB, left alone, reads some and not others."""
    padding = [row_of(MIB, f"{number}") for number in range(before_mib)]
    report = report_on(tmp_path, *padding, row_of(20 * MIB), line(id="b"))
    assert (report.totals.requests, report.lost) == (before_mib + 2, 0)


def test_where_all_lines_are_too_long_all_are_named(tmp_path: Path) -> None:
    report = report_on(tmp_path, b"x" * LONGEST_LINE_BYTES, b"\0" * LONGEST_LINE_BYTES)
    assert [each.line for each in report.warnings] == [1, 2]
    assert report.totals.requests == 0


def test_a_line_four_times_as_long_takes_no_more_than_in_proportion(tmp_path: Path) -> None:
    def seconds(length_bytes: int) -> float:
        content = b"\0" * length_bytes
        begun = process_time()
        assert report_on(tmp_path, line(), content).lost == 1
        return process_time() - begun

    seconds(40 * MIB)
    assert seconds(160 * MIB) < 10 * seconds(40 * MIB)  # were it the square, 16


def test_what_the_database_cannot_do_is_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(row_of(40_000_000))
    with (
        pytest.raises(LogError, match=r"^the usage logs cannot be added up: .*maximum_object_size[^\n]*\.$"),
        open_database() as database,
    ):
        database.execute("SELECT count(*) FROM read_json($file)", {"file": str(log)})


@pytest.mark.parametrize("first", [line(), b"", b"oops"], ids=["row", "blank", "bad"])
def test_a_byte_order_mark_spoils_no_line(first: bytes, tmp_path: Path) -> None:
    marked = report_on(tmp_path, b"\xef\xbb\xbf" + first, line(id="b"), b"oops")
    assert marked == report_on(tmp_path, first, line(id="b"), b"oops")
    assert marked.totals.requests == 1 + (first == line())


def write_later(pipe: Path, *pieces: bytes) -> Thread:
    def write() -> None:
        sleep(0.2)
        with pipe.open("wb", buffering=0) as stream:
            for piece in pieces:
                sleep(0.2)
                stream.write(piece)

    thread = Thread(target=write)
    thread.start()
    return thread


def test_a_named_pipe_is_read_as_the_file_would_be_when_a_writer_comes(tmp_path: Path, temporary: Path) -> None:
    content = line() + b"\noops\n" + line(id="b")
    itself = report_on(tmp_path, *content.split(b"\n"))
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    writing = write_later(pipe, content[:9], content[9:])
    piped = report_of(pipe)
    writing.join()
    assert [(each.file, each.line) for each in piped.warnings] == [(str(pipe), 2)]
    assert piped.totals == itself.totals
    assert list(temporary.iterdir()) == []


def test_who_has_a_pipe_open_may_be_as_slow_as_he_likes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    both = os.open(pipe, os.O_RDWR)  # so that the writer is there from the start

    def write() -> None:
        sleep(0.5)
        os.write(both, line())
        os.close(both)

    writing = Thread(target=write)
    writing.start()
    with open_database() as database, ExitStack() as copies:
        opened = open_sources([pipe], database, copies, writer_patience_s=0.01)
        writing.join()
        (source,) = opened.own
        assert (source.file.read_bytes(), opened.warnings) == (line(), [])
        assert stat.S_IMODE(source.file.stat().st_mode) == 0o600


def test_a_pipe_that_nobody_writes_to_is_named_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with open_database() as database, ExitStack() as copies:
        opened = open_sources([pipe], database, copies, writer_patience_s=0.05)
    (warning,) = opened.warnings
    assert opened.own == []
    assert warning_text(warning) == f"{pipe}: left out: a pipe that nobody writes to."


def test_what_is_neither_a_file_nor_a_pipe_is_named_and_the_others_count(tmp_path: Path) -> None:
    good, folder, link = (tmp_path / name for name in ("good", "folder", "link"))
    good.write_bytes(line())
    folder.mkdir()
    link.symlink_to(tmp_path / "gone")
    report = report_of(folder, Path("/dev/zero"), Path("/dev/null"), link, good)
    assert [(each.file, reason(each)) for each in report.warnings] == [
        (str(folder), "a folder, where a log was expected"),
        ("/dev/zero", "a device, where a log was expected"),
        ("/dev/null", "a device, where a log was expected"),
        (str(link), "a link to what is not there"),
    ]
    assert (report.totals.requests, report.lost) == (1, 4)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(line()), id="gzip"),
        pytest.param(gzip.compress(line()[:9]) + gzip.compress(line()[9:]), id="gzip in two parts"),
        pytest.param(bz2.compress(line()), id="bzip2"),
        pytest.param(lzma.compress(line()), id="xz"),
        pytest.param(zstd.compress(line()), id="zstd"),
        pytest.param(zstd.compress(line()[:9]) + zstd.compress(line()[9:]), id="zstd in two frames"),
        *(
            pytest.param(line().decode().encode(name), id=name)
            for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
        ),
    ],
)
@pytest.mark.parametrize("is_piped", [False, True], ids=["file", "pipe"])
def test_a_log_that_is_compressed_or_in_another_encoding_is_read(
    content: bytes, is_piped: bool, tmp_path: Path
) -> None:
    good, log = tmp_path / "good.jsonl", tmp_path / "log.jsonl"
    good.write_bytes(line(id="b"))
    writing = None
    if is_piped:
        os.mkfifo(log)
        writing = write_later(log, content)
    else:
        log.write_bytes(content)
    report = report_of(log, good)
    if writing is not None:
        writing.join()
    assert (report.totals.requests, report.warnings) == (2, ())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(gzip.compress(line() + line(id="c"))[:-9], "read in part at most, as it is damaged", id="gzip"),
        pytest.param(b"PK\x03\x04" + line(), "read in part at most", id="zip"),
        pytest.param(b"\x04\x22\x4d\x18" + line(), "read in part at most", id="lz4"),
    ],
)
def test_a_compressed_log_that_cannot_be_read_is_named(content: bytes, why: str, tmp_path: Path) -> None:
    good, log = tmp_path / "good.jsonl", tmp_path / "log.jsonl"
    good.write_bytes(line(id="b"))
    log.write_bytes(content)
    report = report_of(log, good)
    assert [each.file for each in report.warnings if each.kind == "unreadable_file"] == [str(log)]
    assert (reason(report.warnings[0]) or "").startswith(why)
    assert report.totals.requests >= 1


@pytest.mark.parametrize("begin", [b"\x1f\x8b\x08", b"\xff\xfe", b"\0{", b"BZh9", b"{\0"], ids=ascii)
def test_a_first_line_of_rubbish_is_a_line_unless_all_is_another_format(begin: bytes, tmp_path: Path) -> None:
    report = report_on(tmp_path, begin + b" rubbish", line())
    whole = begin == b"\x1f\x8b\x08"
    assert [each.kind for each in report.warnings] == ["unreadable_file" if whole else "bad_line"]
    assert report.totals.requests == (0 if whole else 1)


def test_a_socket_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        (warning,) = report_of(path).warnings
    assert reason(warning) == "a socket, where a log was expected"


def test_a_pipe_in_a_folder_is_named_and_not_opened(tmp_path: Path) -> None:
    good, pipe = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    good.write_bytes(line())
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)  # a reader would wait for it for ever
    try:
        report = spend_report(SpendQuestion(given_files([tmp_path]), Period(), (), PriceBook({}), found={good, pipe}))
    finally:
        os.close(descriptor)
    assert [(each.file, reason(each)) for each in report.warnings] == [(str(pipe), "a pipe in a folder of logs")]
    assert report.totals.requests == 1


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    report = report_of(tmp_path / "gone.jsonl")
    assert [reason(each) for each in report.warnings] == ["No such file or directory"]
    assert report.is_nothing_usable
