"""What a request used, in the one normal form that every provider's numbers are brought to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Provenance = Literal["reported", "counted", "estimated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one request.

    `cache_hit_tokens` are part of `input_tokens`, `thinking_tokens` part of `output_tokens`. None is unknown, which is
    not 0. `provenance` says for each known field who counted it; `flags` name what was impossible in the numbers.
    """

    input_tokens: int
    output_tokens: int
    cache_hit_tokens: int | None = None
    thinking_tokens: int | None = None
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


HIT_OVER_INPUT = "cache_hit_over_input"
THINKING_OVER_OUTPUT = "thinking_over_output"


def checked(usage: Usage) -> Usage:
    """`usage` with a flag for each impossible part, and that part unknown. The totals are kept."""
    from dataclasses import replace

    flags = list(usage.flags)
    hit, thinking = usage.cache_hit_tokens, usage.thinking_tokens
    if hit is not None and not 0 <= hit <= usage.input_tokens:
        flags.append(HIT_OVER_INPUT)
        hit = None
    if thinking is not None and not 0 <= thinking <= usage.output_tokens:
        flags.append(THINKING_OVER_OUTPUT)
        thinking = None
    return replace(usage, cache_hit_tokens=hit, thinking_tokens=thinking, flags=tuple(dict.fromkeys(flags)))
