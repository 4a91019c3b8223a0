"""A chat shown: the answer on stdout, the thinking and the closing line on stderr."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from r1plan.engine.chat import Answer, Event, Thinking, WasThinking
from r1plan.money import usd
from r1plan.prices.usage import Usage
from r1plan.render.chat.words import cost_text
from r1plan.render.text.dim import dimmed
from r1plan.render.text.quote import Quoted
from r1plan.render.text.sanitize import JOINERS, UNFINISHED_SEQUENCE, printable
from r1plan.route.execution.result import ChatResult

if TYPE_CHECKING:
    from r1plan.conversation.session import ThinkingShown

_WRITE_EVERY_S = 0.03

_UNFINISHED_LIMIT = 4096


class Cleaner:
    """`printable` for text that comes in pieces: a sequence or an emoji split over pieces is one."""

    def __init__(self) -> None:
        self._held = ""
        self._before = ""  # the end of what was shown, by which a joiner at the beginning of a piece is judged

    def feed(self, text: str) -> str:
        """What of the text so far can be shown."""
        if not self._held and text[:1] not in JOINERS and printable(text) is text:
            self._before = text[-2:]  # nothing in it was held back or taken out
            return text
        text, self._held = self._held + text, ""
        unfinished = UNFINISHED_SEQUENCE.search(text)
        if unfinished and len(unfinished.group()) <= _UNFINISHED_LIMIT:
            text, self._held = text[: unfinished.start()], unfinished.group()
        return self._cleaned(text)

    def rest(self) -> str:
        """What was held back, when no more comes."""
        text, self._held = self._held, ""
        return self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        before = self._before.lstrip(JOINERS) if text[:1] in JOINERS else ""
        shown = printable(before + text)[len(before) :]
        self._before = (self._before + shown)[-2:]
        return shown


class ChatScreen:
    """Shows one request's events as they come. `show` may raise BrokenPipeError when nobody reads `out` any more.

    Into a pipe, an answer before which no thinking came is written at its end: `</think>` may still turn it into
    thinking, and what is written cannot be taken back. Writes are gathered for 30 ms. No line of the thinking looks
    like an error or a hint of ours.
    """

    def __init__(
        self, out: TextIO, err: TextIO, thinking: ThinkingShown, tick: Callable[[], float] = monotonic
    ) -> None:
        self._out, self._err = out, err
        self._mode = thinking
        self._tick = tick
        self._dim = thinking == "dim" and err.isatty()
        self._live = out.isatty()
        self._in_thinking = False
        self._buffer: list[str] = []
        self._cleaner = Cleaner()
        self._quoted = Quoted()
        self._written_at = float("-inf")
        self._last = {True: "", False: ""}  # the end of what was written as thinking, and as answer

    def show(self, event: Event) -> None:
        """Show one event, now or within 30 ms of the next one."""
        if type(event) is Answer or type(event) is Thinking:
            thinking = type(event) is Thinking
            if thinking is not self._in_thinking:
                self._switch(thinking)
            self._buffer.append(event.text)
            if (thinking or self._live) and self._tick() - self._written_at >= _WRITE_EVERY_S:
                self._write()
        elif type(event) is WasThinking:
            if self._live:
                self._write()
                self._end_line(thinking=False)
                self._err.write("(that was the thinking)\n\n")
            else:
                self._in_thinking = True  # what is held back goes there

    def say(self, text: str) -> None:
        """Write a sentence on how it goes to stderr, on a line of its own."""
        if self._in_thinking or self._live:
            self._write()
            self._put(self._cleaner.rest())
            self._end_line(self._in_thinking)
        line = printable(text)
        self._err.write(f"{dimmed(line)}\n" if self._err.isatty() else f"{line}\n")
        self._err.flush()

    def done(self) -> None:
        """Write what is left, and end the line."""
        self._write()
        self._put_rest()
        self._end_line(self._in_thinking)
        self._out.flush()
        self._err.flush()

    def _switch(self, thinking: bool) -> None:
        self._write()
        self._put_rest()
        self._end_line(self._in_thinking)
        if self._in_thinking and self._last[True]:
            self._err.write("\n")
            self._err.flush()
            self._live = True
        self._in_thinking = thinking
        if thinking:
            self._live = True

    def _write(self) -> None:
        if self._buffer:
            text = self._cleaner.feed("".join(self._buffer))
            self._buffer.clear()
            self._put(text)
        self._written_at = self._tick()

    def _put_rest(self) -> None:
        self._put(self._cleaner.rest())
        if self._in_thinking:
            self._put_cleaned(self._quoted.rest())
            self._quoted = Quoted()

    def _put(self, text: str) -> None:
        self._put_cleaned(self._quoted.feed(text) if self._in_thinking else text)

    def _put_cleaned(self, text: str) -> None:
        if not text or (self._in_thinking and self._mode == "hide"):
            return
        stream = self._err if self._in_thinking else self._out
        stream.write(dimmed(text) if self._in_thinking and self._dim else text)
        stream.flush()
        self._last[self._in_thinking] = text[-1]

    def _end_line(self, thinking: bool) -> None:
        if self._last[thinking] not in ("", "\n"):
            (self._err if thinking else self._out).write("\n")
            self._last[thinking] = "\n"


def closing_line(result: ChatResult, *, where: bool = True) -> str:
    """Tokens, speed, cost and, with `where`, the file that it was logged in, in one line."""
    parts = [*_tokens(result.usage)]
    if result.timing.decode_tok_s is not None:
        parts.append(f"{result.timing.decode_tok_s:,.0f} tok/s")
    parts += _money(result)
    parts += _together(result)
    if where and result.logged_in is not None:
        parts.append(f"logged in {result.logged_in}")
    state = _STATES.get(result.entry.end_reason or "") or _STATES.get(result.finish)
    return " · ".join([state, *parts] if state else parts)


_STATES = {
    "budget": "cut off at what it may cost",
    "thinking_limit": "cut off at the limit on its thinking",
    "answer_loop": "ended where it repeated itself",
    "length": "cut off at the token limit",
    "aborted": "stopped",
    "content_filter": "cut off by a filter",
}


def _together(result: ChatResult) -> list[str]:
    """What all attempts cost, where others than the last may be billed too."""
    rows = [each.entry for each in result.attempts if each.entry]
    low, high = result.billed.low_usd, result.billed.high_usd
    if len(rows) < 2 or all(each.cost_high_usd == 0 or each.provider == "local" for each in rows[:-1]):
        return []
    if low is None:
        return [f"{len(rows)} attempts"]
    cost = f"at least {usd(low)}" if high is None else usd(low) if low == high else f"{usd(low)} to {usd(high)}"
    return [f"{cost} with all {len(rows)} attempts"]


def going_on(result: ChatResult, *, alone: bool) -> str | None:
    """How to go on from an answer that broke off or was cut; None where there is nothing to go on with.

    `alone`: the question is no part of a conversation.
    """
    if result.go_on is None:
        return None
    last = f"{result.entry.provider}/{result.entry.model_requested}"
    other = None if result.go_on in (last, result.entry.model_requested) else result.go_on
    if alone:
        raised = {"budget": "raise --max-cost or the budget, and ask again.", "thinking_limit": "raise --max-thinking."}
        if (reason := result.entry.end_reason) in raised:
            return raised[reason]
        return f"what had come is kept; ask again, or another: --model {other}" if other else None
    ways = ['"go on" lets it go on'] if result.answer else []
    ways.append("/retry asks again")
    if other:
        ways.append(f"/model {other} asks another")
    return f"{', '.join(ways)}."


def _money(result: ChatResult) -> list[str]:
    """What it cost, or between which bounds; the electricity of an answer from here."""
    entry = result.entry
    if entry.provider == "local":
        # Unknown is not free.
        electricity = [] if entry.energy_wh is None else [f"{entry.energy_wh:.2g} Wh"]
        if entry.cost_usd is not None:
            return [*electricity, f"{usd(entry.cost_usd)} of electricity"]
        return [*electricity, "no API cost"]
    low, high = entry.cost_low_usd, entry.cost_high_usd
    if entry.status in ("aborted", "failed") and low is not None and low != high:
        return [f"at least {usd(low)}" if high is None else f"{usd(low)} to {usd(high)}"]
    if result.usage is None:
        return []
    return [cost_text(entry, None if result.cost is None else result.cost.total_usd)]


def _tokens(usage: Usage | None) -> list[str]:
    if usage is None:
        return ["nothing is known of the tokens"]

    def count(field: str, value: int) -> str:
        return f"{'about ' if usage.provenance.get(field) == 'estimated' else ''}{value:,}"

    read = f"{count('input_tokens', usage.input_tokens)} token{'' if usage.input_tokens == 1 else 's'} in"
    if usage.cache_hit_tokens is not None:
        read += f" ({usage.cache_hit_tokens:,} cached)"
    written = f"{count('output_tokens', usage.output_tokens)} out"
    if usage.thinking_tokens is not None:
        written += f" ({count('thinking_tokens', usage.thinking_tokens)} thinking)"
    return [read, written]
