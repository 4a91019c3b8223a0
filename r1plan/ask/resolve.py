"""Who may answer the questions of `r1plan chat`: from what was wished for to what may be asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from r1plan.ask.backend import Backend, local_backend, provider_backend
from r1plan.errors import EngineError, NotFound, UsageError
from r1plan.route.execution.target import Engines

if TYPE_CHECKING:
    from r1plan.ask.candidates import CandidateSet
    from r1plan.ask.options import AskOptions
    from r1plan.conversation.session import Wishes
    from r1plan.engine.target import LocalTarget, RemoteTarget

DEMONSTRATION = (
    "r1-tiny answers: the built-in demonstration model, not R1; it does small arithmetic. "
    "For a real one: --model FILE.gguf, or --provider deepseek."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What may be asked. `named` is all there is, or None where a route chooses.

    `market` is what a decision is made of; it is read from the disk only when it is called. `policy` and `reason` say
    who chose and why, `notes` what a person should know. `engines` are those that were opened.
    """

    engines: Engines
    market: Callable[[datetime], CandidateSet]
    named: Backend | None
    policy: str
    reason: str
    notes: tuple[str, ...] = ()


def resolve(wishes: Wishes, asking: AskOptions) -> Resolution:
    """The way for `wishes`. What was named is opened, so that a wrong name is found before a question is put.

    Nothing is sent. Raises UsageError, NotFound, EngineError, ProviderError and CatalogError.
    """
    if wishes.route is not None or _keys_may_choose(wishes):
        from r1plan.ask.candidates import routed

        if found := routed(wishes, asking):
            return found
    return _named(wishes, _target(wishes), asking)


def model_names() -> tuple[str, ...]:
    """What may be named: PROVIDER/MODEL of all that is offered now, and r1-tiny."""
    from r1plan.catalog.load import load_providers
    from r1plan.engine.target import TINY

    now = datetime.now(UTC)
    offers = (
        f"{provider.id}/{offer.model}"
        for provider in load_providers().values()
        if provider.can_be_asked
        for offer in provider.offers
        if offer.is_current(now)
    )
    return (TINY, *dict.fromkeys(offers))


def _keys_may_choose(wishes: Wishes) -> bool:
    """Whether nothing was named and there may be a key: the catalogue need not be read to know that there is none."""
    if wishes.is_named or wishes.local:
        return False
    from r1plan.engine.keys import FILE_NAME
    from r1plan.settings import directories

    if any(value.strip() for name, value in os.environ.items() if name.endswith(("_API_KEY", "_API_TOKEN"))):
        return True
    return (directories().config / FILE_NAME).exists()


def _named(wishes: Wishes, target: LocalTarget | RemoteTarget, asking: AskOptions) -> Resolution:
    from r1plan.engine.target import LocalTarget

    def market(at: datetime) -> CandidateSet:
        from r1plan.ask.candidates import candidates_for

        return candidates_for(target, named, at, asking)

    engines = Engines()
    notes: tuple[str, ...] = () if wishes.is_named else (DEMONSTRATION,)
    if isinstance(target, LocalTarget):
        named = local_backend(target, engines, asking)
    else:
        from r1plan.ask.candidates import account_note, book_of

        said = account_note(target.provider.id)
        notes += () if said is None else (said,)
        named = provider_backend(target, engines, book_of(target.provider), asking)
    if not asking.sends_nothing:
        named.connect()
    return Resolution(
        engines=engines,
        market=market,
        named=named,
        policy="asked" if wishes.is_named else "default",
        reason=_reason(wishes),
        notes=notes,
    )


def _reason(wishes: Wishes) -> str:
    if wishes.is_named:
        return "named on the command line"
    return "--local without --model: the built-in model" if wishes.local else "nothing was named: the built-in model"


def _target(wishes: Wishes) -> LocalTarget | RemoteTarget:
    """What the wishes name. The catalogue is read only when a provider is meant."""
    from r1plan.engine.target import custom_target, local_target, remote_target, unlisted_sentence
    from r1plan.tiny import MODEL_PATH

    model, provider, base_url = wishes.model, wishes.provider, wishes.base_url
    if wishes.local and (provider or base_url):
        raise UsageError("--local answers here, --provider and --base-url elsewhere.", "leave one of them out.")
    if base_url and not provider:
        from r1plan.catalog.load import load_dialects

        return custom_target(base_url, model, load_dialects()["openai"])
    if not provider and (file := local_target(model, MODEL_PATH)):
        return file
    if wishes.local:
        raise UsageError(f"'{model}' is not a model file.", "give the path of one: --model FILE.gguf")

    from r1plan.catalog.load import load_models, load_providers

    now = datetime.now(UTC)
    try:
        target = remote_target(model, provider, load_providers(), now, base_url)
        if (unlisted := unlisted_sentence(target, now)) is not None:
            from r1plan.render.output import note

            note(unlisted)
        return target
    except NotFound:
        known = {each.casefold(): each for each in load_models()} if model and not provider else {}
        if model and model.casefold() in known:
            raise EngineError(
                f"{known[model.casefold()]} is not on this machine.", "download its GGUF and name it: --model FILE.gguf"
            ) from None
        raise
