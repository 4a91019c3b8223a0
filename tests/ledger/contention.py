"""Many chats at once against one month's budget and an honest server: what it bills is never more than the limit.

`python -m tests.ledger.contention` runs the long version; the tests run a short one. Each chat is a process of its own
that asks over HTTP as the program does. The server keeps `max_tokens`, bills the prompt by its bytes and one token for
each piece that it writes, and writes on when nobody listens: what is billed is what was asked for, not what was heard.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from r1plan.catalog.budgets import Budgets
from r1plan.catalog.provider import Provider
from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.connect import connect
from r1plan.engine.target import RemoteTarget
from r1plan.errors import OverBudget
from r1plan.ledger.usage_log import UsageLog
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.target import AttemptTarget
from r1plan.route.spending.budget import SpendingLimits
from tests.catalog.ours import DIALECTS
from tests.route.providers import FLASH, MISS_USD, OUTPUT_USD, price_for

Language = Literal["English", "Chinese"]

# One token each by the server's count; the Chinese ones have no blanks between them.
_PIECES = {"English": (" the", " proof", " holds", " again"), "Chinese": ("我们", "先", "考虑这", "个问题")}
_PROMPT = {"English": "Prove it.", "Chinese": "请证明。"}


@dataclass
class Billed:
    """What an honest server has counted: the requests that came, and USD for all of them."""

    url: str = ""
    requests: int = 0
    usd: Decimal = Decimal(0)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Came:
    """What one run came to. `sent` and `refused` are what the chats said, `killed` those that said nothing."""

    limit_usd: Decimal
    billed_usd: Decimal
    asked: int
    sent: int
    refused: int
    killed: int
    failed: int
    left_usd: Decimal

    @property
    def holds(self) -> bool:
        """Whether the limit held, and nobody was refused while the money was there."""
        return self.billed_usd <= self.limit_usd and not self.failed


@contextmanager
def honest(language: Language, tokens: tuple[int, int], seed: int, pause_s: float = 0.0) -> Iterator[Billed]:
    """A server whose answers have between `tokens` tokens, all of it billed from the moment at which it is asked."""
    chance = random.Random(seed)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if not sent.endswith(b"}"):  # it was killed before all of it was sent
                return
            body = json.loads(sent)
            with billed.lock:
                wanted = chance.randint(*tokens)
                wrote = min(wanted, body.get("max_tokens", FLASH.max_output_tokens))
                read = sum(len(each["content"].encode()) for each in body["messages"]) + 16
                billed.requests += 1
                billed.usd += read * MISS_USD + wrote * OUTPUT_USD
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                for event in self.events(read, wrote, "length" if wrote < wanted else "stop"):
                    self.wfile.write(f"data: {event}\n\n".encode())
                    if pause_s:
                        self.wfile.flush()
                        time.sleep(pause_s)
            except OSError:
                pass

        def events(self, read: int, wrote: int, finish: str) -> Iterator[str]:
            pieces = _PIECES[language]
            for number in range(wrote):
                kind = "content" if number * 2 > wrote else "reasoning_content"
                yield json.dumps({"choices": [{"index": 0, "delta": {kind: pieces[number % len(pieces)]}}]})
            usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
            yield json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], "usage": usage})
            yield "[DONE]"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as http:
        billed = Billed(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield billed
        finally:
            http.shutdown()
            thread.join()


def chat(
    begins: Callable[[], object], url: str, logs: Path, limit_usd: Decimal, p90_usd: Decimal, language: Language
) -> str:
    """Ask once when it `begins`; "sent", or "refused" where the budget left too little."""
    provider = Provider(id="a", name="A", dialect="openai", needs_key=False, usage=DIALECTS["openai"].usage)
    engine = connect(RemoteTarget(provider, "flash", url), {})
    target = AttemptTarget(
        provider="a", model="flash", connect=lambda: engine, price_for=price_for, reserve_usd=p90_usd
    )
    context = RequestContext(
        request=ChatRequest(messages=(Message("user", _PROMPT[language]),)),
        log=UsageLog(logs),
        spending=SpendingLimits(budgets=Budgets(monthly_usd=limit_usd)),
    )
    begins()
    try:
        result = ask([target], context)
    except OverBudget:
        return "refused"
    finally:
        engine.close()
    return "sent" if result.error is None and result.finish in ("stop", "length") else f"failed: {result.error}"


def contend(
    logs: Path, *, chats: int, language: Language, limit_usd: Decimal, p90_usd: Decimal, tokens: tuple[int, int],
    seed: int = 0, kill_every_s: float | None = None, pause_s: float = 0.0,
) -> Came:  # fmt: skip
    """Let `chats` processes begin at the same moment, and kill one of those that run each `kill_every_s`."""
    chance = random.Random(seed)
    with honest(language, tokens, seed, pause_s) as billed:
        go_read, go_write = os.pipe()
        read_end, write_end = os.pipe()
        running = {
            _fork(go_read, go_write, write_end, (billed.url, logs, limit_usd, p90_usd, language)) for _ in range(chats)
        }
        os.close(go_read)
        os.close(write_end)
        answers = os.fdopen(read_end)
        for _ in running:
            answers.readline()  # each is ready
        os.close(go_write)  # all of them begin now
        killed = 0
        next_kill = time.monotonic() + (kill_every_s or 0)
        while running:
            for pid in list(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    running.discard(pid)
                    killed += os.WIFSIGNALED(status)
            if kill_every_s is not None and running and time.monotonic() >= next_kill:
                next_kill = time.monotonic() + kill_every_s
                os.kill(chance.choice(sorted(running)), signal.SIGKILL)
            time.sleep(0.002)
        with answers:
            said = Counter(line.strip() for line in answers)
        sent, refused = said.pop("sent", 0), said.pop("refused", 0)
        for each, times in said.items():
            print(f"{times} x {each}", file=sys.stderr)
        return Came(limit_usd, billed.usd, billed.requests, sent, refused, killed, said.total(), limit_usd - billed.usd)


def _fork(go_read: int, go_write: int, write_end: int, arguments: Any) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(go_write)

            def begins() -> None:
                os.write(write_end, b"ready\n")
                os.read(go_read, 1)

            os.write(write_end, f"{chat(begins, *arguments)}\n".encode())
            code = 0
        except BaseException as error:
            os.write(write_end, f"failed: {error!r}\n".encode())
        finally:
            os._exit(code)
    return child


def main() -> None:
    """64 chats at once, 20 times, in two languages, with and without a kill each 50 ms, on a budget for 40 of them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    p90_usd = Decimal("0.0002")
    for kill_every_s in (None, 0.05):
        for language in ("English", "Chinese"):
            over = wrong = 0
            total = Counter[str]()
            worst = Decimal(0)
            for number in range(rounds):
                limit_usd = p90_usd * random.Random(number).choice([1, 8, 40, 64, 200])
                with tempfile.TemporaryDirectory() as folder:
                    came = contend(
                        Path(folder) / "logs", chats=64, language=language, limit_usd=limit_usd, p90_usd=p90_usd,
                        tokens=(40, 400), seed=number, kill_every_s=kill_every_s, pause_s=0.001,
                    )  # fmt: skip
                over += came.billed_usd > limit_usd
                # All that fits is sent: as many as have room for what each needs.
                fits = min(64, int(limit_usd / p90_usd))
                wrong += kill_every_s is None and came.sent < fits
                worst = max(worst, came.billed_usd / limit_usd)
                for name in ("asked", "sent", "refused", "killed", "failed"):
                    total[name] += getattr(came, name)
            what = "without kills" if kill_every_s is None else "a SIGKILL each 50 ms"
            print(
                f"{language}, {what}, {rounds} rounds: {over} over the limit, {wrong} with less sent than fits, "
                f"at most {worst:.1%} of the limit billed; " + ", ".join(f"{n:,} {k}" for k, n in total.items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
