"""How much of llama.cpp's speed `r1plan chat` keeps: its tokens a second over a bare llama-cpp-python loop's.

Both write the same tokens with the same model and settings, turn by turn, in one process. Ours is the whole way of an
answer: the thinking split off, text decoded and made safe, written to a file, timed and counted.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median
from typing import Any, TextIO

from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings
from r1plan.ledger.usage_log import UsageLog
from r1plan.render.chat.terminal import ChatScreen
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.target import AttemptTarget
from r1plan.tiny import MODEL_PATH
from tests.route.providers import Watcher

QUESTIONS = (
    "What is 347 + 286?",
    "What is 48 × 76?",
    "What is 903 - 458?",
    "Tom has 17 apples and buys 25 more. How many apples does he have?",
)
ROUNDS = 40


def run() -> None:
    """Print both speeds and their ratio: the median over the rounds of ours over the bare loop's beside it."""
    import llama_cpp

    engine = LocalEngine(MODEL_PATH, "r1-tiny", LoadSettings(threads=1), temperature=0.0)
    bare = llama_cpp.Llama(str(MODEL_PATH), n_ctx=8192, n_threads=1, n_threads_batch=1, n_gpu_layers=0, verbose=False)
    prompts = [engine._vocabulary.prompt((Message("user", question),))[0] for question in QUESTIONS]
    end = bare.token_eos()
    ours_tok_s, bare_tok_s = [], []
    with Path(os.devnull).open("w") as sink:
        for turn in range(ROUNDS):
            for question, prompt in zip(QUESTIONS, prompts, strict=True):
                order = (True, False) if turn % 2 else (False, True)
                for is_ours in order:
                    if is_ours:
                        ours_tok_s.append(_ours(engine, question, sink))
                    else:
                        bare_tok_s.append(_bare(bare, prompt, end))
    ratios = [a / b for a, b in zip(ours_tok_s, bare_tok_s, strict=True)]
    print("\nlocal chat, decode on one thread    median tok/s")
    print(f"bare llama-cpp-python loop     {median(bare_tok_s):>18,.0f}")
    print(f"r1plan chat                    {median(ours_tok_s):>18,.0f}")
    print(f"ratio of the pairs             {median(ratios):>18.3f}   (at least 0.97)")


def _ours(engine: LocalEngine, question: str, sink: TextIO) -> float:
    screen = ChatScreen(sink, sink, "dim")
    start = time.perf_counter()
    target = AttemptTarget(provider="local", model="r1-tiny", connect=lambda: engine)
    request = ChatRequest(messages=(Message("user", question),))
    log = UsageLog(Path("none"), writes=False)
    result = ask([target], RequestContext(request=request, log=log, audience=Watcher(screen.show)))
    screen.done()
    seconds = time.perf_counter() - start
    assert result.usage is not None
    return result.usage.output_tokens / seconds


def _bare(llama: Any, prompt: list[int], end: int) -> float:
    count = 0
    start = time.perf_counter()
    for token in llama.generate(prompt, top_k=40, top_p=0.95, min_p=0.0, temp=0.0):
        if token == end:
            break
        count += 1
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    run()
