"""Who may answer a question: from what was wanted to what may be asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from r1plan.ask.backend import local_backend, provider_backend
from r1plan.ask.notes import BilledIn, Demonstration, FoundOnDisk, ResolutionNote, UnusableKey, way_notes
from r1plan.ask.target import file_beside_route, target_of
from r1plan.engine.target import RemoteTarget
from r1plan.errors import NotFound
from r1plan.models.reference import TINY
from r1plan.route.execution.target import AttemptTarget, Engines

if TYPE_CHECKING:
    from r1plan.ask.candidates import CandidateSet
    from r1plan.ask.local.run import LocalRun
    from r1plan.ask.question import AskOptions, Wanted
    from r1plan.catalog.policy import Route

DEFAULT_ROUTE = "cheapest"

WantedBy = Literal["name", "best_here", "local", "nothing", "route", "default_route"]
"""Why so: it was named; --local alone took the best of what is here; --local alone, or nothing, left the model in the
package; a route was wanted, or is default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What may be asked. `named` is all there is, or None where a route chooses.

    `candidates` are what a decision is made of at an instant; they are read from the disk only when that is called.
    `policy` and `wanted_by` say who chose and why, `notes` what a person should know. `engines` are those that were
    opened. `run` is the model file among them.
    """

    engines: Engines
    candidates: Callable[[datetime], CandidateSet]
    named: AttemptTarget | None
    policy: str
    wanted_by: WantedBy
    notes: tuple[ResolutionNote, ...] = ()
    run: LocalRun | None = None


def resolve(wanted: Wanted, options: AskOptions) -> Resolution:
    """What may be asked for `wanted`. Nothing is opened or sent.

    Raises UsageError, NotFound, EngineError, ProviderError and CatalogError.
    """
    by_route = wanted.route is not None or _keys_may_choose(wanted)
    if by_route and (found := _routed(wanted, options)) is not None:
        return found
    target, on_disk = target_of(wanted, options)
    return _named(wanted, target, options, on_disk)


def model_names() -> tuple[str, ...]:
    """What may be named: PROVIDER/MODEL of all that is offered now, and r1-tiny."""
    from r1plan.catalog.load import load_providers

    now = datetime.now(UTC)
    offers = (
        f"{provider.id}/{offer.model}"
        for provider in load_providers().values()
        if provider.can_be_asked
        for offer in provider.offers
        if offer.is_current(now)
    )
    return (TINY, *dict.fromkeys(offers))


def _keys_may_choose(wanted: Wanted) -> bool:
    """Whether nothing was named and there may be a key: the catalogue need not be read to know that there is none."""
    if wanted.is_named or wanted.local:
        return False
    from r1plan.engine.keys import FILE_NAME
    from r1plan.settings import directories

    if any(value.strip() for name, value in os.environ.items() if name.endswith(("_API_KEY", "_API_TOKEN"))):
        return True
    return (directories().config / FILE_NAME).exists()


def _routed(wanted: Wanted, options: AskOptions) -> Resolution | None:
    """What the route that is wanted may ask, else that by default; None when no key reaches anything then.

    Raises NotFound for a route that there is not, UsageError for what contradicts it, CatalogError, and EngineError or
    ProviderError where the route that is wanted has nobody to ask, or no key can be used.
    """
    from r1plan.ask.candidates import no_key_error, reachable, route_candidates
    from r1plan.catalog.load import load_providers, load_routes

    routes = load_routes()
    route = route_of(wanted.route, routes)
    by_name = wanted.route is not None
    elsewhere = not wanted.local and route.place == "anywhere"
    keys, wrong = reachable(load_providers(), with_ring=by_name) if elsewhere else ((), ())
    file = file_beside_route(wanted, options)
    engines = Engines()
    candidates = route_candidates(route, routes, keys if elsewhere else None, file, engines, options)
    now = candidates(datetime.now(UTC))
    if not now.candidates:
        if wrong:
            raise wrong[0]
        if not by_name:
            return None
        raise no_key_error(now, sends_nothing=options.sends_nothing)
    # One file of keys may be wrong for every provider.
    different = {(each.message, each.hint): each for each in wrong}
    notes: list[ResolutionNote] = [UnusableKey(each) for each in different.values()]
    if file is not None and file.target.demonstration:
        notes.append(Demonstration(surely=False))
    notes += way_notes(now.remotes)
    return Resolution(
        engines=engines,
        candidates=candidates,
        named=None,
        policy=route.id,
        wanted_by="route" if by_name else "default_route",
        notes=tuple(notes),
        run=file,
    )


def route_of(name: str | None, routes: Mapping[str, Route]) -> Route:
    """The route called `name`, None: the one by default. Raises NotFound, with near names or all there are."""
    from r1plan.route.decision.rules import route_named

    try:
        return route_named(name or DEFAULT_ROUTE, routes)
    except NotFound as error:
        raise NotFound(error.message, error.hint or f"there are {', '.join(routes)}.") from None


def _named(
    wanted: Wanted, target: LocalRun | RemoteTarget, options: AskOptions, found: FoundOnDisk | None
) -> Resolution:
    engines = Engines()
    notes: list[ResolutionNote] = [] if found is None else [found]
    by_default = not wanted.is_named and found is None
    if by_default:
        notes.append(Demonstration())
    run = None if isinstance(target, RemoteTarget) else target
    if not isinstance(target, RemoteTarget):
        named = local_backend(target, engines, options)
    else:
        from r1plan.ask.candidates import account_currency, book_of
        from r1plan.engine.target import unlisted

        if (unknown := unlisted(target, datetime.now(UTC))) is not None:
            notes.append(unknown)
        if (currency := account_currency(target.provider.id)) != "USD":
            notes.append(BilledIn(currency))
        notes += way_notes([target])
        named = provider_backend(target, engines, book_of(target.provider), options)

    def candidates(at: datetime) -> CandidateSet:
        from r1plan.ask.candidates import named_candidates

        return named_candidates(target, named, at, options)

    return Resolution(
        engines=engines,
        candidates=candidates,
        named=named,
        policy="default" if by_default else "asked",
        wanted_by=_wanted_by(wanted, by_default=by_default),
        notes=tuple(notes),
        run=run,
    )


def _wanted_by(wanted: Wanted, *, by_default: bool) -> WantedBy:
    if wanted.is_named:
        return "name"
    if not by_default:
        return "best_here"
    return "local" if wanted.local else "nothing"
