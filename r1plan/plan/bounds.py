"""What an option's number may be. Each check raises UsageError, which names the option and its value."""

from __future__ import annotations

from math import isfinite

from r1plan.errors import UsageError


def above_zero(*options: tuple[str, float | None]) -> None:
    """Every number that was given is one and above zero."""
    for name, value in options:
        if value is not None and not (isfinite(value) and value > 0):
            more = "give more" if isfinite(value) else "give a number"
            raise UsageError(f"{name} {value:g}: expected a number above zero.", _hint(more, name))


def not_negative(*options: tuple[str, float | None]) -> None:
    """Every number that was given is one and not below zero."""
    for name, value in options:
        if value is not None and not (isfinite(value) and value >= 0):
            raise UsageError(f"{name} {value:g}: expected zero or more.", _hint("give zero or more", name))


def at_most(most: float, *options: tuple[str, float | None]) -> None:
    """No number that was given is above `most`."""
    for name, value in options:
        if value is not None and value > most:
            raise UsageError(f"{name} {value:g}: expected at most {most:,.0f}.", _hint("give less", name))


def _hint(what: str, name: str) -> str:
    return f"{what}, or leave {name} out."
