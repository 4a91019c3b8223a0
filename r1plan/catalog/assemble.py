"""The files of each part of the catalogue, put together: the user's over ours, and checked against one another."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from r1plan.catalog.hardware import CpuFile, CpuSheet, Hardware, HardwareFile
from r1plan.catalog.model import Model
from r1plan.catalog.policy import PolicyLimits, Route, Rule, When
from r1plan.catalog.price import HolidayCalendar, Holidays, PriceList
from r1plan.catalog.prices.rules import Location, Problem, errors_of
from r1plan.catalog.provider import LOCAL, Dialect, Provider, WireDialect
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.validate import fail, load_file, shown
from r1plan.project_name import project_key

# As the log calls a server that was given by its address.
_SERVER = re.compile(r"(\[[0-9a-f:.]+\]|[^\s/:@\[\]]+):\d{1,5}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def models(files: Iterable[CatalogFile]) -> dict[str, Model]:
    """Every model by id, each with all its quants. A user's file replaces the model of the same id.

    Raises CatalogError for a wrong file, or for a `quants_like` that names no model with quants of its own.
    """
    loaded: dict[str, tuple[Model, CatalogFile]] = {}
    for file in files:
        model = load_file(Model, file)
        loaded[model.id] = (model, file)
    resolved = {}
    for id_, (model, file) in loaded.items():
        if model.quants_like is not None:
            like = loaded.get(model.quants_like)
            if like is None or like[0].quants_like is not None:
                fail(file, {}, ("quants_like",), f"expected a model with quants of its own, got '{model.quants_like}'")
            model = replace(model, quants=tuple(each for each in like[0].quants if each.stock) + model.quants)
        resolved[id_] = model
    return resolved


def hardware(files: Iterable[CatalogFile]) -> Hardware:
    """Every graphics card, Apple chip and CPU memory. A user's row replaces the row of the same id."""
    known = Hardware({}, {}, {})
    for file in files:
        content = load_file(HardwareFile, file)
        known.gpus.update((each.id, each) for each in content.gpus)
        known.apple.update((each.id, each) for each in content.apple)
        known.cpu_memory.update((each.id, each) for each in content.cpu_memory)
    return known


def cpus(files: Iterable[CatalogFile]) -> dict[str, CpuSheet]:
    """Every processor. A user's row replaces the row of the same id."""
    return {each.id: each for file in files for each in load_file(CpuFile, file).cpus}


def dialects(files: Iterable[CatalogFile]) -> dict[WireDialect, Dialect]:
    """Every dialect by id. A user's file replaces the dialect of the same id."""
    return {each.id: each for file in files for each in (load_file(Dialect, file),)}


def providers(files: Iterable[CatalogFile], known: Mapping[WireDialect, Dialect]) -> dict[str, Provider]:
    """Every provider by id, its `usage` laid over that of its dialect. A user's file replaces the provider of its id.

    Raises CatalogError for a wrong file, for a dialect that is not `known`, and for an id that is no provider's.
    """
    loaded: dict[str, Provider] = {}
    places: dict[str, CatalogFile] = {}
    for file in files:
        provider = load_file(Provider, file)
        _check_id(file, "provider", provider.id, loaded)
        if (old := places.get(provider.id)) is not None and old.path.parent == file.path.parent:
            fail(
                file, {}, ("id",), f"'{provider.id}' is the id of {old.path.name} too, and one would replace the other"
            )
        places[provider.id] = file
        if provider.dialect != "none":
            if provider.dialect not in known:
                fail(file, {}, ("dialect",), f"profiles/dialects has no file for '{provider.dialect}'")
            provider = replace(provider, usage=provider.usage.over(known[provider.dialect].usage))
        loaded[provider.id] = provider
    return loaded


def routes(files: Iterable[CatalogFile], providers: Collection[str] = ()) -> dict[str, Route]:
    """Every policy by id. A user's file replaces the policy of the same id.

    Raises CatalogError for a wrong file, for a rule that names no route or none of `providers`, or that can never do
    anything, for rules that lead in a circle, and for a file that lets go what another of its id keeps on the machine.
    """
    loaded: dict[str, tuple[Route, CatalogFile]] = {}
    for file in files:
        route = load_file(Route, file)
        _check_id(file, "route", route.id, loaded)
        old = loaded.get(route.id)
        if old is not None and old[1].path.parent == file.path.parent:
            fail(
                file, {}, ("id",), f"'{route.id}' is the id of {old[1].path.name} too, and one would replace the other"
            )
        if old is not None and old[0].place == "machine" and route.place != "machine":
            fail(
                file,
                {},
                ("place",),
                f"route {route.id} keeps prompts on the machine, and one in its place must: expected machine, got "
                f"{route.place} (another id can be any route)",
            )
        loaded[route.id] = (route, file)
    for route, file in loaded.values():
        for problem in _route_problems(route, {each: its for each, (its, _) in loaded.items()}, providers):
            fail(file, {}, problem.location, problem.text)
    return {id_: route for id_, (route, _) in loaded.items()}


def prices(files: Iterable[CatalogFile]) -> dict[str, PriceList]:
    """The price list of each provider by its id.

    A user's file adds its rows after ours. Raises CatalogError for a wrong file, for one that is not called after its
    provider, for one whose currency is not ours, and for the first error that `prices check` would name.
    """
    lists: dict[str, PriceList] = {}
    for file in files:
        new = load_file(PriceList, file)
        for problem in errors_of(new, file.path.stem):
            fail(file, {}, problem.location, problem.text)
        # A user's newer file says nothing about when our own rows were checked.
        new = replace(new, prices=tuple(replace(row, checked=row.checked or new.checked) for row in new.prices))
        if old := lists.get(new.provider):
            if new.currency != old.currency:
                fail(file, {}, ("currency",), f"expected '{old.currency}', as in our own file, got '{new.currency}'")
            new = replace(new, checked=max(old.checked, new.checked), prices=old.prices + new.prices)
        lists[new.provider] = new
    return lists


def holidays(files: Iterable[CatalogFile]) -> dict[str, Holidays]:
    """Each holiday calendar by its id. A user's file adds its days to ours.

    Raises CatalogError for a wrong file, or for a calendar without any day.
    """
    known: dict[str, Holidays] = {}
    for file in files:
        calendar = load_file(HolidayCalendar, file)
        if not calendar.days:
            fail(file, {}, ("days",), "expected at least one day, got an empty list")
        days, until = frozenset(calendar.days), calendar.complete_until or max(calendar.days)
        if old := known.get(calendar.id):
            days, until = days | old.days, max(until, old.known_until)
        known[calendar.id] = Holidays(days, until)
    return known


def _check_id(file: CatalogFile, kind: str, id_: str, known: Iterable[str]) -> None:
    """Raise CatalogError for an id that is kept for something else, or that a person would take for a known one."""
    if kind == "provider" and project_key(id_) == LOCAL:
        fail(file, {}, ("id",), f"'{id_}' stands for models on this machine, and is no provider's; choose another id")
    if not _ID.fullmatch(id_):
        fail(file, {}, ("id",), f"expected letters, digits, '-', '_' and '.', got {shown(id_)}")
    for each in known:
        if each != id_ and each.casefold() == id_.casefold():
            fail(file, {}, ("id",), f"'{id_}' is '{each}' but for the case; to replace that, write '{each}'")


def _route_problems(route: Route, routes: Mapping[str, Route], providers: Collection[str]) -> Iterator[Problem]:
    """What in `route` names nobody of `routes` or `providers`, is never met, or does nothing."""
    yield from _unknown(route.only, ("only",), providers)
    yield from _unknown(route.never, ("never",), providers)
    for number, rule in enumerate(route.rules):
        at: Location = ("rules", number)
        yield from _unknown(rule.only, (*at, "only"), providers)
        yield from _unknown(rule.never, (*at, "never"), providers)
        if rule.route is not None and rule.route not in routes:
            yield Problem((*at, "route"), f"expected one of {', '.join(routes)}, got '{rule.route}'")
        elif rule.route is not None and (way := _circle(rule.route, routes, (route.id,))):
            yield Problem((*at, "route"), f"it leads in a circle: {' to '.join(way)}")
        yield from _never_met(rule.when, (*at, "when"))
        if _does_nothing(rule):
            yield Problem(at, "this rule changes nothing; give it a place, a route, limits, only or never")


def _unknown(names: Collection[str], at: Location, providers: Collection[str]) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if name != LOCAL and name not in providers and not _SERVER.fullmatch(name):
            from difflib import get_close_matches

            near = get_close_matches(name.casefold(), (*providers, LOCAL), n=3, cutoff=0.6)
            meant = f", did you mean {' or '.join(near)}?" if near else f"; known are {', '.join((*providers, LOCAL))}"
            yield Problem((*at, number), f"no provider is called {shown(name)}{meant}")


def _never_met(when: When, at: Location) -> Iterator[Problem]:
    for number, name in enumerate(when.projects):
        if not project_key(name):
            yield Problem((*at, "projects", number), f"expected the name of a project, got {shown(name)}")
    for what in ("prompt", "context"):
        least, most = getattr(when, f"min_{what}_tokens"), getattr(when, f"max_{what}_tokens")
        if least is not None and most is not None and least > most:
            text = f"expected {least} or more, as min_{what}_tokens is, got {most}"
            yield Problem((*at, f"max_{what}_tokens"), text)
    hours = when.hours_utc
    if hours is not None and hours.start == hours.end:
        yield Problem((*at, "hours_utc"), f"expected an end that is not the start, got {hours.end:%H:%M} for both")


def _does_nothing(rule: Rule) -> bool:
    says = rule.route or rule.objective or rule.accepts or rule.only or rule.never or rule.place == "machine"
    return not says and rule.limits == PolicyLimits()


def _circle(name: str, routes: Mapping[str, Route], path: tuple[str, ...]) -> tuple[str, ...]:
    """The way from the last of `path` by the rules of `name` back to one of `path`; empty where there is none."""
    if name in path:
        return (*path, name)
    if name not in routes:
        return ()
    ways = (_circle(each.route, routes, (*path, name)) for each in routes[name].rules if each.route is not None)
    return next((way for way in ways if way), ())
