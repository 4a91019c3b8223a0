"""The loop that a model here writes in: token by token, counted, and its thinking closed where it must be."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.engine.chat import (
    CONTEXT_NEARLY_FULL,
    MARK_UNKNOWN,
    ChatRequest,
    Effort,
    Event,
    Finished,
    KeepsThinking,
    Message,
    Waiting,
)
from r1plan.engine.local.answered import AnswerCount
from r1plan.engine.local.chat_template import ChatTemplate
from r1plan.engine.local.dialect import HARMONY_CLOSING, Turn
from r1plan.engine.local.llama.context import NotDecoded
from r1plan.engine.local.llama.log import EngineLog
from r1plan.engine.local.llama.sampler import Sampler, SamplerSettings
from r1plan.engine.local.load import check_file
from r1plan.engine.local.model_rules import check_effort
from r1plan.engine.local.room.opening import FileOpener
from r1plan.engine.local.room.step_down import LoadFallback
from r1plan.engine.local.settings import LoadSettings
from r1plan.engine.local.vocabulary import Vocabulary
from r1plan.engine.thinking import ThinkSplitter
from r1plan.errors import EngineError
from r1plan.prices.usage import Usage

if TYPE_CHECKING:
    from r1plan.engine.local.kept.keeper import StateKeeper
    from r1plan.engine.local.kept.place import StatePlace

_MOST_CONTEXT_TOKENS = 1 << 24  # far below where llama.cpp's 32-bit count starts again at 0
# Of the room behind a prompt, what is kept for the answer: R1's have some hundred tokens.
_FOR_THE_ANSWER, _FOR_THE_ANSWER_TOKENS = 4, 1024


class LocalEngine:
    """A GGUF file, loaded by `settings`. `temperature` None: what the file recommends, else what its maker does.

    `chat_template` is the text of one, None: the file's own.
    Where a conversation needs more than `settings.context_tokens`, its context grows up to `most_context_tokens`; where
    there is no room, `fallback` says what may be given up.
    `progress` is told the share of the weights that is loaded. Raises EngineError, with one sentence, for every file
    that cannot be used. llama.cpp's own log is never shown.
    Between turns the longest common beginning of the prompts stays evaluated: those are the cached tokens. At `kept` it
    stays so from one run to the next.
    """

    def __init__(
        self,
        path: Path,
        model: str,
        settings: LoadSettings = LoadSettings(),
        *,
        most_context_tokens: int | None = None,
        temperature: float | None = None,
        chat_template: str | None = None,
        progress: Callable[[float], object] | None = None,
        fallback: LoadFallback = LoadFallback(),
        kept: StatePlace | None = None,
    ) -> None:
        check_file(path)
        if settings.context_tokens > _MOST_CONTEXT_TOKENS:
            raise EngineError(f"no model has a context of {settings.context_tokens:,} tokens.", "lower --context.")
        self._model = model
        self._template = ChatTemplate(path.name)  # gets ready while llama.cpp loads
        self._keeper: StateKeeper | None = None
        if kept is not None:
            from r1plan.engine.local.kept.keeper import StateKeeper

            self._keeper = StateKeeper(kept, path)
        self._last: tuple[Sequence[Message], int] | None = None
        self._last_effort: Effort | None = None
        most = max(settings.context_tokens, most_context_tokens or 0)
        try:
            self._log = EngineLog()
            self._loaded, self._cache = FileOpener(path, most, self._log, fallback, progress).open(settings)
            try:
                self._vocabulary = Vocabulary(self._loaded, path.name, self._template, chat_template)
            except BaseException:
                self._cache.close()
                self._loaded.close()
                raise
        except BaseException:
            self._template.close()
            raise
        usual = self._vocabulary.rules.sampling
        self._sampling = usual if temperature is None else replace(usual, temperature=temperature)
        marks = self._vocabulary.marks
        self._open, self._close = self._vocabulary.single(marks.open), self._vocabulary.single(marks.close)
        is_harmony = self._vocabulary.channels() is not None
        self._closing = self._vocabulary.tokens(HARMONY_CLOSING if is_harmony else marks.close, special=True)
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
        of it up to `</think>`, the tag included. Where the thinking is closed for it, at `request.max_thinking` tokens,
        by `close_thinking` or for want of room, the tag counts as if the model had written it, and a flag says so.
        """
        self._usage = None
        self._close_asked = False
        check_effort(self._vocabulary.rules, request.effort, self._model)
        tokens, opened = self._vocabulary.prompt(request.messages, request.effort)
        room = self._cache.most - len(tokens)
        if room <= 0:
            self._usage = AnswerCount(limit=0).usage(0, 0)  # nothing is read: that is counted, and not unknown
            raise EngineError(
                f"the prompt has {len(tokens):,} tokens, and the context holds {self._cache.most:,}.",
                "shorten it: this model takes no more."
                if self._cache.most >= self._loaded.trained_context
                else "shorten it, or raise --context if the memory allows.",
            )
        self._last = None
        if self._keeper is not None:
            self._keeper.restore(self._cache, tokens)
        cached = self._cache.begin(tokens)
        so_far = AnswerCount(limit=room if request.max_tokens is None else min(room, request.max_tokens))
        if self._vocabulary.unknown_mark is not None:
            so_far.flags = (MARK_UNKNOWN,)
        self._usage = so_far.usage(len(tokens), cached)
        sampler = Sampler(self._sampling_for(request))
        try:
            for _ in self._cache.read(tokens[cached:]):
                yield Waiting()
            yield from self._answer(sampler, self._vocabulary.splitter(opened=opened), request, so_far)
        except NotDecoded as error:
            raise EngineError(f"llama.cpp stopped: {self._log.last or error}.", "try a smaller --context.") from error
        finally:
            sampler.close()
            self._usage = so_far.usage(len(tokens), cached)
        self._last = request.messages, so_far.thinking
        self._last_effort = request.effort
        yield Finished(reason=so_far.reason, usage=self._usage, served_model=self._model)

    def _answer(
        self, sampler: Sampler, splitter: ThinkSplitter, request: ChatRequest, so_far: AnswerCount
    ) -> Iterator[Event]:
        """What the model writes after the prompt, which may have opened its thinking; counted in `so_far`."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        pieces, open_, close, channels = self._pieces, self._open, self._close, self._vocabulary.channels()
        output, limit = 0, so_far.limit
        most_thinking = self._cache.most if request.max_thinking is None else request.max_thinking
        spliced: list[int] = []
        closing = 0  # tokens that are still to come of what closes the thinking
        room = self._cache.most - len(self._cache.tokens)
        most_tokens = self._cache.most - min(room // _FOR_THE_ANSWER, _FOR_THE_ANSWER_TOKENS)
        if splitter.thinking and most_thinking == 0:
            closing = self._splice(spliced, so_far)
        for token in self._cache.written(sampler, spliced):
            try:
                data = pieces[token]
            except KeyError:
                data = pieces[token] = self._vocabulary.piece(token)
            if data is None and not closing:
                so_far.reason = "stop"
                break
            so_far.output = output = output + 1
            if splitter.thinking:
                so_far.thinking += 1
            if closing:
                closing -= 1
                if not closing:
                    yield from _ended(splitter, decode)
                    if channels is not None:
                        channels.enter_body()
            elif channels is not None:
                yield from _channel(channels.turns(token, text := decode(data or b"")), text, splitter)
            elif close is None:
                if text := decode(data or b""):
                    before = splitter.thinking
                    yield from splitter.feed(text)
                    if splitter.thinking and not before:
                        so_far.thinking = output
            elif token == close:
                if not splitter.thinking and not so_far.is_closed:
                    so_far.thinking = output
                yield from _ended(splitter, decode)
            elif token == open_ and not (so_far.has_text or so_far.is_closed):
                so_far.thinking = output
                splitter.open()
            elif (text := decode(data or b"")) and (event := splitter.piece(text)):
                so_far.has_text = True
                yield event
            if output >= limit:
                break
            if splitter.thinking and self._is_to_end(so_far, most_thinking, most_tokens):
                closing = self._splice(spliced, so_far)
        if close is None and channels is None:
            yield from splitter.rest()
        elif rest := splitter.piece(decode(b"", True)):
            yield rest

    def _is_to_end(self, so_far: AnswerCount, most_thinking: int, most_tokens: int) -> bool:
        """Whether the thinking that is open is to be closed for the model, after `most_tokens` in the context too."""
        if so_far.is_closed:
            return False
        if so_far.thinking >= most_thinking or self._close_asked:
            return True
        if len(self._cache.tokens) < most_tokens:
            return False
        so_far.flags = (*so_far.flags, CONTEXT_NEARLY_FULL)
        return True

    def _splice(self, spliced: list[int], so_far: AnswerCount) -> int:
        """Have what closes the thinking come next; how many tokens that is."""
        so_far.is_closed = True
        spliced += self._closing
        return len(self._closing)

    def usage_so_far(self) -> Usage | None:
        """The exact tokens of the request that ran last, or runs."""
        return self._usage

    def served_so_far(self) -> str:
        """The model: there is no other here."""
        return self._model

    def billed_so_far(self) -> None:
        """Nothing: nobody sends a bill."""

    def keeps_thinking(self) -> KeepsThinking:
        """To the token."""
        return "exactly"

    def close_thinking(self) -> bool:
        """End the thinking of the stream that runs after its next token."""
        self._close_asked = True
        return True

    def close(self) -> None:
        """Free the model. What it has read is kept where it has a place, and the last answer is whole."""
        try:
            if self._keeper is not None and self._last is not None:
                self._keeper.save(self._cache, *self._last, self._prompt_again)
        finally:
            self._last = None
            self._template.close()
            self._cache.close()
            self._loaded.close()

    def _prompt_again(self, messages: Sequence[Message]) -> tuple[list[int], bool]:
        """The prompt of `messages` as the one before was."""
        return self._vocabulary.prompt(messages, self._last_effort)

    def _sampling_for(self, request: ChatRequest) -> SamplerSettings:
        usual = self._sampling
        return replace(
            usual,
            temperature=usual.temperature if request.temperature is None else request.temperature,
            top_p=usual.top_p if request.top_p is None else request.top_p,
            seed=request.seed,
        )


def _ended(splitter: ThinkSplitter, decode: Callable[[bytes, bool], str]) -> Iterator[Event]:
    """The thinking ends here, also within a character: what came of it belongs to the thinking."""
    yield from splitter.flushed()
    if (rest := decode(b"", True)) and (event := splitter.piece(rest)):
        yield event
    if mistaken := splitter.close():
        yield mistaken


def _channel(turns: Turn, text: str, splitter: ThinkSplitter) -> Iterator[Event]:
    """A token of a text in channels, which begins one, or stands in one or in its header."""
    if turns == "answer":
        splitter.close()
    elif turns == "thinking":
        splitter.open()
    elif turns == "body" and (event := splitter.piece(text)):
        yield event
