"""What a forecast assumes before the user's own log says better: profiles/forecast.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from r1plan.catalog.reading.fields import DayHours, NotNegative, Positive, Price

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
class HoursPrior:
    """How many requests begin in each hour of a working day and of a free one, in any unit, on a local clock."""

    __pydantic_config__: ClassVar = _FORBID_EXTRA

    working_day: DayHours
    weekend: DayHours
    source: str

    @property
    def week(self) -> tuple[float, ...]:
        """The shares of the hours of a week, Monday's first hour first; they add up to 1. All alike where all are 0."""
        hours = (*self.working_day * 5, *self.weekend * 2)
        largest = max(hours) or 1.0
        scaled = [each / largest for each in hours] if max(hours) else [1.0] * len(hours)
        total = sum(scaled)
        return tuple(each / total for each in scaled)


ALL_HOURS_ALIKE = HoursPrior(working_day=(1.0,) * 24, weekend=(1.0,) * 24, source="nothing known: all hours alike")


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
    hours: HoursPrior = ALL_HOURS_ALIKE


_NOTHING_KNOWN = LengthPrior(
    model="*",
    kind="*",
    thinking_tokens=3000,
    answer_tokens=690,
    p90_over_p50=10,
    basis="assumed",
    source="nothing known",
)


def length_prior(priors: Priors, model: str, kind: str) -> LengthPrior:
    """The row that says most of `model` and `kind`: of both, of the model, of the kind, of anything."""
    for wanted in ((model, kind), (model, "*"), ("*", kind), ("*", "*")):
        for each in priors.lengths:
            if (each.model, each.kind) == wanted:
                return each
    return _NOTHING_KNOWN


def load_priors() -> Priors:
    """What is assumed; a user's file of the same name replaces ours whole. Raises CatalogError for a wrong file."""
    from r1plan.catalog.cache import cached
    from r1plan.catalog.reading.files import files_of

    files = files_of("profiles", stem="forecast")

    def build() -> Priors:
        from r1plan.catalog.reading.validate import load_file

        return load_file(Priors, files[-1])

    return cached("forecast", Priors, files, build)
