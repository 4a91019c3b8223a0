"""What a command line fixes of how a model on this machine runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from r1plan.errors import UsageError

if TYPE_CHECKING:
    from r1plan.plan.pins import Pins

# As they are typed, by the parameters of `chat`.
_OPTIONS = ("kv", "ubatch", "gpu_layers", "experts_on_cpu", "flash_attn", "mmap", "threads")


def check_chat_pins(pins: Pins, elsewhere: Mapping[str, str | None]) -> None:
    """Raise UsageError for `pins` that cannot be meant together, or with who is to answer.

    `elsewhere` are the options that name somebody who is not on this machine.
    """
    from r1plan.cli.options.given import words_given

    words = words_given(_OPTIONS)
    named = next(((option, value) for option, value in elsewhere.items() if value), None)
    if words and named is not None:
        raise UsageError(
            f"{words[0]} says how a model on this machine runs, and {' '.join(named)} answers elsewhere.",
            "leave out one of the two",
        )
    from r1plan.cli.options.planning import check_tokens
    from r1plan.plan.llamacpp.pins import checked_pins

    check_tokens(None, pins.n_ubatch, None)
    checked_pins(pins)
