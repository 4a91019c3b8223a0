"""What the traps of other tools' logs are, a sentence each: what was left out of a report, and what is noted in it."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.render.text.units import count

# After "left out: N records "
_LEFT_OUT: Mapping[str, str] = {
    "response_cache": "that the tool answered from its own store of answers: no provider was asked",
    "not_chat": "of calls that are no chat, such as embeddings and images",
    "sums_by_tag": "of sums by tag, which count a request with two tags twice",
    "repeats_children": "of steps around others, which repeat what is counted in those",
    "error_body": "of errors that nobody billed",
    "fork_copy": "that a forked session repeats",
    "unknown_version": "of a format that this program does not know",
    "gpu_time": "of GPUs that are paid by the second: no tokens",
    "unknown_kind": "of a kind that is not known",
    "unreadable_line": "without a day, a model or an amount that can be read",
}
# After "noted: N rows "
_NOTED: Mapping[str, str] = {
    "counts_contradict": "whose counts contradict one another: priced from input and output alone",
    "silent_experiment": "sent as a silent experiment beside the user's own",
    "billed_retry": "of billed attempts before the one that answered",
    "client_left": "whose client left before the end: what they cost is bounded",
    "batch": "of a batch, priced here as single requests: a batch may be billed at another price",
    "no_token_details": "without word of what was cached: priced as if nothing was",
    "billed_elsewhere": "with a key of your own, which the provider behind bills too",
    "cancelled": "of a cancelled request",
    "not_native_tokens": "of which only estimated tokens are there, not the billed ones",
    "cached_beside_input": "whose cached tokens stand beside the input: they were added to it",
    "cached_unclear": "of which it is not clear whether input includes what was cached: it is taken to",
    "unknown_provider": "without word of who sold them: unpriced where their bill is not there",
    "cache_not_logged": "of which the tool does not write what was cached: priced as if nothing was",
    "no_usage": "without any count of tokens",
    "thinking_unclear": "of which it is not clear whether output includes thinking: it is taken to stand beside",
    "sums_of_requests": "of several requests, whose number is not told",
    "sums_beside_parts": "with older sums beside their parts, which were not added to them",
    "days_not_utc": "of days that are cut by another clock than UTC",
    "granted_balance": "paid from a granted balance",
}


def left_out_text(trap: str, number: int) -> str:
    """What was left out by `trap`, `number` records of it, without a full stop."""
    return f"left out: {count(number, 'record')} {_LEFT_OUT.get(trap, trap.replace('_', ' '))}"


def noted_text(trap: str, number: int) -> str:
    """What is noted of `number` rows by `trap`, without a full stop."""
    return f"noted: {count(number, 'row')} {_NOTED.get(trap, trap.replace('_', ' '))}"
