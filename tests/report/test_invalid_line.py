"""Lines that cannot be used are left out, counted and named; nothing else is lost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.prices.book import PriceBook
from r1plan.render.spend.document import spend_json
from r1plan.render.spend.warnings import fault_text
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.spend import SpendReport

GOOD = {
    "schema": "r1plan.usage/1",
    "id": "a",
    "started_at": "2025-09-06T00:00:00+00:00",
    "first_token_at": None,
    "ended_at": "2025-09-06T00:00:09Z",
    "provider": "local",
    "model_requested": "r1-tiny",
    "status": "ok",
    "input_tokens": 10,
    "output_tokens": 5,
}


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


def report_on(folder: Path, *lines: bytes) -> SpendReport:
    log = folder / "log.jsonl"
    log.write_bytes(b"\n".join(lines))
    return spend_report(SpendQuestion([log], Period(), (), PriceBook({})))


BAD = [
    pytest.param(line()[:40], "torn: the line ends in the middle", id="torn"),
    pytest.param(line()[:-1], "torn: the line ends in the middle", id="torn-at-the-last-byte"),
    pytest.param(line()[:20] + line(), "not JSON: Expecting ',' delimiter at column 23", id="torn-and-written-on"),
    pytest.param(b"hello", "not JSON: Expecting value at column 1", id="not-json"),
    pytest.param(line() + line(), "not JSON: Extra data at column 250", id="two-rows-in-a-line"),
    pytest.param(line().replace(b'"a"', b'"\xff"'), "not UTF-8 at byte 37", id="not-utf-8"),
    pytest.param(b"[1, 2]", "expected an object, got [1, 2]", id="a-list"),
    pytest.param(b"null", "expected an object, got null", id="null"),
    pytest.param(b'"text"', 'expected an object, got "text"', id="a-text"),
    pytest.param(b"\x00\x00\x00", "not JSON: Expecting value at column 1", id="zero-bytes"),
    pytest.param(b"{}", "schema: expected 'r1plan.usage/1', got null", id="empty-object"),
    pytest.param(
        line(schema="r1plan.usage/2"), "schema: expected 'r1plan.usage/1', got \"r1plan.usage/2\"", id="later-schema"
    ),
    pytest.param(
        line(input_tokens=-1), "input_tokens: expected a whole number of tokens, 0 or more, got -1", id="negative"
    ),
    pytest.param(
        line(output_tokens=1.5), "output_tokens: expected a whole number of tokens, 0 or more, got 1.5", id="fraction"
    ),
    pytest.param(
        line(output_tokens="7"), 'output_tokens: expected a whole number of tokens, 0 or more, got "7"', id="text"
    ),
    pytest.param(
        line(cache_hit_tokens=True),
        "cache_hit_tokens: expected a whole number of tokens, 0 or more, got true",
        id="bool",
    ),
    pytest.param(
        line(thinking_tokens=10**18),
        "thinking_tokens: expected a whole number of tokens, 0 or more, got 1000000000000000000",
        id="absurd",
    ),
    pytest.param(without("id"), "id: missing", id="no-id"),
    pytest.param(without("provider"), "provider: missing", id="no-provider"),
    pytest.param(without("started_at"), "started_at: missing", id="no-start"),
    pytest.param(without("model_requested"), "model_requested: missing", id="no-model"),
    pytest.param(without("status"), "status: missing", id="no-status"),
    pytest.param(line(id=5), "id: expected a text, got 5", id="id-is-a-number"),
    pytest.param(line(provider=""), 'provider: expected a text, got ""', id="empty-provider"),
    pytest.param(
        line(status="fine"),
        'status: expected one of ok, length, aborted, failed, started, got "fine"',
        id="unknown-status",
    ),
    pytest.param(
        line(ended_at="2025-02-30T00:00:00Z"),
        'ended_at: expected an ISO 8601 instant with its offset, got "2025-02-30T00:00:00Z"',
        id="no-such-day",
    ),
    pytest.param(
        line(started_at="2025-09-06T00:00:00"),
        'started_at: expected an ISO 8601 instant with its offset, got "2025-09-06T00:00:00"',
        id="no-offset",
    ),
    pytest.param(
        line(first_token_at=1757116800),
        "first_token_at: expected an ISO 8601 instant with its offset, got 1757116800",
        id="seconds-for-an-instant",
    ),
    pytest.param(line(cost_low_usd="-1"), 'cost_low_usd: expected an amount of USD as a text, got "-1"', id="money"),
    pytest.param(line(cost_high_usd=1), "cost_high_usd: expected an amount of USD as a text, got 1", id="money-number"),
    *[
        pytest.param(
            line(provider=provider, **{name: value}),
            f"{name}: expected a number, 0 or more, as a text, got {json.dumps(value)}",
            id=f"{name}-{value}-of-{provider}",
        )
        for name in ("cost_usd", "energy_wh", "forecast_p50_usd", "forecast_p90_usd")
        for value in ("-1000", "NaN", "1e30", "1" + "0" * 18, "abc", "", "1.", True, 0.5, float("nan"), -1)
        for provider in (("local", "deepseek") if value == "-1000" else ("local",))
    ],
    pytest.param(
        line(reported_usd="free"), 'reported_usd: expected an amount of USD as a text, got "free"', id="reported-money"
    ),
    pytest.param(line(tags=["a"]), 'tags: expected an object, got ["a"]', id="tags-are-a-list"),
    pytest.param(line(project=3), "project: expected a text, got 3", id="project-is-a-number"),
    pytest.param(line(project="\ud800"), "not a row that can be read", id="half-a-character"),
    pytest.param(
        line(status="\ud800"),
        'status: expected one of ok, length, aborted, failed, started, got "\\ud800"',
        id="half-a-character-for-a-word",
    ),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_line_is_named_and_the_others_count(tmp_path: Path, bad: bytes, reason: str) -> None:
    report = report_on(tmp_path, line(), b"", b"  \r", bad, line(id="b"), b"")
    (warning,) = report.warnings
    assert (warning.kind, warning.file, warning.line) == ("bad_line", str(tmp_path / "log.jsonl"), 4)
    assert warning.fault is not None
    assert fault_text(warning.fault) == reason
    spend_json(report).encode()
    assert (report.totals.requests, report.totals.input_tokens, report.lost) == (2, 20, 1)


@pytest.mark.parametrize(
    "fine",
    [
        pytest.param(line(ended_at="2025-09-06T08:00:09.123456+08:00"), id="fraction-and-offset"),
        pytest.param(line(input_tokens=None, output_tokens=None, cache_hit_tokens=None), id="unknown-tokens"),
        pytest.param(line(input_tokens=10**18 - 1), id="the-most-tokens"),
        pytest.param(line(added_later={"any": ["thing"]}), id="a-field-that-we-do-not-know"),
        pytest.param(line(project="日本 \"x\" \\ \u0000"), id="any-text"),
        pytest.param(b" " + line() + b"\r", id="spaces-and-crlf"),
        pytest.param(line(cost_low_usd="0.000000000000001", cost_high_usd="1"), id="money"),
        pytest.param(line(cost_usd="0." + "3" * 40, energy_wh="0", forecast_p50_usd="9" * 18), id="figures"),
        pytest.param(line(cost_usd=None, energy_wh=None, forecast_p50_usd=None), id="unknown-figures"),
        pytest.param(line(reported_usd="0.00095"), id="reported-money"),
        pytest.param(line(reported_usd=None), id="no-reported-money"),
        pytest.param(line(tags={}), id="no-tags"),
    ],
)  # fmt: skip
def test_a_good_line_is_kept(tmp_path: Path, fine: bytes) -> None:
    report = report_on(tmp_path, fine)
    assert (report.totals.requests, report.lost) == (1, 0)


@pytest.mark.parametrize("content", [b"{", b"x", b'"'])
def test_a_file_of_one_torn_byte_is_named(tmp_path: Path, content: bytes) -> None:
    report = report_on(tmp_path, content)
    assert [(each.kind, each.line) for each in report.warnings] == [("bad_line", 1)]


def test_each_file_has_its_own_line_numbers(tmp_path: Path) -> None:
    logs = [tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "3.jsonl"]
    logs[0].write_bytes(line() + b"\noops\n")
    logs[1].write_bytes(b"\n\n" + line(id="b") + b"\noops\n" + line(id="c") + b"\noops")
    logs[2].write_bytes(b"")
    report = spend_report(SpendQuestion(logs, Period(), (), PriceBook({})))
    assert [(Path(each.file or "").name, each.line) for each in report.warnings] == [
        ("1.jsonl", 2),
        ("2.jsonl", 4),
        ("2.jsonl", 6),
    ]
    assert report.totals.requests == 3


def test_in_a_long_log_each_bad_line_keeps_its_number(tmp_path: Path) -> None:
    """Long enough for the work of two threads; which lines are bad shows whether the order was kept."""
    bad = set(range(7, 60_000, 4_999))
    lines = [b"oops" if number in bad else line(id=f"{number:06}") for number in range(60_000)]
    report = report_on(tmp_path, *lines)
    assert [each.line for each in report.warnings] == [number + 1 for number in sorted(bad)]


def test_a_file_that_cannot_be_opened_is_named_and_the_others_count(tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_bytes(line())
    report = spend_report(SpendQuestion([tmp_path / "gone.jsonl", good], Period(), (), PriceBook({})))
    (warning,) = report.warnings
    assert (warning.kind, warning.os_error) == ("unreadable_file", "No such file or directory")
    assert (report.totals.requests, report.lost) == (1, 1)
    alone = spend_report(SpendQuestion([tmp_path / "gone.jsonl"], Period(), (), PriceBook({})))
    assert (alone.totals.requests, alone.lost) == (0, 1)


PIECES = st.sampled_from([each.values[0] for each in BAD] + [line(), b"", b" ", b"\t\x0b\x0c", b"\r"]) | st.binary(
    max_size=9
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_each_line_is_counted_or_named(tmp_path_factory: pytest.TempPathFactory, pieces: list[object]) -> None:
    content = [each for each in pieces if isinstance(each, bytes)]
    lines = b"\n".join(content).split(b"\n")
    report = report_on(tmp_path_factory.mktemp("log"), *lines)
    kept = [number for number, each in enumerate(lines, start=1) if each == line()]
    if any(each.kind == "unreadable_file" for each in report.warnings):
        assert kept == []  # all of it is something else
        return
    named = [each.line for each in report.warnings if each.kind == "bad_line"]
    used = [number for number, each in enumerate(lines, start=1) if each.strip() and number not in named]
    assert used == kept
    assert report.totals.requests == bool(kept)


def test_a_request_logged_twice_counts_once_by_its_last_row(tmp_path: Path) -> None:
    rows = [line(id="x", status="ok", output_tokens=1), line(id="y"), line(id="x", status="aborted", output_tokens=3)]
    report = report_on(tmp_path, *rows, line(id="y", output_tokens=7))
    (warning,) = report.warnings
    assert (warning.kind, warning.count, warning.ids) == ("duplicate_ids", 2, ("x", "y"))
    assert (report.totals.requests, report.totals.output_tokens, report.lost) == (2, 10, 0)


def test_a_bad_last_row_does_not_replace_a_good_one(tmp_path: Path) -> None:
    report = report_on(tmp_path, line(output_tokens=1), line(output_tokens=-1))
    assert (report.totals.requests, report.totals.output_tokens) == (1, 1)


def test_the_row_at_the_end_replaces_the_one_at_the_start(tmp_path: Path) -> None:
    begun = line(ended_at=None, status="aborted", cost_low_usd="0", cost_high_usd="0.5")
    running = report_on(tmp_path, begun)
    assert (running.totals.uncertain_requests, running.totals.uncertain_high_usd) == (1, Decimal("0.5"))
    done = report_on(tmp_path, begun, line())
    assert (done.totals.requests, done.totals.uncertain_requests, done.warnings) == (1, 0, ())
