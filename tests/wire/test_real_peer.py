"""Servers that others wrote, on loopback, with the model of the package: they answer, and every token is accounted for.

llama-cpp-python's own server is always asked, llama.cpp's llama-server when R1PLAN_LLAMA_SERVER names its program, or
PATH holds it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from tempfile import TemporaryFile

import httpx
import pytest

from r1plan.catalog.load import load_dialects, load_providers
from r1plan.engine.chat import THINKING_CLOSED, Answer, ChatRequest, ClosesThinking, Event, Finished, Message, Thinking
from r1plan.engine.connect import connect
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings
from r1plan.engine.target import RemoteTarget, custom_target
from r1plan.tiny import MODEL_PATH

# Read here: every test starts without the variables of r1plan.
LLAMA_SERVER = os.environ.get("R1PLAN_LLAMA_SERVER") or which("llama-server")

QUESTION = Message("user", "What is 17 + 25?")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(words: list[str], port: int) -> Iterator[str]:
    """A server while it runs; its address once it answers."""
    with TemporaryFile("w+") as log, subprocess.Popen(words, stdout=log, stderr=log, text=True) as process:
        try:
            deadline = time.monotonic() + 120
            while not answers(port):
                log.seek(0)
                assert process.poll() is None, log.read()
                assert time.monotonic() < deadline, log.read()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def llama_cpp_python() -> Iterator[str]:
    port = free_port()
    words = [sys.executable, "-m", "llama_cpp.server", "--model", str(MODEL_PATH), "--host", "127.0.0.1"]
    with running([*words, "--port", str(port), "--n_ctx", "512", "--n_threads", "1"], port) as url:
        yield url


@pytest.fixture(scope="module")
def llama_server() -> Iterator[str]:
    if not LLAMA_SERVER:
        pytest.skip("neither R1PLAN_LLAMA_SERVER nor PATH names llama.cpp's llama-server")
    port = free_port()
    words = [LLAMA_SERVER, "-m", str(MODEL_PATH), "--host", "127.0.0.1", "-c", "512", "-t", "1", "--jinja"]
    with running([*words, "--port", str(port)], port) as url:
        yield url


def ask(url: str, *messages: Message, max_tokens: int | None = None, max_thinking: int | None = None) -> list[Event]:
    target = RemoteTarget(load_providers()["llama-server"], "r1-tiny", base_url=url)
    engine = connect(target, {})
    try:
        request = ChatRequest(messages=messages, temperature=0.0, max_tokens=max_tokens, max_thinking=max_thinking)
        return list(engine.stream(request))
    finally:
        engine.close()


def texts(events: list[Event]) -> tuple[str, str]:
    return (
        "".join(each.text for each in events if isinstance(each, Thinking)),
        "".join(each.text for each in events if isinstance(each, Answer)),
    )


def end(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


@pytest.fixture(scope="module")
def here() -> list[Event]:
    """What the same model says in this process."""
    engine = LocalEngine(MODEL_PATH, "r1-tiny", LoadSettings(context_tokens=512, threads=1), temperature=0.0)
    try:
        return list(engine.stream(ChatRequest(messages=(QUESTION,))))
    finally:
        engine.close()


def test_llama_cpp_pythons_server_says_what_the_model_says_here(llama_cpp_python: str, here: list[Event]) -> None:
    """Its text is the same; it writes no control tokens, and in this model's vocabulary `</think>` is one."""
    events = ask(llama_cpp_python, QUESTION)
    assert "".join(texts(events)).split() == " ".join(texts(here)).split()
    assert texts(events)[1].endswith("\n17 + 25 = 42")
    assert end(events).reason == "stop"
    assert end(events).served_model


def test_llama_cpp_pythons_server_counts_nothing_in_a_stream_and_the_estimate_says_so(
    llama_cpp_python: str, here: list[Event]
) -> None:
    usage, counted = end(ask(llama_cpp_python, QUESTION)).usage, end(here).usage
    assert set(usage.provenance.values()) == {"estimated"}
    assert usage.cache_hit_tokens is None
    assert usage.output_tokens > 0
    assert 0 < usage.output_tokens < 2 * counted.output_tokens


def test_llama_cpp_pythons_server_stops_at_the_limit(llama_cpp_python: str) -> None:
    events = ask(llama_cpp_python, QUESTION, max_tokens=5)
    assert end(events).reason == "length"


def test_llama_cpp_pythons_server_takes_a_second_turn(llama_cpp_python: str) -> None:
    events = ask(llama_cpp_python, QUESTION, Message("assistant", "17 + 25 = 42"), Message("user", "What is 3 + 4?"))
    assert texts(events)[1].endswith("\n3 + 4 = 7")


def test_llama_server_says_and_counts_what_the_model_does_here(llama_server: str, here: list[Event]) -> None:
    events = ask(llama_server, QUESTION)
    assert texts(events) == texts(here)
    usage, counted = end(events).usage, end(here).usage
    assert end(events).reason == "stop"
    # It counts the token that ends the answer too.
    assert usage.output_tokens - counted.output_tokens in (0, 1)
    assert usage.input_tokens == counted.input_tokens
    assert usage.provenance["cache_hit_tokens"] == "reported"


def test_llama_server_finds_the_first_turn_in_its_cache(llama_server: str) -> None:
    first = end(ask(llama_server, Message("user", "What is 48 × 76?"))).usage
    again = end(ask(llama_server, Message("user", "What is 48 × 76?"))).usage
    assert again.cache_hit_tokens is not None
    assert 0 < again.cache_hit_tokens <= first.input_tokens


def test_llama_server_closes_its_thinking_at_the_limit_and_still_answers(llama_server: str, here: list[Event]) -> None:
    thinking, answer = texts(ask(llama_server, QUESTION, max_thinking=5))
    assert texts(here)[0].startswith(thinking)
    assert len(thinking) < len(texts(here)[0]) / 2
    assert answer


def test_llama_server_thinks_of_nothing_where_it_may_not(llama_server: str) -> None:
    thinking, answer = texts(ask(llama_server, QUESTION, max_thinking=0))
    assert (thinking, bool(answer)) == ("", True)


def test_llama_server_ends_a_thinking_that_runs_when_it_is_told_to(llama_server: str) -> None:
    question = Message("user", "What is 123456789123456789 + 987654321987654321?")
    provider = load_providers()["llama-server"]
    engine = connect(RemoteTarget(provider, "r1-tiny", llama_server), {})
    assert isinstance(engine, ClosesThinking)
    try:
        whole = list(engine.stream(ChatRequest(messages=(question,), temperature=0.0)))
        events: list[Event] = []
        said = None
        for event in engine.stream(ChatRequest(messages=(question,), temperature=0.0)):
            events.append(event)
            if len(events) == 2:
                said = engine.close_thinking()
    finally:
        engine.close()
    assert said is True
    assert end(events).usage.flags == (THINKING_CLOSED,)
    assert len(texts(events)[0]) < len(texts(whole)[0])
    assert texts(events)[1]


def test_a_server_of_ones_own_that_is_llama_cpps_is_known_as_one(llama_server: str, here: list[Event]) -> None:
    target = custom_target(llama_server, "r1-tiny", load_dialects()["openai"])
    engine = connect(target, {})
    try:
        events = list(engine.stream(ChatRequest(messages=(QUESTION,), max_thinking=5, temperature=0.0)))
    finally:
        engine.close()
    assert len(texts(events)[0]) < len(texts(here)[0]) / 2
    assert texts(events)[1]
