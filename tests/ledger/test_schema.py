"""A column of the log is one line of `UsageEntry`: all that writes, reads, sums or checks rows follows from it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from inspect import getsource
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.ledger import entry as entry_module
from r1plan.ledger import past_request, requests
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.projection import decoder, projection
from r1plan.ledger.schema import (
    FIGURE,
    INSTANT,
    NAME,
    NUMBER,
    OBJECT,
    STATUS,
    TEXT,
    TOKENS,
    USD,
    WORDS,
    Kind,
    column,
    columns,
    report_columns,
)
from r1plan.render.spend.warnings import fault_text
from r1plan.report.database import open_database, rows
from r1plan.report.entries import load_entries
from r1plan.report.log_source import LogSource
from r1plan.report.store.cube import impossible
from tests.ledger.test_journal import entry


# The one edit: a line with the column.
@dataclass(frozen=True, slots=True, kw_only=True)
class TooledEntry(UsageEntry):
    """A row with one more column."""

    tool_tokens: int | None = field(
        default=None, metadata=column(TOKENS, in_report="tool_tokens", part_of="output_tokens", only_known=True)
    )


def tooled(**changes: Any) -> TooledEntry:
    values = {each.name: getattr(entry(), each.name) for each in fields(UsageEntry)}
    return TooledEntry(**{**values, **changes})


def test_one_more_column_is_written() -> None:
    assert json.loads(tooled(tool_tokens=7).to_line())["tool_tokens"] == 7
    assert tooled().to_line() == entry().to_line()


def test_one_more_column_is_read_back() -> None:
    @projection(TooledEntry)
    class Tools:
        id: str
        tool_tokens: int | None = None

    assert decoder(Tools).decode(tooled(tool_tokens=7).to_line()) == Tools(id="one", tool_tokens=7)
    assert decoder(Tools).decode(entry().to_line()).tool_tokens is None
    for wrong in (b'{"id":"a","tool_tokens":-1}', b'{"id":"a","tool_tokens":"7"}', b'{"tool_tokens":7}'):
        with pytest.raises(ValueError, match=r"Expected|required"):
            decoder(Tools).decode(wrong)


def test_one_more_column_is_one_of_the_reports_and_a_wrong_value_has_a_reason(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    good, older = tooled(tool_tokens=7), entry("older")
    bad = tooled(id="bad", tool_tokens=7).to_line().replace('"tool_tokens":7', '"tool_tokens":-7')
    log.write_text(good.to_line() + older.to_line() + bad)
    with open_database() as database:
        (warning,) = load_entries(database, [LogSource(name=str(log), file=log)], TooledEntry)
        found = rows(database, "SELECT id, tool_tokens FROM entry WHERE usable")
    assert found == [{"id": "one", "tool_tokens": 7}, {"id": "older", "tool_tokens": None}]
    assert warning.fault is not None
    assert (warning.line, fault_text(warning.fault)) == (
        3,
        "tool_tokens: expected a whole number of tokens, 0 or more, got -7",
    )


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        pytest.param(NAME, "x", '""', id="name"),
        pytest.param(STATUS, "ok", '"fine"', id="status"),
        pytest.param(INSTANT, datetime(2026, 2, 28, tzinfo=UTC), '"2026-02-30T00:00:00Z"', id="instant"),
        pytest.param(TOKENS, 7, "7.5", id="tokens"),
        pytest.param(USD, Decimal("0.25"), '"-1"', id="usd"),
        pytest.param(TEXT, "", "7", id="text"),
        pytest.param(OBJECT, {"a": 1}, '["a"]', id="object"),
        pytest.param(NUMBER, 429, '"429"', id="number"),
        pytest.param(WORDS, ("a", "b"), '"a"', id="words"),
        pytest.param(FIGURE, Decimal("0.25"), '"-1"', id="figure"),
    ],
)
def test_a_column_may_be_of_any_kind(kind: Kind, value: object, wrong: str, tmp_path: Path) -> None:
    wider = make_dataclass(
        "Wider", [("extra", object, field(metadata=column(kind, needed=True, in_report="extra")))],
        bases=(UsageEntry,), frozen=True, slots=True, kw_only=True,
    )  # fmt: skip
    values = {each.name: getattr(entry(), each.name) for each in fields(UsageEntry)}
    line = wider(**values, extra=value).to_line()
    reader: Any = projection(wider)(type("Reader", (), {"__annotations__": {"extra": kind.python}}))
    assert decoder(reader).decode(line).extra == value
    start, _, _ = line.rpartition('"extra":')
    log = tmp_path / "log.jsonl"
    log.write_text(line + entry().to_line() + f'{start}"extra":{wrong}}}\n')
    with open_database() as database:
        warnings = load_entries(database, [LogSource(name=str(log), file=log)], wider)
        assert database.execute("SELECT count(extra) FROM entry WHERE usable").fetchall() == [(1,)]
    reasons = [fault_text(each.fault) for each in warnings if each.fault is not None]
    assert reasons == ["extra: missing", f"extra: expected {kind.expected}, got {wrong}"]


def test_more_of_one_more_column_than_of_its_whole_is_impossible(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(tooled(tool_tokens=21).to_line() + tooled(id="b", tool_tokens=20).to_line())
    with open_database() as database:
        load_entries(database, [LogSource(name=str(log), file=log)], TooledEntry)
        counted = f"SELECT count(*) FROM entry WHERE {impossible(TooledEntry)}"
        assert database.execute(counted).fetchall() == [(1,)]


def test_no_row_of_ours_has_that_column() -> None:
    assert "tool_tokens" not in columns(UsageEntry)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
AMOUNTS = st.decimals(0, 10**6, places=15)
INSTANTS = st.integers(0, 40 * 365 * 86_400_000_000).flatmap(
    lambda us: st.sampled_from((UTC, timezone(timedelta(hours=-9.5)))).map(
        lambda zone: datetime(2020, 1, 1, tzinfo=UTC).astimezone(zone) + timedelta(microseconds=us)
    )
)
VALUES: Mapping[object, st.SearchStrategy[Any]] = {
    str: TEXTS,
    datetime: INSTANTS,
    int: st.integers(0, 10**8),
    Decimal: AMOUNTS,
}


def a_value(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a column of that Python type."""
    if kind in VALUES:
        return VALUES[kind]
    if get_origin(kind) is dict:
        return st.dictionaries(TEXTS, TEXTS, max_size=2)
    return st.lists(TEXTS, max_size=2).map(tuple) if get_origin(kind) is tuple else st.sampled_from(get_args(kind))


def any_row() -> st.SearchStrategy[UsageEntry]:
    values = {}
    for each in fields(UsageEntry):
        of_kind = a_value(columns(UsageEntry)[each.name].kind.python)
        values[each.name] = st.none() | of_kind if each.default is None or "None" in str(each.type) else of_kind
    return st.builds(UsageEntry, **values)


# Every column, by the table alone.
Everything: Any = projection(UsageEntry)(
    type("Everything", (), {
        "__annotations__": dict.fromkeys(columns(UsageEntry)),
        **{name: None for name, each in columns(UsageEntry).items() if not each.needed},
    })
)  # fmt: skip


@settings(deadline=None)
@given(any_row())
def test_every_column_comes_back_as_it_was_written(row: UsageEntry) -> None:
    found = decoder(Everything).decode(row.to_line())
    for name in columns(UsageEntry):
        assert getattr(found, name) == getattr(row, name), name


@settings(deadline=None, max_examples=50)
@given(row=any_row())
def test_every_row_that_can_be_written_is_one_for_the_report(
    tmp_path_factory: pytest.TempPathFactory, row: UsageEntry
) -> None:
    log = tmp_path_factory.mktemp("log") / "log.jsonl"
    for name in ("id", "provider", "model_requested"):
        if not getattr(row, name):
            return
    log.write_text(row.to_line(), "utf-8")
    with open_database() as database:
        assert load_entries(database, [LogSource(name=str(log), file=log)]) == []
        (found,) = rows(database, "SELECT * FROM entry")
    assert found["usable"]
    for name, each in report_columns(UsageEntry).items():
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        read = found[str(each.in_report)]
        if isinstance(value, tuple):
            value = list(value)
        assert (json.loads(read) if isinstance(value, dict) else read) == value, name


def test_the_names_of_a_row_and_their_order_stay() -> None:
    """Other programs read the log."""
    assert " ".join(columns(UsageEntry)) == (
        "id started_at first_token_at ended_at provider model_requested model_served project tags policy status "
        "end_reason input_tokens cache_hit_tokens output_tokens thinking_tokens provenance flags price_id cost_usd "
        "cost_low_usd cost_high_usd reported_usd energy_wh attempt_of text reserved_usd http_status kind conversation "
        "estimated_input_tokens forecast_p50_usd forecast_p90_usd"
    )


def test_what_is_only_written_where_known_is_left_out_and_the_rest_is_null() -> None:
    row = json.loads(entry().to_line())
    absent = [name for name in columns(UsageEntry) if name not in row]
    assert absent == [name for name, each in columns(UsageEntry).items() if each.only_known]
    assert row["project"] is None


def test_a_column_is_of_the_type_that_its_kind_has() -> None:
    hints = get_type_hints(UsageEntry)
    wide = {"end_reason": str}  # a later version may know other words
    for name, each in columns(UsageEntry).items():
        (kind,) = set(get_args(hints[name])) - {type(None)} if type(None) in get_args(hints[name]) else (hints[name],)
        if each.kind is OBJECT:
            assert get_origin(kind) is Mapping, name
        else:
            assert wide.get(name, kind) == each.kind.python, name


@pytest.mark.parametrize("module", [past_request, requests], ids=lambda module: module.__name__.split(".")[-1])
def test_what_a_reader_says_of_a_column_is_what_it_reads(module: ModuleType) -> None:
    """A reader's annotations are for the type checker; what it reads is what the column is."""
    names = vars(entry_module) | vars(module)
    readers = [each for each in vars(module).values() if hasattr(each, "__struct_fields__")]
    assert readers
    for reader in readers:
        hints = get_type_hints(reader, include_extras=True)
        (class_,) = ast.parse(getsource(reader)).body
        assert isinstance(class_, ast.ClassDef)
        said = [each for each in class_.body if isinstance(each, ast.AnnAssign)]
        assert [ast.unparse(each.target) for each in said] == list(reader.__struct_fields__)
        for each in said:
            name = ast.unparse(each.target)
            assert bare(hints[name]) == eval(ast.unparse(each.annotation), names), name
            assert "None" in ast.unparse(each.annotation) or each.value is None or name == "schema"


def bare(hint: Any) -> Any:
    """`hint` without what msgspec checks beyond the type."""
    if get_origin(hint) is Annotated:
        return get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, Decimal):
        return Decimal
    if type(None) in get_args(hint):
        (one,) = [each for each in get_args(hint) if each is not type(None)]
        return bare(one) | None
    return hint


def test_a_part_is_of_a_column_that_the_report_reads() -> None:
    read = report_columns(UsageEntry)
    assert {each.part_of for each in read.values() if each.part_of} == {"input_tokens", "output_tokens"}
    assert all(each.part_of in read for each in columns(UsageEntry).values() if each.part_of)


def test_figures_of_any_length_are_rounded_and_no_reason_to_leave_a_row_out() -> None:
    assert [name for name, each in columns(UsageEntry).items() if each.kind is FIGURE and each.in_report] == [
        "cost_usd", "energy_wh", "forecast_p50_usd", "forecast_p90_usd"
    ]  # fmt: skip
