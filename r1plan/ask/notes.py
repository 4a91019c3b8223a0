"""What a person should know of who may answer, as facts; `render.decision.resolved` makes the sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.engine.proxy import proxy_of, shown_proxy
from r1plan.engine.target import RemoteTarget, UnlistedModel
from r1plan.errors import ProviderError, UsageError

if TYPE_CHECKING:
    from r1plan.ask.local.plan import LocalPlan
    from r1plan.models.names import NameTaken
    from r1plan.models.store.places import StoreName


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The model inside the package answers, which is not R1; `surely` False: a route may choose it."""

    surely: bool = True


@dataclass(frozen=True, slots=True)
class BilledIn:
    """The account is billed in `currency`, while a log row holds dollars only."""

    currency: str


@dataclass(frozen=True, slots=True)
class UnusableKey:
    """A provider's key is there and cannot be used; `error` says why."""

    error: ProviderError


@dataclass(frozen=True, slots=True)
class ThroughProxy:
    """What goes to the `providers`, by name, goes through `proxy`, as it may be shown."""

    providers: tuple[str, ...]
    proxy: str


@dataclass(frozen=True, slots=True)
class InTheOpen:
    """Others on the way to `server` can read what is sent there, the key too where there is one: it is plain http."""

    server: str


@dataclass(frozen=True, slots=True)
class FoundOnDisk:
    """The file that a name was found to mean: `model` as the log calls it, `store` whose it is.

    `typed` None: nothing was named, and it is the best of what is here. `others` are further files that could have been
    meant, `taken` how the name was understood.
    """

    typed: str | None
    model: str
    path: Path
    store: StoreName
    others: tuple[str, ...] = ()
    taken: NameTaken | None = None


@dataclass(frozen=True, slots=True)
class RunsHere:
    """How the model of the file called `model` runs, which is loaded."""

    model: str
    plan: LocalPlan


def way_notes(targets: Iterable[RemoteTarget]) -> list[ThroughProxy | InTheOpen]:
    """What is to be known of the way to `targets`, as the environment says it. An address that is none has no way."""
    through: dict[str, dict[str, None]] = {}
    opened: dict[str, None] = {}
    for each in targets:
        try:
            address = each.address(os.environ)
            proxy = None if address is None else proxy_of(address.url, os.environ)
        except (UsageError, ValueError):
            continue
        if proxy is not None:
            through.setdefault(shown_proxy(proxy), {})[each.provider.name] = None
        if address is not None and address.is_open:
            opened[address.name] = None
    notes = [ThroughProxy(tuple(names), proxy) for proxy, names in through.items()]
    return [*notes, *map(InTheOpen, opened)]


ResolutionNote = (
    Demonstration | FoundOnDisk | RunsHere | BilledIn | UnusableKey | UnlistedModel | ThroughProxy | InTheOpen
)
