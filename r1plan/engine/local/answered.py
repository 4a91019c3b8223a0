"""What is counted of an answer while a model here writes it."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.engine.chat import THINKING_CLOSED, FinishReason
from r1plan.prices.usage import Provenance, Usage

_COUNTED: dict[str, Provenance] = dict.fromkeys(
    ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens"), "counted"
)


@dataclass(slots=True)
class AnswerCount:
    """How many tokens were written so far, of at most `limit`, and what ended it."""

    limit: int
    output: int = 0
    thinking: int = 0
    flags: tuple[str, ...] = ()
    reason: FinishReason = "length"
    is_closed: bool = False  # its thinking, for the model
    has_text: bool = False

    def usage(self, input_tokens: int, cached: int) -> Usage:
        """The same as it is logged, of a prompt of so many tokens of which `cached` were not read."""
        return Usage(
            input_tokens=input_tokens,
            cache_hit_tokens=cached,
            output_tokens=self.output,
            thinking_tokens=self.thinking,
            provenance=_COUNTED,
            flags=(*self.flags, THINKING_CLOSED) if self.is_closed else self.flags,
        )
