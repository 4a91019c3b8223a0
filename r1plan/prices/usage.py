"""What a request used, in the one normal form that every provider's numbers are brought to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Provenance = Literal["reported", "counted", "estimated"]

HIT_OVER_INPUT = "cache_hit_over_input"
THINKING_OVER_OUTPUT = "thinking_over_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one request.

    `cache_hit_tokens` are part of `input_tokens`, `thinking_tokens` part of `output_tokens`. None is unknown, which is
    not 0. `provenance` says for each known field who counted it; `flags` name what was impossible in the numbers.
    `ranges` holds, for an input or output of which the server's numbers contradict one another or the text, the least
    and the most tokens that they leave open.
    """

    input_tokens: int
    output_tokens: int
    cache_hit_tokens: int | None = None
    thinking_tokens: int | None = None
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
