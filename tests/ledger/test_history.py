"""The newest requests of the log come back, whatever else lies in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.ledger import blocks as lines
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.history import read_history
from r1plan.ledger.journal import append
from tests.ledger.soak import started

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def begun(number: int, at: datetime = AT) -> UsageEntry:
    return replace(started(number), id=f"r{number}", started_at=at + timedelta(minutes=number))


def ended(number: int, at: datetime = AT, **changes: object) -> UsageEntry:
    begins = begun(number, at)
    row = replace(
        begins,
        ended_at=begins.started_at + timedelta(seconds=30),
        status="ok",
        input_tokens=number,
        output_tokens=2 * number,
        kind="code",
        energy_wh=Decimal("0.25"),
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def ids(logs: Path, most: int = 100) -> list[str]:
    return [row.id for row in read_history(logs, most)]


def test_what_was_appended_comes_back_the_newest_first(tmp_path: Path) -> None:
    for number in range(3):
        append(begun(number), tmp_path)
        append(ended(number), tmp_path)
    rows = read_history(tmp_path)
    assert [row.id for row in rows] == ["r2", "r1", "r0"]
    assert (rows[0].input_tokens, rows[0].output_tokens, rows[0].kind) == (2, 4, "code")
    assert (rows[0].energy_wh, rows[0].ended_at) == (Decimal("0.25"), AT + timedelta(minutes=2, seconds=30))


def test_the_last_months_come_first_and_only_as_many_as_asked(tmp_path: Path) -> None:
    for number, month in enumerate((9, 10, 11)):
        append(ended(number, AT.replace(month=month)), tmp_path)
    assert ids(tmp_path) == ["r2", "r1", "r0"]
    assert ids(tmp_path, 2) == ["r2", "r1"]


def test_a_request_that_began_is_one_with_its_end_and_one_that_never_ended_is_none(tmp_path: Path) -> None:
    append(begun(1), tmp_path)
    append(begun(2), tmp_path)
    append(ended(1), tmp_path)
    assert ids(tmp_path) == ["r1"]


def test_of_two_ends_the_last_counts(tmp_path: Path) -> None:
    append(ended(1), tmp_path)
    append(ended(1, output_tokens=77), tmp_path)
    (row,) = read_history(tmp_path)
    assert row.output_tokens == 77


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="blank"),
        pytest.param(b"{", id="torn"),
        pytest.param(ended(9).to_line().encode()[:200], id="half-a-row"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
        pytest.param(b'{"schema":"litellm/1","id":"x"}', id="foreign"),
        pytest.param(b"[1,2]", id="a-list"),
        pytest.param(ended(9).to_line().replace("usage/1", "usage/2").encode().strip(), id="a-later-schema"),
        pytest.param(ended(9).to_line().replace('"input_tokens":9', '"input_tokens":"9"').encode().strip(), id="type"),
        pytest.param(b'{"a":' * 5000, id="deep"),
        pytest.param(ended(9).to_line().replace("+00:00", "").encode().strip(), id="no-time-zone"),
        pytest.param(
            ended(9).to_line().replace('"input_tokens":9', '"input_tokens":-9').encode().strip(), id="negative"
        ),
        pytest.param(ended(9).to_line().replace('"0.25"', '"much"').encode().strip(), id="no-number"),
    ],
)
def test_a_bad_line_spoils_no_other(tmp_path: Path, line: bytes) -> None:
    good = [ended(number).to_line().encode() for number in (1, 2)]
    (tmp_path / "2026-11.jsonl").write_bytes(good[0] + line + b"\n" + good[1])
    assert ids(tmp_path) == ["r2", "r1"]


def test_what_is_no_log_is_left_alone(tmp_path: Path) -> None:
    append(ended(1), tmp_path)
    (tmp_path / "notes.jsonl").write_text("x")
    (tmp_path / "2026-12.jsonl").mkdir()
    assert ids(tmp_path) == ["r1"]
    assert read_history(tmp_path / "nowhere") == ()


def test_blanks_before_a_row_are_no_harm(tmp_path: Path) -> None:
    (tmp_path / "2026-11.jsonl").write_text("   " + ended(1).to_line())
    assert ids(tmp_path) == ["r1"]


@pytest.mark.parametrize("spaced", [False, True], ids=["our own", "of another writer"])
@pytest.mark.parametrize("ending", [",}", ", }", " ,\t}"])
def test_a_comma_too_many_at_the_end_of_a_row_does_not_hide_it(tmp_path: Path, ending: str, spaced: bool) -> None:
    line = ended(1).to_line().strip()
    if spaced:
        line = json.dumps(dict(reversed(json.loads(line).items())))
    (tmp_path / "2026-11.jsonl").write_text(line[:-1] + ending + "\n" + ended(2).to_line())
    assert ids(tmp_path) == ["r2", "r1"]


def test_rows_of_another_writer_between_which_an_end_of_line_was_lost_all_count(tmp_path: Path) -> None:
    lines = [json.dumps(json.loads(ended(number).to_line())) for number in (1, 2)]
    (tmp_path / "2026-11.jsonl").write_text(" ".join(lines) + "\n")
    assert ids(tmp_path) == ["r2", "r1"]


def test_a_text_that_quotes_a_row_does_not_hide_it(tmp_path: Path) -> None:
    text = {"answer": begun(3).to_line()}
    append(ended(1, text=text, project='"ended_at":null'), tmp_path)
    assert ids(tmp_path) == ["r1"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(block=st.integers(1, 4000), rows=st.integers(0, 9))
def test_blocks_of_any_size_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, rows: int
) -> None:
    monkeypatch.setattr(lines, "_BLOCK_BYTES", block)
    text = "".join(begun(number).to_line() + ended(number).to_line() for number in range(rows))
    (tmp_path / "2026-11.jsonl").write_text(text)
    assert ids(tmp_path) == [f"r{number}" for number in reversed(range(rows))]
