"""Which providers have a key, by the names of what holds them: no key is shown, and nobody is asked to unlock any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from r1plan.catalog.provider import Provider
from r1plan.doctor.state import State
from r1plan.engine.keys import find_key
from r1plan.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Keys:
    """`by_variable` are providers with the variable that holds their key, `in_file` those of keys.yaml.

    `wrong` says what is there and cannot be used, with what mends it. `example` is a variable that a person may set.
    """

    by_variable: Mapping[str, str]
    in_file: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...]
    example: str

    @property
    def state(self) -> State:
        """Broken where there is a key that cannot be used."""
        if self.wrong:
            return "broken"
        return "ok" if self.by_variable or self.in_file else "note"


@dataclass(frozen=True, slots=True)
class Keyring:
    """`backend` is what holds the system's passwords; None: nothing does, or it does not work."""

    backend: str | None

    @property
    def state(self) -> State:
        """There are other places for keys."""
        return "ok" if self.backend else "note"


def keys(providers: Iterable[Provider], environ: Mapping[str, str], folder: Path) -> Keys:
    """The keys in `environ` and in the keys.yaml of `folder`. The keyring is not asked."""
    by_variable: dict[str, str] = {}
    in_file: list[str] = []
    wrong: dict[str, str] = {}
    for provider in providers:
        if not provider.can_be_asked:
            continue
        variable = provider.key_variable
        by_name = bool(variable and environ.get(variable, "").strip())
        try:
            found = find_key(provider, environ, folder, ring=lambda _id: None)
        except ProviderError as error:
            wrong[error.message] = error.hint or ""
            continue
        if found is not None and by_name and variable:
            by_variable[provider.id] = variable
        elif found is not None:
            in_file.append(provider.id)
    return Keys(by_variable, tuple(in_file), tuple(wrong.items()), "DEEPSEEK_API_KEY")
