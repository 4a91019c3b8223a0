"""The shipped catalogue alone, read while tests are collected: no file of the person who runs them joins in."""

from __future__ import annotations

from r1plan.catalog import assemble
from r1plan.catalog.reading.files import CatalogFile, files_of
from r1plan.settings import catalog_folders


def our_files(kind: str, folder: str = "") -> tuple[CatalogFile, ...]:
    """The files of `kind`/`folder` that we ship."""
    return tuple(each for each in files_of(kind, folder) if each.path.is_relative_to(catalog_folders(kind)[0]))


MODELS = assemble.models(our_files("profiles", "models"))
HARDWARE = assemble.hardware(our_files("profiles", "hardware"))
CPUS = assemble.cpus(our_files("profiles", "hardware/cpus"))
DIALECTS = assemble.dialects(our_files("profiles", "dialects"))
PROVIDERS = assemble.providers(our_files("profiles", "providers"), DIALECTS)
PRICES = assemble.prices(our_files("pricing"))
HOLIDAYS = assemble.holidays(our_files("pricing", "calendars"))
