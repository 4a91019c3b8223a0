"""What a decision is made of: what the user's keys reach, a model here, prices, the route."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from r1plan.ask.backend import local_backend, provider_backend
from r1plan.ask.local.candidate import candidate_here
from r1plan.ask.question import AskOptions
from r1plan.catalog.load import (
    has_own_routes,
    load_holidays,
    load_models,
    load_prices,
    load_providers,
    load_routes,
)
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.provider import Provider, family_of, model_key
from r1plan.engine.target import RemoteTarget, offered
from r1plan.errors import EngineError, ProviderError, R1PlanError
from r1plan.prices.account import account_currencies
from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate, Power, api_candidates, local_candidate
from r1plan.route.decision.policy import Policy, exclusion, held_back, policy_for
from r1plan.route.execution.target import AttemptTarget, Engines
from r1plan.route.forecast.forecast import PromptFacts
from r1plan.settings import directories

if TYPE_CHECKING:
    from r1plan.ask.local.run import LocalRun

ASKED = Route(
    id="asked",
    description="what was named answers, and nobody else",
    accepts=("r1", "distill", "successor", "other"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSet:
    """All that a decision takes but the request and the log. `targets` has each candidate's target by its id.

    `missing` names the variables of the providers that could be asked too, if their keys were there. `remotes` are what
    is asked elsewhere by a route.
    """

    route: Route
    routes: Mapping[str, Route]
    candidates: tuple[Candidate, ...]
    targets: Mapping[str, AttemptTarget]
    book: PriceBook
    missing: tuple[str, ...] = ()
    remotes: tuple[RemoteTarget, ...] = ()


def route_candidates(
    route: Route,
    routes: Mapping[str, Route],
    keys: Collection[str] | None,
    file: LocalRun | None,
    engines: Engines,
    options: AskOptions,
) -> Callable[[datetime], CandidateSet]:
    """The candidates of `route` at an instant: what `keys`, ids of providers, reach, and the model's `file`.

    `keys` None: nobody elsewhere may be asked, whatever keys there are.
    """
    providers = load_providers()
    # What is billed in another currency has no price in dollars, and so is not chosen.
    book = PriceBook(load_prices(), load_holidays(), account_currencies(set(providers), os.environ))

    def candidates(at: datetime) -> CandidateSet:
        models = load_models()
        found = api_candidates(providers, keys or (), book, models, at)
        remotes = tuple(RemoteTarget(providers[each.provider], each.model) for each in found)
        targets = {
            each.id: provider_backend(remote, engines, book, options)
            for each, remote in zip(found, remotes, strict=True)
        }
        found = tuple(
            replace(each, on_loopback=remote.stays_here(os.environ))
            for each, remote in zip(found, remotes, strict=True)
        )
        if file is not None:
            found = (candidate_here(file, options, models), *found)
            targets[found[0].id] = local_backend(file, engines, options)
        without = set() if keys is None else set(providers) - set(keys)
        others = api_candidates(providers, without, book, models, at)
        welcome = {each.provider for each in others if exclusion(Policy(route), each) is None}
        return CandidateSet(
            route=route,
            routes=routes,
            candidates=found,
            targets=targets,
            book=book,
            remotes=remotes,
            missing=tuple(variable for each in sorted(welcome) if (variable := providers[each].key_variable)),
        )

    return candidates


def named_candidates(
    target: LocalRun | RemoteTarget, named: AttemptTarget, at: datetime, options: AskOptions
) -> CandidateSet:
    """The candidates where `target`, which is asked as `named`, is all there is."""
    models = load_models()
    if not isinstance(target, RemoteTarget):
        book = PriceBook({}, {})
        candidate = candidate_here(target, options, models)
    else:
        provider = target.provider
        book = book_of(provider) or PriceBook({}, {})
        candidate = _candidate_there(provider, target.model, book, models, at)
        candidate = replace(candidate, on_loopback=target.stays_here(os.environ))
    return CandidateSet(
        route=ASKED, routes=own_routes(), candidates=(candidate,), targets={candidate.id: named}, book=book
    )


def own_routes() -> Mapping[str, Route]:
    """The routes whose rules may hold what was named, too: none, where the user has written none."""
    return load_routes() if has_own_routes() else {}


def policy_here(facts: PromptFacts) -> tuple[Policy, bool]:
    """What `facts` are held to where a model on this machine was named, and whether that may be asked."""
    policy = policy_for(facts, ASKED, own_routes())
    here = local_candidate("", "", 0, Power())
    return policy, held_back(policy, here) is None


def no_key_error(candidates: CandidateSet, *, sends_nothing: bool = False) -> R1PlanError:
    """Why there is no candidate at all, and what would help. `sends_nothing`: no key is used, so any will do."""
    route = candidates.route
    if route.place == "machine" or not candidates.missing:
        return EngineError(
            f"route {route.id} has nobody to ask: no model here was named.",
            "name one: --model FILE.gguf (r1plan recommend says which fits this machine)",
        )
    any_value = " (nothing is sent, so that any value will do)" if sends_nothing else ""
    return ProviderError(
        f"route {route.id} has nobody to ask: no key of a provider is there.",
        f"set {either(candidates.missing)}{any_value}; or name a model here: --model FILE.gguf",
        fault="refused",
    )


def either(names: Sequence[str]) -> str:
    """Names of which one will do: "A, B or C"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def book_of(provider: Provider) -> PriceBook | None:
    """The prices of `provider` alone; None for a server that no list knows, and for an account in another currency."""
    if provider.base_url is None or account_currency(provider.id) != "USD":
        return None
    return PriceBook(load_prices(provider.id), load_holidays())


def account_currency(provider: str) -> str:
    """In which currency the user's account at `provider` is billed."""
    return account_currencies({provider}, os.environ).get(provider, "USD")


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
            if error.fault == "timeout":  # the keyring's, which is not waited for a second time
                ring = _no_ring
    return tuple(found), tuple(wrong)


def _no_ring(_provider: str) -> None:
    return


def _candidate_there(
    provider: Provider, model: str, book: PriceBook, models: Mapping[str, Model], at: datetime
) -> Candidate:
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
