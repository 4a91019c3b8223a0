"""A server that is slow, silent, endless or absent is given up in time, and its error says what may be done."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import Event
from r1plan.engine.http.watchdog import Watchdog
from r1plan.engine.limits import ServerLimits
from r1plan.engine.refusal import asked_to_wait_s, retry_after_s
from r1plan.errors import ProviderError, ProviderFault
from tests.wire.asking import QUESTION, Told, ask, engine_for
from tests.wire.chunks import DONE, chunk
from tests.wire.server import Reply, recorded, serving

BEGUN = chunk({"reasoning_content": "hm"}) + chunk({"content": "Ye"})


def error_of(told: Told) -> ProviderError:
    assert isinstance(told.error, ProviderError)
    assert told.error.hint
    return told.error


@pytest.mark.parametrize(
    ("reply", "limits", "fault", "message"),
    [
        pytest.param(
            Reply(b"", hang=True),
            ServerLimits(first_token_s=0.1),
            "first_token_timeout",
            "DeepSeek sent no word of an answer for 0.1 s.",
            id="silence before the first token",
        ),
        pytest.param(
            Reply(b"", wait_before_s=60),
            ServerLimits(first_token_s=0.1),
            "first_token_timeout",
            "DeepSeek sent no word of an answer for 0.1 s.",
            id="not even a status",
        ),
        pytest.param(
            Reply(b"", drip=b": keep-alive\n\n", pause_s=0.005),
            ServerLimits(first_token_s=0.1),
            "first_token_timeout",
            "DeepSeek sent no word of an answer for 0.1 s.",
            id="comments for ever",
        ),
        pytest.param(
            Reply(b"", drip=b"\n", pause_s=0.005),
            ServerLimits(first_token_s=0.1),
            "first_token_timeout",
            "DeepSeek sent no word of an answer for 0.1 s.",
            id="blank lines for ever",
        ),
        pytest.param(
            Reply(b"", drip=chunk({"role": "assistant", "content": ""}), pause_s=0.005),
            ServerLimits(first_token_s=0.1),
            "first_token_timeout",
            "DeepSeek sent no word of an answer for 0.1 s.",
            id="empty chunks for ever",
        ),
        pytest.param(
            Reply(BEGUN, hang=True),
            ServerLimits(stall_s=0.1),
            "stalled",
            "DeepSeek sent nothing more for 0.1 s.",
            id="silence in mid answer",
        ),
        pytest.param(
            Reply(BEGUN, drip=b": keep-alive\n\n", pause_s=0.005),
            ServerLimits(stall_s=0.1),
            "stalled",
            "DeepSeek sent nothing more for 0.1 s.",
            id="comments in mid answer",
        ),
        pytest.param(
            Reply(BEGUN, drip=chunk({"content": "a"}), pause_s=0.005),
            ServerLimits(total_s=0.2),
            "timeout",
            "DeepSeek was not done after 0.2 s.",
            id="an answer for ever",
        ),
        pytest.param(
            Reply(BEGUN, drip=chunk({"content": "a"})),
            ServerLimits(total_bytes=5000),
            "bad_stream",
            "DeepSeek sent more than 5,000 bytes in all.",
            id="too many bytes",
        ),
        pytest.param(
            Reply(BEGUN, drip=b"x" * 100),
            ServerLimits(event_bytes=5000),
            "bad_stream",
            "DeepSeek sent more than 5,000 bytes without one whole event.",
            id="a line without end",
        ),
        pytest.param(
            Reply(BEGUN, drip=b"data: x\n"),
            ServerLimits(event_bytes=5000),
            "bad_stream",
            "DeepSeek sent more than 5,000 bytes without one whole event.",
            id="an event without end",
        ),
        pytest.param(
            Reply(b"", 500, "application/json", drip=b" "),
            ServerLimits(body_bytes=5000),
            "refused",
            "DeepSeek failed (500).",
            id="an error without end",
        ),
    ],
)
def test_no_server_keeps_us_for_ever(reply: Reply, limits: ServerLimits, fault: ProviderFault, message: str) -> None:
    told = ask(reply, limits=limits)
    error = error_of(told)
    assert (error.message, error.fault) == (message, fault)
    if reply.body:
        assert told.texts[0] == "hm"
        assert told.texts[1].startswith("Ye")
        assert told.usage_so_far is not None


def test_a_page_that_never_ends_in_place_of_a_stream_is_given_up() -> None:
    reply = Reply(b"<html>", content_type="text/html", drip=b" ", pause_s=0.005)
    assert error_of(ask(reply, limits=ServerLimits(first_token_s=0.2))).fault in ("bad_stream", "first_token_timeout")


def test_an_answer_whose_end_had_come_is_whole_though_the_server_then_stalls() -> None:
    told = ask(Reply(BEGUN + chunk(finish="stop"), hang=True), limits=ServerLimits(stall_s=0.1))
    assert told.end.reason == "stop"


def test_tokens_that_keep_coming_are_waited_for_however_long_it_takes_in_all() -> None:
    body = b"".join(chunk({"content": "a"}) for _ in range(20)) + chunk(finish="stop") + DONE
    told = ask(Reply(body, piece_bytes=len(chunk({"content": "a"})), pause_s=0.04), limits=ServerLimits(stall_s=0.6))
    assert told.texts[1] == "a" * 20


def test_a_reader_that_rests_is_not_the_servers_fault() -> None:
    """As when the answer is read in a pager."""
    body = b"".join(chunk({"content": "a"}) for _ in range(20)) + chunk(finish="stop") + DONE
    with serving(Reply(body, piece_bytes=len(chunk({"content": "a"})))) as wire:
        engine = engine_for("deepseek", wire.url, limits=ServerLimits(stall_s=0.5))
        events: list[Event] = []
        for event in engine.stream(QUESTION):
            events.append(event)
            if len(events) == 2:
                time.sleep(0.8)
        engine.close()
    assert Told(wire, events).end.reason == "stop"


def test_only_the_time_spent_waiting_counts_and_each_token_has_its_own() -> None:
    now = 0.0
    watchdog = Watchdog(ServerLimits(stall_s=2, total_s=7), 5, lambda: None, tick=lambda: now)

    def wait(seconds: float) -> bool:
        nonlocal now
        in_time = watchdog.begin()
        now += seconds
        watchdog.end()
        return in_time

    assert wait(3)
    now += 100  # the reader rests
    assert wait(1.9)
    watchdog.token()
    assert wait(1)
    watchdog.token()
    assert wait(1)
    assert wait(0.2)
    assert not wait(0)
    assert (watchdog.expired, watchdog.limit_s) == ("total", 7)


def test_what_ran_out_first_is_named() -> None:
    now = 0.0
    watchdog = Watchdog(ServerLimits(stall_s=2, total_s=7), 5, lambda: None, tick=lambda: now)
    watchdog.begin()
    now += 5
    watchdog.end()
    assert not watchdog.begin()
    assert watchdog.expired == "first_token"


@contextmanager
def full_queue() -> Iterator[str]:
    """An address whose server takes no more connections."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for client in waiting:
            client.close()


def test_a_connection_that_is_not_taken_is_given_up_and_nothing_was_sent() -> None:
    with full_queue() as url:
        engine = engine_for("deepseek", url, limits=ServerLimits(connect_s=0.1))
        with pytest.raises(ProviderError, match=r"did not take the connection within 0\.1 s") as raised:
            list(engine.stream(QUESTION))
        engine.close()
    assert (raised.value.fault, raised.value.worth_failing_over) == ("unreachable", True)


@pytest.mark.parametrize(
    ("status", "worth"),
    [(400, False), (401, True), (402, True), (403, True), (404, True), (408, True), (418, True), (422, False),
     (429, True), (500, True), (501, True), (502, True), (503, True), (504, True), (529, True), (307, True)],
)  # fmt: skip
def test_another_provider_is_worth_asking_for_what_is_this_ones_trouble(status: int, worth: bool) -> None:
    error = error_of(ask(Reply(b'{"error": {"message": "no"}}', status, "application/json")))
    assert (error.status, error.fault, error.worth_failing_over) == (status, "refused", worth)


@pytest.mark.parametrize(
    ("fault", "worth"),
    [
        ("unreachable", True), ("first_token_timeout", True), ("stalled", True), ("timeout", True),
        ("connection_lost", True), ("server_failed", True), ("bad_stream", True), ("refused", False),
    ],
)  # fmt: skip
def test_without_a_status_the_fault_decides(fault: ProviderFault, worth: bool) -> None:
    assert ProviderError("x", fault=fault).worth_failing_over is worth


NOW = datetime(2026, 11, 24, 5, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 12 ", 12.0),
        ("Tue, 24 Nov 2026 05:00:30 GMT", 30.0),
        ("Tuesday, 24-Nov-26 05:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 04:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("9" * 30, 1e9),
        ("99999999999", 1e9),
        ("7, 30, 5", 30.0),
        ("7, soon", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Tue, 24 Nov 2026 05:00:30 +9999", None),
        ("Tue, 99 Nov 2026 05:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        (503, {"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        (429, {"x-ratelimit-reset": "12"}, 12.0),
        (429, {"ratelimit-reset": "12.5"}, 12.5),
        (429, {"retry-after": "3", "x-ratelimit-reset": "12"}, 3.0),
        (429, {"x-ratelimit-reset": f"{NOW.timestamp() + 30:.0f}"}, 30.0),
        (429, {"x-ratelimit-reset": f"{NOW.timestamp() * 1000 + 30_000:.0f}"}, 30.0),
        (429, {"x-ratelimit-reset": f"{NOW.timestamp() - 30:.0f}"}, 0.0),
        (429, {"x-ratelimit-reset": "6m0s"}, None),
        (503, {"x-ratelimit-reset": "12"}, None),
        (429, {}, None),
    ],
)
def test_how_long_to_wait_is_read_from_whatever_header_says_it(
    status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_to_wait_s(status, headers, NOW) == seconds


def test_how_long_to_wait_stands_in_the_error_and_in_its_hint() -> None:
    reply = Reply(b"{}", 429, "application/json", headers={"Retry-After": "7"})
    error = error_of(ask(reply))
    assert error.retry_after_s == 7
    assert error.hint is not None
    assert error.hint.startswith("it asks to wait 7 s")


def test_the_providers_own_patience_holds_unless_the_caller_says_otherwise() -> None:
    """DeepSeek keeps a request in its queue for up to ten minutes, a model of one's own may read a long prompt."""
    providers = load_providers()
    assert providers["deepseek"].first_token_s == 600
    assert min(each.first_token_s for each in providers.values() if each.own_server) >= 600
    assert recorded("deepseek.sse").startswith(b": keep-alive")
