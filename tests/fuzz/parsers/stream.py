"""What a provider sends, in both dialects, over loopback through the real engine to the row of the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from r1plan.engine.chat import ChatEngine
from r1plan.ledger.usage_log import UsageLog
from tests.fuzz.mutation import mutated, mutated_json
from tests.fuzz.parser import FuzzedParser
from tests.wire.asking import AT, engine_for, run
from tests.wire.chunks import DONE, chunk, event, usage
from tests.wire.server import Asked, Reply, recorded, serving

_EVENT_STREAM = "text/event-stream"
_TYPES = (_EVENT_STREAM, "Text/Event-Stream; charset=utf-8", "application/json", "text/html", "text/plain", "", "x")
_STATUSES = (200,) * 40 + (201, 204, 400, 402, 404, 410, 429, 500, 503, 529)
_RECORDED = ("deepseek.sse", "together-r1.sse", "error-inside.sse", "two-usages.sse", "both-names.sse")
_CHUNKS = (
    chunk({"role": "assistant", "reasoning_content": "I think"}),
    chunk({"content": "The ans"}),
    chunk({"content": "<think>hm</think>wer"}),
    chunk(
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, {"type": "text", "text": "y"}]}
    ),
    chunk({"reasoning_details": [{"type": "reasoning.text", "text": "x"}], "refusal": None}),
    chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{}"}}]}),
    chunk({}, finish="stop"),
    chunk(choices=[], usage=usage(1000, 300, prompt_cache_hit_tokens=640, cost=0.04)),
    chunk(choices=[], usage=usage(5, 3, completion_tokens_details={"reasoning_tokens": 2}), error={"code": 429}),
    b'data: {"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}\n\n',
    b'event: error\ndata: {"error":{"message":"Overloaded","code":529}}\n\n',
    b": keep-alive\n\n",
    DONE,
)
_PREDICTION = {
    "id": "p1",
    "status": "succeeded",
    "urls": {"stream": "@/stream", "get": "@/get", "cancel": "@/cancel"},
    "output": ["a", "b"],
    "error": None,
    "metrics": {"input_token_count": 10, "output_token_count": 20, "predict_time": 1.5},
}
_EVENTS = (
    event("output", "Hello", "you"),
    event("output", "<think>x</think>"),
    event("done", "{}"),
    event("error", "no"),
)


def _stream(random: Random, chunks: tuple[bytes, ...]) -> bytes:
    if random.random() < 0.05:
        return mutated(random, [recorded(random.choice(_RECORDED))])
    parts = []
    for part in random.choices(chunks, k=random.choice((1, 2, 3, 6))):
        head, found, body = part.partition(b"data: {")
        if found and random.random() < 0.7:
            part = head + b"data: " + mutated_json(random, json.loads(b"{" + body)) + b"\n\n"
        parts.append(part)
    content = b"".join(parts)
    if random.random() < 0.5:
        content += chunks[-1] if chunks is _CHUNKS else event("done", "{}")
    return mutated(random, [content]) if random.random() < 0.3 else content


def _made(random: Random) -> bytes:
    """A line of JSON that says how it is sent, then what is sent."""
    how = {
        "chat": random.random() < 0.8,
        "type": random.choice(_TYPES) if random.random() < 0.2 else _EVENT_STREAM,
        "status": random.choice(_STATUSES),
        "piece": random.choice((1, 7, 64, 4096, 1 << 20)),
        "cut": random.random() < 0.05,
    }
    if how["chat"]:
        body = _stream(random, _CHUNKS)
    else:
        first = mutated_json(random, _PREDICTION) if random.random() < 0.7 else json.dumps(_PREDICTION).encode()
        body = b"\0SPLIT\0".join((first, _stream(random, _EVENTS), mutated_json(random, _PREDICTION)))
    return json.dumps(how).encode() + b"\n" + body


def _replies(content: bytes, url: Callable[[], str]) -> tuple[bool, Callable[[Asked], Reply]]:
    line, _, body = content.partition(b"\n")
    how = json.loads(line)
    # A piece at a time costs a packet: of a long body only as many as a test can wait for.
    piece = max(how["piece"], len(body) // 200 + 1)

    def reply(asked: Asked) -> Reply:
        part, type_ = body, how["type"]
        if not how["chat"]:
            parts = [*body.split(b"\0SPLIT\0"), b"", b"", b""]
            stream = asked.method == "GET" and asked.path.endswith("stream")
            part = parts[0] if asked.method == "POST" else parts[1] if stream else parts[2]
            type_ = type_ if stream else "application/json"
            part = part.replace(b"@/", url().encode() + b"/")
        return Reply(part, status=how["status"], content_type=type_, piece_bytes=piece, cut=how["cut"])

    return how["chat"], reply


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    current: list[Callable[[Asked], Reply]] = []
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        file, log = folder / f"{AT:%Y-%m}.jsonl", UsageLog(folder, writes=False)

        def answer(asked: Asked) -> Reply:
            wire.asked.clear()
            return current[-1](asked)

        wire = opened.enter_context(serving(answer))
        engines: dict[bool, ChatEngine] = {}
        for chat, provider in ((True, "deepseek"), (False, "replicate")):
            engines[chat] = engine_for(provider, wire.url)
            opened.callback(engines[chat].close)

        def read(content: bytes) -> str:
            chat, reply = _replies(content, lambda: wire.url)
            current[:] = [reply]
            result = run(engines[chat])
            (result.answer + result.thinking).encode()
            file.unlink(missing_ok=True)
            file.write_bytes(result.entry.to_line().encode())
            if len(log.recent()) != 1:
                raise ValueError(f"its own row is not read back: {result.entry.to_line()}")
            if result.error is not None:
                result.error.message.encode()
            return f"{result.entry.status} {result.entry.end_reason} {result.finish} {sorted(result.entry.flags)}"

        yield read


PARSER = FuzzedParser("stream", _made, _opened)
