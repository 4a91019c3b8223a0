"""Who may answer a question: from what was wanted to what may be asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from r1plan.ask.backend import local_backend, provider_backend
from r1plan.ask.notes import BilledIn, Demonstration, FoundOnDisk, ResolutionNote, UnusableKey, way_notes
from r1plan.engine.target import LocalTarget, RemoteTarget
from r1plan.errors import NotFound, R1PlanError, UsageError
from r1plan.models.gguf.naming import first_shard
from r1plan.models.reference import TINY, BuiltIn, GgufFile, HubFile, ModelName, model_reference
from r1plan.route.execution.target import AttemptTarget, Engines
from r1plan.settings import expanded
from r1plan.tiny import MODEL_PATH

if TYPE_CHECKING:
    from r1plan.ask.candidates import CandidateSet
    from r1plan.ask.question import AskOptions, Wanted
    from r1plan.catalog.policy import Route

DEFAULT_ROUTE = "cheapest"
_PATHS = ("/", "./", "../", "~")

WantedBy = Literal["name", "local", "nothing", "route", "default_route"]
"""Why so: it was named; --local alone, or nothing, left the model in the package; a route was wanted, or is default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What may be asked. `named` is all there is, or None where a route chooses.

    `candidates` are what a decision is made of at an instant; they are read from the disk only when that is called.
    `policy` and `wanted_by` say who chose and why, `notes` what a person should know. `engines` are those that were
    opened.
    """

    engines: Engines
    candidates: Callable[[datetime], CandidateSet]
    named: AttemptTarget | None
    policy: str
    wanted_by: WantedBy
    notes: tuple[ResolutionNote, ...] = ()


def resolve(wanted: Wanted, options: AskOptions) -> Resolution:
    """What may be asked for `wanted`. Nothing is opened or sent.

    Raises UsageError, NotFound, EngineError, ProviderError and CatalogError.
    """
    by_route = wanted.route is not None or _keys_may_choose(wanted)
    if by_route and (found := _routed(wanted, options)) is not None:
        return found
    target, on_disk = _target(wanted, options)
    return _named(wanted, target, options, () if on_disk is None else (on_disk,))


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


def model_here(model: str | None) -> LocalTarget | None:
    """The model file that `model` names, None: the one in the package. None: it is not one on this machine."""
    match BuiltIn() if model is None else model_reference(model):
        case BuiltIn():
            return LocalTarget(MODEL_PATH, TINY, demonstration=True)
        case GgufFile(path):
            return LocalTarget(first_shard(expanded(path)), path.stem)
        case ModelName(text) if text.startswith(_PATHS) and _is_blob(expanded(Path(text))):
            return LocalTarget(expanded(Path(text)), Path(text).stem)
        case _:
            return None


def _is_blob(path: Path) -> bool:
    """Whether a file without an ending is a model, as a store's blobs are."""
    from r1plan.models.store.stored import begins_as_gguf, is_unfinished

    return not is_unfinished(path.name) and begins_as_gguf(path)


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
    file = _file_beside_route(wanted)
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
    if file is not None and file.demonstration:
        notes.append(Demonstration(surely=False))
    notes += way_notes(now.remotes)
    return Resolution(
        engines=engines,
        candidates=candidates,
        named=None,
        policy=route.id,
        wanted_by="route" if by_name else "default_route",
        notes=tuple(notes),
    )


def route_of(name: str | None, routes: Mapping[str, Route]) -> Route:
    """The route called `name`, None: the one by default. Raises NotFound, with near names or all there are."""
    from r1plan.route.decision.rules import route_named

    try:
        return route_named(name or DEFAULT_ROUTE, routes)
    except NotFound as error:
        raise NotFound(error.message, error.hint or f"there are {', '.join(routes)}.") from None


def _file_beside_route(wanted: Wanted) -> LocalTarget | None:
    """The model file that was named beside a route."""
    if wanted.model is None and not wanted.local:
        return None
    target = model_here(wanted.model)
    if target is None and wanted.local:
        raise _not_a_file(wanted)
    if target is not None and not target.path.exists():
        raise UsageError(f"there is no file '{target.path}'.", "check the path given to --model.")
    return target


def _named(
    wanted: Wanted, target: LocalTarget | RemoteTarget, options: AskOptions, found: tuple[ResolutionNote, ...]
) -> Resolution:
    engines = Engines()
    notes: list[ResolutionNote] = [*found] if wanted.is_named else [Demonstration()]
    if isinstance(target, LocalTarget):
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
        policy="asked" if wanted.is_named else "default",
        wanted_by="name" if wanted.is_named else "local" if wanted.local else "nothing",
        notes=tuple(notes),
    )


def _target(wanted: Wanted, options: AskOptions) -> tuple[LocalTarget | RemoteTarget, FoundOnDisk | None]:
    """What was named, and how a model on this disk was found. The catalogue is read only where a name needs it."""
    from r1plan.engine.target import custom_target

    model, provider, base_url = wanted.model, wanted.provider, wanted.base_url
    if wanted.local and (provider or base_url):
        raise UsageError("--local answers here, --provider and --base-url elsewhere.", "leave one of them out.")
    if base_url and not provider:
        from r1plan.catalog.load import load_dialects

        return custom_target(base_url, model, load_dialects()["openai"], options.address_key), None
    if not provider and (file := model_here(model)):
        return file, None
    if model and not provider and (wanted.local or _is_of_catalogue(model)) and (found := _on_disk(model)):
        return found
    if wanted.local:
        raise _not_a_file(wanted)
    return _elsewhere(wanted, options)


def _elsewhere(wanted: Wanted, options: AskOptions) -> tuple[LocalTarget | RemoteTarget, FoundOnDisk | None]:
    """A provider's model; where none is meant, a file of that name here. Raises what says why it is neither."""
    from r1plan.catalog.load import load_models, load_providers
    from r1plan.engine.target import remote_target

    model, provider = wanted.model, wanted.provider
    providers, now = load_providers(), datetime.now(UTC)
    if model and not provider and isinstance(there := model_reference(model), HubFile):
        from r1plan.ask.not_here import hub_file_not_here

        if found := _on_disk(there.address):
            return found
        raise hub_file_not_here(there.address)
    try:
        return remote_target(model, provider, providers, now, wanted.base_url, options.address_key), None
    except NotFound:
        from r1plan.ask.not_here import not_here

        if model and not provider and (found := _on_disk(model)):
            return found
        if model and not provider and (error := not_here(model, load_models(), providers, now)):
            raise error from None
        if model and not provider and (path := expanded(Path(model))).exists():
            from r1plan.models.gguf.file import read_gguf
            from r1plan.models.gguf.source import LocalFile

            read_gguf(LocalFile(path))  # which says what it is, where it is no model
            return LocalTarget(path, path.stem), None
        raise


def _is_of_catalogue(model: str) -> bool:
    """Whether a model of the catalogue is called just so: a file of it that is here comes before whoever sells it.

    Where a name is Ollama's, or may mean others, a provider whose model is called so comes first.
    """
    from r1plan.catalog.load import load_models
    from r1plan.models.names import find_models

    try:
        return find_models(load_models(), model).taken is None
    except (NotFound, UsageError):
        return False


def _on_disk(model: str | None) -> tuple[LocalTarget, FoundOnDisk] | None:
    from r1plan.ask.on_disk import target_on_disk

    return None if model is None else target_on_disk(model)


def _not_a_file(wanted: Wanted) -> R1PlanError:
    from r1plan.ask.not_here import not_here
    from r1plan.catalog.load import load_models

    if wanted.model and (error := not_here(wanted.model, load_models(), {}, datetime.now(UTC))):
        return error
    return UsageError(f"'{wanted.model}' is not a model file.", "give the path of one: --model FILE.gguf")
