"""How `r1plan chat` asks one question, in a conversation or alone: the one place that knows engines, log and price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Protocol

from r1plan.cli.chat_way import Way, way
from r1plan.errors import UsageError

if TYPE_CHECKING:
    from r1plan.conversation.session import Exchange, Session, Wishes
    from r1plan.conversation.spending import Spent
    from r1plan.engine.chat import Event
    from r1plan.route.record import Labels
    from r1plan.route.run import ChatResult, Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What holds for every question of one call of the program."""

    labels: Labels
    journal: Journal | None
    context_tokens: int
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    power_usd_per_kwh: Decimal | None = None
    log_text: bool = False


class Audience(Protocol):
    """Who sees an answer come."""

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """`model` is asked now; what a token that it writes costs, None: unknown."""
        ...

    def show(self, event: Event) -> None:
        """Take one event. May raise BrokenPipeError when nobody looks any more."""
        ...


class Nobody:
    """An audience that sees nothing."""

    def asks(self, model: str, usd_per_token: Decimal | None) -> None:
        """Look away."""

    def show(self, event: Event) -> None:
        """Look away."""


class Asker:
    """Asks, and keeps what answers open until something else is wished for."""

    def __init__(self, asking: Asking, say: Callable[[str], None]) -> None:
        self._asking = asking
        self._say = say
        self._way: Way | None = None
        self._open_for: tuple[object, ...] = ()

    def ready(self, wishes: Wishes) -> Way:
        """Open what `wishes` name, and say what is to be known of it. What was open stays so when that fails."""
        wanted = (wishes.model, wishes.provider, wishes.local, wishes.base_url, wishes.route)
        if self._way is None or wanted != self._open_for:
            opened = way(wishes, self._asking.context_tokens)
            self.close()
            self._way, self._open_for = opened, wanted
            for note in opened.notes:
                self._say(note)
        return self._way

    def name(self, wishes: Wishes) -> str:
        """Who will answer, in a word for the line below the prompt."""
        return self.ready(wishes).engine.model

    def ask(self, session: Session, question: str, audience: Audience) -> ChatResult:
        """Ask `question` as `session` wishes; each event goes to `audience`, both rows to the log.

        The seam: who answers, what may be spent on it and who takes over is decided here, for each question, from
        `session` and the request. `audience.asks` is to be called for whoever is asked, each time that changes. What is
        shown and kept of a conversation needs no more than the result.

        Raises OverBudget when nothing may be spent any more, and what `ready` raises.
        """
        from r1plan.engine.chat import ChatRequest
        from r1plan.route.run import run

        session.check_budget()
        asking, chosen = self._asking, self.ready(session.wishes)
        request = ChatRequest(
            messages=session.messages(question),
            max_tokens=asking.max_tokens,
            temperature=asking.temperature,
            seed=asking.seed,
        )
        audience.asks(chosen.engine.model, chosen.usd_per_token)
        return run(
            chosen.engine,
            request,
            audience.show,
            labels=replace(asking.labels, policy=chosen.policy),
            price_for=chosen.price_for,
            journal=asking.journal,
            meter=chosen.meter,
            power_usd_per_kwh=asking.power_usd_per_kwh,
            log_text=asking.log_text,
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why what is open was chosen."""
        return () if self._way is None else (self._way.reason,)

    def close(self) -> None:
        """Give back what is open."""
        if self._way is not None:
            self._way.engine.close()
            self._way = None


def known_routes() -> tuple[str, ...]:
    """The names that /route takes. None yet: no policy chooses."""
    return ()


def spent_by(result: ChatResult) -> Spent:
    """What a request used and cost, for the sums of the conversation."""
    from r1plan.conversation.spending import Spent

    entry = result.entry
    return Spent(
        model=f"{entry.provider}/{entry.model_requested}",
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        thinking_tokens=entry.thinking_tokens,
        cost_usd=entry.cost_usd,
        thinking_usd=None if result.cost is None else result.cost.thinking_usd,
        high_usd=entry.cost_high_usd,
    )


def exchange_of(question: str, result: ChatResult) -> Exchange | None:
    """What is kept of an answer; None when nothing came that can be gone on from."""
    if not result.answer:
        return None
    from r1plan.conversation.session import Exchange

    return Exchange(
        question=question,
        answer=result.answer,
        thinking=result.thinking,
        model=f"{result.entry.provider}/{result.entry.model_requested}",
        finish=result.finish,
    )


def labels(project: str | None, tags: list[str]) -> Labels:
    """What the log rows are filed under. Raises UsageError."""
    from r1plan.route.record import Labels

    pairs = [tag.partition("=") for tag in tags]
    for name, equals, _value in pairs:
        if not (name and equals):
            raise UsageError(f"--tag '{name}' is not K=V.", "example: --tag team=search")
    return Labels(project=project, tags={name: value for name, _, value in pairs})


def usd_per_kwh(text: str | None) -> Decimal | None:
    """The price of electricity that `text` says. Raises UsageError."""
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal(-1)
    if not (price.is_finite() and 0 <= price < 1000):
        raise UsageError(f"'{text}' is not a price of electricity.", "give USD for a kWh, such as --power-price 0.30")
    return price
