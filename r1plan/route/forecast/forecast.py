"""What a request will be at one candidate, before it is sent: tokens, cache, time, failure. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.policy import Binding
from r1plan.route.decision.candidate import Candidate
from r1plan.route.forecast.cache import CacheForecast, cache_forecast
from r1plan.route.forecast.ground import Assumed, TariffGround, WattsGround
from r1plan.route.forecast.lengths import Lengths
from r1plan.route.forecast.statistics import Failures, LogStatistics, ObservedSpeed


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFacts:
    """What is to be sent, when and for whom.

    `estimated_input_tokens` is `engine.dialects.usage.estimated_tokens` of all that is sent. `prompt_tokens` are those
    of the last turn alone, None: the whole. `conversation` is the id that the log rows of its turns share. `max_tokens`
    is the most that may be written. `kind` and `language` are those of the last turn (`kind.kind_of`,
    `kind.language_of`). `projects` are others that its conversation had before, and `binding` is what has bound that to
    this machine.
    """

    at: datetime
    estimated_input_tokens: int
    kind: str = "other"
    language: str | None = None
    project: str | None = None
    conversation: str | None = None
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    projects: tuple[str, ...] = ()
    binding: Binding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Electricity:
    """What an answer from here costs for each second of it, and how that is known."""

    watts: float
    usd_per_kwh: Decimal
    watts_ground: WattsGround
    tariff_ground: TariffGround

    @property
    def is_assumed(self) -> bool:
        """Whether nobody measured or said one of the two."""
        return isinstance(self.watts_ground, Assumed) or isinstance(self.tariff_ground, Assumed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is expected of one request at one candidate.

    `input_tokens` are estimated from the length; `input_ratio` is what that was multiplied with, as in
    `input_ratio_rows` requests of one's own. `most_output_tokens` is the longest output that there can be, None where
    nobody says. `electricity` is set for a model here.
    """

    at: datetime
    input_tokens: int
    input_ratio: float
    input_ratio_rows: int
    most_output_tokens: int | None
    lengths: Lengths
    cache: CacheForecast
    speed: ObservedSpeed
    failures: Failures
    electricity: Electricity | None = None

    def seconds(self, output_tokens: float) -> float:
        """From sending to the end of an answer of that many tokens, at the usual speed."""
        return self.speed.first_token_s + output_tokens / self.speed.decode_tok_s

    @property
    def p50_s(self) -> float:
        """Half of such requests take no longer."""
        return self.seconds(self._tokens(0.5))

    @property
    def p90_s(self) -> float:
        """Nine in ten take no longer: a long answer that begins late and comes slowly, so rather fewer do."""
        return self.speed.first_token_p90_s + self._tokens(0.9) / self.speed.decode_p10_tok_s

    def _tokens(self, level: float) -> float:
        found = self.lengths.quantile(level)
        return longest(self) if found is None else found


def forecast(
    ask: PromptFacts, candidate: Candidate, statistics: LogStatistics, max_output_tokens: int | None
) -> Forecast:
    """What `ask` will be at `candidate`, of which one answer can have `max_output_tokens`, None: not known."""
    ratio, ratio_rows = statistics.input_ratio(candidate.source)
    tokens = max(1, round(ask.estimated_input_tokens * ratio))
    most = [each for each in (ask.max_tokens, max_output_tokens) if each is not None]
    if candidate.context_tokens is not None:
        most.append(max(0, candidate.context_tokens - tokens))
    limit = min(most, default=None)
    return Forecast(
        at=ask.at,
        input_tokens=tokens,
        input_ratio=ratio,
        input_ratio_rows=ratio_rows,
        most_output_tokens=limit,
        lengths=statistics.lengths(candidate.model_key, ask.kind, tokens).capped(limit),
        cache=cache_forecast(statistics, candidate.source, ask.conversation, ask.project, ask.at, tokens),
        speed=_speed(candidate, statistics, tokens),
        failures=statistics.failures(candidate.source),
        electricity=_electricity(candidate, statistics) if candidate.is_local else None,
    )


def longest(each: Forecast) -> float:
    """The output that counts as the longest: the limit, or else twice the longest that is thought likely."""
    if each.most_output_tokens is not None:
        return float(each.most_output_tokens)
    return 2 * max((atom.total for atom in each.lengths.atoms), default=0.0)


def _speed(candidate: Candidate, statistics: LogStatistics, input_tokens: int) -> ObservedSpeed:
    """As the log says; where only the plan does, the input is read first at the speed that it gives."""
    speed, power = statistics.speed(candidate), candidate.power
    if speed.rows or power is None or power.prefill_tok_s is None:
        return speed
    read_s = input_tokens / power.prefill_tok_s
    return replace(speed, first_token_s=read_s, first_token_p90_s=1.5 * read_s)


def _electricity(candidate: Candidate, statistics: LogStatistics) -> Electricity:
    """Watts from the log, else from the plan, else assumed; never nothing."""
    power, prior = candidate.power, statistics.priors.power
    measured, given = statistics.watts(candidate.source), power.watts if power else None
    ground: WattsGround
    if measured is not None:
        watts, ground = measured, "log"
    elif given:
        watts, ground = given, "plan"
    else:
        watts, ground = prior.watts, Assumed(prior.watts_source)
    tariff = power.usd_per_kwh if power else None
    return Electricity(
        watts=watts,
        usd_per_kwh=prior.usd_per_kwh if tariff is None else tariff,
        watts_ground=ground,
        tariff_ground=Assumed(prior.usd_per_kwh_source) if tariff is None else "user",
    )
