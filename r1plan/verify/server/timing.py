"""How fast a server answers: by its own clock where it tells that, else by what streams in.

A short question and a long one are asked, of words that no cache can hold; both are answered with a few tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from r1plan.engine.chat import Answer, ChatEngine, ChatRequest, Finished, Message, Thinking
from r1plan.measurements.measurement import SpeedReading
from r1plan.verify.server.door import ServerDoor
from r1plan.verify.server.facts import ServerFacts, ServerKind

_WORDS = (
    *("river", "stone", "window", "garden", "paper", "winter", "orange", "market", "silver", "engine", "forest"),
    *("letter", "bridge", "candle", "mirror", "island", "ribbon", "copper", "meadow", "pocket", "thunder", "village"),
)
_SHORT_WORDS, _MOST_WORDS = 16, 1500
_LONG_TOKENS, _QUICK_TOKENS = 2048, 512
_TOKENS_A_WORD = 3.0  # with the number behind it, where the short question did not say
_OUTPUT_TOKENS = 64
_TASK = "\n\nTell a long story in which these words come up."
# Parts of an answer that come together say nothing of a rate.
_FEWEST_PARTS = 8
_MOST_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class ServerPace:
    """Readings by rising depth. `by_server`: its own clock says so, without the way there and back."""

    prefill: tuple[SpeedReading, ...]
    decode: tuple[SpeedReading, ...]
    first_token_s: float | None
    by_server: bool


@dataclass(frozen=True, slots=True)
class _Timed:
    """One answer: tokens of the prompt and of the answer, None where nobody counted, and the seconds they took.

    `about_tokens` are the prompt's, perhaps as they are guessed from its length.
    """

    prompt_tokens: int | None
    prompt_s: float | None
    output_tokens: int | None
    output_s: float | None
    about_tokens: int = 0


def server_pace(
    door: ServerDoor,
    engine: ChatEngine,
    facts: ServerFacts,
    tick: Callable[[], float],
    random: Random,
    told: Callable[[str], None],
    *,
    quick: bool,
) -> ServerPace:
    """Measure the server. Raises ProviderError."""

    def ask(words: int) -> _Timed | None:
        prompt = _prompt(random, words)
        return _streamed(engine, prompt, tick) if own is None else own(door, facts, prompt)

    own = _BY_OWN_CLOCK.get(facts.kind)
    told("asking a short question")
    first = ask(_SHORT_WORDS)
    if first is None:  # it does not tell its own clock after all
        own = None
    # The first answer may have waited for the model to be loaded, and for nothing else.
    short = ask(_SHORT_WORDS) or first or _Timed(None, None, None, None)
    words = _long_words(short, facts.context_tokens, _QUICK_TOKENS if quick else _LONG_TOKENS)
    told(f"asking a question of {words:,} words")
    long = ask(words) or short
    return _streamed_pace(short, long) if own is None else _own_pace(short, long)


def _long_words(short: _Timed, context_tokens: int | None, most_tokens: int) -> int:
    """How many words the long question has, so that it leaves room in the context for its answer."""
    a_word = max(1.0, short.about_tokens / _SHORT_WORDS) if short.about_tokens else _TOKENS_A_WORD
    room = most_tokens if context_tokens is None else min(most_tokens, context_tokens - 3 * _OUTPUT_TOKENS)
    return max(_SHORT_WORDS, min(_MOST_WORDS, int(room / a_word)))


def _prompt(random: Random, words: int) -> str:
    return " ".join(f"{random.choice(_WORDS)}{random.randrange(10)}" for _ in range(words)) + _TASK


def _by_llama_server(door: ServerDoor, facts: ServerFacts, prompt: str) -> _Timed | None:
    body = {
        "model": facts.model,
        "prompt": prompt,
        "n_predict": _OUTPUT_TOKENS,
        "cache_prompt": False,
        "ignore_eos": True,
        "temperature": 0,
    }
    answer = door.post("/completion", body)
    timings = None if answer is None else answer.get("timings")
    if not isinstance(timings, dict):
        return None
    return _timed(timings, ("prompt_n", "prompt_ms", "predicted_n", "predicted_ms"), 1e-3)


def _by_ollama(door: ServerDoor, facts: ServerFacts, prompt: str) -> _Timed | None:
    body = {
        "model": facts.model,
        "prompt": prompt,
        "raw": True,
        "stream": False,
        # No num_ctx: what is measured is what everybody gets who does not say it either.
        "options": {"num_predict": _OUTPUT_TOKENS, "temperature": 0},
    }
    answer = door.post("/api/generate", body)
    if answer is None:
        return None
    return _timed(answer, ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"), 1e-9)


def _timed(said: Mapping[str, object], names: tuple[str, str, str, str], unit_s: float) -> _Timed | None:
    prompt, prompt_time, output, output_time = (_number(said.get(name)) for name in names)
    if not output or not output_time:
        return None
    return _Timed(
        None if prompt is None else int(prompt),
        None if prompt_time is None else prompt_time * unit_s,
        int(output),
        output_time * unit_s,
        int(prompt or 0),
    )


def _number(value: object) -> float | None:
    """A number that can be meant; None for anything else that a server may say."""
    from decimal import Decimal

    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return number if 0 <= number < 1e18 else None


def _streamed(engine: ChatEngine, prompt: str, tick: Callable[[], float]) -> _Timed:
    """Ask over the chat's own address, and look at when its parts come."""
    request = ChatRequest(messages=(Message("user", prompt),), max_tokens=_OUTPUT_TOKENS)
    began = tick()
    first = last = None
    parts, usage = 0, None
    for event in engine.stream(request):
        match event:
            case Thinking() | Answer():
                last = tick()
                first = last if first is None else first
                parts += 1
            case Finished():
                usage = event.usage
            case _:
                pass
    reported = usage is not None and usage.provenance.get("output_tokens") == "reported"
    output = usage.output_tokens if usage is not None and reported else parts
    known = usage is not None and usage.provenance.get("input_tokens") == "reported"
    return _Timed(
        usage.input_tokens if usage is not None and known else None,
        None if first is None else first - began,
        # The first of them came with the prompt's end.
        output - 1 if output and parts >= _FEWEST_PARTS else None,
        last - first if first is not None and last is not None and parts >= _FEWEST_PARTS else None,
        (usage.input_tokens or 0) if usage is not None else 0,
    )


_BY_OWN_CLOCK: Mapping[ServerKind, Callable[[ServerDoor, ServerFacts, str], _Timed | None]] = {
    "llama-server": _by_llama_server,
    "ollama": _by_ollama,
}


def _own_pace(short: _Timed, long: _Timed) -> ServerPace:
    prefill = _reading(0, long.prompt_tokens, long.prompt_s)
    return ServerPace(
        prefill=(prefill,) if prefill else (),
        decode=_decode(short, long),
        first_token_s=short.prompt_s,
        by_server=True,
    )


def _streamed_pace(short: _Timed, long: _Timed) -> ServerPace:
    """The prompt's rate is that between the two, which leaves out what each request takes besides."""
    prefill = None
    if None not in (short.prompt_tokens, long.prompt_tokens, short.prompt_s, long.prompt_s):
        tokens = (long.prompt_tokens or 0) - (short.prompt_tokens or 0)
        prefill = _reading(short.prompt_tokens or 0, tokens, (long.prompt_s or 0) - (short.prompt_s or 0))
    return ServerPace(
        prefill=(prefill,) if prefill else (),
        decode=_decode(short, long),
        first_token_s=short.prompt_s,
        by_server=False,
    )


def _decode(short: _Timed, long: _Timed) -> tuple[SpeedReading, ...]:
    found: list[SpeedReading] = []
    for each in (short, long):
        depth = each.about_tokens + (each.output_tokens or 0) // 2
        reading = _reading(depth, each.output_tokens, each.output_s)
        if reading is not None and all(depth > other.depth for other in found):
            found.append(reading)
    return tuple(found)


def _reading(depth: int, tokens: int | None, seconds: float | None) -> SpeedReading | None:
    if not tokens or tokens < 1 or seconds is None or not 0 < seconds < _MOST_SECONDS:
        return None
    return SpeedReading(depth=depth, tokens=tokens, repeats=1, seconds_a_token=seconds / tokens, spread=0.05)
