"""An answer is whole when its end says so, and by nothing else; what follows a good end does not spoil it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.engine.chat import ChatEngine
from r1plan.engine.http.error_field import with_bare_lines
from r1plan.errors import ProviderError
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.failover import ask as ask_targets
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.retry import RetryPolicy
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Watcher
from tests.wire.asking import AT, KEY, QUESTION, ask, engine_for, price, run
from tests.wire.chunks import DONE, chunk, event, usage
from tests.wire.server import Reply, serving
from tests.wire.test_quirks import Cut, cut_anyhow, prediction

U = chunk(
    choices=[],
    usage=usage(
        1000,
        300,
        prompt_cache_hit_tokens=640,
        prompt_cache_miss_tokens=360,
        completion_tokens_details={"reasoning_tokens": 250},
    ),
)
# 360 x 0.15 + 640 x 0.003 + 300 x 0.60, a million tokens each: off-peak.
TRUE_USD = Decimal("0.00023592")
BEGUN = chunk({"content": "The ans"})
WHOLE = BEGUN + chunk({"content": "wer"}, finish="stop")


def data(value: object) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def asked(reply: Reply, provider: str = "deepseek") -> ChatResult:
    """One request through the real loop, with its row."""
    with serving(reply) as wire:
        engine = engine_for(provider, wire.url)
        result = run(engine)
        engine.close()
    return result


@cut_anyhow
@pytest.mark.parametrize(
    "reason",
    ["stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence", "tool_calls", "function_call", "tool_use"],
)
def test_a_good_end_is_an_answer(cut: Cut, reason: str) -> None:
    result = asked(cut(BEGUN + chunk(finish=reason) + U + DONE))
    assert (result.finish, result.entry.status, result.entry.flags) == ("stop", "ok", ())
    assert result.entry.cost_usd == TRUE_USD


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("length", "length"), ("max_tokens", "length"), ("model_length", "length"), ("content_filter", "content_filter")],
)
def test_an_end_at_a_limit_or_a_filter_is_told_as_one(reason: str, finish: str) -> None:
    assert asked(Reply(BEGUN + chunk(finish=reason) + U + DONE)).finish == finish


@cut_anyhow
@pytest.mark.parametrize("done", [DONE, b""], ids=["done", "no-done"])
@pytest.mark.parametrize("reason", ["error", "failed", "abort", "aborted", "network_error", "something_new"])
def test_any_other_end_is_a_failure_and_what_came_and_was_billed_is_kept(cut: Cut, reason: str, done: bytes) -> None:
    result = asked(cut(BEGUN + chunk(finish=reason) + U + done))
    assert isinstance(result.error, ProviderError)
    assert f"broke off the answer: it gave '{reason}' as the reason of its end." in result.error.message
    assert result.error.worth_failing_over
    assert (result.answer, result.finish) == ("The ans", "failed")
    assert (result.entry.status, result.entry.end_reason) == ("failed", "server_failed")
    assert result.entry.cost_usd == result.entry.cost_low_usd == result.entry.cost_high_usd == TRUE_USD


def test_a_failure_is_not_healed_by_a_good_end_after_it() -> None:
    assert asked(Reply(BEGUN + chunk(finish="error") + chunk(finish="stop") + DONE)).finish == "failed"


@cut_anyhow
def test_a_server_out_of_resources_is_named_as_everywhere(cut: Cut) -> None:
    result = asked(cut(BEGUN + chunk(finish="insufficient_system_resource") + U + DONE))
    assert isinstance(result.error, ProviderError)
    assert result.error.message == "DeepSeek broke off the answer: it ran out of resources."


@cut_anyhow
@pytest.mark.parametrize("body", [DONE, BEGUN + DONE, BEGUN], ids=["done alone", "done", "neither"])
def test_without_any_end_an_answer_is_broken_off(cut: Cut, body: bytes) -> None:
    told = ask(cut(body))
    assert isinstance(told.error, ProviderError)
    assert told.error.message == "DeepSeek broke off the answer before its end."
    assert told.texts[1] == ("" if body == DONE else "The ans")


SAID: dict[str, Any] = {"code": 504, "message": "upstream timed out"}
ERRORS = {
    "error": data({"error": SAID}),
    "status beside": data({"error": "upstream timed out", "code": 504}),
    "in the choice": data({"choices": [{"finish_reason": "error", "error": SAID}]}),
    "in a choice that stops": data({"choices": [{"finish_reason": "stop", "error": SAID}]}),
    "in the delta": data({"choices": [{"delta": {"error": SAID}, "finish_reason": None}]}),
    "in the message": data({"choices": [{"message": {"role": "assistant", "error": SAID}}]}),
    "a list": data({"errors": [SAID]}),
    "a detail alone": data({"detail": "upstream timed out", "status": 504}),
    "after its reason": chunk(finish="error") + data({"error": SAID}),
    "object": data({"object": "error", "type": "ServerError", **SAID}),
    "type": data({"type": "error", **SAID}),
    "a code and a sentence": data(SAID),
    "a code in digits": data({"code": "504", "msg": "upstream timed out", "data": None}),
    "no success": data({"success": False, "status": 504, "message": "upstream timed out"}),
    "a status in a word": data({"status": "error", "code": 504, "message": "upstream timed out"}),
    "names of their own": data({"error_code": 17, "status_code": 504, "error_msg": "upstream timed out"}),
    "nested": data({"type": "error", "error": {"message": "upstream timed out", "status": "504"}}),
    "event": event("error", json.dumps(SAID)),
    "event of an exception": event("exception", json.dumps(SAID)),
    "in a response": data({"type": "response.failed", "response": {"status": "failed", "error": SAID}}),
    "field": b"error: " + json.dumps(SAID).encode() + b"\n\n",
    "field of a crlf stream": b"error:" + json.dumps(SAID).encode() + b"\r\n\r\n",
}


@cut_anyhow
@pytest.mark.parametrize("text", ["", "The ans"], ids=["at once", "in mid answer"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_is_found_wherever_the_server_puts_it(cut: Cut, error: bytes, text: str) -> None:
    result = asked(cut((chunk({"content": text}) if text else b"") + error + DONE))
    assert isinstance(result.error, ProviderError)
    assert result.error.message == "DeepSeek broke off the answer: upstream timed out."
    assert (result.error.status, result.error.worth_failing_over) == (504, True)
    assert (result.answer, result.entry.status, result.entry.http_status) == (text, "failed", 504)


@cut_anyhow
@pytest.mark.parametrize("code", [0, 200, "0", None, True, "ok"])
def test_a_sentence_with_a_code_that_all_is_well_is_no_error(cut: Cut, code: object) -> None:
    result = asked(cut(BEGUN + data({"code": code, "message": "success"}) + chunk(finish="stop") + U + DONE))
    assert (result.error, result.entry.status) == (None, "ok")


@cut_anyhow
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (event("error", "Overloaded"), "Overloaded"),
        (event("error", '{"message": "Overloaded."}'), "Overloaded"),
        (b"event: error\ndata:\n\n", "it gave no reason"),
        (event("error", "null"), "null"),
        (event("exception", "Overloaded"), "Overloaded"),
        (event("exception", ""), "it gave no reason"),
        (b"error: out of slots\n\n", "out of slots"),
        (data({"error": True}), "it gave no reason"),
        (data({"error": {"message": "half \ud83d"}}), "half \ufffd"),
    ],
)
def test_the_servers_own_words_are_told(cut: Cut, error: bytes, said: str) -> None:
    told = ask(cut(error + DONE))
    assert isinstance(told.error, ProviderError)
    assert told.error.message == f"DeepSeek broke off the answer: {said}."


def test_no_error_holds_the_key() -> None:
    for error in (data({"choices": [{"error": {"message": KEY}}]}), b"error: " + KEY.encode() + b"\n\n"):
        told = ask(Reply(error))
        assert isinstance(told.error, ProviderError)
        assert KEY not in told.error.message


def test_the_word_error_in_an_answer_is_text() -> None:
    body = chunk({"content": "\nerror: none\n"}, finish="stop", type="chat", error=None) + DONE
    assert ask(Reply(body, piece_bytes=3)).texts[1] == "error: none\n"


LINES = {
    b"error:": b"event: error\ndata:",
    b"error: {}": b"event: error\ndata: {}",
    b"{}": b"\n\ndata:{}",
    **{each: each for each in (b"error", b"data: x", b"xerror: y", b"", b"x{")},
}


@given(
    lines=st.lists(st.sampled_from(sorted(LINES)), max_size=6),
    end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    size=st.integers(1, 9),
)
def test_lines_of_errors_and_of_bare_json_become_events(lines: list[bytes], end: bytes, size: int) -> None:
    body = end.join(lines)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    read = b"".join(with_bare_lines(pieces))
    expected = [LINES[each] for each in lines]
    assert read == end.join(expected)


@cut_anyhow
@pytest.mark.parametrize("end", [chunk(finish="stop"), chunk(finish="length")], ids=["stop", "length"])
@pytest.mark.parametrize(
    "counted", [b"", chunk(choices=[], usage=usage(10, 0))], ids=["uncounted", "counted as nothing"]
)
def test_an_end_without_a_word_is_a_failure_that_gives_way(cut: Cut, end: bytes, counted: bytes) -> None:
    result = asked(cut(chunk({"role": "assistant", "content": ""}) + end + counted + DONE))
    assert isinstance(result.error, ProviderError)
    assert result.error.message == "DeepSeek broke off the answer: it ended without a word."
    assert (result.error.worth_failing_over, result.finish, result.entry.status) == (True, "failed", "failed")


def target(name: str, engine: ChatEngine) -> AttemptTarget:
    return AttemptTarget(provider=name, model="m", connect=lambda: engine, price_for=price)


@pytest.mark.parametrize(
    "empty", [chunk(finish="stop") + DONE, DONE, ERRORS["object"], ERRORS["field"], chunk(finish="error")]
)
def test_on_a_route_the_next_one_answers_for_one_that_failed_behind_a_200(empty: bytes, tmp_path: Path) -> None:
    with serving(Reply(empty, piece_bytes=3)) as failing, serving(Reply(WHOLE + U + DONE)) as well:
        engines = [engine_for("deepseek", each.url) for each in (failing, well)]
        targets = [target(name, engine) for name, engine in zip(("a", "b"), engines, strict=True)]
        context = RequestContext(
            request=QUESTION,
            log=UsageLog(tmp_path),
            audience=Watcher(None),
            retry=RetryPolicy(times=1),
            clocks=Clocks(now=lambda: AT),
        )
        result = ask_targets(targets, context)
        for engine in engines:
            engine.close()
    assert (result.answer, result.entry.status) == ("The answer", "ok")
    assert [len(each.asked) for each in (failing, well)] == [1, 1]


@pytest.mark.parametrize(
    "body",
    [
        chunk(finish="stop") + U,
        chunk({"reasoning_content": "hm"}) + chunk(finish="length"),
        chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}) + chunk(finish="stop"),
        chunk(finish="tool_calls"),
        chunk(finish="content_filter"),
    ],
    ids=["hidden output", "thinking", "a tool", "tools by the reason", "filtered"],
)
def test_an_end_without_an_answer_is_whole_where_something_was_made(body: bytes) -> None:
    assert asked(Reply(body + DONE)).error is None


AFTER = {
    "done with a space": b"data: [DONE] \n\n",
    "text": b"data: bye\n\n",
    "torn": b'data: {"choices": [{"delta": {"cont\n\n',
    "list": b"data: [1]\n\n",
    "null": b"data: null\n\n",
    "error": data({"error": {"message": "late"}}),
    "error event": event("error", "late"),
    "error reason": chunk(finish="error"),
    "more text": chunk({"content": "junk"}),
}


@cut_anyhow
@pytest.mark.parametrize("name", AFTER)
def test_what_follows_a_good_end_is_noted_and_dropped(cut: Cut, name: str) -> None:
    for body in (WHOLE + U + AFTER[name], WHOLE + AFTER[name] + U + DONE):
        if name == "done with a space" and body.endswith(DONE):
            continue  # nothing is read after it
        result = asked(cut(body))
        assert (result.error, result.answer, result.entry.status) == (None, "The answer", "ok")
        assert result.entry.cost_usd == result.entry.cost_low_usd == result.entry.cost_high_usd == TRUE_USD
        assert result.entry.flags == (() if name == "done with a space" else ("something_after_the_end",))


def test_an_end_that_is_said_twice_is_nothing_to_note() -> None:
    result = asked(Reply(WHOLE + chunk({"content": ""}, finish="stop") + U + DONE))
    assert (result.entry.status, result.entry.flags) == ("ok", ())


@cut_anyhow
def test_a_torn_event_is_noted_and_the_rest_is_read(cut: Cut) -> None:
    result = asked(cut(BEGUN + b'data: {"choices": [{"del\n\n' + chunk({"content": "wer"}, finish="stop") + U + DONE))
    assert (result.answer, result.entry.status, result.entry.flags) == ("The answer", "ok", ("unreadable_event",))
    assert result.entry.cost_usd == TRUE_USD


def test_torn_events_that_no_good_end_follows_are_told() -> None:
    for body in (BEGUN + b"data: [1]\n\n" + DONE, b"data: bye\n\n", b"data: bye\n\n" * 50 + WHOLE):
        told = ask(Reply(body))
        assert isinstance(told.error, ProviderError)
        assert told.error.fault == "bad_stream"


@cut_anyhow
@pytest.mark.parametrize("field", ["content", "reasoning_content"])
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["hi \ud83d", "\ude00!"], "hi 😀!"),
        (["hi \ud83d\ude00!"], "hi 😀!"),
        (["hi \ud83d", "!"], "hi \ufffd!"),
        (["hi \ude00!"], "hi \ufffd!"),
        (["hi \ud83d", "\ud83d", "\ude00"], "hi \ufffd😀"),
        (["hi \ud83d"], "hi \ufffd"),
        (["hi \ude00\ud83d", ""], "hi \ufffd\ufffd"),
    ],
)
def test_half_a_character_is_joined_or_replaced(cut: Cut, field: str, pieces: list[str], text: str) -> None:
    # As JSON escapes: UTF-8 has no halves.
    body = b"".join(data({"choices": [{"delta": {field: piece}}]}) for piece in pieces)
    told = ask(cut(body + chunk(finish="stop") + U + DONE))
    assert told.texts == ((text, "") if field == "reasoning_content" else ("", text))
    assert told.end.usage.output_tokens == 300
    cut_off = ask(cut(body))
    assert "".join(cut_off.texts) == text


def test_halves_of_the_thinking_and_of_the_answer_are_not_joined() -> None:
    body = data({"choices": [{"delta": {"reasoning_content": "hm \ud83d"}}]})
    body += data({"choices": [{"delta": {"content": "\ude00!"}}]})
    assert ask(Reply(body + chunk(finish="stop") + DONE)).texts == ("hm \ufffd", "\ufffd!")


def test_a_served_model_of_half_a_character_can_be_written() -> None:
    told = ask(Reply(data({"model": "m\ud83d"}) + WHOLE.replace(b"deepseek-flash", b"") + DONE))
    assert told.end.served_model == "m\ufffd"


FINAL = event("output", "The ans") + event("done", "{}")


@cut_anyhow
@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"status": "failed", "error": f"Model crashed, {KEY}"}, "Model crashed, [key]"),
        ({"status": "failed"}, "it failed"),
        ({"status": "canceled"}, "it was canceled"),
    ],
)
def test_a_prediction_whose_final_state_failed_has_failed(cut: Cut, state: dict[str, Any], said: str) -> None:
    for stream, answer in ((FINAL, "The ans"), (event("done", "{}"), "")):
        server = prediction(cut(stream), input_token_count=11, output_token_count=9)

        def reply(asked: Any, server: Any = server) -> Reply:
            found: Reply = server(asked)
            if asked.method == "GET" and asked.path.endswith("/p1") and "stream" not in asked.path:
                found.body = json.dumps(json.loads(found.body) | state).encode()
            return found

        told = ask(reply, "replicate")
        assert isinstance(told.error, ProviderError)
        assert told.error.message == f"Replicate broke off the answer: {said}."
        assert told.texts[1] == answer


def test_a_prediction_without_a_word_has_failed() -> None:
    told = ask(prediction(Reply(event("done", "{}"))), "replicate")
    assert isinstance(told.error, ProviderError)
    assert "it ended without a word" in told.error.message
