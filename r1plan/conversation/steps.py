"""The steps of a conversation, and a session from steps: a saved conversation is its steps in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from r1plan.catalog.policy import Binding
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent


@dataclass(frozen=True, slots=True)
class Asked:
    """A question was put for `project`. An old conversation has none."""

    question: str
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request ended. `exchange` None: no answer came; `spent` None: nothing was used.

    `binding` is what kept it on this machine, beside what came: a line that is lost takes both with it.
    """

    exchange: Exchange | None
    spent: Spent | None
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class TookBack:
    """The last question was taken back."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Every question was taken back."""


@dataclass(frozen=True, slots=True)
class Unbound:
    """What bound the conversation to this machine was lifted."""


@dataclass(frozen=True, slots=True)
class Wished:
    """The wishes changed."""

    wishes: Wishes


Step = Asked | Answered | TookBack | Cleared | Unbound | Wished


def after(session: Session, step: Step) -> Session:
    """`session` after one more step."""
    match step:
        case Asked(question, project):
            return session.asked(question, project)
        case Answered(exchange, spent, binding):
            return session.answered(exchange, spent, binding)
        case TookBack():
            return session.without_last()
        case Cleared():
            return session.empty()
        case Unbound():
            return session.unbound()
        case Wished(wishes):
            return replace(session, wishes=wishes)


def replayed(steps: Iterable[Step]) -> Session:
    """The session that `steps` lead to."""
    session = Session()
    for step in steps:
        session = after(session, step)
    return session
