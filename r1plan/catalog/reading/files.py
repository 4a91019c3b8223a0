"""Which files make up the catalogue: ours, and the user's laid over them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from r1plan.errors import CatalogError
from r1plan.settings import catalog_folders

_TAKEN_FOR_ROUTES = re.compile(r"(routes?|rout|rules?|polic(y|ies))([.](ya?ml|json|toml|txt))?")
_TAKEN_FOR_ONE = re.compile(r"|[.](txt|json|toml|yam|ym|ymal|yalm)")


class CatalogFile(NamedTuple):
    """One file. `label` is how an error names it: its path from `profiles` or `pricing` on."""

    path: Path
    label: str


def files_of(kind: str, subfolder: str = "", stem: str | None = None) -> tuple[CatalogFile, ...]:
    """The YAML files of `kind`/`subfolder`, or the one called `stem`, ours before the user's, in order of name.

    Raises CatalogError when a folder cannot be read, or when none of the folders exists.
    """
    files: list[CatalogFile] = []
    found_folder = False
    for root in catalog_folders(kind):
        folder = root / subfolder
        try:
            if not folder.exists() and not folder.is_symlink():
                continue
            found_folder = True
            paths = sorted(each for each in folder.iterdir() if each.suffix.lower() in (".yaml", ".yml"))
        except OSError as error:
            label = folder.relative_to(root.parent).as_posix()
            raise CatalogError(f"{label}: {reason(error)}.", f"the folder is {folder}") from None
        files += (
            CatalogFile(path, path.relative_to(root.parent).as_posix()) for path in paths if stem in (None, path.stem)
        )
    if not found_folder:
        raise CatalogError(f"{Path(kind, subfolder).as_posix()}: the folder is missing.", "install r1plan again")
    return tuple(files)


def refuse_unread_routes(profiles: Path) -> None:
    """Raise CatalogError for what a person may take for a route of their own in `profiles`, and which is not read.

    Its rules would not hold, and nobody would know.
    """
    config, routes = profiles.parent, profiles / "routes"
    for folder in (config, profiles):
        for path in _entries(folder):
            if path != routes and _TAKEN_FOR_ROUTES.fullmatch(path.name.lower()):
                raise CatalogError(f"{path} is not read: routes stand in {routes}.", "move them there, or remove it")
    for path in _entries(routes):
        if not path.name.startswith(".") and _TAKEN_FOR_ONE.fullmatch(path.suffix.lower()):
            name = f"{path.stem.removesuffix('.yaml')}.yaml"
            raise CatalogError(f"{path} is not read as a route.", f"call it {routes / name}, or remove it")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # not there; what cannot be read is told where it is read
        return []


def reason(error: OSError) -> str:
    """What the system says of `error`, as part of a sentence."""
    said = error.strerror or type(error).__name__
    return said[:1].lower() + said[1:]
