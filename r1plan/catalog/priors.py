"""What a forecast assumes before the user's own log says better: profiles/forecast.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from r1plan.catalog.reading.fields import NotNegative, Positive, Price

_FORBID_EXTRA = {"extra": "forbid"}

PriorBasis = Literal["published", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthPrior:
    """How long a model thinks and answers for one kind of prompt, in tokens, on average.

    `model` is the name that `candidate.model_key` gives, or "*" for any other; `kind` one of `kind.Kind`, or "*".
    `p90_over_p50` is how wide: nine in ten lie under that many times the median.
    """

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    model: str
    kind: str
    thinking_tokens: NotNegative
    answer_tokens: Positive
    p90_over_p50: Positive
    basis: PriorBasis
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedPrior:
    """Seconds to the first token and tokens a second after it: the middle, and what nine in ten are better than."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    first_token_s: Positive
    first_token_p90_s: Positive
    decode_tok_s: Positive
    decode_p10_tok_s: Positive
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePrior:
    """The chance that a prefix is still cached when it was last sent no longer than `within_s` ago."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    within_s: Positive
    chance: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPrior:
    """What electricity costs where nobody said, and what a machine draws where nothing measures it."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    usd_per_kwh: Price
    usd_per_kwh_source: str
    watts: Positive
    watts_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """The whole file. `failure_chance` is that of one request, `cache` is by rising age and counts as 0 beyond."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    lengths: tuple[LengthPrior, ...]
    provider_speed: SpeedPrior
    local_speed: SpeedPrior
    cache: tuple[CachePrior, ...]
    cache_source: str
    failure_chance: Positive
    failure_source: str
    power: PowerPrior


def load_priors() -> Priors:
    """What is assumed; a user's file of the same name replaces ours whole. Raises CatalogError for a wrong file."""
    from r1plan.catalog.cache import cached
    from r1plan.catalog.reading.files import files_of

    files = files_of("profiles", stem="forecast")

    def build() -> Priors:
        from r1plan.catalog.reading.validate import load_file

        return load_file(Priors, files[-1])

    return cached("forecast", Priors, files, build)
