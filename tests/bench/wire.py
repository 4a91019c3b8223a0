"""What `r1plan chat` adds to a provider's stream: to its first token, and to its throughput at 500 chunks a second.

A server in a process of its own sends the same bytes to a bare httpx stream, to our engine, and to the whole way of an
answer (the engine, the loop, the screen into a file), in turn; only differences and ratios within one round count.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TextIO

import httpx

from r1plan.catalog.load import load_providers
from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.http.chat import HttpEngine
from r1plan.ledger.usage_log import UsageLog
from r1plan.render.chat.terminal import ChatScreen
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.target import AttemptTarget
from tests.route.providers import Watcher
from tests.wire.chunks import DONE, chunk, usage

FIRST_ROUNDS = 60
RATE_ROUNDS = 5
CHUNKS = 1500
CHUNKS_PER_S = 500
FLOOD_ROUNDS = 7
FLOOD_CHUNKS = 20_000
REQUEST = ChatRequest(messages=(Message("user", "What is 17 + 25?"),))

Way = Callable[[], tuple[float, float]]
"""Asks once; seconds to the first token and in all."""


def run() -> None:
    """Print what the first token waits for us, and the ratio of the speeds."""
    with Path(os.devnull).open("w") as sink:
        for title, count, pause_s, rounds in (
            ("first token (at most 3 ms added)", 1, 0.0, FIRST_ROUNDS),
            (f"{CHUNKS_PER_S} chunks a second (at least 0.98)", CHUNKS, 1 / CHUNKS_PER_S, RATE_ROUNDS),
            ("as fast as they come", FLOOD_CHUNKS, 0.0, FLOOD_ROUNDS),
        ):
            with _server(count, pause_s) as url:
                _compare(title, count, _ways(url, sink), rounds)


def _compare(title: str, count: int, ways: dict[str, Way], rounds: int) -> None:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(2):
        for way in ways.values():
            way()
    for turn in range(rounds):
        names = list(ways) if turn % 2 else list(reversed(ways))
        for name in names:
            taken[name].append(ways[name]())
    bare = taken["bare httpx stream"]
    print(f"\nwire, {title}")
    print(f"{'':<30} {'first token ms':>14} {'added ms':>10} {'chunks/s':>10} {'ratio':>7}")
    for name, times in taken.items():
        first = median(each[0] for each in times) * 1000
        added = median(each[0] - other[0] for each, other in zip(times, bare, strict=True)) * 1000
        ratio = median(other[1] / each[1] for each, other in zip(times, bare, strict=True))
        speed = count / median(each[1] for each in times)
        print(f"{name:<30} {first:>14.2f} {added:>10.2f} {speed:>10,.0f} {ratio:>7.3f}")


def _ways(url: str, sink: TextIO) -> dict[str, Way]:
    client = httpx.Client()
    body = {"model": "m", "messages": [{"role": "user", "content": "What is 17 + 25?"}], "stream": True}
    engine = HttpEngine(load_providers()["vllm"], "m", base_url=url, key="sk-1")
    target = AttemptTarget(provider="vllm", model="m", connect=lambda: engine)
    log = UsageLog(Path("none"), writes=False)

    def bare() -> tuple[float, float]:
        start, first = time.perf_counter(), None
        with client.stream("POST", f"{url}/chat/completions", json=body) as response:
            for _piece in response.iter_bytes():
                first = first or time.perf_counter()
        assert first is not None
        return first - start, time.perf_counter() - start

    def ours() -> tuple[float, float]:
        start, first = time.perf_counter(), None
        for _event in engine.stream(REQUEST):
            first = first or time.perf_counter()
        assert first is not None
        return first - start, time.perf_counter() - start

    def whole() -> tuple[float, float]:
        screen = ChatScreen(sink, sink, "dim")
        start = time.perf_counter()
        result = ask([target], RequestContext(request=REQUEST, log=log, audience=Watcher(screen.show)))
        screen.done()
        assert result.error is None, result.error
        assert result.timing.first_token_s is not None
        return result.timing.first_token_s, time.perf_counter() - start

    return {"bare httpx stream": bare, "r1plan's engine": ours, "r1plan chat, to the screen": whole}


@contextmanager
def _server(count: int, pause_s: float) -> Iterator[str]:
    words = [sys.executable, "-m", "tests.bench.wire", str(count), str(pause_s)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def serve(count: int, pause_s: float) -> None:
    """Answer every request with `count` chunks, one each `pause_s`, over connections that stay open."""
    text = [chunk({"content": f" word{number % 10}"}, usage=None) for number in range(count)]
    ends = [chunk(finish="stop"), chunk(choices=[], usage=usage(9, count)), DONE]
    pieces = [b"%x\r\n%b\r\n" % (len(each), each) for each in (*text, *ends)] + [b"0\r\n\r\n"]
    if not pause_s:
        pieces = [b"".join(pieces[start : start + 20]) for start in range(0, len(pieces), 20)]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        kept: dict[int, socket.socket] = {}
        import selectors

        waiting = selectors.DefaultSelector()
        waiting.register(server, selectors.EVENT_READ)
        while True:
            for ready, _ in waiting.select():
                if ready.fileobj is server:
                    client = server.accept()[0]
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    kept[client.fileno()] = client
                    waiting.register(client, selectors.EVENT_READ)
                    continue
                client = kept[ready.fd]
                asked = _request(client)
                if not asked:
                    waiting.unregister(client)
                    kept.pop(ready.fd).close()
                    continue
                client.sendall(head)
                due = time.perf_counter()
                for piece in pieces:
                    if pause_s:
                        due += pause_s
                        time.sleep(max(0.0, due - time.perf_counter()))
                    client.sendall(piece)


def _request(client: socket.socket) -> bytes:
    """One whole request; b"" when the client has gone."""
    received = b""
    while True:
        data = client.recv(65536)
        if not data:
            return b""
        received += data
        head, end, body = received.partition(b"\r\n\r\n")
        if end:
            length = next(
                int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            )
            if len(body) >= length:
                return received


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(int(sys.argv[1]), float(sys.argv[2]))
    else:
        run()
