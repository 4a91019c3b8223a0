"""Rows of our own writer are read fast; what is not quite so is read as before, and never otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceBook
from r1plan.report import entries as loading
from r1plan.report.database import open_database
from r1plan.report.entries import load_entries
from r1plan.report.log_source import LogSource
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sample import sample_entries
from r1plan.report.store.quick_table import is_plain, quick_bytes_statement, quick_statement
from tests.report.test_exact import entries
from tests.report.test_invalid_line import line


def spaced(text: str) -> str:
    return json.dumps(json.loads(text), ensure_ascii=False) + "\n"


def rows_of(log: Path) -> tuple[list[Any], list[Any]]:
    with open_database() as database:
        warnings = load_entries(database, [LogSource(name=str(log), file=log)])
        columns = "* EXCLUDE (told_bytes, file)" if "told_bytes" in _columns(database) else "* EXCLUDE (file)"
        found = database.execute(f"SELECT {columns} FROM entry ORDER BY ALL").fetchall()
    return found, [(each.kind, each.line, each.fault, each.count) for each in warnings]


def _columns(database: Any) -> set[str]:
    return {row[0] for row in database.execute("DESCRIBE entry").fetchall()}


@settings(max_examples=20, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=12), st.booleans())
def test_both_ways_of_reading_make_the_same_rows(rows: list[UsageEntry], is_again: bool) -> None:
    from tempfile import TemporaryDirectory

    lines = [each.to_line() for each in rows + (rows[:2] if is_again else [])]
    with TemporaryDirectory() as folder:
        quick, careful = Path(folder) / "quick.jsonl", Path(folder) / "careful.jsonl"
        quick.write_text("".join(lines))
        careful.write_text("".join(map(spaced, lines)))
        assert is_plain(lines[0].encode())
        assert not is_plain(spaced(lines[0]).encode())
        assert rows_of(quick) == rows_of(careful)


@settings(max_examples=20, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=5))
def test_every_byte_of_our_own_rows_is_accounted_for(rows: list[UsageEntry]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, open_database() as database:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(each.to_line() for each in rows))
        values = {"files": [str(log)], "line_bytes": 1 << 20}
        database.execute(f"CREATE TABLE logged AS {quick_statement()}", values)
        ((_, told),) = database.execute(quick_bytes_statement()).fetchall()
        assert told == log.stat().st_size


GOOD, END = line(id="good"), b"}\n"


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        pytest.param(lambda text: text[:-2] + b',"x":[1,]}\n', 1, id="comma"),
        pytest.param(lambda text: text[:-2] + b',"x":1}\n', 0, id="unknown column"),
        pytest.param(lambda text: text[:-2] + b',"x":1,"x":2}\n', 1, id="twice"),
        pytest.param(lambda text: text[:-2] + b',"output_tokens":1}\n', 1, id="a count twice"),
        pytest.param(lambda text: text[:40] + b"\n", 1, id="torn"),
        pytest.param(lambda text: text[:-1] + text, 1, id="two rows"),
        pytest.param(lambda text: text[:-2] + b" " + END, 0, id="blank"),
        pytest.param(lambda text: b"\n" + text, 0, id="blank line"),
        pytest.param(lambda text: text.replace(b'"id":"b0"', b'"id":5000'), 1, id="number for a text"),
        pytest.param(lambda text: text.replace(b'"tags":{}', b'"tags":{"a":NaN}'), 1, id="no number"),
        pytest.param(lambda text: text.replace(b'"tags":{}', b'"tags":{"a":"\\u0041"}'), 0, id="escape"),
        pytest.param(lambda text: text.replace(b'"input_tokens":', b'"input_tokens":1e0'), 1, id="exponent"),
        pytest.param(lambda text: text.replace(b'"project":null', b'"project":["a"]'), 1, id="list for a text"),
        pytest.param(lambda text: text[:-1], 0, id="no end"),
    ],
)
def test_a_line_of_others_among_plain_ones_is_read_as_alone(
    bad: Callable[[bytes], bytes], lost: int, tmp_path: Path
) -> None:
    rows = [_plain(f"a{number}") for number in range(25)]
    changed = bad(_plain("b0"))
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(rows) + changed)
    report = spend_report(SpendQuestion([log], Period(), (), PriceBook({})))
    assert (report.totals.requests, report.lost) == (26 - lost, lost)


def _plain(id_: str) -> bytes:
    from datetime import UTC, datetime

    at = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    return UsageEntry(
        id=id_, started_at=at, first_token_at=None, ended_at=at, provider="p", model_requested="m",
        model_served=None, status="ok", input_tokens=7, output_tokens=8,
    ).to_line().encode()  # fmt: skip


def test_only_the_file_that_is_not_plain_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[int] = []
    read_anew = loading._read_anew

    def noted(database: Any, sources: Any, row: type) -> Any:
        again.extend(sources)
        return read_anew(database, sources, row)

    monkeypatch.setattr(loading, "_read_anew", noted)
    logs = [tmp_path / f"{number}.jsonl" for number in range(4)]
    for number, log in enumerate(logs):
        log.write_bytes(b"".join(_plain(f"{number}-{place}") for place in range(22)))
    logs[1].write_bytes(logs[1].read_bytes() + _plain("1-22").replace(b"}\n", b', "x": 1}\n'))
    logs[2].write_bytes(logs[2].read_bytes() + _plain("torn")[:50])
    report = spend_report(SpendQuestion(logs, Period(), (), PriceBook({})))
    assert again == [2]
    assert (report.totals.requests, [(each.file, each.line) for each in report.warnings if each.line]) == (
        89,
        [(str(logs[2]), 23)],
    )


def test_of_two_ends_the_last_file_counts_though_the_first_is_read_again(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_bytes(_plain("a").replace(b'"output_tokens":8', b'"output_tokens": 80'))
    second.write_bytes(_plain("a"))
    assert spend_report(SpendQuestion([first, second], Period(), (), PriceBook({}))).totals.output_tokens == 8
    assert spend_report(SpendQuestion([second, first], Period(), (), PriceBook({}))).totals.output_tokens == 80


def test_many_small_logs_take_no_more_memory_than_some(tmp_path: Path) -> None:
    row = json.loads(next(iter(sample_entries())).to_line())
    sources = []
    for number in range(1100):
        text = json.dumps(row | {"id": f"r-{number}"}, ensure_ascii=False, separators=(",", ":")) + "\n"
        log = tmp_path / f"{number}.jsonl"
        log.write_text(text[:60] + "\n" if number == 700 else spaced(text) if number == 900 else text)
        sources.append(LogSource(name=str(log), file=log))
    with open_database() as database:
        database.execute("SET threads = 2")
        database.execute("SET memory_limit = '160MiB'")
        warnings = load_entries(database, sources)
        ids = database.execute("SELECT id FROM entry WHERE usable").fetchall()
    assert [(each.kind, each.file, each.line) for each in warnings] == [("bad_line", sources[700].name, 1)]
    assert sorted(ids) == sorted((f"r-{number}",) for number in range(1100) if number != 700)
