"""The files of each part of the catalogue, put together: the user's over ours, and checked against one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from r1plan.catalog.hardware import Hardware, HardwareFile
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.price import HolidayCalendar, Holidays, PriceList
from r1plan.catalog.price_rules import errors_of
from r1plan.catalog.provider import Dialect, Provider, WireDialect
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.validate import fail, load_file


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


def dialects(files: Iterable[CatalogFile]) -> dict[WireDialect, Dialect]:
    """Every dialect by id. A user's file replaces the dialect of the same id."""
    return {each.id: each for file in files for each in (load_file(Dialect, file),)}


def providers(files: Iterable[CatalogFile], known: Mapping[WireDialect, Dialect]) -> dict[str, Provider]:
    """Every provider by id, its `usage` laid over that of its dialect. A user's file replaces the provider of its id.

    Raises CatalogError for a wrong file, or for a dialect that is not `known`.
    """
    loaded: dict[str, Provider] = {}
    for file in files:
        provider = load_file(Provider, file)
        if provider.dialect != "none":
            if provider.dialect not in known:
                fail(file, {}, ("dialect",), f"profiles/dialects has no file for '{provider.dialect}'")
            provider = replace(provider, usage=provider.usage.over(known[provider.dialect].usage))
        loaded[provider.id] = provider
    return loaded


def routes(files: Iterable[CatalogFile]) -> dict[str, Route]:
    """Every policy by id. A user's file replaces the policy of the same id.

    Raises CatalogError for a wrong file, or for a rule that names no route.
    """
    loaded = {each.id: (each, file) for file in files for each in (load_file(Route, file),)}
    for route, file in loaded.values():
        for number, rule in enumerate(route.rules):
            if rule.route is not None and rule.route not in loaded:
                known = ", ".join(loaded)
                fail(file, {}, ("rules", number, "route"), f"expected one of {known}, got '{rule.route}'")
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
