"""A conversation: questions, commands and answers until /exit or Ctrl-D."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from r1plan.cli.chat.asking import ChatAsker, known_routes
from r1plan.cli.chat.screen import closing, raise_failure, shown, terminal_is_able, terminal_size
from r1plan.conversation.commands import AskAgain, Known, Quit, Reply, Save, View, reply
from r1plan.conversation.exchange import exchange_of, spent_by
from r1plan.conversation.session import Session
from r1plan.conversation.spending import total
from r1plan.conversation.steps import Answered, Asked, Cleared, Step, TookBack, Unbound, Wished, after
from r1plan.errors import CatalogError, LogError, R1PlanError, UsageError
from r1plan.interrupts import ends_by, held
from r1plan.streams import lost_output

if TYPE_CHECKING:
    from r1plan.route.execution.result import ChatResult

Keep = Callable[[Step, datetime], None]
"""Saves a step. Raises LogError."""


class Reader(Protocol):
    """Where a person types."""

    def read(self) -> str | None:
        """What was typed, stripped; None for the end. Raises KeyboardInterrupt for Ctrl-C."""
        ...


class Conversation:
    """One conversation with its effects: it asks, shows, saves.

    `keep` saves a step in the file `saved_in`; None: nothing is saved. `unsaved` steps lie before the first of this
    call. Nothing is written before a question is put.
    """

    def __init__(
        self,
        session: Session,
        asker: ChatAsker,
        keep: Keep | None,
        saved_in: Path | None,
        unsaved: tuple[Step, ...] = (),
    ) -> None:
        self.session = session
        self._asker = asker
        self._keep = keep
        self._saved_in = saved_in
        self._unsaved = [(each, datetime.now(UTC)) for each in unsaved]
        self._writing = False

    def run(self, reader: Reader) -> None:
        """Read and answer until the end."""
        from r1plan.render.output import note

        while ends_by() is None and lost_output() is None:
            try:
                line = reader.read()
            except KeyboardInterrupt:
                if ends_by() is None:
                    note("Ctrl-D or /exit ends the conversation.")
                continue
            if line is None:
                return
            if line and not self._handled(line):
                return

    def ask(self, question: str) -> ChatResult:
        """Ask, show the answer as it comes, and keep what came."""
        from r1plan.render.output import lines

        session = self.session
        self._asker.ready(session.wishes)
        spent = total(session.spent)
        known = spent.questions > spent.cost_unknown
        self._step(Asked(question, session.wishes.project))
        plan = self._asker.plan(session, question)
        if terminal_is_able():
            lines([""], flush=True)
        result: ChatResult | None = None
        try:
            with shown(
                session.wishes.thinking,
                fold=True,
                usd_before=spent.cost_usd if known else None,
            ) as audience:
                result = self._asker.ask(plan, audience)
        finally:  # also when a signal comes while the last of it is painted
            if result is not None:
                with held():
                    self._step(Answered(exchange_of(question, result), spent_by(result), plan.binding))
        came = bool(result.thinking or result.answer)
        if came and terminal_is_able():
            lines([""], flush=True)
        closing(result, alone=False)
        if came and terminal_is_able():
            lines([""], flush=True)
        return result

    def show_last(self) -> None:
        """Show the last question and its answer again."""
        if not self.session.exchanges:
            return
        from r1plan.render.chat.conversation import exchange_rows
        from r1plan.render.output import lines

        columns, _ = terminal_size()
        lines(["", *exchange_rows(self.session.exchanges[-1], columns), ""], flush=True)

    def _handled(self, line: str) -> bool:
        """Do what `line` says. Returns False for the end."""
        from r1plan.render.output import note

        try:
            # The routes come from the disk: they take their time, and may be wrong, which is no reason to stay.
            names_route = line[1:].lstrip().casefold().startswith("route")
            came = reply(self.session, line, self._known() if names_route else Known())
            if came.session.wishes != self.session.wishes:
                self._asker.ready(came.session.wishes)  # a name that cannot be asked is not taken
            return self._done(came)
        except KeyboardInterrupt:
            note("Stopped.")
        except R1PlanError as error:
            note(f"error: {error.message}")
            if error.hint:
                from r1plan.render.chat.words import hint_here

                note(f"hint:  {hint_here(error.hint)}")
        return True

    def _done(self, came: Reply) -> bool:
        from r1plan.render.output import note

        for step in _steps(self.session, came.session):
            self._step(step)
        if came.say:
            note(came.say)
        if came.view:
            self._view(came.view)
        match came.act:
            case AskAgain(question):
                raise_failure(self.ask(question), alone=False)
            case Save(path):
                _save(path, self.session)
                note(f"Saved in {path}.")
            case Quit():
                return False
        return True

    def _known(self) -> Known:
        return Known(routes=known_routes())

    def _view(self, view: View) -> None:
        from r1plan.render.chat.conversation import choice_rows, cost_rows, help_rows
        from r1plan.render.output import lines

        if view == "help":
            try:
                known = self._known()
            except CatalogError:  # a wrong file of routes hides no other command
                known = Known()
            rows = help_rows(known, str(self._saved_in) if self._saved_in else None, terminal_size()[0])
        elif view == "cost":
            rows = cost_rows(self.session, terminal_size()[0])
        elif view == "model":
            from r1plan.ask.choices import model_choices
            from r1plan.render.chat.engine import engine_rows

            wishes = self.session.wishes
            stays_here = wishes.local or self.session.binding is not None
            choices = None if stays_here else model_choices(datetime.now(UTC))
            plan, (columns, height) = self._asker.engine_plan(wishes), terminal_size()
            runs = [] if plan is None else engine_rows(self._asker.name(wishes), plan)
            rows = [*runs, *choice_rows(self._asker.name(wishes), choices, columns, height - len(runs))]
        else:
            rows = self.session.exchanges[-1].thinking.split("\n")
        lines(["", *rows, ""] if terminal_is_able() else rows, flush=True)

    def _step(self, step: Step) -> None:
        """Take a step, and save it; what cannot be saved is said once."""
        from r1plan.render.output import note

        self.session = after(self.session, step)
        if self._keep is None:
            return
        self._unsaved.append((step, datetime.now(UTC)))
        self._writing = self._writing or isinstance(step, Asked)
        try:
            while self._writing and self._unsaved:
                self._keep(*self._unsaved[0])
                del self._unsaved[0]
        except LogError as error:
            self._keep = self._saved_in = None
            note(f"warning: {error.message}")
            note(f"hint:  {error.hint}")


def _steps(before: Session, now: Session) -> list[Step]:
    """What a command did, as steps."""
    steps: list[Step] = []
    if before.last_question is not None and _turns(before) != _turns(now):
        steps.append(TookBack() if _turns(now) == _turns(before.without_last()) else Cleared())
    if (now.binding, now.projects) != (before.binding, before.projects):
        steps.append(Unbound())
    if now.wishes != before.wishes:
        steps.append(Wished(now.wishes))
    return steps


def _turns(session: Session) -> tuple[object, ...]:
    return session.exchanges, session.unanswered


def _save(path: Path, session: Session) -> None:
    from r1plan.files.exported import write_exported
    from r1plan.render.chat.conversation import markdown

    try:
        text = markdown(session, datetime.now().astimezone())
        write_exported(path, text.encode("utf-8", "replace"), replaces=False)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already.", "give another name: /save FILE") from error
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}.", "give another name: /save FILE") from error
