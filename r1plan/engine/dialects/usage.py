"""What servers say they counted, held against the text, in one normal form; and estimates for what cannot be true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from r1plan.catalog.provider import UsagePaths
from r1plan.engine.chat import ChatRequest
from r1plan.engine.dialects.counts import MOST_TOKENS, Counts, Field
from r1plan.engine.tokens import (
    MARKS,
    estimated_output,
    least_tokens,
    longest_input_tokens,
    most_tokens,
    thinking_share,
)
from r1plan.engine.tokens import estimated_tokens as estimated_tokens
from r1plan.prices.usage import HIT_OVER_INPUT, THINKING_OVER_OUTPUT, Provenance, Usage

CACHE_SPLIT = "cache_hit_plus_miss_not_input"
TOTAL = "input_plus_output_not_total"
INPUT_NO_COUNT = "input_is_no_count"
OUTPUT_NO_COUNT = "output_is_no_count"
CACHE_HIT_NO_COUNT = "cache_hit_is_no_count"
THINKING_NO_COUNT = "thinking_is_no_count"
THINKING_BESIDE_OUTPUT = "thinking_beside_output"
BILL_NO_AMOUNT = "bill_is_no_amount"
BILLED_ELSEWHERE = "billed_elsewhere"

# What a server may put before a prompt without saying so: instructions of its own, pages that it looked up.
_OWN_PROMPT = 65536


class ReportedUsage:
    """What a server says it counted for `request`, taken from one part of its reply after another.

    Of each number the last that can be true wins, of all that stood anywhere where `paths` lead.
    """

    def __init__(self, paths: UsagePaths, request: ChatRequest) -> None:
        self._counts = Counts(paths)
        self._request = request

    def take(self, reply: Mapping[str, object]) -> None:
        """Take in one part of the reply: a chunk of a stream, or how a prediction stands."""
        self._counts.take(reply)

    @property
    def is_complete(self) -> bool:
        """Whether both totals have come, of the input and of the output."""
        return all(next(self._counts.candidates(field), None) is not None for field in ("input", "output"))

    @property
    def usd(self) -> Decimal | None:
        """The dollars that the server bills for all of it; None where it says none that could be a request's."""
        return None if self._counts.is_billed_elsewhere else self._counts.usd

    def usage(self, *, prompt: str, thinking: str, answer: str) -> Usage:
        """One request's usage in the one normal form.

        What the server did not tell, and what cannot be true of these texts, is estimated where that can be done.
        Cache hits are not guessed: None. Numbers that cannot be true are flagged.
        """
        flags = _Flags(self._counts)
        totals = _Totals(self._counts, self._request, prompt, (thinking, answer), flags)
        provenance: dict[str, Provenance] = {
            "input_tokens": "estimated" if totals.input is None else "reported",
            "output_tokens": "estimated" if totals.output is None else "reported",
        }
        input_tokens, output_tokens = totals.input, totals.output
        if input_tokens is None:
            input_tokens = estimated_tokens(prompt)
        if output_tokens is None:
            output_tokens = totals.guessed_output((thinking, answer), self._request.max_tokens)
        hit = None if totals.input is None else self._cache_hit(totals, flags)
        if hit is not None:
            provenance["cache_hit_tokens"] = "reported"
        thought = self._thinking(output_tokens, thinking, answer, flags)
        if thought is not None:
            provenance["thinking_tokens"] = "reported"
        elif (thought := thinking_share(output_tokens, thinking, answer)) is not None:
            provenance["thinking_tokens"] = "estimated"
        if self._counts.is_billed_elsewhere:
            flags.add(BILLED_ELSEWHERE)
        elif self._counts.usd_is_told and self._counts.usd is None:
            flags.add(BILL_NO_AMOUNT)
        return Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_hit_tokens=hit,
            thinking_tokens=thought,
            provenance=provenance,
            flags=tuple(flags.names),
            ranges=totals.ranges,
        )

    def _cache_hit(self, totals: _Totals, flags: _Flags) -> int | None:
        """The cached part of the input, where that is certain."""
        read = totals.input or 0
        misses = [*self._counts.candidates("cache_miss")]
        hits = [*self._counts.candidates("cache_hit")]
        for hit in hits:
            if hit <= read and (not misses or any(hit + miss == read for miss in misses)):
                return hit
        if not hits:
            flags.unless_nothing_told("cache_hit", CACHE_HIT_NO_COUNT)
        elif misses:
            flags.add(CACHE_SPLIT)
            totals.may_be_input(hits[0] + misses[0])
        else:
            flags.add(HIT_OVER_INPUT)
            # As where they are counted beside the input.
            totals.may_be_input(read + hits[0])
        return None

    def _thinking(self, output_tokens: int, thinking: str, answer: str, flags: _Flags) -> int | None:
        """The thinking's part of the output, where what the server says of it can be true."""
        least = least_tokens([thinking])
        most = output_tokens - least_tokens([answer])
        candidates = [*self._counts.candidates("thinking")]
        for number in candidates:
            if max(least, 1 if thinking else 0) <= number <= max(most, 0):
                return number
        if any(number > output_tokens for number in candidates):
            flags.add(THINKING_OVER_OUTPUT)
        else:
            flags.unless_nothing_told("thinking", THINKING_NO_COUNT)
        return None


class _Flags:
    """The names of what was impossible, each once, in the order in which it was found."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.names: dict[str, None] = {}

    def add(self, name: str) -> None:
        self.names[name] = None

    def unless_nothing_told(self, field: Field, name: str) -> None:
        if self._counts.is_told(field):
            self.add(name)


class _Totals:
    """The input and the output that can be true, None where none is; `ranges` where numbers contradict one another."""

    def __init__(
        self, counts: Counts, request: ChatRequest, prompt: str, received: tuple[str, str], flags: _Flags
    ) -> None:
        has_text = any(received)
        self._input_least = max(least_tokens([prompt]), 1)
        self._input_most = longest_input_tokens(request) + _OWN_PROMPT
        self._output_least = max(least_tokens(received), 1 if has_text else 0)
        # Thinking may have been kept from us, within what was asked for.
        hidden = MOST_TOKENS if request.max_tokens is None else request.max_tokens
        self._output_most = max(hidden, most_tokens(received)) + MARKS
        self._flags = flags
        self._totals = [number for number in counts.candidates("total") if number]
        self._beside = next((number for number in counts.candidates("thinking") if number), 0)
        self.ranges: dict[str, tuple[int, int]] = {}
        inputs, outputs = [*counts.candidates("input")], [*counts.candidates("output")]
        self.input = next(filter(self._is_input, inputs), None)
        self.output = next(filter(self._is_output, outputs), None)
        # Too few for both texts, and enough for the answer.
        answered = outputs[0] if outputs and outputs[0] >= max(least_tokens(received[1:]), 1) else None
        if self.output is None and answered and self._beside and self._is_output(answered + self._beside):
            flags.add(THINKING_BESIDE_OUTPUT)
            self.output = answered + self._beside
        if self.input is None:
            flags.unless_nothing_told("input", INPUT_NO_COUNT)
            self.input = self._rest(self.output, self._is_input)
            self._doubt("input_tokens", self.input, inputs, self._input_least)
        elif counts.is_nonsense("input", self._input_most):
            flags.add(INPUT_NO_COUNT)
        if self.output is None:
            flags.unless_nothing_told("output", OUTPUT_NO_COUNT)
            self.output = self._rest(self.input, self._is_output)
            self._doubt("output_tokens", self.output, outputs, self._output_least)
        elif counts.is_nonsense("output", self._output_most):
            flags.add(OUTPUT_NO_COUNT)
        if self.input is not None and self.output is not None:
            self._compare(self.input, self.output)

    def guessed_output(self, received: tuple[str, str], max_tokens: int | None) -> int:
        """An estimate of the output, which has the thinking that was counted, though it may have been kept from us."""
        guess = estimated_output(received, [max_tokens])
        thinking, answer = received
        least = self._beside + least_tokens([answer])
        if self._beside < max(least_tokens([thinking]), 1) or not self._is_output(least):
            return guess
        guess = max(min(self._beside + estimated_tokens(answer), self._output_most), guess)
        self._widen("output_tokens", least, guess)
        return guess

    def may_be_input(self, number: int) -> None:
        """Take in that the input may have `number` tokens as well, where no total says otherwise."""
        if self.input is None or self.output is None or self.input + self.output in self._totals:
            return
        if self._is_input(number):
            self._widen("input_tokens", self.input, number)

    def _is_input(self, number: int) -> bool:
        return self._input_least <= number <= self._input_most

    def _is_output(self, number: int) -> bool:
        return self._output_least <= number <= self._output_most

    def _rest(self, other: int | None, can_be: Callable[[int], bool]) -> int | None:
        """What a total leaves beside `other`, where that can be true."""
        return None if other is None else next((rest for each in self._totals if can_be(rest := each - other)), None)

    def _doubt(self, field: str, found: int | None, said: list[int], least: int) -> None:
        """Keep in mind that a number that can hardly be true may be; but not where no model counts so far."""
        most = max((number for number in said if least < number <= MOST_TOKENS), default=0)
        if found is None and most:
            self.ranges[field] = (least, most)

    def _compare(self, read: int, written: int) -> None:
        """Hold the total against the parts."""
        if not self._totals or read + written in self._totals:
            self._compare_thinking(written)
            return
        total = self._totals[0]
        if self._beside and total == read + written + self._beside and self._is_output(written + self._beside):
            self._flags.add(THINKING_BESIDE_OUTPUT)
            self.output = written + self._beside
            if self._beside <= written:
                self._widen("output_tokens", self.output, written)
            return
        self._flags.add(TOTAL)
        if self._is_output(total - read):
            self._widen("output_tokens", written, total - read)
        if self._is_input(total - written):
            self._widen("input_tokens", read, total - written)
        if THINKING_BESIDE_OUTPUT in self._flags.names:  # a guess, which the total does not bear out
            self._widen("output_tokens", self._output_least, written)

    def _compare_thinking(self, written: int) -> None:
        """Where no total says that more thinking than output is a mistake, it may stand beside the output."""
        if not self._totals and self._beside > written and self._is_output(written + self._beside):
            self._widen("output_tokens", written, written + self._beside)

    def _widen(self, field: str, *numbers: int) -> None:
        self.ranges[field] = (
            min(*numbers, *self.ranges.get(field, numbers)),
            max(*numbers, *self.ranges.get(field, numbers)),
        )
