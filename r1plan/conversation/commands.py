"""What the commands of a conversation do: from a session and arguments to a new session and what to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from r1plan.conversation.recognize import command_in, is_farewell
from r1plan.conversation.session import THINKING_SHOWN, Session, Wishes, thinking_named
from r1plan.errors import NotFound, UsageError
from r1plan.models.reference import GgufFile, model_reference
from r1plan.money import small_usd, typed_usd
from r1plan.settings import expanded

View = Literal["help", "cost", "thinking", "model"]


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Put this question."""

    question: str


@dataclass(frozen=True, slots=True)
class Save:
    """Write the conversation to a new file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Quit:
    """End the conversation."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes of a line. `say` is a sentence, `view` something longer to be rendered, `act` what is left to do."""

    session: Session
    say: str | None = None
    view: View | None = None
    act: AskAgain | Save | Quit | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What names the commands may use. `routes` empty: there is no routing."""

    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its arguments for the help, what it does, and the function that does it."""

    arguments: str
    summary: str
    run: Callable[[Session, str, Known], Reply]


_OFF = ("off", "none")
_UNBIND = "unbind"


def reply(session: Session, line: str, known: Known) -> Reply:
    """What comes of `line`, which is stripped and not empty. Raises UsageError and NotFound for a wrong command."""
    named = command_in(line, COMMANDS)
    if named is None:
        return Reply(session, act=AskAgain(line))
    name, arguments = named
    return COMMANDS[name].run(session, arguments, known)


def is_command(line: str) -> bool:
    """Whether `line` is a command or a word of leaving, and so not meant for anybody who answers questions."""
    try:
        return "\n" not in line and command_in(line, COMMANDS) is not None and not is_farewell(line)
    except NotFound:
        return False


def _model(session: Session, arguments: str, _known: Known) -> Reply:
    wishes = session.wishes
    if not arguments:
        return Reply(session, view="model")
    if len(arguments.split()) > 1:
        raise UsageError(f"'{arguments}' is not one model.", "example: /model deepseek/deepseek-flash")
    here = isinstance(model_reference(arguments), GgufFile)
    changed = replace(
        wishes,
        model=arguments,
        provider=None,
        local=wishes.local and here,
        base_url=None if here else wishes.base_url,
        route=None,
    )
    return Reply(replace(session, wishes=changed), f"From now on {asked_of(changed)} answers.")


def asked_of(wishes: Wishes) -> str:
    """Who is to answer, as the user named it."""
    if wishes.route:
        return f"whoever the route {wishes.route} chooses"
    if not wishes.is_named:
        return "the best model on this machine" if wishes.local else "whoever is chosen by default"
    if wishes.model is None:
        return f"the default model of {wishes.provider}"
    return f"{wishes.model} at {wishes.provider}" if wishes.provider else wishes.model


def _without_route(wishes: Wishes) -> str:
    if wishes.is_named or wishes.local:
        return "No route is set: /model says who answers."
    return "No route is set and no model named: cheapest chooses, where there is a key."


def _route(session: Session, arguments: str, known: Known) -> Reply:
    if arguments == _UNBIND:
        return _unbound(session)
    if not known.routes:
        return Reply(session, "There are no routes to choose from: /model says who answers.")
    wishes = session.wishes
    if not arguments:
        now = f"The route is {wishes.route}." if wishes.route else _without_route(wishes)
        return Reply(session, f"{now} There are {', '.join(known.routes)}.")
    if arguments in _OFF:
        return Reply(replace(session, wishes=replace(wishes, route=None)), _without_route(wishes))
    if arguments not in known.routes:
        raise NotFound.among("route", arguments, known.routes, f"there are {', '.join(known.routes)}.")
    changed = replace(wishes, route=arguments)
    return Reply(replace(session, wishes=changed), f"The route {arguments} chooses who answers.")


def _unbound(session: Session) -> Reply:
    if session.binding is None and not session.projects:
        return Reply(session, "Nothing of an earlier turn keeps this conversation on this machine.")
    return Reply(session.unbound(), "This conversation may leave this machine, where no rule keeps a question here.")


def _budget(session: Session, arguments: str, _known: Known) -> Reply:
    if not arguments:
        return Reply(session, view="cost")
    if arguments in _OFF:
        wishes = replace(session.wishes, budget_usd=None)
        return Reply(replace(session, wishes=wishes), "This conversation has no budget.")
    amount = typed_usd(arguments)
    if not (amount and amount < 1_000_000):
        raise UsageError(f"'{arguments}' is not an amount.", "give USD, such as /budget 0.50, or /budget off.")
    wishes = replace(session.wishes, budget_usd=amount)
    said = f"This conversation may cost {small_usd(amount)}; then nothing more is sent."
    return Reply(replace(session, wishes=wishes), said)


def _cost(session: Session, arguments: str, _known: Known) -> Reply:
    _none("cost", arguments)
    return Reply(session, view="cost")


def _save(session: Session, arguments: str, _known: Known) -> Reply:
    if not arguments:
        raise UsageError("/save needs a file.", "example: /save talk.md")
    if not session.exchanges:
        raise UsageError("there is nothing to save yet.", "ask something first.")
    return Reply(session, act=Save(expanded(Path(arguments))))


def _retry(session: Session, arguments: str, _known: Known) -> Reply:
    _none("retry", arguments)
    question = session.last_question
    if question is None:
        raise UsageError("there is no question to ask again.", "ask something first.")
    return Reply(session.without_last(), act=AskAgain(question))


def _undo(session: Session, arguments: str, _known: Known) -> Reply:
    _none("undo", arguments)
    if session.last_question is None:
        raise UsageError("there is no question to take back.", "ask something first.")
    return Reply(session.without_last(), "The last question and its answer are taken back; what they cost is not.")


def _clear(session: Session, arguments: str, _known: Known) -> Reply:
    _none("clear", arguments)
    return Reply(session.empty(), "The conversation starts anew; what it cost stays counted.")


def _system(session: Session, arguments: str, _known: Known) -> Reply:
    wishes = session.wishes
    if not arguments:
        begin = "/system TEXT sets the instructions, /system off drops them."
        return Reply(session, f"{begin} They are: {wishes.system}" if wishes.system else f"{begin} There are none.")
    text = None if arguments in _OFF else arguments
    said = "The instructions go before the conversation from now on." if text else "There are no instructions now."
    return Reply(replace(session, wishes=replace(wishes, system=text)), said)


def _thinking(session: Session, arguments: str, _known: Known) -> Reply:
    if not arguments:
        if not (session.exchanges and session.exchanges[-1].thinking):
            raise UsageError("the last answer came without thinking.", f"/thinking {'|'.join(THINKING_SHOWN)}")
        return Reply(session, view="thinking")
    mode = thinking_named(arguments)
    return Reply(replace(session, wishes=replace(session.wishes, thinking=mode)), _MODES[mode])


_MODES: Mapping[str, str] = {
    "show": "The thinking is shown in full from now on.",
    "dim": "The thinking is shown while it comes, then folded to a line.",
    "hide": "Nothing of the thinking is shown.",
}


def _help(session: Session, _arguments: str, _known: Known) -> Reply:
    return Reply(session, view="help")


def _exit(session: Session, _arguments: str, _known: Known) -> Reply:
    return Reply(session, act=Quit())


def _none(name: str, arguments: str) -> None:
    if arguments:
        raise UsageError(f"/{name} takes no argument, got '{arguments}'.", "/help lists the commands.")


def listed(known: Known) -> Mapping[str, Command]:
    """The commands that can do something."""
    return {name: each for name, each in COMMANDS.items() if name != "route" or known.routes}


COMMANDS: Mapping[str, Command] = {
    "model": Command("[NAME]", "who answers: PROVIDER/MODEL, or a GGUF file", _model),
    "route": Command("[NAME|off|unbind]", "the route that chooses; unbind lets it leave", _route),
    "cost": Command("", "dollars and tokens so far, by model", _cost),
    "budget": Command("[USD|off]", "what this conversation may cost", _budget),
    "thinking": Command("[show|dim|hide]", "the last thinking in full, or how it appears", _thinking),
    "system": Command("[TEXT|off]", "instructions that go before the conversation", _system),
    "retry": Command("", "ask the last question again", _retry),
    "undo": Command("", "take the last question and its answer back", _undo),
    "clear": Command("", "start anew", _clear),
    "save": Command("FILE", "write the conversation as Markdown", _save),
    "help": Command("", "this list", _help),
    "exit": Command("", "end the conversation, as exit and Ctrl-D do", _exit),
}
