"""The steps of a conversation, and a session from steps: a saved conversation is its steps in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent


@dataclass(frozen=True, slots=True)
class Asked:
    """A question was put."""

    question: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A request ended. `exchange` None: no answer came; `spent` None: nothing was used."""

    exchange: Exchange | None
    spent: Spent | None


@dataclass(frozen=True, slots=True)
class TookBack:
    """The last question was taken back."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Every question was taken back."""


@dataclass(frozen=True, slots=True)
class Wished:
    """The wishes changed."""

    wishes: Wishes


Step = Asked | Answered | TookBack | Cleared | Wished


def after(session: Session, step: Step) -> Session:
    """`session` after one more step."""
    match step:
        case Asked(question):
            return session.asked(question)
        case Answered(exchange, spent):
            return session.answered(exchange, spent)
        case TookBack():
            return session.without_last()
        case Cleared():
            return session.empty()
        case Wished(wishes):
            return replace(session, wishes=wishes)


def replayed(steps: Iterable[Step]) -> Session:
    """The session that `steps` lead to."""
    session = Session()
    for step in steps:
        session = after(session, step)
    return session
