"""A thinking that runs at a server like llama.cpp's is ended over its control, and cut off where there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from r1plan.catalog.load import load_dialects, load_providers
from r1plan.engine.chat import THINKING_CLOSED, ChatRequest, Message
from r1plan.engine.connect import connect
from r1plan.engine.target import RemoteTarget, custom_target
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.notes import Note
from r1plan.route.execution.result import ChatResult
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Watcher
from tests.wire.chunks import DONE, chunk, usage
from tests.wire.server import Asked, Reply, serving

# As build 0c1e57098 answers.
ENDED = {"success": True}
NOBODY = {"success": False, "message": "no active completion for this id"}


def json_reply(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status=status, content_type="application/json")


@dataclass
class _Stream(Reply):
    """Thinks on until it is told to end that, or has thought `words`; then it answers."""

    body: bytes = b""
    words: int = 3000
    ends: threading.Event = field(default_factory=threading.Event)

    def pieces(self) -> Iterator[bytes]:
        for number in range(self.words):
            if self.ends.is_set():
                break
            yield chunk({"reasoning_content": f"w{number * number} "}, id="chatcmpl-7")
            if number > 60:
                self.ends.wait(0.05)
        yield chunk({"content": "42"}, id="chatcmpl-7")
        yield chunk(finish="stop", id="chatcmpl-7", usage=usage(10, 70)) + DONE


@dataclass
class Peer:
    """A server whose control answers `says` to a completion that runs; None: it has no control. It `keeps` a budget."""

    says: object = None
    words: int = 3000
    keeps: bool = False
    asked: list[Asked] = field(default_factory=list)
    stream: _Stream = field(default_factory=_Stream)

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if not asked.path.endswith("/control"):
            most = asked.body.get("reasoning_budget_tokens")
            self.stream.words = most if self.keeps and most else self.words
            return self.stream
        if self.says is None:
            return json_reply({"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}}, 404)
        if asked.body["id"] != "chatcmpl-7":
            return json_reply(NOBODY)
        if self.says == ENDED:
            self.stream.ends.set()
        return self.says if isinstance(self.says, Reply) else json_reply(self.says)

    @property
    def bodies(self) -> list[Any]:
        return [each.body for each in self.asked if not each.path.endswith("/control")]

    @property
    def controls(self) -> list[Any]:
        return [each.body for each in self.asked if each.path.endswith("/control")]


def told(peer: Peer, tmp_path: Path, *, custom: bool = False, most: int | None = 20) -> tuple[ChatResult, list[Note]]:
    """What came of a question to `peer`, as llama-server or as a server that nobody knows."""
    with serving(peer) as wire:
        url = f"{wire.url}/v1"
        known = RemoteTarget(load_providers()["llama-server"], "r1", url)
        target = custom_target(url, "r1", load_dialects()["openai"]) if custom else known
        engine = connect(target, {})
        audience = Watcher()
        attempt = AttemptTarget(provider=target.provider.id, model="r1", is_remote=True, connect=lambda: engine)
        request = ChatRequest(messages=(Message("user", "?"),), max_thinking=most)
        result = ask([attempt], RequestContext(request=request, log=UsageLog(tmp_path), audience=audience))
        engine.close()
    return result, audience.notes


@pytest.mark.parametrize("custom", [False, True])
def test_a_server_that_keeps_the_budget_is_left_alone(tmp_path: Path, custom: bool) -> None:
    peer = Peer(says=ENDED, keeps=True)
    result, notes = told(peer, tmp_path, custom=custom)
    assert (result.answer, result.finish, notes) == ("42", "stop", [])
    assert peer.bodies[0]["reasoning_budget_tokens"] == peer.bodies[0]["thinking_budget_tokens"] == 20
    assert [each["id"] for each in peer.controls] == ["none"]


@pytest.mark.parametrize("custom", [False, True])
def test_one_that_does_not_is_told_to_end_the_thinking_and_answers(tmp_path: Path, custom: bool) -> None:
    peer = Peer(says=ENDED)
    result, notes = told(peer, tmp_path, custom=custom)
    assert (result.answer, result.finish, [each.kind for each in notes]) == ("42", "stop", ["closing"])
    assert result.entry.flags == (THINKING_CLOSED,)
    assert peer.controls[-1] == {"id": "chatcmpl-7", "action": "reasoning_end", "model": "r1"}


@pytest.mark.parametrize("custom", [False, True])
@pytest.mark.parametrize(
    "says",
    [
        pytest.param(None, id="no such endpoint"),
        pytest.param(NOBODY, id="it does not know the completion"),
        pytest.param({"success": "yes"}, id="no word of it"),
        pytest.param(Reply(b"<html>", status=200, content_type="text/html"), id="a page"),
        pytest.param(Reply(b"{}", status=500, content_type="application/json"), id="a failure"),
    ],
)
def test_where_that_cannot_be_done_it_is_cut_off_as_before(tmp_path: Path, says: object, custom: bool) -> None:
    result, notes = told(Peer(says=says, words=200), tmp_path, custom=custom)
    assert (result.answer, result.finish, result.entry.end_reason) == ("", "length", "thinking_limit")
    assert [each.kind for each in notes] == ["cut"]
    assert 20 < len(result.thinking.split()) < 60


@pytest.mark.parametrize("custom", [False, True])
def test_without_a_limit_nobody_is_asked_what_it_can(tmp_path: Path, custom: bool) -> None:
    peer = Peer(says=ENDED, words=30)
    result, _ = told(peer, tmp_path, custom=custom, most=None)
    assert (result.answer, peer.controls) == ("42", [])
    assert ("reasoning_control" in peer.bodies[0]) is not custom
    assert "reasoning_budget_tokens" not in peer.bodies[0]


def test_no_thinking_at_all_is_a_budget_of_one(tmp_path: Path) -> None:
    peer = Peer(says=ENDED, keeps=True)
    told(peer, tmp_path, most=0)
    assert peer.bodies[0]["reasoning_budget_tokens"] == 1


def test_a_key_goes_to_the_control_as_it_goes_to_the_completion(tmp_path: Path) -> None:
    peer = Peer(says=ENDED)
    with serving(peer) as wire:
        target = RemoteTarget(load_providers()["llama-server"], "r1", f"{wire.url}/v1")
        engine = connect(target, {"LLAMA_API_KEY": "sk-planted-9"})
        for _ in engine.stream(ChatRequest(messages=(Message("user", "?"),), max_thinking=20)):
            if len(peer.controls) == 1:
                engine.close_thinking()  # type: ignore[attr-defined]
        engine.close()
    assert len(peer.controls) == 2
    assert {each.headers.get("authorization") for each in peer.asked} == {"Bearer sk-planted-9"}


def test_an_engine_asks_once_what_its_server_can(tmp_path: Path) -> None:
    peer = Peer(says=ENDED, keeps=True)
    with serving(peer) as wire:
        engine = connect(replace(RemoteTarget(load_providers()["llama-server"], "r1"), base_url=f"{wire.url}/v1"), {})
        for _ in range(3):
            peer.stream = _Stream()
            list(engine.stream(ChatRequest(messages=(Message("user", "?"),), max_thinking=5)))
        engine.close()
    assert len(peer.controls) == 1
