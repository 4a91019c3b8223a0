"""How many tokens a text has: a guess, and what it has at least and at most, whatever the tokenizer. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import ceil

from r1plan.engine.chat import ChatRequest

# What a server may add to a prompt: a template's marks around each message and each tool call and its parameters, and a
# system message of its own where none was sent (Qwen2.5's tokenizer_config.json adds 21 tokens so). The marks around a
# parameter are longest in DeepSeek-V3.2's encoding_dsv32.py, at about 15 tokens.
_MARKS_A_MESSAGE = 16
_MARKS_A_CALL = 32
_MARKS_A_PARAMETER = 16
_OWN_SYSTEM_MESSAGE = 64

# Chinese, Japanese and Korean are written without spaces. The longest tokens of them that are in use have about a
# dozen characters.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]")
_UNSPACED_A_TOKEN = 16

MARKS = 64
"""Tokens of an output that never come as text: the tags of its thinking, the marks of a tool's call, its end."""


def estimated_tokens(text: str) -> int:
    """A guess from the length: about 0.3 tokens an ASCII character and 0.6 any other.

    Source: api-docs.deepseek.com/quick_start/token_usage.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    return ceil(0.3 * ascii_characters + 0.6 * (len(text) - ascii_characters))


def least_tokens(texts: Iterable[str]) -> int:
    """The tokens that `texts` have at least: their words, for no tokenizer in use joins two.

    Of what is written without spaces one in so many characters as no token has.
    """
    return sum(map(_least, texts))


def most_tokens(texts: Iterable[str]) -> int:
    """The tokens that `texts` have at most: each covers a byte at least."""
    return sum(len(each.encode("utf-8", "replace")) for each in texts)


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
    return most_tokens(sent) + marks


def has_passed(limit: int, texts: Iterable[str]) -> bool:
    """Whether `texts` are so long that a server that wrote them kept to no such `limit` of tokens."""
    texts = tuple(texts)
    # The guess is seldom twice too high, but for blanks, of which one token may hold many.
    return least_tokens(texts) > limit or sum(estimated_tokens("".join(each.split())) for each in texts) > 2 * limit


def estimated_output(texts: Iterable[str], limits: Iterable[int | None]) -> int:
    """A guess at the tokens of an output of which `texts` came, within what they have at least and `limits`."""
    texts = tuple(texts)
    guess = estimated_tokens("".join(texts))
    kept = [each for each in limits if each is not None and not has_passed(each, texts)]
    return max(min(guess, *kept) if kept else guess, least_tokens(texts))


def thinking_share(output_tokens: int, thinking: str, answer: str) -> int | None:
    """The part of `output_tokens` that the thinking's text is, guessed from the lengths.

    None without such text: it may have been kept from us.
    """
    if not thinking:
        return None
    if not answer:
        return output_tokens
    part = estimated_tokens(thinking)
    share = round(output_tokens * part / (part + estimated_tokens(answer)))
    least, most = least_tokens([thinking]), output_tokens - least_tokens([answer])
    return max(min(max(share, least), most), 0)


def _least(text: str) -> int:
    words = text.split()
    if text.isascii() or not _UNSPACED.search(text):
        return len(words)
    return sum(max(1, -(-len(_UNSPACED.findall(each)) // _UNSPACED_A_TOKEN)) for each in words)
