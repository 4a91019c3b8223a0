"""The other worlds as a person asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from r1plan.catalog.provider import family_of, model_key
from r1plan.errors import NotFound, UsageError
from r1plan.prices.book import PriceBook
from r1plan.report.whatif.option import LocalQuestion

Source = tuple[str, str]
"""A provider, and a model id or alias there."""

WORLDS = (
    "all",
    "off-peak",
    "no-cache",
    "max-thinking:N",
    "local:MODEL[:QUANT][@MACHINE]",
    "local:PLAN.json",
    "PROVIDER/MODEL",
)
_HINT = f"--what-if takes {', '.join(WORLDS)}"
_MOST_TOKENS = 10**9
_R1_OUT = date(2025, 1, 20)  # github.com/deepseek-ai/DeepSeek-R1, first commit


@dataclass(frozen=True, slots=True)
class Target:
    """One world that was asked for.

    `kind` "seller" has `seller`, "max-thinking" has `tokens`, and "local" has `local`, what follows its colon.
    """

    asked: str
    kind: Literal["seller", "all", "off-peak", "no-cache", "max-thinking", "local"]
    seller: Source | None = None
    tokens: int | None = None
    local: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfQuestion:
    """The worlds to replay in, at the prices of `as_of` where that is given.

    `serves` says what answers under each name of each provider, where the price list does not; `released` are the first
    days of models by `model_key`. The caches of `finds_prefixes`, providers, find by themselves what was sent before.
    `local` plans what is asked of one's own machine, which is on in the time `within`; None: from the first request to
    the last.
    """

    targets: tuple[Target, ...]
    as_of: datetime | None = None
    serves: Mapping[Source, str] = field(default_factory=dict)
    released: Mapping[str, date] = field(default_factory=dict)
    finds_prefixes: frozenset[str] = frozenset()
    local: LocalQuestion | None = None
    within: tuple[datetime, datetime] | None = None

    def is_out(self, source: Source, served: str | None, at: datetime) -> bool:
        """Whether what answers as `source`, of which nobody knows since when, was published by `at`."""
        serves = served or self.serves.get(source) or source[1]
        key = model_key(serves)
        first = self.released.get(key) or self.released.get(key.removeprefix("deepseek-"))
        if first is None:
            return family_of(serves, is_r1=False) == "r1" and at.date() >= _R1_OUT
        return at.date() >= first


def parse_targets(texts: Sequence[str], book: PriceBook) -> tuple[Target, ...]:
    """The worlds of `texts`, each once.

    Raises UsageError for what is no world, NotFound for a provider or a model that never had a price.
    """
    return tuple(dict.fromkeys(_target(text.strip(), book) for text in texts))


def _target(text: str, book: PriceBook) -> Target:
    kind, colon, rest = text.partition(":")
    folded = kind.casefold()
    if folded in ("all", "off-peak", "no-cache") and not colon:
        simple: Literal["all", "off-peak", "no-cache"] = folded  # type: ignore[assignment]
        return Target(simple, simple)
    if folded == "max-thinking" and colon:
        return Target(f"max-thinking:{_tokens(text, rest)}", "max-thinking", tokens=_tokens(text, rest))
    if folded == "max-thinking":
        raise UsageError(f"--what-if {text} does not say how many tokens.", "write it as max-thinking:4000")
    if folded == "local" and "/" not in kind:
        if not rest.strip():
            raise UsageError(
                f"--what-if {text} does not say which model.",
                "write it as local:32b, local:32b:Q4_K_M or local:32b@rtx-4090",
            )
        return Target(f"local:{rest.strip()}", "local", local=rest.strip())
    provider, slash, model = text.partition("/")
    if not slash or not provider or not model:
        raise UsageError(f"--what-if '{text}' is no world to move to.", _HINT)
    seller = _seller(provider, model, book)
    return Target("/".join(seller), "seller", seller=seller)


def _tokens(text: str, number: str) -> int:
    digits = number.strip().replace(",", "").replace("_", "")
    scale = 1000 if digits[-1:].casefold() == "k" else 1
    digits = digits[:-1] if scale > 1 else digits
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10 or int(digits) * scale > _MOST_TOKENS:
        raise UsageError(f"--what-if {text}: '{number}' is no number of tokens.", "write it as max-thinking:4000")
    return int(digits) * scale


def _seller(provider: str, model: str, book: PriceBook) -> Source:
    """The name in the price book that is meant: exactly, else whatever its case, else by what follows its last "/"."""
    names = list(book.names())
    providers = sorted({each for each, _ in names})
    found = next((each for each in providers if each.casefold() == provider.casefold()), None)
    if found is None:
        raise NotFound.among("provider", provider, providers, f"there are {', '.join(providers)}")
    models = sorted(name for each, name in names if each == found)
    folded = model.casefold()
    ways = (
        [name for name in models if name == model],
        [name for name in models if name.casefold() == folded],
        [name for name in models if name.rpartition("/")[2].casefold() == folded],
    )
    for meant in ways:
        if len(meant) == 1:
            return found, meant[0]
        if meant:
            raise UsageError(
                f"--what-if {provider}/{model} may mean {' or '.join(meant)}.", "write the model's id in full"
            )
    raise NotFound.among("model", model, models, f"r1plan prices list --provider {found} shows what it has")
