"""How `r1plan chat` begins: with what was saved, alone or in a conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import typer

from r1plan.ask.resolve import model_names
from r1plan.cli.chat.asking import known_routes
from r1plan.cli.chat.screen import Told, closing, raise_failure, shown, terminal_is_able, unlogged
from r1plan.conversation.exchange import exchange_of, spent_by
from r1plan.conversation.session import Session, Wishes
from r1plan.conversation.steps import Answered, Asked, Step, Unbound, Wished, after
from r1plan.errors import LogError, UsageError
from r1plan.streams import check_output

if TYPE_CHECKING:
    from r1plan.catalog.policy import Binding
    from r1plan.cli.chat.asking import ChatAsker
    from r1plan.cli.chat.repl import Conversation, Reader
    from r1plan.engine.local.kept.place import StatePlace
    from r1plan.route.execution.record import Labels
    from r1plan.route.execution.result import ChatResult


@dataclass(frozen=True, slots=True)
class Start:
    """Where a conversation stands at its beginning.

    `begun_at` None: it is new. `path` is where it is saved, None: nowhere. `unsaved` steps have led to it that are not.
    """

    session: Session
    begun_at: datetime | None
    path: Path | None
    unsaved: tuple[Step, ...] = ()

    @property
    def labels(self) -> Labels:
        """What the log rows are filed under: a conversation that goes on keeps its project and tags."""
        from r1plan.route.execution.record import Labels

        return Labels(project=self.session.wishes.project, tags=self.session.wishes.tags)

    def conversation_of(self, question: str | None) -> str | None:
        """The id that the log rows of a conversation share; None for a question that stands alone."""
        if self.path is None or (question is not None and self.begun_at is None):
            return None
        return self.path.stem

    def state_place(self, question: str | None) -> StatePlace | None:
        """Where what a model here reads of it may be kept; None for what is not saved."""
        if self.path is None or self.conversation_of(question) is None:
            return None
        from r1plan.conversation.states import state_place

        return state_place(self.path)


def begun(wishes: Wishes, *, go_on: bool, save: bool, unbind: bool = False) -> Start:
    """A new session, or the one that was saved last with what the command line wishes laid over it.

    What bound it to this machine still does, unless it is to `unbind`. Raises UsageError when there is none to go on
    with, LogError when it cannot be read.
    """
    from r1plan.settings import directories

    folder = directories().conversations
    if not go_on:
        if unbind:
            raise UsageError("--unbind needs a conversation to go on with.", "example: r1plan chat --continue --unbind")
        now = datetime.now(UTC)
        # Names sort by time; the end tells apart what began within a second.
        fresh = folder / f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.jsonl"
        return Start(Session(wishes=wishes), None, fresh if save else None, (Wished(wishes),))
    from r1plan.conversation.store import latest, load

    path = latest(folder)
    if path is None:
        raise UsageError("there is no saved conversation to go on with.", "begin one: r1plan chat")
    saved = load(path)
    if saved.unread:
        from r1plan.render import output
        from r1plan.render.chat.words import left_out_text

        output.note(left_out_text(path, saved.unread))
    merged = _laid_over(saved.session.wishes, wishes)
    steps: tuple[Step, ...] = (Unbound(),) if unbind else ()
    steps += (Wished(merged),) if merged != saved.session.wishes else ()
    session = reduce(after, steps, saved.session)
    return Start(session, saved.begun_at, path if save else None, steps)


def _laid_over(saved: Wishes, given: Wishes) -> Wishes:
    """The saved wishes with those of the command line in their place. Who answers is one wish of five parts."""
    merged = replace(
        saved,
        system=saved.system if given.system is None else given.system,
        thinking=saved.thinking if given.thinking == Wishes().thinking else given.thinking,
        project=saved.project if given.project is None else given.project,
        tags={**saved.tags, **given.tags},
    )
    if not (given.is_named or given.local or given.route):
        return merged
    who = {name: getattr(given, name) for name in ("model", "provider", "local", "base_url", "route")}
    return replace(merged, **who)


def answer(asker: ChatAsker, start: Start, question: str | None, *, explain: bool, as_json: bool) -> None:
    """Ask `question`, or say who would be asked; without one, talk until the end. Then `asker` is closed."""
    try:
        check_output()
        asker.ready(start.session.wishes)
        if question is None:
            converse(asker, start)
        elif explain:
            from r1plan.cli.chat.explain import explain as explained

            explained(asker, start.session, question, as_json=as_json)
        else:
            single(asker, start, question, as_json=as_json)
    finally:
        asker.close()


def single(asker: ChatAsker, start: Start, question: str, *, as_json: bool) -> None:
    """Ask one question. Exits with 130 when it was stopped; raises what made it fail."""
    from r1plan.render.output import document, lines, note

    try:
        plan = asker.plan(start.session, question)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if as_json:
        result = asker.ask(plan, Told(note))
        unlogged(result)
    else:
        with shown(start.session.wishes.thinking, fold=False) as audience:
            result = asker.ask(plan, audience)
        if terminal_is_able() and (result.thinking or result.answer):
            lines([""], flush=True)
        closing(result, alone=True)
    if start.path is not None and start.begun_at is not None:
        _kept(start, start.path, question, plan.binding, result)
    if as_json:
        from r1plan.render.chat.document import document as chat_document
        from r1plan.render.decision.asked import plan_reasons

        # Also of a failure: what had come is paid for.
        document(chat_document(result, plan_reasons(plan), asker.plan_behind(result)))
    raise_failure(result, alone=True)
    if result.finish == "aborted":
        raise typer.Exit(130)


def _kept(start: Start, path: Path, question: str, binding: Binding | None, result: ChatResult) -> None:
    from r1plan.conversation.store import append
    from r1plan.render.output import note

    try:
        for step in start.unsaved:
            if isinstance(step, Unbound):
                append(path, step, result.entry.started_at)
        append(path, Asked(question, start.session.wishes.project), result.entry.started_at)
        append(path, Answered(exchange_of(question, result), spent_by(result), binding), result.entry.placed_at)
    except LogError as error:
        note(f"warning: {error.message}")


def converse(asker: ChatAsker, start: Start) -> None:
    """Talk until the end. On a terminal the conversation is saved, unless nothing is to be."""
    from r1plan.cli.chat.plain_reader import PlainReader
    from r1plan.cli.chat.repl import Conversation
    from r1plan.conversation.store import append
    from r1plan.render.chat.conversation import recap
    from r1plan.render.output import note

    able = terminal_is_able()
    path = start.path if able or start.begun_at is not None else None
    talk = Conversation(
        start.session,
        asker,
        keep=None if path is None else partial(append, path),
        saved_in=path,
        unsaved=start.unsaved,
    )
    if start.begun_at is not None:
        note(recap(start.session, start.begun_at))
        talk.show_last()
    note("/help lists the commands. Ctrl-C stops an answer, Ctrl-D ends the conversation.")
    talk.run(_reader(talk, asker, keep=path is not None) if able else PlainReader())


def _reader(talk: Conversation, asker: ChatAsker, *, keep: bool) -> Reader:
    from r1plan.cli.chat.screen import terminal_size
    from r1plan.cli.chat.terminal_reader import TerminalReader
    from r1plan.conversation.complete import completions
    from r1plan.render.chat.conversation import toolbar
    from r1plan.render.chat.progress import fitted
    from r1plan.settings import directories

    models = cache(model_names)
    return TerminalReader(
        lambda before: completions(before, models, known_routes),
        lambda: fitted(toolbar(talk.session, asker.name(talk.session.wishes)), terminal_size()[0]),
        directories().questions if keep else None,
    )
