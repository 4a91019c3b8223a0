"""What the user allows to be spent in a month: `budgets.yaml` in the config directory, which a person edits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from r1plan.catalog.reading.fields import Usd
from r1plan.catalog.reading.files import CatalogFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """USD a month, of UTC as the logs are: for everything, by provider's id, by project's name. None: no limit.

    The electricity of answers from here counts too, for everything and as the provider "local".
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    monthly_usd: Usd | None = None
    providers: dict[str, Usd] = field(default_factory=dict)
    projects: dict[str, Usd] = field(default_factory=dict)


def load_budgets(config: Path) -> Budgets | None:
    """What `budgets.yaml` in `config` says; None when there is no such file. Raises CatalogError."""
    path = config / "budgets.yaml"
    if not path.exists() and not path.is_symlink():
        return None
    from r1plan.catalog.reading.validate import load_file

    return load_file(Budgets, CatalogFile(path, path.name))
