"""The loop that a model here writes in: token by token, counted, and its thinking closed where it must be."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from r1plan.engine.chat import ChatRequest, Event, Finished, FinishReason, Waiting
from r1plan.engine.local.chat_template import ChatTemplate
from r1plan.engine.local.load import captured_log, check_file, last_line, load, usable_cores
from r1plan.engine.local.vocabulary import Vocabulary
from r1plan.engine.thinking import CLOSE, OPEN, ThinkSplitter
from r1plan.errors import EngineError
from r1plan.prices.usage import Provenance, Usage

DEFAULT_CONTEXT_TOKENS = 8192
_MOST_CONTEXT_TOKENS = 1 << 24  # far below where llama.cpp's 32-bit count starts again at 0
THINKING_CLOSED = "thinking_closed"
"""The flag of a usage whose thinking was closed for the model, and would have gone on."""

# DeepSeek-R1's README, "Usage Recommendations": temperature 0.5 to 0.7 (0.6 recommended), top_p 0.95.
_TEMPERATURE, _TOP_P = 0.6, 0.95
_COUNTED: dict[str, Provenance] = dict.fromkeys(
    ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens"), "counted"
)


class LocalEngine:
    """A GGUF file, loaded. `temperature` None: what the file recommends, else what DeepSeek recommends for R1.

    Raises EngineError, with one sentence, for every file that cannot be used. llama.cpp's own log is never shown.
    Between turns the longest common beginning of the prompts stays evaluated: those are the cached tokens.
    """

    def __init__(
        self,
        path: Path,
        model: str,
        *,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        threads: int | None = None,
        temperature: float | None = None,
    ) -> None:
        check_file(path)
        if context_tokens > _MOST_CONTEXT_TOKENS:
            raise EngineError(f"no model has a context of {context_tokens:,} tokens.", "lower --context.")
        self._model = model
        self._template = ChatTemplate(path.name)  # gets ready while llama.cpp loads
        self._log = captured_log()
        self._llama = load(path, context_tokens, threads or usable_cores(), self._log)
        self._vocabulary = Vocabulary(self._llama, path, self._template)
        self._context = min(self._llama.n_ctx(), self._llama._model.n_ctx_train())
        recommended = self._llama.metadata
        self._temperature = (
            _number(recommended, "general.sampling.temp", 2.0, _TEMPERATURE) if temperature is None else temperature
        )
        self._top_p = _number(recommended, "general.sampling.top_p", 1.0, _TOP_P)
        self._open, self._close = self._vocabulary.single(OPEN), self._vocabulary.single(CLOSE)
        self._closing = self._vocabulary.tokens(CLOSE, special=True)
        self._close_asked = False
        self._pieces: dict[int, bytes | None] = {}
        self._usage: Usage | None = None

    @property
    def provider(self) -> str:
        """Always "local"."""
        return "local"

    @property
    def model(self) -> str:
        """The model's id or the file's name."""
        return self._model

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        """The answer, token by token. Raises EngineError.

        The usage is exact: output is what the model wrote but for the token that ends it, and thinking is the part
        of it up to `</think>`, the tag included. Where the thinking is closed for it, at `request.max_thinking` tokens
        or by `close_thinking`, the tag counts as if the model had written it, and the usage has a flag.
        """
        self._usage = None
        self._close_asked = False
        tokens, opened = self._vocabulary.prompt(request.messages)
        room = self._context - len(tokens)
        if room <= 0:
            self._usage = _Answered(limit=0).usage(0, 0)  # nothing is read: that is counted, and not unknown
            raise EngineError(
                f"the prompt has {len(tokens):,} tokens, and the context holds {self._context:,}.",
                "shorten it: this model takes no more."
                if self._context >= self._llama._model.n_ctx_train()
                else "shorten it, or raise --context if the memory allows.",
            )
        cached = self._cached(tokens)
        so_far = _Answered(limit=room if request.max_tokens is None else min(room, request.max_tokens))
        self._usage = so_far.usage(len(tokens), cached)
        try:
            yield from self._read(tokens, cached, request)
            yield from self._answer(tokens, ThinkSplitter(opened=opened), request, so_far)
        except RuntimeError as error:  # llama_decode failed
            raise EngineError(
                f"llama.cpp stopped: {last_line(self._log) or error}.", "try a smaller --context."
            ) from error
        finally:
            self._usage = so_far.usage(len(tokens), cached)
        yield Finished(reason=so_far.reason, usage=self._usage, served_model=self._model)

    def _answer(
        self, prompt: list[int], splitter: ThinkSplitter, request: ChatRequest, so_far: _Answered
    ) -> Iterator[Event]:
        """What the model writes after `prompt`, which may have opened its thinking; counted in `so_far`."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        pieces, open_, close = self._pieces, self._open, self._close
        output, limit = 0, so_far.limit
        most_thinking = self._context if request.max_thinking is None else request.max_thinking
        spliced: list[int] = []
        if splitter.thinking and most_thinking == 0:
            so_far.flags = (THINKING_CLOSED,)
            spliced += self._closing
        for token in self._written(prompt, request, spliced):
            try:
                data = pieces[token]
            except KeyError:
                data = pieces[token] = self._vocabulary.piece(token)
            if data is None:
                so_far.reason = "stop"
                break
            so_far.output = output = output + 1
            if splitter.thinking:
                so_far.thinking += 1
            if close is None:
                if text := decode(data):
                    before = splitter.thinking
                    yield from splitter.feed(text)
                    if splitter.thinking and not before:
                        so_far.thinking = output
            elif token == close:
                if not splitter.thinking and not so_far.flags:
                    so_far.thinking = output
                if mistaken := splitter.close():
                    yield mistaken
            elif token == open_ and output == 1:
                so_far.thinking = 1
                splitter.open()
            elif (text := decode(data)) and (event := splitter.piece(text)):
                yield event
            if output >= limit:
                break
            if splitter.thinking and (so_far.thinking >= most_thinking or self._close_asked) and not so_far.flags:
                so_far.flags = (THINKING_CLOSED,)
                spliced += self._closing
        if close is None:
            yield from splitter.rest()
        elif rest := splitter.piece(decode(b"", True)):
            yield rest

    def usage_so_far(self) -> Usage | None:
        """The exact tokens of the request that ran last, or runs."""
        return self._usage

    def served_so_far(self) -> str:
        """The model: there is no other here."""
        return self._model

    def billed_so_far(self) -> None:
        """Nothing: nobody sends a bill."""

    def close_thinking(self) -> None:
        """End the thinking of the stream that runs after its next token."""
        self._close_asked = True

    def close(self) -> None:
        """Free the model."""
        self._template.close()
        self._llama.close()

    def _read(self, prompt: list[int], cached: int, request: ChatRequest) -> Iterator[Waiting]:
        """Evaluate a long prompt batch by batch, as llama.cpp would, so that it can be given up in between."""
        batch = self._llama.n_batch
        for end in range(cached + batch, len(prompt), batch):
            # The token that it samples is dropped; what was evaluated stays.
            next(self._tokens(prompt[:end], request))
            yield Waiting()

    def _written(self, prompt: list[int], request: ChatRequest, spliced: list[int]) -> Iterator[int]:
        """What the model writes after `prompt`; what is put into `spliced` comes next, and it writes on from there."""
        text = list(prompt)
        while True:
            for token in spliced:
                text.append(token)
                yield token
            spliced.clear()
            for token in self._tokens(text, request):
                text.append(token)
                yield token
                if spliced:
                    break
            else:
                return

    def _tokens(self, prompt: list[int], request: ChatRequest) -> Iterator[int]:
        from llama_cpp import LLAMA_DEFAULT_SEED

        self._llama.set_seed(LLAMA_DEFAULT_SEED if request.seed is None else request.seed)
        tokens: Iterator[int] = self._llama.generate(
            prompt,
            # Sorting a whole vocabulary for top_p costs more than it changes: the first 40 hold nearly all of 0.95.
            top_k=40,
            top_p=self._top_p if request.top_p is None else request.top_p,
            min_p=0.0,
            temp=self._temperature if request.temperature is None else request.temperature,
        )
        return tokens

    def _cached(self, tokens: Sequence[int]) -> int:
        """How many of the prompt's first tokens llama.cpp has evaluated already. The last is always evaluated anew."""
        common: int = self._llama.longest_token_prefix(self._llama._input_ids.tolist(), tokens)
        return min(common, len(tokens) - 1)


@dataclass(slots=True)
class _Answered:
    """How many tokens were written so far, of at most `limit`, and what ended it."""

    limit: int
    output: int = 0
    thinking: int = 0
    flags: tuple[str, ...] = ()
    reason: FinishReason = "length"

    def usage(self, input_tokens: int, cached: int) -> Usage:
        return Usage(
            input_tokens=input_tokens,
            cache_hit_tokens=cached,
            output_tokens=self.output,
            thinking_tokens=self.thinking,
            provenance=_COUNTED,
            flags=self.flags,
        )


def _number(metadata: dict[str, str], key: str, most: float, default: float) -> float:
    """What the file recommends, `default` where that is no number from 0 to `most`."""
    try:
        value = float(metadata[key])
    except (KeyError, ValueError):
        return default
    return value if 0 <= value <= most else default
