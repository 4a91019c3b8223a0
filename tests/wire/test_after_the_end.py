"""After a good end a server is heard for a moment: for its counts, and for nothing else."""

from __future__ import annotations

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.dialects.openai import ChunkReader
from r1plan.engine.http.chat import _wait_s
from r1plan.engine.limits import ServerLimits
from tests.wire.asking import QUESTION, ask
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Reply
from tests.wire.test_endings import TRUE_USD, WHOLE, U, asked

SIZES = (1, 7, 64, 1 << 20)
LATE = {
    "after [DONE]": WHOLE + DONE + U,
    "after [DONE], with a second one": WHOLE + DONE + U + DONE,
    "after [DONE], as a bare line": WHOLE + DONE + U.removeprefix(b"data: "),
    "after [DONE], in the same event": WHOLE + DONE.removesuffix(b"\n") + U,
    "after [DONE] and a ping": WHOLE + DONE + b": ping\n\n" + U,
    "without [DONE]": WHOLE + U,
}


@pytest.mark.parametrize("name", LATE)
def test_counts_that_come_late_are_heard(name: str) -> None:
    for size in SIZES:
        result = asked(Reply(LATE[name], piece_bytes=size))
        assert (result.error, result.answer, result.entry.status, result.entry.flags) == (None, "The answer", "ok", ())
        assert result.entry.cost_usd == result.entry.cost_low_usd == result.entry.cost_high_usd == TRUE_USD


@pytest.mark.parametrize(
    "after",
    [
        chunk({"content": "junk"}),
        b"data: torn {\n\n",
        b"event: error\ndata: late\n\n",
        b"error: late\n\n",
        b"<html>\n\n",
    ],
)
def test_all_else_after_done_is_dropped(after: bytes) -> None:
    for size in SIZES:
        result = asked(Reply(WHOLE + DONE + after + U + chunk({"content": "more"}), piece_bytes=size))
        assert (result.error, result.answer, result.entry.status) == (None, "The answer", "ok")
        assert result.entry.cost_usd == TRUE_USD


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("said_done", [False, True])
def test_a_server_that_stays_open_after_the_end_is_left(counted: bool, said_done: bool) -> None:
    """Without a limit of its own this would take the two minutes of a stall."""
    body = WHOLE + (U if counted else b"") + (DONE if said_done else b"")
    limits = ServerLimits() if counted or said_done else ServerLimits(stall_s=0.2)
    told = ask(Reply(body, hang=True), limits=limits)
    assert (told.texts[1], told.end.reason) == ("The answer", "stop")
    assert (told.end.usage.provenance["output_tokens"] == "reported") is counted


@pytest.mark.parametrize(
    "drip", [chunk({"content": "junk"}), b"data: {}\n\n", b": ping\n\n", b"x" * 1000, b"data: x\n\n"]
)
@pytest.mark.parametrize("said_done", [False, True])
def test_a_server_that_goes_on_for_ever_after_the_end_is_left(drip: bytes, said_done: bool) -> None:
    told = ask(Reply(WHOLE + (DONE if said_done else b""), drip=drip * 200))
    assert (told.texts[1], told.end.reason) == ("The answer", "stop")


def test_counts_after_a_bad_end_are_not_waited_for() -> None:
    told = ask(Reply(chunk({"content": "The ans"}) + DONE, hang=True))
    assert told.error is not None
    assert "broke off the answer before its end" in str(told.error)


def test_the_wait_is_shorter_the_less_there_is_to_come() -> None:
    reader = ChunkReader(load_providers()["deepseek"], QUESTION)
    list(reader.read('{"choices": [{"delta": {"content": "42"}, "finish_reason": "stop"}]}'))
    waits = [_wait_s(reader)]
    list(reader.read('{"usage": {"prompt_tokens": 1, "completion_tokens": 1}}'))
    waits.append(_wait_s(reader))
    list(reader.read("[DONE]"))
    waits.append(_wait_s(reader))
    assert waits == [15.0, 1.0, 0.25]


def test_counts_before_and_after_done_are_merged() -> None:
    told = ask(Reply(WHOLE + chunk(choices=[], usage={"prompt_tokens": 10}) + DONE + chunk(usage=usage(10, 50))))
    assert (told.end.usage.input_tokens, told.end.usage.output_tokens) == (10, 50)
    assert told.billed_so_far is None
