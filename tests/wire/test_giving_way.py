"""Who cannot answer gives way: what each status comes to, shown something or not, on a route or named by the user."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.errors import ProviderError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.book import EffectivePrice
from r1plan.route.execution.context import Clocks, RequestContext
from r1plan.route.execution.failover import ask as ask_targets
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Clock, Watcher, rows_in
from tests.wire.asking import AT, QUESTION, engine_for, price
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply, serving

BEGUN = chunk({"content": "The ans"})
WHOLE = BEGUN + chunk({"content": "wer"}, finish="stop") + chunk(choices=[], usage=usage(1000, 300)) + DONE

# The edges of each hundred, and what somebody is known to send.
STATUSES = (
    *(300, 301, 302, 303, 304, 307, 308, 399),
    *(
        400,
        401,
        402,
        403,
        404,
        405,
        406,
        408,
        409,
        410,
        413,
        414,
        415,
        418,
        421,
        422,
        425,
        426,
        429,
        431,
        444,
        451,
        499,
    ),
    *(500, 501, 502, 503, 504, 505, 507, 508, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599, 999),
)
STAYS = {400, 422}
ASKED_THREE_TIMES = {425, 429, 500, 502, 503, 521, 523, 529}


@dataclass
class Went:
    """What one question came to: how often each was asked, and the last row of each request."""

    result: ChatResult
    asked: tuple[int, ...]
    rows: list[dict[str, object]]
    waits: list[float]
    said: list[str]


def goes(logs: Path, *replies: Reply) -> Went:
    """One question to one target a reply, in that order: alone it is what a user named, else a route."""
    clock, watcher = Clock(AT), Watcher()
    with serving(lambda asked: replies[int(asked.path.split("/")[1])]) as wire:
        engines = [engine_for("deepseek", f"{wire.url}/{number}") for number in range(len(replies))]
        targets = [
            AttemptTarget(provider=f"p{number}", model="m", connect=lambda engine=engine: engine, price_for=flash)  # type: ignore[misc]
            for number, engine in enumerate(engines)
        ]
        context = RequestContext(
            request=QUESTION,
            log=UsageLog(logs),
            audience=watcher,
            clocks=Clocks(now=clock.now, tick=clock.tick, sleep=clock.sleep, random=lambda: 0.5),
        )
        result = ask_targets(targets, context)
        for engine in engines:
            engine.close()
    counts = tuple(sum(each.path.startswith(f"/{number}/") for each in wire.asked) for number in range(len(replies)))
    last = {str(row["id"]): row for row in rows_in(logs)}
    return Went(result, counts, list(last.values()), clock.waits, [each.kind for each in watcher.notes])


def flash(entry: UsageEntry) -> EffectivePrice | None:
    """What deepseek-flash costs, whoever is asked."""
    return price(replace(entry, provider="deepseek", model_requested="deepseek-flash"))


def refused(status: int, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b"" if status in (304, 204) else b'{"error": {"message": "no"}}'
    return Reply(body, status, "application/json", headers=named)


@pytest.mark.parametrize("status", STATUSES)
def test_on_a_route_the_next_one_answers_unless_the_request_itself_is_refused(status: int, tmp_path: Path) -> None:
    went = goes(tmp_path, refused(status, Location="/elsewhere"), Reply(WHOLE))
    assert went.waits == []
    first = went.rows[0]
    assert (first["status"], first["http_status"], first["cost_high_usd"]) == ("failed", status, "0")
    if status in STAYS:
        assert went.asked == (1, 0)
        assert isinstance(went.result.error, ProviderError)
    else:
        assert went.asked == (1, 1)
        assert (went.result.answer, went.result.error) == ("The answer", None)
        assert went.said == ["failed_over"]
        assert [row["status"] for row in went.rows] == ["failed", "ok"]


@pytest.mark.parametrize("status", STATUSES)
def test_alone_it_is_asked_again_only_where_nothing_was_taken_and_fails_with_a_hint(
    status: int, tmp_path: Path
) -> None:
    went = goes(tmp_path, refused(status))
    times = 3 if status in ASKED_THREE_TIMES else 1
    assert (went.asked, len(went.waits)) == ((times,), times - 1)
    assert isinstance(went.result.error, ProviderError)
    assert f"({status})" in went.result.error.message
    assert went.result.error.hint
    assert [row["status"] for row in went.rows] == ["failed"] * times


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 503, 504, 529])
def test_an_error_with_that_code_in_an_answer_that_is_shown_gives_way_to_nobody(status: int, tmp_path: Path) -> None:
    error = b"data: " + json.dumps({"error": {"code": status, "message": "no"}}).encode() + b"\n\n"
    went = goes(tmp_path, Reply(BEGUN + error, piece_bytes=7), Reply(WHOLE))
    assert went.asked == (1, 0)
    assert (went.result.answer, went.result.finish, went.said) == ("The ans", "failed", ["broke_off"])
    assert went.result.go_on == (None if status in STAYS else "p1/m")
    unseen = goes(tmp_path / "unseen", Reply(error, piece_bytes=3), Reply(WHOLE))
    assert unseen.asked == ((1, 0) if status in STAYS else (1, 1))


@pytest.mark.parametrize("code", ["model_not_found", "context_length_exceeded"])
def test_an_error_inside_an_answer_that_is_about_the_model_gives_way(code: str, tmp_path: Path) -> None:
    error = json.dumps({"error": {"status": 400, "code": code, "message": "no"}}).encode()
    went = goes(tmp_path, Reply(b"data: " + error + b"\n\n", piece_bytes=7), Reply(WHOLE))
    assert (went.asked, went.result.answer) == ((1, 1), "The answer")


@pytest.mark.parametrize("status", [202, 203, 204, 205, 206, 226, 299])
def test_another_good_status_is_no_answer_gives_way_and_may_have_been_billed(status: int, tmp_path: Path) -> None:
    reply = Reply(b"" if status in (204, 205) else WHOLE, status)
    went = goes(tmp_path, reply, Reply(WHOLE))
    assert (went.asked, went.result.answer) == ((1, 1), "The answer")
    assert (went.rows[0]["end_reason"], went.rows[0]["http_status"]) == ("bad_stream", status)
    assert Decimal(str(went.rows[0]["cost_low_usd"])) == 0
    assert Decimal(str(went.rows[0]["cost_high_usd"])) > 0


@pytest.mark.parametrize("status", [100, 101, 103])
def test_a_status_that_is_no_end_gives_way(status: int, tmp_path: Path) -> None:
    went = goes(tmp_path, Reply(b"", status), Reply(WHOLE))
    assert (went.asked, went.result.answer, went.rows[0]["status"]) == ((1, 1), "The answer", "failed")


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}},
        {"error": {"code": "model_not_found"}},
        {"error": "model_not_available"},
        {"error": {"message": "The model `deepseek-r1` does not exist or you do not have access to it."}},
        {"error": {"message": "deepseek/r1 is not a valid model ID"}},
        {"error": {"message": "The model deepseek-r1 has been decommissioned."}},
        {"detail": "Unsupported model: deepseek-r1"},
        {"error": "model 'deepseek-r1:671b' not found, try pulling it first"},
        {"error": {"message": "This model's maximum context length is 65536 tokens."}},
        {"error": {"code": "context_length_exceeded"}},
        {"object": "error", "message": "the request exceeds the available context size", "code": 400},
        {"error": {"message": "The prompt is too long: 12345, model maximum: 8191"}},
        {"error": {"message": "Your credit balance is too low to access the API."}},
        {"error": {"message": "API key not valid. Please pass a valid API key."}},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
def test_a_wrong_request_that_is_about_this_server_alone_gives_way(
    body: dict[str, object], status: int, tmp_path: Path
) -> None:
    went = goes(tmp_path, Reply(json.dumps(body).encode(), status, "application/json", piece_bytes=5), Reply(WHOLE))
    assert (went.asked, went.result.answer) == ((1, 1), "The answer")


@pytest.mark.parametrize(
    "said",
    [
        "temperature must be at most 2",
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
        "The model `m` does not support images.",
        "For model m, the parameter 'top_p' is not supported.",
        "messages: at least one message is required",
        "Invalid schema for function 'find': model is required",
        "Invalid 'messages[0].content'",
        "",
    ],
)
def test_a_wrong_request_that_is_about_itself_gives_way_to_nobody(said: str, tmp_path: Path) -> None:
    body = json.dumps({"error": {"message": said, "code": "invalid_request_error"}}).encode()
    assert goes(tmp_path, Reply(body, 400, "application/json"), Reply(WHOLE)).asked == (1, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Retry-After", "99999999999"),
        ("Retry-After", "61"),
        ("Retry-After", "0, 99999999999"),
        ("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("Retry-After-Ms", "600000"),
        ("X-RateLimit-Reset", "600"),
    ],
)
def test_who_asks_for_a_wait_that_is_too_long_is_not_asked_again(name: str, value: str, tmp_path: Path) -> None:
    reply = replace(refused(429), headers={name: value})
    alone = goes(tmp_path / "alone", reply)
    assert (alone.asked, alone.waits) == ((1,), [])
    assert isinstance(alone.result.error, ProviderError)
    assert "it asks to wait " in (alone.result.error.hint or "")
    route = goes(tmp_path / "route", reply, Reply(WHOLE))
    assert (route.asked, route.waits, route.result.answer) == ((1, 1), [], "The answer")


@pytest.mark.parametrize(
    ("value", "least_s", "most_s"),
    [
        ("7", 7, 8),
        ("0", 0, 1),
        ("1.5", 1.5, 2.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 1),
        ("-9", 0.5, 1),
        ("x", 0.5, 1),
    ],
)
def test_nobody_is_asked_again_sooner_than_it_asked(value: str, least_s: float, most_s: float, tmp_path: Path) -> None:
    went = goes(tmp_path, refused(503, Retry_After=value))
    assert went.asked == (3,)
    assert least_s <= went.waits[0] <= most_s


BAD_STREAMS = {
    "a page": Reply(b"<html><title>Just a moment...</title></html>", content_type="text/html", piece_bytes=5),
    "a torn first event": Reply(b'data: {"choices":[{"delta":{"cont\n\n' + DONE, piece_bytes=5),
    "nothing at all": Reply(b""),
    "no stream": Reply(b"ok", content_type="text/plain"),
    "compressed": Reply(WHOLE, headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", BAD_STREAMS)
def test_what_is_no_answer_gives_way_while_nothing_was_shown(name: str, tmp_path: Path) -> None:
    went = goes(tmp_path, BAD_STREAMS[name], Reply(WHOLE))
    assert (went.asked, went.result.answer, went.said) == ((1, 1), "The answer", ["failed_over"])


def test_when_nobody_can_answer_the_last_one_is_told_and_every_row_has_its_end(tmp_path: Path) -> None:
    went = goes(tmp_path, refused(404), refused(520), refused(401))
    assert went.asked == (1, 1, 1)
    assert isinstance(went.result.error, ProviderError)
    assert went.result.error.status == 401
    assert went.said == ["failed_over", "failed_over"]
    assert [row["status"] for row in went.rows] == ["failed"] * 3
