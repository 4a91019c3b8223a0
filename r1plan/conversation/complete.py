"""How the line that a person types may go on: commands, and the names that they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from r1plan.conversation.commands import Known, listed
from r1plan.conversation.session import THINKING_SHOWN
from r1plan.errors import CatalogError


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` replaces the last `replaces` characters; `about` says what it is."""

    text: str
    replaces: int
    about: str = ""


Names = Callable[[], Sequence[str]]
"""Names that are looked up only when they are asked for: reading the catalogue takes its time."""


def completions(before_cursor: str, models: Names, routes: Names) -> tuple[Completion, ...]:
    """What may follow `before_cursor`, the best first. Only a line that starts with a slash has any."""
    if not before_cursor.startswith("/") or "\n" in before_cursor:
        return ()
    name, space, typed = before_cursor[1:].partition(" ")
    if not space:
        return tuple(
            Completion(f"/{each}", len(before_cursor), command.summary)
            for each, command in listed(Known(routes=_routes(routes))).items()
            if each.startswith(name)
        )
    names: dict[str, Names] = {"model": models, "route": routes, "thinking": lambda: THINKING_SHOWN}
    if name not in names or " " in typed:
        return ()
    return tuple(Completion(each, len(typed)) for each in _matching(names[name](), typed))


def _routes(routes: Names) -> tuple[str, ...]:
    """The routes, none where their files are wrong: that is no reason to offer no command."""
    try:
        return tuple(routes())
    except CatalogError:
        return ()


def _matching(names: Iterable[str], typed: str) -> list[str]:
    """Those that hold what was typed, and first those that start with it."""
    wanted = typed.casefold()
    found = [each for each in names if wanted in each.casefold()]
    return sorted(found, key=lambda each: not each.casefold().startswith(wanted))
