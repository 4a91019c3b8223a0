"""Which options were typed, as the command line that is being answered has them; of none nothing is known."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def is_given(name: str) -> bool:
    """Whether the option of the parameter `name` was typed, be it with its default."""
    return any(parameter.name == name for parameter, _ in _given())


def words_given(names: Collection[str]) -> list[str]:
    """Those of the parameters `names` that were typed, as words of a command line: ["--gpu", "gtx 1080"]."""
    words: list[str] = []
    for parameter, value in _given():
        if parameter.name not in names:
            continue
        option = max(parameter.opts, key=len)
        if isinstance(value, bool):
            words.append(option if value else max(parameter.secondary_opts or [option], key=len))
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [option, f"{each:.12g}" if isinstance(each, float) else str(each)]
    return words


def _given() -> list[tuple[Any, Any]]:
    """Each parameter that was typed, with its value."""
    from typer._click.core import ParameterSource
    from typer._click.globals import get_current_context

    context = get_current_context(silent=True)
    if context is None:
        return []
    return [
        (parameter, context.params[parameter.name])
        for parameter in context.command.params
        if parameter.name in context.params
        and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
