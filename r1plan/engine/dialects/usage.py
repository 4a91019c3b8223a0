"""What servers say they counted, brought to one normal form; and estimates, marked so, for what they don't say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil

from r1plan.catalog.provider import Provider
from r1plan.prices.usage import Provenance, Usage, checked

CACHE_SPLIT = "cache_hit_plus_miss_not_input"
TOTAL = "input_plus_output_not_total"
_ABSURD_USD = 10**6


def estimated_tokens(text: str) -> int:
    """A guess from the length: about 0.3 tokens an ASCII character and 0.6 any other.

    Source: api-docs.deepseek.com/quick_start/token_usage.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    return ceil(0.3 * ascii_characters + 0.6 * (len(text) - ascii_characters))


def normal_form(
    reported: Mapping[str, object],
    provider: Provider,
    chunk_hit: int | None = None,
    *,
    prompt: str,
    thinking: str,
    answer: str,
) -> Usage:
    """One request's usage from an OpenAI-shaped `usage` object, {} when none came.

    `chunk_hit` are cached tokens that the server told of outside it; the object's own count wins. What
    is missing is estimated from the texts where that can be done. Cache hits are not guessed: None. Numbers that cannot
    be true are flagged, and the part they spoil is None.
    """
    provenance: dict[str, Provenance] = {}

    def known(field: str, value: int | None, estimate: int | None = None) -> int | None:
        if value is None and estimate is None:
            return None
        provenance[field] = "estimated" if value is None else "reported"
        return estimate if value is None else value

    reported_input, reported_output = count(reported, "prompt_tokens"), count(reported, "completion_tokens")
    input_tokens = known("input_tokens", reported_input, estimated_tokens(prompt)) or 0
    output_tokens = known("output_tokens", reported_output, estimated_tokens(thinking + answer)) or 0
    hits = (count(reported, path) for path in provider.cache_hit_paths)
    hit = next((each for each in hits if each is not None), chunk_hit)
    flags: list[str] = []
    miss = count(reported, "prompt_cache_miss_tokens")
    if hit is not None and miss is not None and hit + miss != input_tokens:
        flags.append(CACHE_SPLIT)
        hit = None
    total = count(reported, "total_tokens")
    if None not in (total, reported_input, reported_output) and total != input_tokens + output_tokens:
        flags.append(TOTAL)
    share = _share(output_tokens, thinking, answer)
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_hit_tokens=known("cache_hit_tokens", hit),
        thinking_tokens=known("thinking_tokens", count(reported, provider.reasoning_tokens_path), share),
        provenance=provenance,
        flags=tuple(flags),
    )
    return checked(usage)


def _share(output_tokens: int, thinking: str, answer: str) -> int | None:
    """The part of the output that the thinking's text is. None without such text: it may have been kept from us."""
    if not thinking:
        return None
    if not answer:
        return output_tokens
    part = estimated_tokens(thinking)
    return round(output_tokens * part / (part + estimated_tokens(answer)))


def usd(reported: Mapping[str, object], path: str | None) -> Decimal | None:
    """The dollars at a dotted `path`, as the server says it bills them; None where it says none."""
    value = _at(reported, path) if path else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and 0 <= amount < _ABSURD_USD else None


def _at(reported: Mapping[str, object], path: str) -> object:
    value: object = reported
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def count(reported: Mapping[str, object], path: str) -> int | None:
    """The number of tokens at a dotted `path`; None where there is none that could be one."""
    value = _at(reported, path)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
