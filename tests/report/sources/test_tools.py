"""Whatever kind of file a tool's records are in, its report is what a plain loop over them comes to."""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from r1plan.prices.book import PriceBook
from r1plan.render.spend.terminal import spend_lines
from r1plan.report.keys import parse_keys
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.sources.given import given_files
from r1plan.report.spend import SpendReport
from tests.report.importers.made import deepseek, helicone, langfuse, litellm, openai, openrouter, otel
from tests.report.importers.made.truth import Made
from tests.report.sources import written

Maker = Callable[[Random, int], Iterator[Made]]
JSON_TOOLS: Mapping[str, tuple[str, Maker]] = {
    "LiteLLM": ("litellm", litellm.spend_logs),
    "Helicone": ("helicone", helicone.requests),
    "Langfuse": ("langfuse", lambda random, number: langfuse.observations(random, number, camel=False)),
    "OpenTelemetry": ("otel", otel.spans),
    "OpenAI's bodies": ("openai", openai.bodies),
}
TABLE_TOOLS = {
    **{name: JSON_TOOLS[name] for name in ("LiteLLM", "Helicone", "Langfuse")},
    "OpenRouter's log": ("openrouter", openrouter.log),
}


def report_of(*paths: Path, tool: str | None = None) -> SpendReport:
    return spend_report(SpendQuestion(given_files(paths), Period(), (), PriceBook({}), importer=tool))


def check(report: SpendReport, tool: str, made: Sequence[Made]) -> None:
    """That `report` is that of `made`: every count, every trap, nothing else."""
    truths = [each.truth for each in made if each.truth]
    assert {each.importer for each in report.imported} == {tool}
    said: Counter[str] = Counter()
    for each in report.imported:
        said.update(each.left_out)
        said.update(each.noted)
    assert said == Counter(trap for each in made for trap in each.traps)
    assert sum(each.rows for each in report.imported) == len(truths)
    totals = report.totals
    for name in ("input_tokens", "output_tokens", "cache_hit_tokens", "thinking_tokens"):
        assert getattr(totals, name) == sum(getattr(each, name) or 0 for each in truths), name
    assert totals.requests == sum(each.requests or 0 for each in truths)
    billed = [each.reported_usd for each in truths if each.reported_usd is not None]
    assert totals.reported_usd == (sum(billed, Decimal(0)) if billed else None)
    assert [each for each in report.warnings if each.kind in ("bad_line", "bad_record", "unreadable_file")] == []


@pytest.mark.parametrize("form", written.JSON_FILES)
@pytest.mark.parametrize("tool", ["LiteLLM", "OpenTelemetry", "OpenAI's bodies"])
def test_json_in_every_form(tool: str, form: str, tmp_path: Path) -> None:
    name, maker = JSON_TOOLS[tool]
    made = list(maker(Random(5), 40))
    (tmp_path / form).write_bytes(written.JSON_FILES[form]([each.record for each in made]))
    check(report_of(tmp_path / form), name, made)


@pytest.mark.parametrize("form", written.CSV_FILES)
def test_csv_in_every_form(form: str, tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(6), 40))
    (tmp_path / form).write_bytes(written.CSV_FILES[form]([each.record for each in made]))
    check(report_of(tmp_path / form), "litellm", made)


@pytest.mark.parametrize("tool", TABLE_TOOLS)
def test_every_tool_with_tables_in_a_database(tool: str, tmp_path: Path) -> None:
    name, maker = TABLE_TOOLS[tool]
    made = list(maker(Random(8), 120))
    written.sqlite([each.record for each in made], tmp_path / "x.sqlite")
    check(report_of(tmp_path / "x.sqlite"), name, made)


def test_a_folder_of_several_tools_is_one_report(tmp_path: Path) -> None:
    made = {
        "a.jsonl": list(litellm.spend_logs(Random(1), 30)),
        "sub/b.csv": list(openrouter.log(Random(2), 30)),
        "sub/c.json": list(helicone.requests(Random(3), 30)),
    }
    (tmp_path / "sub").mkdir()
    for name, found in made.items():
        records = [each.record for each in found]
        content = written.table(records) if name.endswith(".csv") else written.lines(records)
        (tmp_path / name).write_bytes(content)
    report = report_of(tmp_path)
    truths = [each.truth for found in made.values() for each in found if each.truth]
    assert {each.importer for each in report.imported} == {"litellm", "openrouter", "helicone"}
    assert report.totals.requests == sum(each.requests or 0 for each in truths)
    assert report.totals.input_tokens == sum(each.input_tokens or 0 for each in truths)


def test_two_exports_that_overlap_count_each_request_once(tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(9), 60))
    records = [each.record for each in made]
    (tmp_path / "a.jsonl").write_bytes(written.lines(records[:40]))
    (tmp_path / "b.csv").write_bytes(written.table(records[20:]))
    report = report_of(tmp_path)
    truths = [each.truth for each in made if each.truth]
    assert report.totals.requests == sum(each.requests or 0 for each in truths)
    assert report.totals.input_tokens == sum(each.input_tokens or 0 for each in truths)
    (warning,) = [each for each in report.warnings if each.kind == "repeated_rows"]
    assert warning.count == sum(each.truth is not None for each in made[20:40])


def test_a_header_in_other_case_and_with_blanks_is_the_same_header(tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(4), 20))
    first, rest = written.table([each.record for each in made]).split(b"\n", 1)
    header = b",".join(b" " + each.upper() + b" " for each in first.split(b","))
    (tmp_path / "x.csv").write_bytes(header + b"\n" + rest)
    check(report_of(tmp_path / "x.csv"), "litellm", made)


def test_a_tool_that_is_named_is_believed(tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(4), 20))
    records = [{name: value for name, value in each.record.items() if name != "call_type"} for each in made]
    (tmp_path / "x.jsonl").write_bytes(written.lines(records))
    unknown = report_of(tmp_path / "x.jsonl")
    (warning,) = unknown.warnings
    assert (warning.file_fault, warning.nearest, warning.missing) == ("unknown_fields", "litellm", ("call_type",))
    named = report_of(tmp_path / "x.jsonl", tool="litellm")
    assert named.imported[0].importer == "litellm"
    assert named.totals.requests > 0


def test_a_bill_that_names_no_currency_is_told(tmp_path: Path) -> None:
    made = deepseek.made(4, days=3)
    (tmp_path / "amount.csv").write_bytes(deepseek.as_csv(made.amounts, Random(1)))
    assert [each.count for each in report_of(tmp_path).warnings if each.kind == "currency_assumed"] == [
        len({(each["utc_date"], each["model"], each["api_key_name"]) for each in made.amounts})
    ]
    (tmp_path / "cost.csv").write_bytes(deepseek.as_csv(made.costs, Random(1)))
    assert [each for each in report_of(tmp_path).warnings if each.kind == "currency_assumed"] == []


@pytest.mark.parametrize("currency", ["USD", "CNY"])
@pytest.mark.parametrize("form", [{}, {"offset_hours": 0}, {"day_format": "%Y%m%d"}], ids=["days", "instants", "plain"])
def test_deepseeks_zip_comes_to_what_it_billed(form: Mapping[str, Any], currency: Any, tmp_path: Path) -> None:
    made = deepseek.made(5, currency=currency, **form)
    (tmp_path / "usage_data_2026_6.zip").write_bytes(deepseek.as_zip(made, Random(1)))
    (tmp_path / "again.zip").write_bytes(deepseek.as_zip(made, Random(2)))
    report = spend_report(SpendQuestion(given_files([tmp_path]), Period(), (), PriceBook({}), currency=currency))
    assert report.totals.reported_usd == sum(Decimal(each["cost"]) for each in made.costs)
    assert report.totals.output_tokens == sum(
        int(each["amount"]) for each in made.amounts if each["type"] == "output_tokens"
    )


def test_a_postgres_dump_is_its_tables(tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(11), 60))
    (tmp_path / "dump.sql").write_bytes(written.postgres_dump("LiteLLM_SpendLogs", [each.record for each in made]))
    check(report_of(tmp_path / "dump.sql"), "litellm", made)


def test_one_record_in_an_envelope_is_read(tmp_path: Path) -> None:
    made = list(openrouter.generations(Random(12), 9))
    (tmp_path / "x.jsonl").write_bytes(written.lines([{"data": each.record} for each in made]))
    check(report_of(tmp_path / "x.jsonl"), "openrouter", made)


def test_days_summed_by_user_and_by_team_are_the_same_requests(tmp_path: Path) -> None:
    day = {
        "date": "2025-11-01", "api_key": "k", "model": "deepseek-reasoner", "custom_llm_provider": "deepseek",
        "prompt_tokens": 1000, "completion_tokens": 200, "spend": 0.1, "api_requests": 2,
    }  # fmt: skip
    users = [{**day, "id": f"u{number}", "user_id": f"u{number}"} for number in range(2)]
    team = [{**day, "id": "t", "team_id": "t", "prompt_tokens": 2000, "completion_tokens": 400, "api_requests": 4}]
    (tmp_path / "users.json").write_bytes(written.lines(users))
    (tmp_path / "teams.json").write_bytes(written.lines(team))
    report = report_of(tmp_path)
    assert (report.totals.requests, report.totals.input_tokens, report.totals.output_tokens) == (4, 2000, 400)
    assert [each.count for each in report.warnings if each.kind == "sums_by_other_key"] == [1]
    assert report_of(tmp_path / "teams.json").totals.requests == 4


def test_a_compressed_export_in_a_zip_is_read(tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(13), 20))
    packed = gzip.compress(written.lines([each.record for each in made]))
    (tmp_path / "x.zip").write_bytes(written.zipped({"rows.jsonl.gz": packed}))
    check(report_of(tmp_path / "x.zip"), "litellm", made)


@pytest.mark.parametrize("id_", ["chatcmpl-1", "chatcmpl-8f7e6d5c4b3a29180716"])
def test_one_response_that_two_tools_tell_counts_once(id_: str, tmp_path: Path) -> None:
    row = next(each.record for each in litellm.spend_logs(Random(3), 60) if each.truth and not each.traps)
    row = {**row, "request_id": id_, "prompt_tokens": 100, "completion_tokens": 20, "custom_llm_provider": "deepseek",
           "model": "deepseek-reasoner", "metadata": {}}  # fmt: skip
    body = {
        "id": id_, "object": "chat.completion", "created": 1_772_600_767, "model": "deepseek-reasoner", "choices": [],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_bytes(written.lines([row]))
    (tmp_path / "b.jsonl").write_bytes(written.lines([body]))
    report = report_of(tmp_path)
    assert (report.totals.requests, report.totals.input_tokens) == (1, 100)
    assert [each.count for each in report.warnings if each.kind == "repeated_responses"] == [1]


def test_a_bill_beside_rows_of_another_tool_is_told(tmp_path: Path) -> None:
    row = next(each.record for each in litellm.spend_logs(Random(3), 60) if each.truth and not each.traps)
    row = {**row, "custom_llm_provider": "deepseek", "model": "deepseek-reasoner", "startTime": "2026-03-04T05:06:07Z"}
    days = deepseek.made(5, days=1, first=date(2026, 3, 4))
    (tmp_path / "a.jsonl").write_bytes(written.lines([row]))
    (tmp_path / "usage.zip").write_bytes(deepseek.as_zip(days, Random(1)))
    assert [each.count for each in report_of(tmp_path).warnings if each.kind == "sums_beside_others"] == [1]


def test_sums_that_do_not_say_how_many_requests_they_are_are_shown(tmp_path: Path) -> None:
    made = deepseek.made(5, days=2)
    (tmp_path / "cost.csv").write_bytes(deepseek.as_csv(made.costs, Random(1)))
    report = report_of(tmp_path)
    lines = list(spend_lines(report, 100))
    assert lines[0].startswith("2026-06-24 to 2026-06-25 cost $")
    assert "An unknown number of requests." in lines


def test_a_call_of_opencode_that_a_later_export_tells_ended_is_one_request(tmp_path: Path) -> None:
    begun: dict[str, Any] = {
        "id": "msg_01k9zq2f7b0000000000000000", "sessionID": "ses_1", "role": "assistant",
        "time": {"created": 1_772_600_767_000}, "modelID": "deepseek-reasoner", "providerID": "deepseek", "cost": 0,
        "tokens": {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}},
    }  # fmt: skip
    over = {**begun, "time": {"created": 1_772_600_767_000, "completed": 1_772_600_799_000}}
    over["tokens"] = {"input": 100, "output": 20, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    (tmp_path / "before.json").write_bytes(written.lines([begun]))
    (tmp_path / "after.json").write_bytes(written.lines([over]))
    totals = report_of(tmp_path).totals
    assert (totals.requests, totals.input_tokens, totals.uncertain_requests) == (1, 100, 0)


def _bucket(start: int, long_s: int, requests: int, **other: Any) -> dict[str, Any]:
    result = {
        "object": "organization.usage.completions.result", "input_tokens": 100 * requests,
        "output_tokens": 10 * requests, "num_model_requests": requests, "model": "gpt-5", **other,
    }  # fmt: skip
    return {"object": "bucket", "start_time": start, "end_time": start + long_s, "results": [result]}


# the hours of a day of 24 requests that are told -> sums left out
@pytest.mark.parametrize(("hours", "left_out"), [(24, 1), (3, 3), (0, 0)])
def test_a_day_beside_its_hours_counts_once_and_by_what_tells_more(hours: int, left_out: int, tmp_path: Path) -> None:
    start = 1_772_582_400
    other_day = _bucket(start + 86_400, 86_400, 5)
    told = [_bucket(start + 3600 * hour, 3600, 1) for hour in range(hours)]
    (tmp_path / "days.jsonl").write_bytes(written.lines([_bucket(start, 86_400, 24), other_day]))
    (tmp_path / "hours.jsonl").write_bytes(written.lines([other_day, *told]))
    report = report_of(tmp_path)
    assert (report.totals.requests, report.totals.input_tokens) == (29, 2900)
    assert [each.count for each in report.warnings if each.kind == "sums_in_sums"] == [left_out] * bool(left_out)


def test_days_of_one_key_beside_hours_of_another_key_count_once(tmp_path: Path) -> None:
    start = 1_772_582_400
    days = [_bucket(start, 86_400, 24, model=None, project_id="p")]
    (tmp_path / "days.jsonl").write_bytes(written.lines(days))
    (tmp_path / "hours.jsonl").write_bytes(written.lines([_bucket(start + 3600 * hour, 3600, 1) for hour in range(24)]))
    assert report_of(tmp_path).totals.requests == 24


@pytest.mark.parametrize("name", ["starttime", "STARTTIME"])
@pytest.mark.parametrize("form", ["lines.jsonl", "envelope.json"])
def test_json_whose_names_a_database_wrote_in_other_capitals_is_read(name: str, form: str, tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(14), 30))
    spell = str.upper if name.isupper() else str.lower
    records = [{spell(key): value for key, value in each.record.items()} for each in made]
    assert name in records[0]
    (tmp_path / form).write_bytes(written.JSON_FILES[form](records))
    check(report_of(tmp_path / form), "litellm", made)


@pytest.mark.parametrize(("factor", "differs"), [("1", False), ("1.5", True)])
def test_a_cost_file_that_says_something_else_than_amount_times_price_is_named(
    factor: str, differs: bool, tmp_path: Path
) -> None:
    made = deepseek.made(6, days=2)
    costs = [{**each, "cost": f"{Decimal(each['cost']) * Decimal(factor):.16f}"} for each in made.costs]
    (tmp_path / "usage.zip").write_bytes(deepseek.as_zip(replace(made, costs=costs), Random(1)))
    report = report_of(tmp_path)
    bill = sum(Decimal(each["price"]) * int(each["amount"]) for each in made.amounts if each["price"])
    assert report.totals.cost_usd == report.totals.reported_usd == bill
    found = [each for each in report.warnings if each.kind == "cost_file_differs"]
    assert [(each.tool, each.currency) for each in found] == [("deepseek", "USD")] * differs
    for warning in found:
        assert warning.reported_usd == Decimal(factor) * (warning.priced_usd or 0)


def test_costs_rounded_to_cents_contradict_nothing(tmp_path: Path) -> None:
    made = deepseek.made(6, days=2)
    costs = [{**each, "cost": f"{Decimal(each['cost']):.2f}"} for each in made.costs]
    (tmp_path / "usage.zip").write_bytes(deepseek.as_zip(replace(made, costs=costs), Random(1)))
    assert [each for each in report_of(tmp_path).warnings if each.kind == "cost_file_differs"] == []


@pytest.mark.parametrize(("timezone", "by"), [("UTC", "day"), ("Asia/Shanghai", ""), ("America/New_York", "day")])
def test_sums_of_utc_days_by_another_clock_are_told(timezone: str, by: str, tmp_path: Path) -> None:
    made = deepseek.made(7, days=9, first=date(2026, 6, 25))
    (tmp_path / "amount.csv").write_bytes(deepseek.as_csv(made.amounts, Random(1)))
    report = spend_report(
        SpendQuestion(given_files([tmp_path]), Period(timezone=timezone), parse_keys(by), PriceBook({}))
    )
    told = {each.kind for each in report.warnings if each.kind.startswith("sums_across")}
    assert told == (set() if timezone == "UTC" else {"sums_across_days", "sums_across_months"})


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite"])
def test_a_dump_of_inserts_is_its_tables(dialect: str, tmp_path: Path) -> None:
    made = list(litellm.spend_logs(Random(15), 40))
    records = [{**each.record, "end_user": "it's; (a),\n\"b\" \\'"} for each in made]
    (tmp_path / "dump.sql").write_bytes(written.inserts("LiteLLM_SpendLogs", records, dialect))
    check(report_of(tmp_path / "dump.sql"), "litellm", made)


@pytest.mark.parametrize("dialect", ["copy", "postgres", "mysql", "sqlite"])
@pytest.mark.parametrize("ending", ["sql", "sql.gz"])
def test_a_dump_that_ends_in_the_middle_is_read_up_to_there_and_named_once(
    dialect: str, ending: str, tmp_path: Path
) -> None:
    records = [each.record for each in litellm.spend_logs(Random(15), 40)]
    if dialect == "copy":
        whole = written.postgres_dump("LiteLLM_SpendLogs", records)
    else:
        whole = written.inserts("LiteLLM_SpendLogs", records, dialect)
    (tmp_path / "rest.jsonl").write_bytes(written.lines(records[:-1]))
    expected = report_of(tmp_path / "rest.jsonl").imported[0].rows
    last = whole.rindex(str(records[-1]["request_id"]).encode())
    for size in (last + 3, whole.index(b"\n", last) - 9):  # in its first and in its last cells
        dump = written.PACK["gz"](whole[:size])[:-9] if ending == "sql.gz" else whole[:size]
        (tmp_path / f"dump.{ending}").write_bytes(dump)
        report = report_of(tmp_path / f"dump.{ending}")
        assert [each.file_fault for each in report.warnings if each.kind == "unreadable_file"] == ["damaged"]
        assert report.imported[0].rows == expected


def test_what_lz4_packed_is_read(tmp_path: Path) -> None:
    frame = pytest.importorskip("lz4.frame")
    made = list(litellm.spend_logs(Random(16), 40))
    records = [each.record for each in made]
    packed = frame.compress(written.lines(records[:9])) + frame.compress(written.lines(records[9:]))
    (tmp_path / "x.jsonl.lz4").write_bytes(packed)
    check(report_of(tmp_path / "x.jsonl.lz4"), "litellm", made)
    (tmp_path / "x.jsonl.lz4").write_bytes(packed[:-99])
    (warning,) = [each for each in report_of(tmp_path).warnings if each.kind == "unreadable_file"]
    assert warning.file_fault == "damaged"


def test_what_lz4_packed_names_the_extra_where_nothing_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    (tmp_path / "x.jsonl.lz4").write_bytes(b"\x04\x22\x4d\x18" + bytes(300))
    (warning,) = report_of(tmp_path).warnings
    assert warning.file_fault == "compressed"
