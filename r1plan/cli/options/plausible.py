"""What sizes and speeds can be true of a machine; of one that cannot, what was probably meant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from r1plan.cli.options.quantities import Typed, in_next_unit, rate_gb_s, size_gib, token_number
from r1plan.errors import UsageError


@dataclass(frozen=True, slots=True)
class Plausible:
    """What there is of a thing, from the least to the most, in `unit`; `what` has it.

    A number beyond may have been said in the unit a thousandth as large (MiB, MB/s), or in the larger one (TB, TB/s).
    """

    least: float
    most: float
    unit: str
    what: str
    smaller: str
    larger: str
    is_zero_possible: bool = False


_CARD_GIB = Plausible(0.25, 512, "GiB", "card", "MiB", "TB")
_CARD_GB_S = Plausible(10, 30_000, "GB/s", "card", "MB/s", "TB/s")
_BOUNDS = {
    "--vram": _CARD_GIB,
    "--vram-used": Plausible(0, 512, "GiB", "card", "MiB", "TB", is_zero_possible=True),
    "--bandwidth": _CARD_GB_S,
    "--unified": Plausible(1, 2_048, "GiB", "machine", "MiB", "TB"),
    "--ram": Plausible(0.5, 6_144, "GiB", "machine", "MiB", "TB"),
    "--ram-bandwidth": Plausible(2, 1_700, "GB/s", "main memory", "MB/s", "TB/s"),
    "--disk-bandwidth": Plausible(0.01, 100, "GB/s", "disk", "MB/s", "TB/s"),
}
_MT_S = range(1_866, 12_801)  # what memory modules are sold as
_MOST_CORES = 2_048
# What llama.cpp gives a micro-batch and what a context holds, far beyond what anybody uses.
_TOKENS = {"--context": (64, 16_777_216), "--ubatch": (1, 65_536), "--depth": (0, 16_777_216)}


def check_figure(option: str, value: float) -> None:
    """Raise UsageError for a size or speed that nothing has."""
    bounds = _BOUNDS[option]
    shown = value.text if isinstance(value, Typed) else f"{value:.10g}"
    if not math.isfinite(value) or value < 0 or (value == 0 and not bounds.is_zero_possible):
        least = "zero or more" if bounds.is_zero_possible else "a number above zero"
        raise UsageError(f"{option} {shown}: expected {least}.", f"give more, or leave {option} out.")
    if value > bounds.most:
        if option == "--ram-bandwidth" and value in _MT_S:
            raise UsageError(
                f"{option} {shown}: no main memory has that much.",
                f"two channels of {value:g} MT/s have {value * 16 / 1000:g} GB/s; --cpu NAME knows a processor's.",
            )
        meant, said_in = value / (1024 if bounds.unit == "GiB" else 1000), bounds.smaller
        found = f"no {bounds.what} has that much"
    elif value < bounds.least:
        meant, said_in = value * 1000, bounds.larger
        found = f"no {bounds.what} has so little"
    else:
        return
    hint = f"it is in {bounds.unit}."
    if isinstance(value, Typed):
        hint = _in_another_unit(option, value, bounds) or hint
    elif max(bounds.least, min(bounds.most, 1)) <= meant <= bounds.most:
        hint = f"did you mean {option} {meant:.4g} ({value:,.10g} {said_in})?"
    raise UsageError(f"{option} {shown}: {found}.", hint)


def _in_another_unit(option: str, value: Typed, bounds: Plausible) -> str | None:
    """What was probably meant by a number with a unit: the same number with the next one."""
    text = in_next_unit(value.text, larger=value < bounds.least)
    meant = None if text is None else (size_gib if bounds.unit == "GiB" else rate_gb_s)(text)
    if meant is None or not bounds.least <= meant <= bounds.most:
        return None
    return f"did you mean {option} '{text}'?" if text and " " in text else f"did you mean {option} {text}?"


def check_cores(cores: int | None) -> None:
    """Raise UsageError for a number of cores that no machine has."""
    if cores is not None and not 1 <= cores <= _MOST_CORES:
        raise UsageError(
            f"--cores {cores}: expected 1 to {_MOST_CORES:,}.", "give the physical cores, such as --cores 16"
        )


def check_tokens(given: Iterable[tuple[str, int | None]]) -> None:
    """Raise UsageError for a number of tokens, by its option, that nobody means; zero and less is told elsewhere."""
    for option, tokens in given:
        least, most = _TOKENS[option]
        if tokens is None or tokens <= 0 or least <= tokens <= most:
            continue
        if tokens < least:
            meant = token_number(f"{tokens}k", of_context=True)
            raise UsageError(
                f"{option} {tokens}: no question and its answer fit into that.",
                f"did you mean {option} {tokens}k ({meant:,} tokens)?",
            )
        raise UsageError(f"{option} {tokens}: no model takes that.", f"at most {most:,} make sense.")
