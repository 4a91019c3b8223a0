"""Holds what a server counted against what the model that answered can write at most. Pure."""

from __future__ import annotations

from dataclasses import replace

from r1plan.engine.chat import ChatRequest
from r1plan.engine.dialects.usage import OUTPUT_NO_COUNT
from r1plan.engine.tokens import MARKS, estimated_output, most_tokens, thinking_share
from r1plan.prices.book import EffectivePrice
from r1plan.prices.usage import Provenance
from r1plan.route.execution.record import Outcome


def held_to_model(outcome: Outcome, request: ChatRequest, price: EffectivePrice | None) -> Outcome:
    """`outcome` with no more output than its text has or the model can write, as `price` says.

    What is reported beyond that is no count: it is flagged and estimated. An estimate is kept within what the model
    writes, so that its cost is within the bounds.
    """
    usage, longest = outcome.usage, price.max_output_tokens if price else None
    if usage is None or longest is None:
        return outcome
    who = usage.provenance.get("output_tokens")
    most = max(longest, most_tokens(outcome.received)) + MARKS
    flags = usage.flags
    if who == "reported" and usage.output_tokens > most:
        flags = tuple(dict.fromkeys((*flags, OUTPUT_NO_COUNT)))
    elif who != "estimated" or usage.output_tokens <= longest:
        return outcome
    guess = estimated_output(outcome.received, (request.max_tokens, longest))
    if guess == usage.output_tokens:
        return outcome
    thinking = thinking_share(guess, outcome.thinking, outcome.answer)
    guessed: dict[str, Provenance] = {"output_tokens": "estimated"}
    if thinking is not None:
        guessed["thinking_tokens"] = "estimated"
    provenance = {**usage.provenance, **guessed}
    if thinking is None:
        provenance.pop("thinking_tokens", None)
    ranges = {name: each for name, each in usage.ranges.items() if name != "output_tokens"}
    held = replace(
        usage, output_tokens=guess, thinking_tokens=thinking, provenance=provenance, flags=flags, ranges=ranges
    )
    return replace(outcome, usage=held)
