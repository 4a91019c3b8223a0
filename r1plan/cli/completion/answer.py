"""What a shell is told that asks how a line goes on. Whatever is wrong, it is told nothing: Tab is no place for errors.

Nothing is sent to anybody, and no file is written but the catalogue's copy in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from r1plan.cli.completion.names import is_file, looks_like_path, names_for, short_names_for
from r1plan.cli.completion.scripts import LINE, SCRIPTS, VARIABLE

_MOST_ABOUT = 70  # characters
_PROGRAM = "r1plan"


@dataclass(frozen=True, slots=True)
class Continuation:
    """How a line may go on. `names` stand in the place of the word `typed`, each with what it is, or ""."""

    kind: Literal["names", "nospace", "files"] = "names"
    names: Mapping[str, str] = field(default_factory=dict)
    typed: str = ""


def answer(environ: Mapping[str, str]) -> int:
    """Print how the line in `environ` may go on; the exit code, which is always 0."""
    from r1plan.render import output

    shell = environ.get(VARIABLE, "")
    try:
        if shell in SCRIPTS:
            output.whole("".join(f"{line}\n" for line in told(continued(environ.get(LINE, "")), shell)))
    except Exception:  # noqa: S110  # a wrong file of the user's, for one: the command itself says so
        pass
    return 0


def continued(line: str) -> Continuation:
    """How `line`, which begins with the program and ends at the cursor, may go on. Raises what typer and ours do."""
    from typer._click.shell_completion import _resolve_context, _resolve_incomplete, split_arg_string

    from r1plan.cli import COMMANDS, LazyGroup, build

    words = split_arg_string(line)[1:]
    typed = words.pop() if words and not line[-1].isspace() else ""
    if words[:1] == ["help"]:
        del words[0]
    context = _resolve_context(build(), {}, _PROGRAM, words)
    asked, part = _resolve_incomplete(context, words, typed)
    head = typed[: len(typed) - len(part)] if part else typed if typed.endswith("=") else ""
    if asked is context.command:
        if isinstance(asked, LazyGroup) and not part.startswith("-"):
            return Continuation(names=_matching(COMMANDS, part), typed=typed)
        found = asked.shell_complete(context, part)
        return Continuation(names={each.value: _about(each.help) for each in found if each.value}, typed=typed)
    return _values(context, asked, part, head, typed)


def _values(context: Any, parameter: Any, part: str, head: str, typed: str) -> Continuation:
    command = context.command_path.removeprefix(_PROGRAM).strip()
    names = names_for(command, parameter, context.params)
    if names is None or (_takes_file(parameter) and looks_like_path(part)):
        return Continuation("files" if _takes_file(parameter) else "names", typed=typed)
    if command == "cost-report" and "," in part:  # --by day,model
        before, _, part = part.rpartition(",")
        head += f"{before},"
    matching = _matching(dict.fromkeys(names, ""), part)
    matching = matching or dict.fromkeys(short_names_for(command, parameter, part), "")
    found = {f"{head}{name}": about for name, about in matching.items()}
    if not found and _takes_file(parameter):
        return Continuation("files", typed=typed)
    goes_on = bool(found) and all(each.endswith(":") for each in found)
    return Continuation("nospace" if goes_on else "names", found, typed)


def _takes_file(parameter: Any) -> bool:
    return is_file(parameter) or ".gguf" in (parameter.metavar or "") or "|FILE" in (parameter.metavar or "")


def _matching(names: Mapping[str, str], typed: str) -> dict[str, str]:
    """Those that begin as `typed`, in any case; else those that hold it, if what they have in common does too."""
    wanted = typed.casefold()
    found = {name: about for name, about in names.items() if name.casefold().startswith(wanted)}
    if not found:
        found = {name: about for name, about in names.items() if wanted in name.casefold()}
        # A shell puts what all have in common in the place of what was typed.
        if not found or wanted not in _beginning(each.casefold() for each in found):
            return {}
    return {name: _about(about) for name, about in found.items()}


def _beginning(names: Iterable[str]) -> str:
    """What all of `names` begin with."""
    in_order = sorted(names)
    first, last = in_order[0], in_order[-1]
    return first[
        : next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    ]


def _about(text: str | None) -> str:
    plain = " ".join((text or "").split())
    return plain if len(plain) <= _MOST_ABOUT else f"{plain[: _MOST_ABOUT - 1]}…"


def told(found: Continuation, shell: str) -> Iterable[str]:
    """The lines for `shell`."""
    yield found.kind
    # bash replaces only what stands behind the last of these.
    cut = max(found.typed.rfind(each) for each in ":=") + 1 if shell == "bash" else 0
    for name, about in found.names.items():
        value = name[cut:]
        if shell == "zsh":
            value = value.replace("\\", "\\\\").replace(":", "\\:")
            yield f"{value}:{about}" if about else value
        else:
            yield f"{value}\t{about}" if about and shell != "bash" else value
