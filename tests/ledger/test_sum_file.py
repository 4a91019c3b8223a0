"""The running sum of a month is what reading the whole month would say, whatever was done to the log."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.catalog.budgets import whose
from r1plan.errors import LogError
from r1plan.ledger import sum_file
from r1plan.ledger.blocks import LONGEST_LINE_BYTES, blocks_from_the_end
from r1plan.ledger.entry import Status, UsageEntry
from r1plan.ledger.journal import append
from r1plan.ledger.month_sum import EndedSum, MonthSpending, ended_usd
from r1plan.ledger.projection import RowReader
from r1plan.ledger.requests import LoggedRequest, by_request
from r1plan.ledger.usage_log import UsageLog
from tests.ledger.test_journal import entry
from tests.ledger.test_usage_log import AT, started, used_usd

LOG = "2026-11.jsonl"


def full_reading(logs: Path) -> MonthSpending:
    """What the log says when each line is read whole, one by one, in order."""
    path, reader = logs / LOG, RowReader(LoggedRequest)
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    ended: dict[tuple[str, str | None], EndedSum] = {}
    running = []
    read = [reader.counted_rows([line]) for line in lines]
    for row in by_request([row for rows, _ in read for row in rows]):
        if row.ended_at is None:
            running.append(row)
            continue
        found = ended.setdefault(whose(row.provider, row.project), EndedSum())
        usd = ended_usd(row)
        if usd is None:
            found.uncounted += 1
        elif row.is_settled:
            found.spent_usd += usd
        else:
            found.aside_usd += usd
    return MonthSpending(ended, tuple(running), unreadable=sum(bad for _, bad in read))


def alike(one: MonthSpending, other: MonthSpending) -> bool:
    return (one.ended, one.unreadable) == (other.ended, other.unreadable) and {
        each.id: each for each in one.running
    } == {each.id: each for each in other.running}


class Month:
    """A log to which things are done, by our writers and by others. Each request begins and ends once, as ours do."""

    def __init__(self, logs: Path, chance: random.Random) -> None:
        self.logs, self.path, self.chance = logs, logs / LOG, chance
        self.log = UsageLog(logs)
        self.runs: list[UsageEntry] = []
        self.number = 0

    def row(self) -> UsageEntry:
        self.number += 1
        project = self.chance.choice([None, "p", "P ", "q"])
        return replace(started(f"r{self.number}", reserved_usd=Decimal(self.number)), project=project)

    def begin(self) -> None:
        self.runs.append(self.row())
        self.log.append_once_decided(AT, lambda _month: self.runs[-1])

    def begin_without_a_budget(self) -> None:
        self.runs.append(self.row())
        append(self.runs[-1], self.logs)

    def raise_(self) -> None:
        if self.runs:
            more = replace(self.chance.choice(self.runs), reserved_usd=Decimal(1000))
            self.log.append_once_decided(AT, lambda _month: more)

    def end(self) -> None:
        if self.runs:
            append(self.ended(self.runs.pop(self.chance.randrange(len(self.runs)))), self.logs)

    def ended(self, begun: UsageEntry) -> UsageEntry:
        statuses: list[Status] = ["ok", "ok", "length", "aborted", "failed"]
        status = self.chance.choice(statuses)
        cost = self.chance.choice([None, Decimal("0.25"), Decimal("0.001")])
        high = self.chance.choice([None, Decimal(3)])
        return replace(begun, ended_at=AT, status=status, cost_usd=cost, cost_high_usd=high)

    def end_without_a_beginning(self) -> None:
        append(self.ended(self.row()), self.logs)

    def others_write(self) -> None:
        """Another program, an older version, or one that was killed before it could seal what it wrote."""
        kind = self.chance.randrange(6)
        line = self.ended(self.row()).to_line().encode()
        text = [line, line[:-1], line[: len(line) // 2], b"{torn\n", b"\0" * 300 + line, b"\xef\xbb\xbf" + line][kind]
        with self.path.open("ab") as file:
            file.write(text)

    def twice(self) -> None:
        """The last line once more."""
        if self.path.exists():
            with self.path.open("ab") as file:
                file.write(self.path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2] + b"\n")

    def edit_in_place(self) -> None:
        if self.path.exists():
            content = self.path.read_bytes().replace(b'"0.25"', b'"9.75"', 1)
            with self.path.open("r+b") as file:
                file.write(content)

    def edit_with_an_editor(self) -> None:
        if self.path.exists():
            lines = self.path.read_bytes().splitlines(keepends=True)
            if lines:
                lines.pop(self.chance.randrange(len(lines)))
            new = self.path.with_name("new")
            new.write_bytes(b"".join(lines))
            new.replace(self.path)

    def truncate(self) -> None:
        if self.path.exists():
            os.truncate(self.path, self.chance.randint(0, self.path.stat().st_size))

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)

    def spoil_the_sum(self) -> None:
        path = self.logs / ".sums" / "2026-11"
        if path.exists():
            content = bytearray(path.read_bytes())
            match self.chance.randrange(4):
                case 0:
                    path.unlink()
                case 1:
                    path.write_bytes(content[: self.chance.randint(0, len(content))])
                case 2:
                    path.write_bytes(b"")
                case _:
                    path.write_bytes(content[:160] + b'{"rules":2,"offset":0}')


OURS = ["begin", "begin", "begin_without_a_budget", "raise_", "end", "end", "end", "end_without_a_beginning"]
THEIRS = ["others_write", "twice", "edit_in_place", "edit_with_an_editor", "truncate", "delete", "spoil_the_sum"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    deeds=st.lists(st.sampled_from([*OURS, *OURS, *THEIRS]), max_size=25),
    seed=st.integers(0, 99),
    under_lock=st.sampled_from([1, 900, 1 << 18]),
    write_after=st.sampled_from([0, 900]),
    block=st.sampled_from([7, 400, 1 << 18]),
)
def test_the_running_sum_is_the_full_reading(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, deeds: list[str], seed: int,
    under_lock: int, write_after: int, block: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(sum_file, "_MOST_UNDER_LOCK_BYTES", under_lock)
    monkeypatch.setattr(sum_file, "_WRITE_AFTER_BYTES", write_after)
    monkeypatch.setattr(sum_file, "_BLOCK_BYTES", block)
    logs = tmp_path_factory.mktemp("logs")
    month = Month(logs, random.Random(seed))
    seen: list[MonthSpending] = []

    def decide(found: MonthSpending) -> UsageEntry:
        seen.append(found)
        return month.runs[-1]

    for deed in deeds:
        getattr(month, deed)()
        expected = full_reading(logs)
        found = month.log.this_month(AT)
        assert alike(found, expected), deed
        month.runs.append(month.row())
        month.log.append_once_decided(AT, decide)
        assert alike(seen[-1], expected), deed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_ids_that_come_again_never_make_the_sum_less(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, bool]]
) -> None:
    """No writer of ours does so; where it cannot be told at once, more is counted, until the log is read again."""
    logs = tmp_path_factory.mktemp("logs")
    log = UsageLog(logs)
    log.append_once_decided(AT, lambda _month: started("first", reserved_usd=Decimal(1)))
    for id_, is_end in rows:
        log.append(entry(id_) if is_end else started(id_, reserved_usd=Decimal(1)))
        assert used_usd(log.this_month(AT)) >= used_usd(full_reading(logs))


def kept(tmp_path: Path) -> tuple[UsageLog, Path]:
    """A log of one settled request whose sum is kept, and the file of that."""
    log = UsageLog(tmp_path)
    log.append_once_decided(AT, lambda _month: started("a"))
    log.append(entry("a"))
    log.append_once_decided(AT, lambda _month: started("b"))
    return log, tmp_path / ".sums" / "2026-11"


def test_the_sum_is_a_small_file_of_its_owner_alone(tmp_path: Path) -> None:
    _, path = kept(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["2026-11"]


def test_a_kept_sum_is_used_and_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = kept(tmp_path)
    monkeypatch.delattr(sum_file, "blocks_from_the_end")  # what reads a whole month
    assert used_usd(log.this_month(AT)) == entry().cost_usd
    for number in range(200):  # and it is written anew on the way
        log.append_once_decided(AT, lambda _month, id_=f"c{number}": started(id_))  # type: ignore[misc]
        log.append(entry(f"c{number}"))
    assert used_usd(log.this_month(AT)) == 201 * (entry().cost_usd or 0)


def test_a_sum_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    log, path = kept(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"0.', b'"0.0'))
    assert used_usd(log.this_month(AT)) != entry().cost_usd  # it would be, if only its owner could
    path.chmod(0o666)
    assert used_usd(log.this_month(AT)) == entry().cost_usd


def is_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(path.with_name("moved"))


def is_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("make", [is_a_link, is_a_pipe, is_a_folder, Path.unlink], ids=lambda make: make.__name__)
def test_what_is_no_sum_is_nothing(make: Callable[[Path], None], tmp_path: Path) -> None:
    log, path = kept(tmp_path)
    make(path)
    assert used_usd(log.this_month(AT)) == entry().cost_usd
    log.append_once_decided(AT, lambda _month: started("c"))
    assert used_usd(log.this_month(AT)) == entry().cost_usd


def test_a_file_in_the_place_of_the_folder_of_sums_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".sums").write_text("in the way")
    log = UsageLog(tmp_path)
    log.append_once_decided(AT, lambda _month: started("a"))
    log.append(entry("a"))
    assert used_usd(log.this_month(AT)) == entry().cost_usd


@pytest.mark.parametrize(
    ("name", "at", "counts"),
    [
        pytest.param("2026-10.jsonl", AT - timedelta(days=30), False, id="last month's"),
        pytest.param("2026-10.jsonl", AT, True, id="this month's, in last month's file"),
        pytest.param("2026-11.jsonl", AT - timedelta(days=30), False, id="last month's, in this month's file"),
        pytest.param("2026-11.jsonl", AT + timedelta(days=30), True, id="of the future, in this month's file"),
        pytest.param("2026-12.jsonl", AT + timedelta(days=30), True, id="of the future"),
        pytest.param("2031-01.jsonl", datetime(2031, 1, 5, tzinfo=UTC), True, id="of a far future"),
    ],
)
@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_what_counts_in_a_month_is_where_it_stands_and_when_it_was(
    name: str, at: datetime, counts: bool, long: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if long:
        monkeypatch.setattr(sum_file, "_MOST_UNDER_LOCK_BYTES", 10)
    (tmp_path / name).write_text(entry("a", at).to_line())
    log = UsageLog(tmp_path)
    for _ in range(2):
        assert used_usd(log.this_month(AT)) == (entry().cost_usd if counts else 0)
    log.append_once_decided(AT, lambda month: replace(started("b"), cost_high_usd=used_usd(month)))
    assert used_usd(log.this_month(AT)) == (2 * (entry().cost_usd or 0) if counts else 0)


def test_a_request_of_last_month_that_still_runs_is_found_however_long_the_month_was(tmp_path: Path) -> None:
    edge = datetime(2026, 11, 1, tzinfo=UTC)
    begun = started("long", edge - timedelta(hours=3), reserved_usd=Decimal(2))
    october = tmp_path / "2026-10.jsonl"
    october.write_text(begun.to_line() + entry("x", edge - timedelta(hours=2)).to_line() * 1500)
    log = UsageLog(tmp_path)
    assert used_usd(log.this_month(edge + timedelta(seconds=5)), edge + timedelta(seconds=5)) == 2
    log.append(replace(begun, ended_at=edge + timedelta(minutes=1), status="ok", cost_usd=Decimal("0.5")))
    assert used_usd(log.this_month(edge + timedelta(minutes=2)), edge + timedelta(minutes=2)) == Decimal("0.5")


BAD = {
    "negative": lambda line: line.replace('"cost_usd":"0.0000135"', '"cost_usd":"-1000"'),
    "negative bill": lambda line: line.replace('"cost_usd":', '"reported_usd":"-1000","cost_usd":'),
    "negative bound": lambda line: line.replace('"cost_high_usd":null', '"cost_high_usd":"-1000"'),
    "not a number": lambda line: line.replace('"0.0000135"', '"NaN"'),
    "endless": lambda line: line.replace('"0.0000135"', '"Infinity"'),
    "without quotes": lambda line: line.replace('"0.0000135"', "0.25"),
    "an exponent": lambda line: line.replace('"0.0000135"', '"1e999999"'),
    "no zone": lambda line: line.replace("+00:00", ""),
    "year 1": lambda line: line.replace("2026-", "0001-"),
    "half a row in each line": lambda line: line.replace(',"started_at"', '\n"started_at"'),
    "NUL": lambda _line: "\0" * 5000,
    "deep": lambda _line: '{"a":' * 5000,
}  # fmt: skip


@pytest.mark.parametrize("spoil", BAD.values(), ids=list(BAD))
def test_a_row_that_cannot_be_is_left_out_and_lifts_no_budget(spoil: Callable[[str], str], tmp_path: Path) -> None:
    bad = spoil(entry("bad").to_line().rstrip("\n"))
    assert bad != entry("bad").to_line().rstrip("\n")
    (tmp_path / LOG).write_text(entry("a").to_line() + bad + "\n" + entry("b").to_line())
    log = UsageLog(tmp_path)
    assert used_usd(log.this_month(AT)) == 2 * (entry().cost_usd or 0)
    log.append_once_decided(AT, lambda month: replace(started("c"), reserved_usd=used_usd(month)))
    found = log.this_month(AT)
    assert used_usd(found) == 4 * (entry().cost_usd or 0)
    assert found.unreadable == bad.strip("\0").count("\n") + bool(bad.strip("\0"))
    assert len(log.recent()) == 3


ODD = {
    "blanks": lambda one, two: f"  {one}  \n\n{two}",
    "carriage returns": lambda one, two: f"{one}\r\n{two}\r\n",
    "a byte order mark": lambda one, two: f"\ufeff{one}\n{two}\n",
    "a hole of NUL": lambda one, two: "\0" * 5000 + f"{one}\n{two}\n",
    "both in one line": lambda one, two: f"{one}{two}\n",
    "a torn row before one": lambda one, two: f"{one[:90]}{one}\n{two}\n",
    "a comma after it": lambda one, two: f"{one},\n{two}\n",
    "no end of line": lambda one, two: f"{one}\n{two}",
    "a comma in its end": lambda one, two: f"{one[:-1]},}}\n{two}\n",
    "both between commas": lambda one, two: f"{one},{two}\n",
}  # fmt: skip


@pytest.mark.parametrize("lay", ODD.values(), ids=list(ODD))
def test_a_row_that_is_there_counts_whatever_is_around_it(lay: Callable[[str, str], str], tmp_path: Path) -> None:
    rows = (entry(each).to_line().rstrip("\n") for each in "ab")
    (tmp_path / LOG).write_text(lay(*rows), encoding="utf-8")
    log = UsageLog(tmp_path)
    assert used_usd(log.this_month(AT)) == 2 * (entry().cost_usd or 0)
    log.append_once_decided(AT, lambda _month: started("c"))
    assert used_usd(log.this_month(AT)) == 2 * (entry().cost_usd or 0)


def test_a_line_beyond_measure_is_left_out_and_each_byte_of_it_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = entry("a").to_line()
    with (tmp_path / LOG).open("wb") as file:
        file.write(row.encode())
        file.truncate(len(row) + LONGEST_LINE_BYTES + 5)  # a hole of NUL
        file.seek(0, 2)
        file.write(b"\n" + entry("b").to_line().encode())
    lengths = [len(line) for lines in blocks_from_the_end(tmp_path / LOG) for line in lines if line]
    assert sorted(lengths) == [2, len(row) - 1, len(row) - 1]
    log = UsageLog(tmp_path)
    assert used_usd(log.this_month(AT)) == 2 * (entry().cost_usd or 0)
    log.append_once_decided(AT, lambda _month: started("c"))
    assert used_usd(log.this_month(AT)) == 2 * (entry().cost_usd or 0)


@pytest.mark.parametrize(
    "make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/null")], ids=["pipe", "folder", "device"]
)
def test_a_budget_whose_log_is_no_file_is_not_kept_in_silence(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / LOG)
    log = UsageLog(tmp_path)
    with pytest.raises(LogError):
        log.append_once_decided(AT, lambda _month: started("a"))
    with pytest.raises(LogError):
        log.this_month(AT)
    with pytest.raises(LogError):
        log.append(entry("a"))
