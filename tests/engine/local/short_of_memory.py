"""A process that may have only so much more memory than it has now, in which a model is opened or grows.

Arguments: the file, `open` or `grow`, MiB that it may take, the context in tokens, and what is pinned. Prints JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from r1plan.engine.chat import Answer, ChatRequest, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.conversation_cache import ConversationCache
from r1plan.engine.local.llama.library import devices
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.model import LoadedModel
from r1plan.engine.local.llama.sampler import Sampler, SamplerSettings
from r1plan.engine.local.room.step_down import LoadChange, LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.units import MIB


def limit(more_mib: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more_mib * MIB
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def opened(file: Path, context: int, fallback: LoadFallback) -> dict[str, object]:
    """A file that is opened with a context for which there may be no room, and answers."""
    settings = LoadSettings(context_tokens=context, threads=1)
    try:
        engine = LocalEngine(file, "m", settings, temperature=0.0, fallback=fallback)
    except EngineError as error:
        return {"error": error.message, "hint": error.hint, "kind": type(error).__name__}
    events = list(engine.stream(ChatRequest(messages=(Message("user", "What is 17 + 25?"),))))
    now = asdict(engine._cache.context.settings)
    engine.close()
    return {"answer": "".join(each.text for each in events if isinstance(each, Answer)), "now": now}


def grown(file: Path, context: int, more_mib: int, fallback: LoadFallback) -> dict[str, object]:
    """A conversation that needs so many tokens, and what it still holds and finds likely then."""
    settings = LoadSettings(context_tokens=512, threads=1)
    model = LoadedModel(file, settings)
    cache = ConversationCache(model, "m", settings, 2 * context, EngineLog(), fallback)
    prompt = [5 + each % 90 for each in range(300)]
    list(cache.read(prompt[cache.begin(prompt) :]))
    limit(more_mib)
    result: dict[str, object] = {}
    try:
        result["cached"] = cache.begin(prompt + [7] * (context - len(prompt)))
    except EngineError as error:
        result |= {"error": error.message, "hint": error.hint}
    sampler = Sampler(SamplerSettings(temperature=0))
    list(cache.read(prompt[cache.begin(prompt) :]))
    now = cache.context
    return result | {"held": len(cache.tokens), "next": now.sample(sampler), "now": asdict(now.settings)}


def main(file: Path, what: str, more_mib: int, context: int, pinned: list[str]) -> None:
    changes: list[LoadChange] = []
    fallback = LoadFallback(pinned=frozenset(pinned), changed=changes.append)
    devices()  # what is loaded once is no part of the limit
    first = LocalEngine(file, "m", LoadSettings(context_tokens=512, threads=1), temperature=0.0)
    list(first.stream(ChatRequest(messages=(Message("user", "What is 1 + 2?"),), max_tokens=2)))
    first.close()
    if what == "open":
        limit(more_mib)
        result = opened(file, context, fallback)
    else:
        result = grown(file, context, more_mib, fallback)
    result["changes"] = [
        {"before": asdict(each.before), "after": asdict(each.after), "lacks": [lack._asdict() for lack in each.lacks]}
        for each in changes
    ]
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
