"""A body is read by what it is, whatever its media type says; a page or an error in place of an answer is a failure."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from r1plan.engine.limits import ServerLimits
from r1plan.errors import ProviderError
from tests.wire.asking import KEY, ask, engine_for, run
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply, serving
from tests.wire.test_endings import TRUE_USD, U, asked

COUNTS = usage(
    1000,
    300,
    prompt_cache_hit_tokens=640,
    prompt_cache_miss_tokens=360,
    completion_tokens_details={"reasoning_tokens": 250},
)
MESSAGE = {"role": "assistant", "content": "The answer", "reasoning_content": "hm"}
COMPLETION = {
    "object": "chat.completion",
    "model": "deepseek-flash",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "usage": COUNTS,
}
STREAM = chunk({"reasoning_content": "hm"}) + chunk({"content": "The answer"}, finish="stop") + U + DONE
LINES = b"".join(each.removeprefix(b"data: ") + b"\n" for each in STREAM.split(b"\n\n") if each)

BODIES = {
    "events": STREAM,
    "JSON": json.dumps(COMPLETION).encode(),
    "JSON over many lines": json.dumps(COMPLETION, indent=2).encode() + b"\n",
    "JSON after blanks and a mark": b"\n \xef\xbb\xbf" + json.dumps(COMPLETION).encode(),
    "JSON in a list": json.dumps([COMPLETION]).encode(),
    "JSON as an event": b"data: " + json.dumps(COMPLETION).encode() + b"\n\n",
    "a chunk a line": LINES,
    "a chunk a line, with CR": LINES.replace(b"\n", b"\r\n"),
    "a chunk a line, the last without an end": LINES.removesuffix(b"\n"),
}
TYPES = [
    "text/event-stream",
    "Text/Event-Stream; Charset=UTF-8",
    "application/json",
    "text/plain",
    "application/x-ndjson",
    "text/html; charset=latin-1",
    "x",
    "",
]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("piece_bytes", [1, 7, 64])
def test_a_body_in_any_form_is_the_answer_with_exact_usage(name: str, piece_bytes: int) -> None:
    result = asked(Reply(BODIES[name], content_type="application/json", piece_bytes=piece_bytes))
    assert (result.error, result.thinking, result.answer, result.entry.status) == (None, "hm", "The answer", "ok")
    assert result.entry.cost_usd == result.entry.cost_low_usd == result.entry.cost_high_usd == TRUE_USD


@pytest.mark.parametrize("content_type", TYPES)
def test_the_media_type_decides_nothing(content_type: str) -> None:
    for body in (BODIES["events"], BODIES["JSON"], BODIES["a chunk a line"]):
        told = ask(Reply(body, content_type=content_type, piece_bytes=3))
        assert told.texts == ("hm", "The answer")
        assert told.end.usage.output_tokens == 300


def test_lines_of_json_are_given_as_they_come() -> None:
    first, rest = LINES.split(b"\n", 1)
    assert ask(Reply(first + b"\n", hang=True), limits=ServerLimits(stall_s=0.1)).texts == ("hm", "")
    assert rest


@pytest.mark.parametrize("length", ["short", "long"])
def test_a_completion_of_which_the_length_was_told_wrongly_is_whole_where_it_is(length: str) -> None:
    body = BODIES["JSON"] if length == "long" else BODIES["JSON"][:-20]
    told = ask(Reply(body, content_type="application/json", cut=True))
    if length == "long":
        assert told.texts == ("hm", "The answer")
        assert told.error is None
    else:
        assert isinstance(told.error, ProviderError)
        assert (told.error.fault, told.texts) == ("connection_lost", ("", ""))


def test_a_torn_completion_is_a_failure_and_no_answer() -> None:
    for body in (BODIES["JSON"][:-1], BODIES["JSON over many lines"][:-9], b"{", b"[", b"{}", b"[]", b"{}\n{}\n"):
        told = ask(Reply(body, content_type="application/json", piece_bytes=7))
        assert isinstance(told.error, ProviderError)
        assert told.error.fault in ("bad_stream", "connection_lost")
        assert told.texts == ("", "")


PAGE = (
    b"<!DOCTYPE html><html><head><TITLE>\n Just a moment&hellip;\n</TITLE></head><body><h1>Checking</h1></body></html>"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(PAGE, "Just a moment\u2026", id="a title"),
        pytest.param(b"\n<html><body><h1>502 <i>Bad</i> Gateway</h1></body></html>", "502 Bad Gateway", id="a heading"),
        pytest.param(b"<html></html>", None, id="neither"),
        pytest.param(b"<html><title>" + b"x" * 500 + b"</title>", "x" * 300, id="a long title"),
        pytest.param(b"<html><title>" + KEY.encode() + b"</title>", "[key]", id="the key in it"),
        pytest.param(b"upstream connect error", "upstream connect error", id="plain text"),
        pytest.param(b"no", "no", id="a word"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8", ""])
def test_a_page_or_a_text_in_place_of_an_answer_is_a_failure_that_says_what_it_says(
    body: bytes, said: str | None, content_type: str
) -> None:
    told = ask(Reply(body, content_type=content_type, piece_bytes=7))
    assert isinstance(told.error, ProviderError)
    what = content_type or ("a page" if body.lstrip().startswith(b"<") else "a text")
    expected = f"DeepSeek answered with {what} instead of a stream{f': {said}' if said else ''}."
    assert (told.error.message, told.error.fault) == (expected, "bad_stream")


def test_a_page_in_a_stream_of_events_is_a_failure_too() -> None:
    told = ask(Reply(PAGE, piece_bytes=3))
    assert isinstance(told.error, ProviderError)
    assert told.error.fault == "bad_stream"


def test_a_body_of_nothing_breaks_off() -> None:
    for body in (b"", b"\n\n", b"\xef\xbb\xbf", b"\xef\xbb", b"  ", b": ping\n\n"):
        told = ask(Reply(body, content_type="application/json"))
        assert isinstance(told.error, ProviderError)
        assert told.error.message == "DeepSeek broke off the answer before its end."


LIMITED = "DeepSeek takes no more requests from this account now (429): slow down."

ERRORS: dict[str, tuple[Any, str, int | None]] = {
    "a code": ({"error": {"code": 429, "message": "slow down"}}, LIMITED, 429),
    "a code as text": ({"error": {"code": "429", "message": "slow down"}}, LIMITED, 429),
    "a status": ({"error": {"status": 429, "message": "slow down."}}, LIMITED, 429),
    "beside the sentence": ({"error": "slow down", "status_code": 429}, LIMITED, 429),
    "in a list": ([{"error": {"code": 429, "message": "slow down"}}], LIMITED, 429),
    "an object": ({"object": "error", "message": "slow down", "code": 429}, LIMITED, 429),
    "in a choice": ({"choices": [{"error": {"code": 429, "message": "slow down"}}]}, LIMITED, 429),
    "no balance": ({"error": {"code": 402, "message": "pay"}}, "the balance at DeepSeek is used up (402): pay.", 402),
    "overloaded": ({"error": {"code": 503, "message": "busy"}}, "DeepSeek is overloaded (503): busy.", 503),
    "its trouble": ({"error": {"code": 529, "message": "busy"}}, "DeepSeek failed (529): busy.", 529),
    "no number": ({"error": {"code": "busy", "message": "no"}}, "DeepSeek broke off the answer: no.", None),
    "a sentence": ({"error": "no"}, "DeepSeek broke off the answer: no.", None),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_an_error_inside_a_200_has_its_own_status_and_is_not_billed(name: str, content_type: str) -> None:
    body, message, status = ERRORS[name]
    with serving(Reply(json.dumps(body).encode(), content_type=content_type, piece_bytes=7)) as wire:
        engine = engine_for("deepseek", wire.url)
        result = run(engine)
        engine.close()
    assert isinstance(result.error, ProviderError)
    assert (result.error.message, result.error.status) == (message, status)
    if status is not None:
        assert (result.error.fault, result.entry.http_status) == ("refused", status)
        assert result.entry.cost_usd == result.entry.cost_high_usd == Decimal(0)


def test_a_refusal_at_the_begin_of_a_stream_is_one_and_after_text_it_broke_off() -> None:
    error = b'data: {"error": {"code": 429, "message": "slow down"}}\n\n'
    at_once = ask(Reply(b": ping\n\n" + error + DONE, headers={"Retry-After": "7"}, piece_bytes=3)).error
    assert isinstance(at_once, ProviderError)
    assert (at_once.message, at_once.fault, at_once.retry_after_s) == (LIMITED, "refused", 7)
    later = ask(Reply(chunk({"content": "The ans"}) + error + DONE, piece_bytes=3)).error
    assert isinstance(later, ProviderError)
    assert (later.message, later.fault) == ("DeepSeek broke off the answer: slow down.", "server_failed")
    assert later.status == 429


def test_errors_in_errors_end_as_one_sentence() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"error": deep}
    for before in (b"", b"data: "):
        told = ask(Reply(before + json.dumps(deep).encode() + b"\n\n"))
        assert isinstance(told.error, ProviderError)
        assert told.error.message == "DeepSeek broke off the answer: it gave no reason."
