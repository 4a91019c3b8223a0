"""Providers on loopback that answer each request with the next of their replies, and the targets that ask them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from r1plan.catalog.provider import Provider
from r1plan.engine.chat import Event
from r1plan.engine.connect import connect
from r1plan.engine.limits import ServerLimits
from r1plan.engine.target import RemoteTarget
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import EffectivePrice
from r1plan.route.execution.context import Clocks
from r1plan.route.execution.notes import Note
from r1plan.route.execution.target import AttemptTarget, Engines
from tests.catalog.ours import DIALECTS
from tests.prices.test_book import real_book

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
# deepseek-flash, off-peak: 0.15, 0.003 and 0.60 USD a million tokens.
OUTPUT_USD, MISS_USD = Decimal("0.60") / 10**6, Decimal("0.15") / 10**6


@dataclass(frozen=True)
class Says:
    """One reply: a stream of one token a chunk, or a refusal.

    `ends` False: the connection closes after the last piece. `keeps_limit` False: `max_tokens` is not looked at.
    `usage` False: it does not say what it counted.
    `keeps_alive_s`: how long comments come before all else, unless the client goes.
    """

    thinking: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    ends: bool = True
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error_in_stream: bool = False
    finish: str = "stop"
    keeps_limit: bool = True
    keeps_alive_s: float = 0.0
    prompt_tokens: int = 20
    usage: bool = True

    def events(self, max_tokens: int | None) -> list[str]:
        pieces = [{"reasoning_content": text} for text in self.thinking] + [{"content": text} for text in self.answer]
        finish = self.finish
        if self.keeps_limit and max_tokens is not None and len(pieces) > max_tokens:
            pieces, finish = pieces[:max_tokens], "length"
        events = [json.dumps({"model": "served", "choices": [{"delta": each}]}) for each in pieces]
        if self.error_in_stream:
            events.append(json.dumps({"error": {"message": "out of luck"}}))
        elif self.ends:
            thought = min(len(self.thinking), len(pieces))
            usage = {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": len(pieces),
                "prompt_cache_hit_tokens": 0,
                "prompt_cache_miss_tokens": self.prompt_tokens,
                "total_tokens": self.prompt_tokens + len(pieces),
                "completion_tokens_details": {"reasoning_tokens": thought},
            }
            end: dict[str, Any] = {"choices": [{"delta": {}, "finish_reason": finish}]}
            events.append(json.dumps(end | ({"usage": usage} if self.usage else {})))
            events.append("[DONE]")
        return events


@dataclass
class Server:
    """A provider that runs: its address, what it was asked, and how many pieces it has sent in all."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0


@contextmanager
def answering(*replies: Says) -> Iterator[Server]:
    """A server that gives its n-th request the n-th of `replies`, and every further one the last."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = replies[min(len(server.asked), len(replies) - 1)]
            server.asked.append(body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 200:
                said = json.dumps({"error": {"message": f"no, {reply.status}"}}).encode()
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
                return
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                for _ in range(round(reply.keeps_alive_s / 0.02)):
                    self.wfile.write(b": keep-alive\n\n")
                    self.wfile.flush()
                    time.sleep(0.02)
                for event in reply.events(body.get("max_tokens")):
                    self.wfile.write(f"data: {event}\n\n".encode())
                    self.wfile.flush()
                    server.sent += 1
                    time.sleep(0)  # lets the client read, so that it may go
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def price_for(entry: UsageEntry) -> EffectivePrice | None:
    """Every provider here sells deepseek-flash at one price, off-peak all day."""
    return FLASH


_found = real_book().price_at("deepseek", "deepseek-flash", AT)
assert _found is not None
FLASH = replace(_found, max_output_tokens=10_000)


def target(
    name: str,
    url: str,
    *,
    reserve_usd: str | None = "0.0005",
    priced: bool = True,
    input_tokens_most: int | None = 20,
    first_token_s: float | None = None,
) -> AttemptTarget:
    """A target that asks the server at `url` under the provider's id `name`."""
    provider = Provider(
        id=name,
        name=name.title(),
        dialect="openai",
        needs_key=False,
        usage=DIALECTS["openai"].usage,
        inline_thinking=("think",),
    )
    remote = RemoteTarget(provider, "flash", url)
    return AttemptTarget(
        provider=name,
        model="flash",
        connect=ENGINES.once(
            f"{name} {url}", lambda: connect(remote, {}, limits=ServerLimits(first_token_s=first_token_s))
        ),
        price_for=price_for if priced else lambda _entry: None,
        reserve_usd=None if reserve_usd is None else Decimal(reserve_usd),
        input_tokens_most=input_tokens_most,
    )


ENGINES = Engines()
"""What the targets open; conftest.py closes it after each test."""


@dataclass
class Clock:
    """Time that passes only where somebody waits for it."""

    at: datetime = AT
    passed_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed_s)

    def tick(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed_s += seconds

    def clocks(self, chance: float = 0.5) -> Clocks:
        return Clocks(now=self.now, tick=self.tick, sleep=self.sleep, random=lambda: chance)


class Watcher:
    """An audience that keeps what it sees, or gives each event to `show`."""

    def __init__(self, show: Callable[[Event], None] | None = None, *, sees_thinking: bool = True) -> None:
        self.shown: list[Event] = []
        self.notes: list[Note] = []
        self.asked: list[tuple[str, Decimal | None]] = []
        self.sees_thinking = sees_thinking
        self._show = show or self.shown.append

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        self.asked.append((model, usd_per_token))

    def show(self, event: Event) -> None:
        self._show(event)

    def tell(self, note: Note) -> None:
        self.notes.append(note)


def rows_in(logs: Path) -> list[dict[str, Any]]:
    """Every row of the log, in the order in which they were written."""
    return [
        json.loads(line)
        for file in sorted(logs.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
