"""What a decision of `r1plan chat` is made of: what the user's keys reach, a model here, prices, the route."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from r1plan.ask.backend import Backend, local_backend, provider_backend
from r1plan.ask.decide import nobody
from r1plan.ask.here import candidate_here
from r1plan.catalog.load import load_holidays, load_models, load_prices, load_providers, load_routes
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.provider import Provider, family_of, model_key
from r1plan.engine.target import LocalTarget, RemoteTarget, local_target
from r1plan.errors import ProviderError, UsageError
from r1plan.prices.account import account_currencies
from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate, api_candidates
from r1plan.route.decision.policy import Policy, exclusion, route_named
from r1plan.route.execution.target import Engines
from r1plan.settings import directories
from r1plan.tiny import MODEL_PATH

if TYPE_CHECKING:
    from r1plan.ask.options import AskOptions
    from r1plan.ask.resolve import Resolution
    from r1plan.conversation.session import Wishes

DEFAULT_ROUTE = "cheapest"

ASKED = Route(
    id="asked",
    description="what was named answers, and nobody else",
    accepts=("r1", "distill", "successor", "other"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSet:
    """All that a decision takes but the request and the log. `askables` has each candidate by its id.

    `missing` names the variables of the providers that could be asked too, if their keys were there.
    """

    route: Route
    routes: Mapping[str, Route]
    candidates: tuple[Candidate, ...]
    askables: Mapping[str, Backend]
    book: PriceBook
    missing: tuple[str, ...] = ()


def routed(wishes: Wishes, asking: AskOptions) -> Resolution | None:
    """The way of the route that is wished for, else of the one by default; None when no key reaches anything then.

    Raises NotFound for a route that there is not, UsageError for what contradicts it, CatalogError, and EngineError or
    ProviderError where the route that is wished for has nobody to ask, or no key can be used.
    """
    from r1plan.ask.resolve import DEMONSTRATION, Resolution

    routes, providers = load_routes(), load_providers()
    route = route_of(wishes.route, routes)
    wished = wishes.route is not None
    keys, wrong = reachable(providers, with_ring=wished) if not wishes.local and route.place == "anywhere" else ((), ())
    engines = Engines()
    # What is billed in another currency has no price in dollars, and so is not chosen.
    book = PriceBook(load_prices(), load_holidays(), account_currencies(set(providers), os.environ))
    mine = _model_here(wishes)

    @cache
    def planned(file: LocalTarget) -> Candidate:
        return candidate_here(file, asking, load_models())

    def market(at: datetime) -> CandidateSet:
        models = load_models()
        found = api_candidates(providers, keys, book, models, at)
        askables = {
            each.id: provider_backend(RemoteTarget(providers[each.provider], each.model), engines, book, asking)
            for each in found
        }
        if mine is not None:
            found = (planned(mine), *found)
            askables[found[0].id] = local_backend(mine, engines, asking)
        others = api_candidates(providers, set(providers) - set(keys), book, models, at)
        welcome = () if wishes.local else {each.provider for each in others if exclusion(Policy(route), each) is None}
        return CandidateSet(
            route=route,
            routes=routes,
            candidates=found,
            askables=askables,
            book=book,
            missing=tuple(variable for each in sorted(welcome) if (variable := providers[each].key_variable)),
        )

    now = market(datetime.now(UTC))
    if not now.candidates:
        if wrong:
            raise wrong[0]
        if not wished:
            return None
        raise nobody(now)
    notes = tuple(dict.fromkeys(f"warning: {each.message} {each.hint or ''}".rstrip() for each in wrong))
    if mine is not None and mine.demonstration:
        notes = (*notes, DEMONSTRATION.replace("answers", "may answer", 1))
    return Resolution(
        engines=engines,
        market=market,
        named=None,
        policy=route.id,
        reason="" if wished else "nothing was named: the route by default",
        notes=notes,
    )


def route_of(name: str | None, routes: Mapping[str, Route]) -> Route:
    """The route called `name`, None: the one by default. Raises NotFound, with near names or all there are."""
    from r1plan.errors import NotFound

    try:
        return route_named(name or DEFAULT_ROUTE, routes)
    except NotFound as error:
        raise NotFound(error.message, error.hint or f"there are {', '.join(routes)}.") from None


def candidates_for(
    target: LocalTarget | RemoteTarget, named: Backend, at: datetime, asking: AskOptions
) -> CandidateSet:
    """The market in which `target`, which is `named`, is all there is."""
    models = load_models()
    if isinstance(target, LocalTarget):
        book = PriceBook({}, {})
        candidate = candidate_here(target, asking, models)
    else:
        provider = target.provider
        book = book_of(provider) or PriceBook({}, {})
        candidate = _candidate_there(provider, target.model, book, models, at)
    return CandidateSet(route=ASKED, routes={}, candidates=(candidate,), askables={candidate.id: named}, book=book)


def book_of(provider: Provider) -> PriceBook | None:
    """The prices of `provider` alone; None for a server that no list knows, and for an account in another currency."""
    if provider.base_url is None or account_note(provider.id) is not None:
        return None
    return PriceBook(load_prices(provider.id), load_holidays())


def account_note(provider: str) -> str | None:
    """What is to be said of an account that is not billed in dollars: a log row holds dollars only."""
    currency = account_currencies({provider}, os.environ).get(provider, "USD")
    if currency == "USD":
        return None
    return f"This account is billed in {currency}: cost-report --currency {currency} says what it cost."


def reachable(
    providers: Mapping[str, Provider], *, with_ring: bool
) -> tuple[tuple[str, ...], tuple[ProviderError, ...]]:
    """The providers whose key is there, and what is wrong with keys that cannot be used.

    A keyring is asked only `with_ring`: it may want a password, and takes its time.
    """
    from r1plan.engine.keys import find_key, from_keyring

    ring = from_keyring if with_ring else _no_ring
    found, wrong = [], []
    for each in providers.values():
        if not (each.can_be_asked and each.offers):
            continue
        try:
            if find_key(each, os.environ, directories().config, ring) is not None:
                found.append(each.id)
        except ProviderError as error:
            wrong.append(error)
    return tuple(found), tuple(wrong)


def _no_ring(_provider: str) -> None:
    return


def _model_here(wishes: Wishes) -> LocalTarget | None:
    """The model file that was named beside a route."""
    if wishes.model is None and not wishes.local:
        return None
    target = local_target(wishes.model, MODEL_PATH)
    if target is None and wishes.local:
        raise UsageError(f"'{wishes.model}' is not a model file.", "give the path of one: --model FILE.gguf")
    if target is not None and not target.path.exists():
        raise UsageError(f"there is no file '{target.path}'.", "check the path given to --model.")
    return target


def _candidate_there(
    provider: Provider, model: str, book: PriceBook, models: Mapping[str, Model], at: datetime
) -> Candidate:
    from r1plan.engine.target import offered

    offer = offered(provider, model, at)
    for each in api_candidates({provider.id: provider}, {provider.id}, book, models, at):
        if offer is not None and each.model == offer.model:
            return replace(each, model=model)
    serves = offer.serves if offer else model
    price = book.price_at(provider.id, model, at)
    return Candidate(
        provider=provider.id,
        model=model,
        serves=serves,
        model_key=model_key(serves),
        family=family_of(serves, bool(offer and offer.is_r1)),
        context_tokens=price.context_tokens if price else None,
    )
