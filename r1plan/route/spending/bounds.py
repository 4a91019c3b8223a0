"""What a request may be billed at least and at most, from what is certain of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from r1plan.engine.chat import ChatRequest
from r1plan.prices.book import EffectivePrice
from r1plan.prices.cost import EXACT
from r1plan.prices.usage import Usage

# What a server may add to a prompt: a template's marks around each message and each tool call and its parameters, and a
# system message of its own where none was sent (Qwen2.5's tokenizer_config.json adds 21 tokens so). The marks around a
# parameter are longest in DeepSeek-V3.2's encoding_dsv32.py, at about 15 tokens.
_MARKS_A_MESSAGE = 16
_MARKS_A_CALL = 32
_MARKS_A_PARAMETER = 16
_OWN_SYSTEM_MESSAGE = 64


@dataclass(frozen=True, slots=True)
class Bounds:
    """USD. None: there is no such bound, because a price or the longest answer is not known."""

    low_usd: Decimal | None
    high_usd: Decimal | None


UNKNOWN = Bounds(None, None)
NOTHING = Bounds(Decimal(0), Decimal(0))


def begun(request: ChatRequest, prices: Sequence[EffectivePrice]) -> Bounds:
    """For a request that has only been sent: nothing was billed yet, or all that it can ever cost.

    `prices` are those that may be in force until it ends; the dearest counts.
    """
    return Bounds(Decimal(0), _most(request, None, prices)) if prices else UNKNOWN


def broken_off(
    request: ChatRequest, received: Sequence[str], usage: Usage | None, prices: Sequence[EffectivePrice]
) -> Bounds:
    """For an answer that broke off, of which the pieces `received` came (thinking, answer).

    At least the words that came were written, from a prompt that was all cached: no tokenizer in use joins two words in
    one token. At most the server wrote on to its limit, unheard. `usage` counts only where the server reported it.
    """
    if not prices:
        return UNKNOWN
    low = _least(max(_words(received), _reported(usage, "output_tokens") or 0), usage, prices)
    return _above(low, _most(request, usage, prices))


def ended(
    request: ChatRequest, received: Sequence[str], usage: Usage | None, prices: Sequence[EffectivePrice]
) -> Bounds:
    """For an answer that came to its end, of which the server did not report all that it bills.

    As for one that broke off, but a reported output is all that was written. At most there is thinking that the server
    kept to itself.
    """
    output = _reported(usage, "output_tokens")
    if output is None or not prices:
        return broken_off(request, received, usage, prices)
    return _above(_least(output, usage, prices), _most(request, usage, prices, output))


def longest_input_tokens(request: ChatRequest) -> int:
    """More tokens than the prompt can have: each token covers a byte of it at least.

    Where a tool was called, the thinking may go back too (`engine.history`).
    """
    calls = [call for each in request.messages for call in each.tool_calls]
    sent = [each.content for each in request.messages]
    sent += [each.tool_call_id for each in request.messages if each.tool_call_id]
    sent += [each.thinking for each in request.messages if calls and each.thinking]
    sent += [part for call in calls for part in (call.id, call.name, call.arguments)]
    marks = _MARKS_A_MESSAGE * len(request.messages) + _OWN_SYSTEM_MESSAGE
    # A parameter of a call stands before a colon.
    marks += sum(_MARKS_A_CALL + _MARKS_A_PARAMETER * call.arguments.count(":") for call in calls)
    return sum(len(each.encode("utf-8", "replace")) for each in sent) + marks


def _words(received: Sequence[str]) -> int:
    return sum(len(each.split()) for each in received)


def _above(low: Decimal, high: Decimal | None) -> Bounds:
    """Bounds from what was heard and what was allowed; a server may write more than that."""
    return Bounds(low, high if high is None else max(low, high))


def _least(output: int, usage: Usage | None, prices: Sequence[EffectivePrice]) -> Decimal:
    read = _reported(usage, "input_tokens") or 0
    return min(_usd(min(each.per_token.hit, each.per_token.miss), read, each, output) for each in prices)


def _most(
    request: ChatRequest, usage: Usage | None, prices: Sequence[EffectivePrice], output: int | None = None
) -> Decimal | None:
    """All that may be billed. `output` None: as many tokens as the limits allow."""
    read = _reported(usage, "input_tokens")
    if read is None:
        read = longest_input_tokens(request)
    costs = []
    for each in prices:
        limits = [limit for limit in (request.max_tokens, each.max_output_tokens) if limit is not None]
        if output is None and not limits:
            return None
        costs.append(_usd(each.per_token.miss, read, each, min(limits) if output is None else output))
    return max(costs)


def _usd(input_usd: Decimal, read: int, price: EffectivePrice, output: int) -> Decimal:
    return EXACT.add(EXACT.multiply(input_usd, read), EXACT.multiply(price.per_token.output, output))


def _reported(usage: Usage | None, field: str) -> int | None:
    """A number of `usage` that somebody counted; None for an estimate."""
    if usage is None or usage.provenance.get(field) in (None, "estimated"):
        return None
    value: int = getattr(usage, field)
    return value
