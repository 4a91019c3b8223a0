"""Servers that others run, asked over loopback: what they are, what they really hold, and how they fail."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from r1plan.errors import NotFound, ProviderError, R1PlanError, UsageError
from r1plan.hardware.machine import Machine
from r1plan.render.verify.server import server_document, server_lines, server_text
from r1plan.tiny import MODEL_PATH
from r1plan.verify.server import door
from r1plan.verify.server.report import ServerReport
from r1plan.verify.server.verify import ServerSight, address_meant, verify_server
from tests.plan.catalogue import card, machine
from tests.verify.servers import LLAMA_SERVER, OLLAMA, OTHER, SGLANG, VLLM, Answers, ServerDouble
from tests.wire.server import Asked, Reply, serving
from tests.wire.test_real_peer import free_port, running

LOG = "look into the server's own log, and measure again when it answers"
REAL = os.environ.get("R1PLAN_LLAMA_SERVER")


def here() -> Machine:
    return machine(card(24), ram=64)


def ticking(step_s: float = 0.01) -> Callable[[], float]:
    """A clock that goes on by so much whenever it is looked at."""
    now = [0.0]

    def tick() -> float:
        now[0] += step_s
        return now[0]

    return tick


def verified(
    double: ServerDouble | Callable[[Asked], Reply],
    model: str | None = None,
    tick: Callable[[], float] | None = None,
    path: str = "",
) -> ServerReport:
    with serving(double) as wire:
        return at(wire.url.removesuffix("/v1") + path, model, tick)


def at(url: str, model: str | None = None, tick: Callable[[], float] | None = None) -> ServerReport:
    sight = ServerSight(
        tick=tick or ticking(),
        now=lambda: datetime(2026, 11, 28, tzinfo=UTC),
        look=here,
        random=Random(1),
        told=lambda _text: None,
    )
    return verify_server(url, model, Path("none"), sight, quick=True)


@pytest.mark.parametrize(("path", "piece_bytes"), [("", 1), ("/", 7), ("/v1", 1 << 20), ("/v1/", 4096)])
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            LLAMA_SERVER,
            ("llama-server", "b1-0c1e570", "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf", 8192, 131072, 4),
            id="llama-server",
        ),
        pytest.param(OLLAMA, ("ollama", "0.12.6", "deepseek-r1:7b", 4096, 131072, None), id="ollama"),
        pytest.param(VLLM, ("vllm", "0.11.2", "r1-32b", 32768, None, None), id="vllm"),
        pytest.param(SGLANG, ("sglang", "0.5.6", "deepseek-ai/DeepSeek-R1", 163840, None, 256), id="sglang"),
        pytest.param(OTHER, ("openai", None, "r1-tiny", None, None, None), id="other"),
    ],
)
def test_each_server_is_known_by_what_it_says(
    answers: Answers, expected: tuple[object, ...], path: str, piece_bytes: int
) -> None:
    facts = verified(ServerDouble(answers, piece_bytes), path=path).facts
    said = (facts.kind, facts.version, facts.model, facts.context_tokens, facts.trained_tokens, facts.slots)
    assert said == expected


def test_llama_servers_own_clock_counts() -> None:
    report = verified(ServerDouble(LLAMA_SERVER))
    assert report.pace.by_server
    assert report.prefill[0].tok_s == pytest.approx(2000)
    assert report.decode[0].tok_s == pytest.approx(64 / 1.2805)
    assert report.traps == ("short-context", "busy")


def test_ollamas_short_context_is_named_with_what_mends_it() -> None:
    report = verified(ServerDouble(OLLAMA))
    assert report.decode[0].tok_s == pytest.approx(100)
    assert report.traps == ("short-context", "partly-on-processor")
    text = "\n".join(server_lines(report, 400))
    assert "4,096 tokens of context though the model takes 131,072" in text
    assert "OLLAMA_CONTEXT_LENGTH" in text
    assert "66 % of it is on a card" in text


@pytest.mark.parametrize(
    ("context", "is_trap"), [(2048, True), (4096, True), (32768, True), (32769, False), (131072, False)]
)
def test_the_context_is_short_where_the_model_takes_four_times_as_much(context: int, is_trap: bool) -> None:
    ps = json.loads(json.dumps(OLLAMA["/api/ps"]))
    ps["models"][0]["context_length"] = context
    report = verified(ServerDouble({**OLLAMA, "/api/ps": ps}))
    assert ("short-context" in report.traps) is is_trap


def test_a_model_that_is_not_loaded_is_loaded_by_the_question_and_tells_its_context_then() -> None:
    double = ServerDouble(OLLAMA)

    def reply(asked: Asked) -> Reply:
        is_loaded = "/api/generate" in double.asked
        double.answers = OLLAMA if is_loaded else {**OLLAMA, "/api/ps": {"models": []}}
        return double(asked)

    report = verified(reply)
    assert report.facts.context_tokens == 4096
    assert report.facts.model == "deepseek-r1:7b"


def test_vllms_room_for_all_requests_and_its_load_are_read_from_its_metrics() -> None:
    facts = verified(ServerDouble(VLLM)).facts
    assert facts.cache_tokens == 16 * 27846
    assert facts.busy == 2
    assert facts.path == "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"


def test_what_streams_in_is_timed_between_its_parts() -> None:
    report = verified(ServerDouble(OTHER), tick=ticking(0.01))
    assert not report.pace.by_server
    # One look at the clock a part, so 24 tokens have 23 gaps of 10 ms.
    assert report.decode[0].tok_s == pytest.approx(100, rel=0.01)


def test_a_question_is_of_words_that_no_cache_holds() -> None:
    prompts: list[str] = []

    def reply(asked: Asked) -> Reply:
        if asked.body and "messages" in asked.body:
            prompts.append(asked.body["messages"][0]["content"])
        return ServerDouble(OTHER)(asked)

    verified(reply)
    assert len({each[:20] for each in prompts}) == len(prompts) == 3
    assert len(prompts[2]) > 5 * len(prompts[1])


def test_a_long_question_fits_a_short_context() -> None:
    asked: list[Any] = []
    answers = {**LLAMA_SERVER, "/slots": [{"id": 0, "n_ctx": 512}]}

    def reply(each: Asked) -> Reply:
        asked.append(each.body)
        return ServerDouble(answers)(each)

    verified(reply)
    longest = max(len(each["prompt"].split()) for each in asked if each and "prompt" in each)
    assert longest < 60, "the short one has 1,000 tokens of 16 words here"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("deepseek-r1:7b", "deepseek-r1:7b"),
        ("DeepSeek-R1:7B", "deepseek-r1:7b"),
        ("other", "other:latest"),
        ("other:latest", "other:latest"),
    ],
)
def test_one_of_ollamas_models_is_named_as_there(typed: str, expected: str) -> None:
    tags = {"models": [{"name": "other:latest", "details": {}}, {"name": "deepseek-r1:7b", "details": {}}]}
    double = ServerDouble({**OLLAMA, "/api/tags": tags})
    assert verified(double, model=typed).facts.model == expected


def test_a_server_of_several_models_is_told_which() -> None:
    several = {"/v1/models": {"data": [{"id": f"model-{each}"} for each in range(9)]}}
    with pytest.raises(UsageError, match=r"serves 9 models: model-0.* and 3 more") as caught:
        verified(ServerDouble(several))
    assert caught.value.hint == "name one: --model model-0"
    assert verified(ServerDouble(several), model="model-4").facts.model == "model-4"
    with pytest.raises(NotFound, match="model-99"):
        verified(ServerDouble(several), model="model-99")


def test_the_key_goes_along_and_a_missing_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-planted-key-12345678"
    with pytest.raises(ProviderError) as caught:
        verified(ServerDouble(LLAMA_SERVER, key=key))
    assert caught.value.hint == "it wants a key: set R1PLAN_API_KEY"
    monkeypatch.setenv("R1PLAN_API_KEY", key)
    assert verified(ServerDouble(LLAMA_SERVER, key=key)).facts.kind == "llama-server"


def test_a_server_that_is_down_is_said_with_what_to_do() -> None:
    with pytest.raises(ProviderError, match="connection refused") as caught:
        at(f"http://127.0.0.1:{free_port()}")
    assert caught.value.hint == "is it running? check the address and its port"


def test_a_server_that_never_comes_to_an_end_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_FACTS", replace(door._FACTS, total_s=1))
    with serving(lambda _asked: Reply(b"{", content_type="application/json", drip=b" ", pause_s=0.05)) as wire:
        with pytest.raises(ProviderError, match=r"(was not done after|sent no word of an answer for) 1 s") as caught:
            at(wire.url)
        assert len(wire.asked) == 1
    assert caught.value.hint == LOG


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        pytest.param(Reply(b"{}", status=404), "name a model that it serves: --model NAME", id="no such model"),
        pytest.param(Reply(b"{}", status=500), LOG, id="failed"),
        pytest.param(Reply(b"data: {", cut=True), LOG, id="broke off"),
    ],
)
def test_what_a_question_meets_has_no_hint_of_a_chat(reply: Reply, hint: str) -> None:
    with pytest.raises(ProviderError) as caught:
        verified(lambda asked: ServerDouble(OTHER)(asked) if asked.method == "GET" else reply)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"/props": {"hello": 1}}, id="another's props"),
        pytest.param({"/v1/models": {"data": []}}, id="no models"),
        pytest.param({"/v1/models": {"data": "r1"}}, id="not a list"),
        pytest.param({"/v1/models": {"data": [1, None, "x"]}}, id="a list of nothing"),
        pytest.param({"/api/version": {"version": "1"}}, id="a version alone"),
        pytest.param({"/metrics": "up 1\n"}, id="another's metrics"),
    ],
)
def test_what_is_no_server_of_models_is_said(answers: Answers) -> None:
    with pytest.raises(R1PlanError, match=r"no server of models|has no model"):
        verified(ServerDouble(answers))


def test_a_page_for_every_path_is_no_server_of_models() -> None:
    with pytest.raises(ProviderError, match="no server of models"):
        verified(lambda _asked: Reply(b"<html><title>Router</title></html>", content_type="text/html"))


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_is_not_ready_is_said_to_be_so(status: int) -> None:
    reply = Reply(b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}', status=status)
    with pytest.raises(ProviderError, match="Loading model"):
        verified(lambda _asked: reply)


@pytest.mark.parametrize("answers", [LLAMA_SERVER, SGLANG, VLLM], ids=["llama-server", "sglang", "vllm"])
def test_who_answers_in_ollamas_manner_too_is_still_known(answers: Answers) -> None:
    both = {**OLLAMA, **answers}
    assert verified(ServerDouble(both)).facts.kind == verified(ServerDouble(answers)).facts.kind


def test_the_key_stands_in_nothing_that_a_person_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-planted-key-12345678"
    monkeypatch.setenv("R1PLAN_API_KEY", key)
    props = {**LLAMA_SERVER["/props"], "model_alias": f"model-{key}"}  # type: ignore[dict-item]
    report = verified(ServerDouble({**LLAMA_SERVER, "/props": props}, key=key))
    assert key not in "\n".join(server_lines(report, 200)) + json.dumps(server_document(report), default=str)


LIES: list[object] = [
    *(-1, 0, 1 << 70, 1.5, True, None, "8192", [], {}),
    *("x" * 100_000, "\x1b[31mred", "line\nline"),
]


@pytest.mark.parametrize("lie", LIES, ids=[repr(each)[:20] for each in LIES])
@pytest.mark.parametrize(
    ("answers", "path", "fields"),
    [
        (LLAMA_SERVER, "/props", ("total_slots", "model_alias", "build_info", "model_path")),
        (OLLAMA, "/api/show", ("model_info",)),
        (OLLAMA, "/api/generate", ("prompt_eval_count", "eval_duration", "prompt_eval_duration")),
        (LLAMA_SERVER, "/completion", ("timings",)),
        (VLLM, "/version", ("version",)),
        (SGLANG, "/server_info", ("context_length", "max_running_requests", "served_model_name", "version")),
    ],
)
def test_a_lie_is_left_out_or_bounded(answers: Answers, path: str, fields: tuple[str, ...], lie: object) -> None:
    told = dict(answers[path])  # type: ignore[call-overload, unused-ignore]
    told.update(dict.fromkeys(fields, lie))
    try:
        report = verified(ServerDouble({**answers, path: told}))
    except R1PlanError:
        return
    assert all(len(each) <= 400 and "\n" not in each for each in server_lines(report, 400))
    json.dumps(server_document(report), default=str)
    assert report.facts.slots is None or 0 < report.facts.slots < 1 << 20


@pytest.mark.parametrize("path", ["/props", "/v1/models", "/api/version", "/metrics"])
def test_an_endless_or_huge_answer_ends(path: str) -> None:
    def wraps(asked: Asked, reply: Reply) -> Reply:
        return replace(reply, body=b"{" + b" " * (6 << 20), status=200) if asked.path == path else reply

    double = ServerDouble(VLLM, wraps=wraps)
    if path == "/v1/models":
        with pytest.raises(ProviderError, match="no server of models"):
            verified(double)
    else:
        assert verified(double).facts.kind == "vllm"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_an_answer_that_breaks_off_is_an_error_or_left_out(path: str) -> None:
    def wraps(asked: Asked, reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: len(reply.body) // 2], cut=True) if asked.path == path else reply

    with pytest.raises(R1PlanError) as caught:
        verified(ServerDouble(OTHER, wraps=wraps))
    assert caught.value.hint


def test_a_server_that_fails_while_it_answers_is_said() -> None:
    def wraps(asked: Asked, reply: Reply) -> Reply:
        return Reply(b'{"error":{"message":"out of memory"}}', status=500) if asked.path == "/completion" else reply

    with pytest.raises(ProviderError, match="out of memory"):
        verified(ServerDouble(LLAMA_SERVER, wraps=wraps))


def test_the_plan_of_a_file_that_is_here_stands_beside_what_its_server_does() -> None:
    props = {**LLAMA_SERVER["/props"], "model_path": str(MODEL_PATH), "total_slots": 1}  # type: ignore[dict-item]
    slots = [{"id": 0, "n_ctx": 1024}]
    report = verified(ServerDouble({**LLAMA_SERVER, "/props": props, "/slots": slots, "/v1/models": {"data": []}}))
    assert report.option is not None
    assert report.option.model.id == "r1-tiny"
    assert report.decode[0].planned is not None
    assert report.traps == ("less-context-than-planned",)
    assert "expected" in server_text(report)


def test_a_llama_server_of_others_is_verified() -> None:
    if not REAL:
        pytest.skip("R1PLAN_LLAMA_SERVER does not name llama.cpp's llama-server")
    port = free_port()
    words = [REAL, "-m", str(MODEL_PATH), "--host", "127.0.0.1", "-c", "1024", "-t", "1", "-np", "2", "--jinja"]
    with running([*words, "--port", str(port)], port) as url:
        report = at(url, tick=time.monotonic)
    assert (report.facts.kind, report.facts.slots, report.facts.trained_tokens) == ("llama-server", 2, 2048)
    assert report.facts.context_tokens in (512, 1024)  # of each slot, or shared
    assert report.option is not None
    assert len(report.decode) == 2
    assert report.decode[1].depth > 200
    assert report.pace.by_server


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HTTPS://there.example/v1", "HTTPS://there.example/v1"),
        ("localhost:11434", "http://localhost:11434"),
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("deepseek-r1:7b", None),
        ("deepseek-r1:7", None),
        ("localhost:q4_0", None),
        ("localhost", None),
        ("ftp://127.0.0.1:21", None),
        ("model.gguf", None),
        ("", None),
    ],
)
def test_what_is_an_address_and_what_a_model(typed: str, address: str | None) -> None:
    assert address_meant(typed) == address
