"""What the user allows to be spent in a month: `budgets.yaml` in the config directory, which a person edits.

A file that is there and cannot be used is an error, never "no budget": whoever wrote one relies on it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, NoReturn

from r1plan.catalog.reading.fields import Usd, UsdIfSaid
from r1plan.catalog.reading.files import CatalogFile, reason
from r1plan.errors import CatalogError
from r1plan.project_name import project_key

_NAME = "budgets.yaml"
# What a person may take for its name.
_TAKEN_FOR_IT = re.compile(r"budgets?([.](ya?ml|json|toml|txt))*")
# The provider of a server that was given by its address is called so in the log.
_SERVER = re.compile(r"localhost|[^\s/]*[.:][^\s/]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """USD a month, of UTC as the logs are: for everything, by provider's id, by project's name. None: no limit.

    The electricity of answers from here counts too, for everything and as the provider "local". Ids are compared
    without regard to case, projects by `project_key`.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    monthly_usd: UsdIfSaid = None
    providers: dict[str, Usd] = field(default_factory=dict)
    projects: dict[str, Usd] = field(default_factory=dict)


Whose = tuple[str, str | None]
"""Whose money a request takes: its provider and its project, as budgets compare them."""


@lru_cache(maxsize=1024)
def whose(provider: str, project: str | None) -> Whose:
    """Whose money a request of `project` at `provider` takes; None: of no project."""
    return provider.casefold(), None if project is None else project_key(project)


def load_budgets(config: Path) -> Budgets | None:
    """What `budgets.yaml` in `config` says; None when there is no such file, nor one of a name like it.

    Providers are called by their ids in the catalogue. Raises CatalogError for anything that is there and says no
    limit that could be kept.
    """
    path = config / _NAME
    if not _is_there(config):
        return None
    from r1plan.catalog.reading.validate import load_file

    file = CatalogFile(path, path.name)
    found = load_file(Budgets, file)
    if found.monthly_usd is None and not found.providers and not found.projects:
        raise CatalogError.in_file(_NAME, "it sets no limit.", f"say monthly_usd: 20 in {path}, or remove it")
    _refuse_twice(file, "projects", found.projects, project_key)
    return replace(found, providers=_known(file, found.providers) if found.providers else {})


def _is_there(config: Path) -> bool:
    """Whether `budgets.yaml` is in `config`, whatever it is. Raises CatalogError for what is only named like it."""
    try:
        names = [each.name for each in config.iterdir()]
    except FileNotFoundError:
        if not config.is_symlink():
            return False
        raise CatalogError(f"{config} is a link to a folder that is not there.", _LINK) from None
    except NotADirectoryError as error:
        if not os.path.lexists(config):  # it lies below a file, where nothing can be
            return False
        raise _unusable(config, error) from None
    except OSError as error:
        raise _unusable(config, error) from None
    near = [each for each in names if each != _NAME and _TAKEN_FOR_IT.fullmatch(each.casefold())]
    if near:
        raise CatalogError(
            f"{config / near[0]} is not read: budgets stand in {_NAME}.", f"rename it to {_NAME}, or remove it"
        )
    return _NAME in names


def _unusable(config: Path, error: OSError) -> CatalogError:
    return CatalogError(f"{config}: {reason(error)}.", "budgets.yaml may be in it, so nothing was sent")


_LINK = "budgets.yaml may be in it: mend or remove the link"


def _known(file: CatalogFile, limits: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """`limits` by the ids of the catalogue. Raises CatalogError for a provider that nobody knows, or said twice."""
    from difflib import get_close_matches

    from r1plan.catalog.load import load_providers

    ids = {each.casefold(): each for each in (*load_providers(), "local")}
    _refuse_twice(file, "providers", limits, str.casefold)
    for name in limits:
        if name.casefold() in ids or _SERVER.fullmatch(name):
            continue
        near = [ids[each] for each in get_close_matches(name.strip().casefold(), ids, n=3, cutoff=0.5)]
        said = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(ids.values()))}."
        _fail(file, f"providers: unknown provider '{name}', {said}", ("providers", name))
    return {ids.get(name.casefold(), name): limit for name, limit in limits.items()}


def _refuse_twice(file: CatalogFile, group: str, names: Iterable[str], key: Callable[[str], str]) -> None:
    """Raise for a name that is none, and for two that mean the same: nobody could say which limit holds."""
    found: dict[str, str] = {}
    for name in names:
        if not key(name):
            _fail(file, f"{group}: '{name}' is no name.", (group, name))
        if (other := found.setdefault(key(name), name)) is not name:
            _fail(file, f"{group}: '{other}' and '{name}' are the same.", (group, name))


def _fail(file: CatalogFile, problem: str, location: tuple[str, str]) -> NoReturn:
    from r1plan.catalog.reading.parse import line_of

    line = line_of(file, location)
    raise CatalogError.in_file(file.label, " ".join(problem.split()), f"{file.path}, line {line}", line)
