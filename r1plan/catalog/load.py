"""The catalogue as values: models, hardware, providers, routes, prices, calendars. Each loads its own folder alone.

Reading YAML and validating it imports pydantic and takes about 200 ms; an unchanged catalogue comes from a stored copy
in a few. Every function raises CatalogError, which names file, field and value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.catalog.cache import cached
from r1plan.catalog.reading.files import files_of, refuse_unread_routes
from r1plan.settings import catalog_folders

if TYPE_CHECKING:
    from pathlib import Path

    from r1plan.catalog.hardware import CpuSheet, Hardware
    from r1plan.catalog.model import Model
    from r1plan.catalog.policy import Route
    from r1plan.catalog.price import Holidays, PriceList
    from r1plan.catalog.provider import Dialect, Provider, WireDialect


def load_models() -> dict[str, Model]:
    """Every model by id, each with all its quants. A user's file replaces the model of the same id."""
    from r1plan.catalog.model import Model

    files = files_of("profiles", "models")

    def build() -> dict[str, Model]:
        from r1plan.catalog import assemble

        return assemble.models(files)

    return cached("models", dict[str, Model], files, build)


def load_hardware() -> Hardware:
    """Every graphics card, Apple chip and CPU memory. A user's row replaces the row of the same id."""
    from r1plan.catalog.hardware import Hardware

    files = files_of("profiles", "hardware")

    def build() -> Hardware:
        from r1plan.catalog import assemble

        return assemble.hardware(files)

    return cached("hardware", Hardware, files, build)


def load_cpus() -> dict[str, CpuSheet]:
    """Every processor by id: many, so they have a folder of their own. A user's row replaces the row of the same id."""
    from r1plan.catalog.hardware import CpuSheet

    files = files_of("profiles", "hardware/cpus")

    def build() -> dict[str, CpuSheet]:
        from r1plan.catalog import assemble

        return assemble.cpus(files)

    return cached("cpus", dict[str, CpuSheet], files, build)


def load_dialects() -> dict[WireDialect, Dialect]:
    """Every dialect by id. A user's file replaces the dialect of the same id."""
    from r1plan.catalog.provider import Dialect, WireDialect

    files = files_of("profiles", "dialects")

    def build() -> dict[WireDialect, Dialect]:
        from r1plan.catalog import assemble

        return assemble.dialects(files)

    return cached("dialects", dict[WireDialect, Dialect], files, build)


def load_providers() -> dict[str, Provider]:
    """Every provider by id. A user's file replaces the provider of the same id."""
    from r1plan.catalog.provider import Provider

    files, dialects = files_of("profiles", "providers"), files_of("profiles", "dialects")

    def build() -> dict[str, Provider]:
        from r1plan.catalog import assemble

        return assemble.providers(files, assemble.dialects(dialects))

    def has_no_password(found: dict[str, Provider]) -> bool:
        return not any("@" in (each.base_url or "") for each in found.values())

    return cached("providers", dict[str, Provider], (*files, *dialects), build, may_be_kept=has_no_password)


def load_routes() -> dict[str, Route]:
    """Every routing policy by id. A user's file replaces the policy of the same id."""
    from r1plan.catalog.policy import Route

    refuse_unread_routes(catalog_folders("profiles")[-1])
    files = files_of("profiles", "routes")
    # Rules name providers.
    others = (*files_of("profiles", "providers"), *files_of("profiles", "dialects"))

    def build() -> dict[str, Route]:
        from r1plan.catalog import assemble

        return assemble.routes(files, load_providers())

    return cached("routes", dict[str, Route], (*files, *others), build)


def has_own_routes() -> bool:
    """Whether the user has any routes: no others have rules that hold whatever names who is asked.

    Raises CatalogError for what a person may take for one of them, and which is not read.
    """
    refuse_unread_routes(catalog_folders("profiles")[-1])
    folder = catalog_folders("profiles")[-1] / "routes"
    return folder.exists() or folder.is_symlink()


def file_of_route(id_: str) -> Path | None:
    """The file that says the route `id_`; None: none does."""
    from r1plan.catalog.reading.parse import read

    for file in reversed(files_of("profiles", "routes")):
        content = read(file)
        if isinstance(content, dict) and content.get("id") == id_:
            return file.path
    return None


def load_prices(provider: str | None = None) -> dict[str, PriceList]:
    """The price list of each provider, or of `provider` alone, by provider's id; empty when there is none.

    A user's file adds its rows after ours.
    """
    from r1plan.catalog.price import PriceList

    files = files_of("pricing", stem=provider)

    def build() -> dict[str, PriceList]:
        from r1plan.catalog import assemble

        return assemble.prices(files)

    return cached(f"prices-{provider}" if provider else "prices", dict[str, PriceList], files, build) if files else {}


def load_holidays() -> dict[str, Holidays]:
    """Each holiday calendar by its id. A user's file adds its days to ours."""
    from r1plan.catalog.price import Holidays

    files = files_of("pricing", "calendars")

    def build() -> dict[str, Holidays]:
        from r1plan.catalog import assemble

        return assemble.holidays(files)

    return cached("holidays", dict[str, Holidays], files, build)
