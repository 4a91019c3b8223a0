"""The turns of a conversation as a model wants them back. Pure.

R1 refuses its own thinking in a request (400). Of a turn in which it called a tool, DeepSeek's models from V3.2 on
demand it, in every later request; of other turns they ignore it (api-docs.deepseek.com, guides/thinking_mode).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from r1plan.catalog.provider import Offer, Provider, ThinkingBack
from r1plan.engine.chat import Message


def thinking_back(provider: Provider, offer: Offer | None) -> ThinkingBack:
    """Which thinking goes back to `offer`; None is a model that the provider's file does not name."""
    return (offer.thinking_back if offer else None) or provider.thinking_back


def inline_thinking(provider: Provider, offer: Offer | None) -> tuple[str, ...]:
    """The names of the tags that the thinking of `offer` stands between; None is a model that no file names."""
    return provider.inline_thinking if offer is None or offer.inline_thinking is None else offer.inline_thinking


def sent_messages(messages: Sequence[Message], back: ThinkingBack, field: str) -> list[dict[str, object]]:
    """`messages` in OpenAI's shape, with the thinking that goes back under the name `field`."""
    return [message for turn in _turns(messages) for message in _turn(turn, back, field)]


def _turns(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages from one of the user's to the next."""
    starts = [0, *(index for index, each in enumerate(messages) if each.role == "user" and index), len(messages)]
    return (messages[start:end] for start, end in pairwise(starts))


def _turn(turn: Sequence[Message], back: ThinkingBack, field: str) -> Iterator[dict[str, object]]:
    keeps = back == "tool_turns" and any(each.tool_calls for each in turn)
    for each in turn:
        sent: dict[str, object] = {"role": each.role, "content": each.content}
        if keeps and each.role == "assistant" and each.thinking:
            sent[field] = each.thinking
        if each.tool_calls:
            sent["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in each.tool_calls
            ]
        if each.tool_call_id is not None:
            sent["tool_call_id"] = each.tool_call_id
        yield sent
