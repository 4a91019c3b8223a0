"""What is kept of a conversation while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, get_args

from r1plan.ask.question import Wanted
from r1plan.catalog.policy import Binding
from r1plan.conversation.spending import Spent
from r1plan.engine.chat import FinishReason, Message
from r1plan.errors import OverBudget, UsageError
from r1plan.money import small_usd

ThinkingShown = Literal["show", "dim", "hide"]
THINKING_SHOWN: tuple[ThinkingShown, ...] = get_args(ThinkingShown)


def thinking_named(text: str) -> ThinkingShown:
    """The way to show the thinking that `text` names. Raises UsageError."""
    for each in THINKING_SHOWN:
        if each == text.strip().casefold():
            return each
    raise UsageError(f"'{text}' is no way to show the thinking.", "choose show, dim or hide.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a question is to be asked: what the options said, and the commands changed since.

    `model`, `provider`, `local` and `base_url` are those of the command line. `route` names a routing policy; None:
    what is named answers. `budget_usd` is for the whole conversation. `project` and `tags` are what its rows are filed
    under.
    """

    model: str | None = None
    provider: str | None = None
    local: bool = False
    base_url: str | None = None
    route: str | None = None
    budget_usd: Decimal | None = None
    system: str | None = None
    thinking: ThinkingShown = "dim"
    project: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> Wanted:
        """Who should answer."""
        return Wanted(
            model=self.model, provider=self.provider, local=self.local, base_url=self.base_url, route=self.route
        )

    @property
    def is_named(self) -> bool:
        """Whether the user said who should answer."""
        return self.wanted.is_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what came of its answer. `model` is the PROVIDER/MODEL that answered."""

    question: str
    answer: str
    thinking: str = ""
    model: str = ""
    finish: FinishReason = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A conversation so far.

    `unanswered` is the last question when no answer came to it. `spent` has every request, also those whose exchange
    was taken back: they are paid for. `projects` are all that a question of it was filed under, and `binding` is what
    has kept one on this machine: both hold for the whole of it, whoever is asked next, until a person lifts that.
    """

    wishes: Wishes = Wishes()
    exchanges: tuple[Exchange, ...] = ()
    unanswered: str | None = None
    spent: tuple[Spent, ...] = ()
    projects: tuple[str, ...] = ()
    binding: Binding | None = None

    def messages(self, question: str) -> tuple[Message, ...]:
        """What is sent to ask `question` next. The thinking goes beside each answer: the engine sends it, or not."""
        system = (Message("system", self.wishes.system),) if self.wishes.system else ()
        turns = (
            message
            for each in self.exchanges
            for message in (Message("user", each.question), Message("assistant", each.answer, each.thinking or None))
        )
        return (*system, *turns, Message("user", question))

    def asked(self, question: str, project: str | None = None) -> Session:
        """After `question` was put for `project`, before anything came."""
        more = () if project is None or project in self.projects else (project,)
        return replace(self, unanswered=question, projects=(*self.projects, *more))

    def answered(self, exchange: Exchange | None, spent: Spent | None, binding: Binding | None = None) -> Session:
        """After the request ended, which `binding` kept on this machine. `exchange` None: no answer came."""
        paid = self.spent if spent is None else (*self.spent, spent)
        after = replace(self, spent=paid, binding=self.binding or binding)
        if exchange is None:
            return after
        return replace(after, exchanges=(*self.exchanges, exchange), unanswered=None)

    def unbound(self) -> Session:
        """Free to leave this machine again, as far as no rule keeps the next question here."""
        return replace(self, projects=(), binding=None)

    def without_last(self) -> Session:
        """The last question taken back, answered or not."""
        if self.unanswered is not None:
            return replace(self, unanswered=None)
        return replace(self, exchanges=self.exchanges[:-1])

    def empty(self) -> Session:
        """Every question taken back; wishes and spending stay."""
        return replace(self, exchanges=(), unanswered=None)

    @property
    def last_question(self) -> str | None:
        """What was asked last, or None."""
        if self.unanswered is not None:
            return self.unanswered
        return self.exchanges[-1].question if self.exchanges else None

    @property
    def budget_left_usd(self) -> Decimal | None:
        """What is left of the budget of the conversation; None: it has none."""
        if self.wishes.budget_usd is None:
            return None
        counted = (each.cost_usd if each.counted_usd is None else each.counted_usd for each in self.spent)
        return self.wishes.budget_usd - sum((each for each in counted if each is not None), Decimal(0))

    def check_budget(self, needs_usd: Decimal | None = Decimal(0), who: str = "") -> None:
        """Raise OverBudget when the budget of the conversation is used up, or leaves less than `who` may cost.

        `needs_usd` None: nobody knows what that is, and then it counts as too much.
        """
        budget, left = self.wishes.budget_usd, self.budget_left_usd
        if budget is None or left is None:
            return
        hint = "raise it with /budget USD, or drop it with /budget off."
        if left <= 0:
            raise OverBudget(
                f"the budget of {small_usd(budget)} is used up: {small_usd(budget - left)} so far.",
                hint,
            )
        if needs_usd is None:
            raise OverBudget(
                f"what {who} costs is not known, so the budget of {small_usd(budget)} cannot be kept.", hint
            )
        if needs_usd > left:
            of = "" if left == budget else f", of which {small_usd(left)} is left"
            raise OverBudget(
                f"{who} may cost {small_usd(needs_usd)} (p90), more than the budget of {small_usd(budget)}{of}.", hint
            )
