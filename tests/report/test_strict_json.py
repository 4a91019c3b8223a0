"""A line is read as every reader of JSON reads it, or is named: DuckDB alone takes more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import MsgspecError
from msgspec.json import decode

from r1plan.render.spend.warnings import reason
from tests.report.test_invalid_line import line, report_on

GOOD = line(id="b")


MARK = b"\xef\xbb\xbf"


def with_end(text: str) -> bytes:
    return line().removesuffix(b"}") + text.encode() + b"}"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(with_end(',"x":[1,]'), "not JSON", id="comma in a list"),
        pytest.param(with_end(',"x":{"y":1,}'), "not JSON", id="comma in an object"),
        pytest.param(with_end(',"x":NaN'), "not JSON: NaN or an infinity is in it", id="NaN"),
        pytest.param(with_end(',"x":[-Infinity]'), "not JSON: NaN or an infinity is in it", id="infinity"),
        pytest.param(with_end(',"output_tokens":0'), "output_tokens: there twice", id="count twice"),
        pytest.param(with_end(',"schema":"r1plan.usage/1"'), "schema: there twice", id="the same twice"),
        pytest.param(with_end(',"other":1,"other":2'), "other: there twice", id="unknown twice"),
        pytest.param(with_end(",,"), "not JSON", id="two commas"),
        pytest.param(line() + b" x", "not JSON: Extra data", id="more behind it"),
        pytest.param(line() + line(id="c")[:-9], "not JSON: Extra data", id="a row and half of one"),
        pytest.param(line() + b"{}", "not JSON: Extra data", id="a row and no row"),
        pytest.param(line(schema="r1plan.usage/2"), "schema: expected 'r1plan.usage/1', got", id="later schema"),
        pytest.param(b"\0" * 600 + line(), "not JSON", id="hole before"),
        pytest.param(line() + line(id="c"), "not JSON: Extra data", id="two rows"),
        pytest.param(MARK + line(), "not JSON", id="mark within a file"),
        pytest.param(line()[:40] + b"\0" * 600 + line()[40:], "not JSON", id="hole within"),
        pytest.param(line(provenance="reported"), "provenance: expected an object", id="provenance"),
    ],
)
def test_a_line_that_others_cannot_read_is_named_and_left_out(bad: bytes, why: str, tmp_path: Path) -> None:
    report = report_on(tmp_path, GOOD, b"", bad, line(id="d"))
    assert [each.line for each in report.warnings] == [3]
    assert (reason(report.warnings[0]) or "").startswith(why)
    assert (report.totals.requests, report.usable_rows, report.lost) == (2, 2, 1)


@pytest.mark.parametrize(
    "text",
    ["[1,]", "NaN", "{a,}", '\\"id\\":1,\\"id\\":2', "x, ]", "-Infinity", "Infinity,}"],
    ids=ascii,
)
def test_what_only_looks_so_within_a_text_spoils_nothing(text: str, tmp_path: Path) -> None:
    asked = line(text={"messages": [{"role": "user", "content": json.loads(f'"{text}"')}]})
    report = report_on(tmp_path, asked, GOOD)
    assert (report.totals.requests, report.warnings) == (2, ())


def test_bad_lines_are_found_in_each_of_several_files(tmp_path: Path) -> None:
    from r1plan.prices.book import PriceBook
    from r1plan.report.period import Period
    from r1plan.report.query import spend_report
    from r1plan.report.question import SpendQuestion

    logs = []
    for number in range(3):
        log = tmp_path / f"{number}.jsonl"
        rows = [line(id=f"{number}-{place}") for place in range(number + 2)]
        rows.insert(number, b"\n" + with_end(',"x":[1,]'))
        log.write_bytes(b"\n".join(rows))
        logs.append(log)
    report = spend_report(SpendQuestion(logs, Period(), (), PriceBook({})))
    assert [(each.file, each.line) for each in report.warnings] == [(str(log), n + 2) for n, log in enumerate(logs)]
    assert report.totals.requests == 9


def test_a_strict_reader_refuses_what_the_report_does() -> None:
    """All but a key twice, of which the one takes the first and the other the last."""
    for text in (',"x":[1,]', ',"x":NaN', ',"x":[-Infinity]'):
        with pytest.raises(MsgspecError):
            decode(with_end(text))


@pytest.mark.parametrize("end", [",", " ,\t ", ", \r"], ids=ascii)
def test_a_comma_before_the_last_bracket_is_passed_over(end: str, tmp_path: Path) -> None:
    """Whoever makes rows by hand leaves it there."""
    report = report_on(tmp_path, GOOD, with_end(end), b"oops")
    assert (report.totals.requests, [each.line for each in report.warnings]) == (2, [3])


def test_what_else_is_wrong_with_such_a_line_is_said(tmp_path: Path) -> None:
    (warning,) = report_on(tmp_path, line(input_tokens=-1).removesuffix(b"}") + b",}").warnings
    assert (reason(warning) or "").startswith("input_tokens: expected a whole number of tokens, 0 or more, got -1")
