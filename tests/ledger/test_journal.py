"""A row that `append` acknowledged is on the disk, whole, once, in the right month, and readable by its owner alone."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import resource
import signal
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append


def entry(id_: str = "one", ended_at: datetime = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)) -> UsageEntry:
    return UsageEntry(
        id=id_,
        started_at=ended_at - timedelta(seconds=3),
        first_token_at=ended_at - timedelta(seconds=2),
        ended_at=ended_at,
        provider="deepseek",
        model_requested="deepseek-flash",
        model_served="deepseek-flash",
        status="ok",
        input_tokens=10,
        output_tokens=20,
        cost_usd=Decimal("0.0000135"),
    )


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_row_holds_every_field_and_money_as_text(tmp_path: Path) -> None:
    (row,) = rows(append(entry(), tmp_path))
    assert list(row)[:2] == ["schema", "id"]
    assert row["schema"] == "r1plan.usage/1"
    assert row["cost_usd"] == "0.0000135"
    assert row["thinking_tokens"] is None
    assert row["ended_at"] == "2026-11-24T05:00:00+00:00"


@pytest.mark.parametrize(
    ("ended_at", "name"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC), "2026-11.jsonl"),
        (datetime(2026, 12, 1, 0, 0, tzinfo=UTC), "2026-12.jsonl"),
        (datetime(2026, 12, 1, 7, 59, 59, tzinfo=timezone(timedelta(hours=8))), "2026-11.jsonl"),
        (datetime(2026, 11, 30, 19, 0, tzinfo=timezone(timedelta(hours=-5))), "2026-12.jsonl"),
    ],
)
def test_a_request_belongs_to_the_utc_month_of_its_end(ended_at: datetime, name: str, tmp_path: Path) -> None:
    assert append(entry(ended_at=ended_at), tmp_path) == tmp_path / name


def test_only_the_owner_can_read_the_log(tmp_path: Path) -> None:
    path = append(entry(), tmp_path / "data" / "logs")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_torn_last_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = append(entry("one"), tmp_path)
    with path.open("ab") as stream:
        stream.write(b'{"schema":"r1plan.usage/1","id":"to')
    append(entry("two"), tmp_path)
    lines = path.read_bytes().splitlines()
    assert [len(lines), json.loads(lines[0])["id"], json.loads(lines[2])["id"]] == [3, "one", "two"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory_is_an_error_that_holds_the_row(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LogError) as raised:
        append(entry(), tmp_path)
    tmp_path.chmod(0o700)
    assert raised.value.hint is not None
    assert '"id":"one"' in raised.value.hint


def test_a_file_where_the_directory_should_be_is_an_error_that_holds_the_row(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(LogError, match="cannot be written") as raised:
        append(entry(), tmp_path / "logs")
    assert raised.value.hint is not None
    assert '"id":"one"' in raised.value.hint


def _append_many(logs: Path, name: str, count: int) -> None:
    for number in range(count):
        append(entry(f"{name}-{number}"), logs)


def test_four_processes_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(tmp_path, f"w{n}", 50)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ids = [row["id"] for row in rows(tmp_path / "2026-11.jsonl")]
    assert sorted(map(str, ids)) == sorted(f"w{n}-{k}" for n in range(4) for k in range(50))


def test_the_row_at_the_start_is_in_the_month_of_the_start(tmp_path: Path) -> None:
    begun = replace(entry(ended_at=datetime(2026, 12, 1, tzinfo=UTC)), ended_at=None, status="started")
    assert append(begun, tmp_path) == tmp_path / "2026-11.jsonl"


def test_the_hint_is_a_shell_command_that_adds_the_row(tmp_path: Path) -> None:
    logs = tmp_path / "it's here"
    logs.write_text("in the way")
    with pytest.raises(LogError, match="is not a directory") as raised:
        append(replace(entry(), project="it's"), logs)
    logs.unlink()
    logs.mkdir()
    assert raised.value.hint is not None
    subprocess.run(["sh", "-c", raised.value.hint.partition(": ")[2]], check=True)
    assert (logs / "2026-11.jsonl").read_text() == replace(entry(), project="it's").to_line()


def test_a_lock_that_another_process_keeps_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    path = append(entry("one"), tmp_path)
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(LogError, match=r"another process has kept it locked for 0\.02 s"):
            append(entry("two"), tmp_path, wait_s=0.02)
    append(entry("three"), tmp_path, wait_s=0.02)
    assert [row["id"] for row in rows(path)] == ["one", "three"]


@pytest.mark.parametrize("project", ["x" * length for length in (0, 1, 200, 4096 - 560, 4096, 9000)], ids=len)
def test_a_row_shorter_than_a_page_never_crosses_one(project: str, tmp_path: Path) -> None:
    line = replace(entry(), project=project).to_line().encode()
    for _ in range(12):
        path = append(replace(entry(), project=project), tmp_path)
    content = path.read_bytes()
    ends = [index for index, byte in enumerate(content) if byte == ord("\n")]
    pages = [((end - len(line) + 1) // 4096, end // 4096) for end in ends]
    assert len(ends) == 12
    assert [json.loads(each)["id"] for each in content.splitlines()] == ["one"] * 12
    assert all(first == last for first, last in pages) or len(line) > 4096


def _append_with_little_room(logs: Path, limit_bytes: int, results: Queue[str]) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    try:
        append(entry("two"), logs)
    except LogError as error:
        results.put(error.message)


def test_a_row_that_fits_in_part_leaves_nothing(tmp_path: Path) -> None:
    path = append(entry("one"), tmp_path)
    before = path.read_bytes()
    context = multiprocessing.get_context("spawn")
    results: Queue[str] = context.Queue()
    child = context.Process(target=_append_with_little_room, args=(tmp_path, len(before) + 40, results))
    child.start()
    message = results.get(timeout=60)
    child.join()
    assert "only 40 of" in message
    assert path.read_bytes() == before


def test_a_row_without_a_text_has_no_field_for_one(tmp_path: Path) -> None:
    plain = entry()
    kept = replace(plain, text={"messages": [], "thinking": "hm", "answer": "Yes."})
    assert "text" not in json.loads(plain.to_line())
    assert json.loads(kept.to_line())["text"]["answer"] == "Yes."
