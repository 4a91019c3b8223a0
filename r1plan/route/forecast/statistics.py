"""What the log says of each provider and model: lengths, speed, failures, electricity. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING, Protocol, TypeVar

from r1plan.catalog.priors import Priors, SpeedPrior, length_prior
from r1plan.catalog.provider import LOCAL, model_key
from r1plan.route.decision.candidate import Candidate
from r1plan.route.forecast.ground import AnyModels, Assumed, OwnRequests, SpeedGround
from r1plan.route.forecast.lengths import Lengths, Sample, blended, from_samples
from r1plan.route.forecast.prior import prior_lengths

if TYPE_CHECKING:
    from r1plan.ledger.past_request import PastRequest


Source = tuple[str, str]
T = TypeVar("T")

ENOUGH_ROWS = 20
"""A group of fewer requests gives way to a coarser one: below it, p90 is the longest that was ever seen."""

_NEWEST = 500  # of a group: what a model was like long ago says little
LATELY = 100
"""Of the newest requests, how many count for speed, failures and the like, which change faster than lengths."""
_FEW = 5
_PRIOR_REQUESTS = 20
_LENGTH_EDGES = (256, 2_048, 16_384)
_SECOND = timedelta(seconds=1)
_SOURCE = attrgetter("provider", "model_requested")
_MOST_WH = 1_000_000  # more is no measurement


class TimedRequest(Protocol):
    """The columns of a row that say how fast it was."""

    @property
    def started_at(self) -> datetime: ...  # noqa: D102 -- as in UsageEntry, like all here
    @property
    def first_token_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def ended_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def output_tokens(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSpeed:
    """Seconds to the first token and tokens a second after it: in the middle, and what nine in ten are better than.

    `ground` is "log" for the `rows` of one's own requests, "plan" for the planner's word.
    """

    first_token_s: float
    first_token_p90_s: float
    decode_tok_s: float
    decode_p10_tok_s: float
    rows: int
    ground: SpeedGround


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The chance that a request is not taken at all, and that it breaks off and may be billed all the same."""

    unsent_chance: float
    broken_chance: float
    rows: int

    @property
    def chance(self) -> float:
        """That it fails either way."""
        return self.unsent_chance + self.broken_chance


def length_bucket(input_tokens: int) -> int:
    """How long a prompt is, in four steps: up to 256, 2,048 and 16,384 tokens, and beyond."""
    return bisect_left(_LENGTH_EDGES, input_tokens)


@dataclass(frozen=True, slots=True)
class LogStatistics:
    """The log's rows, all and by provider and model, the newest first. What is asked of it twice is worked out once.

    `keys` says which model an id is; one that it does not know is taken for its own name.
    """

    newest: Sequence[PastRequest]
    by_source: Mapping[Source, Sequence[PastRequest]]
    keys: Mapping[Source, str]
    priors: Priors
    _known: dict[tuple[object, ...], object] = field(default_factory=dict, compare=False, repr=False)

    def rows(self, source: Source) -> Sequence[PastRequest]:
        """The requests of one provider and model."""
        return self.by_source.get(source, ())

    def once(self, key: tuple[object, ...], work: Callable[[], T]) -> T:
        """What `work` gives, worked out the first time that `key` is asked for."""
        if key not in self._known:
            self._known[key] = work()
        return self._known[key]  # type: ignore[return-value]

    def key_of(self, source: Source) -> str:
        """The model that an id of a provider is."""
        return self.keys.get(source) or model_key(source[1])

    def lengths(self, model: str, kind: str, input_tokens: int) -> Lengths:
        """How long `model`, a model key, answers such a prompt: from the finest group of rows that is large enough."""
        bucket = length_bucket(input_tokens)
        return self.once(("lengths", model, kind, bucket), lambda: self._lengths(model, kind, bucket))

    def _lengths(self, model: str, kind: str, bucket: int) -> Lengths:
        of_kind = self._by_model(kind).get(model, [])
        alike = (row for row in of_kind if length_bucket(row.input_tokens or 0) == bucket)
        groups: tuple[tuple[Iterable[PastRequest], bool], ...] = ((alike, True), (of_kind, False))
        for rows, is_as_long in groups:
            if len(samples := _samples(rows)) >= ENOUGH_ROWS:
                return from_samples(samples, OwnRequests(kind, is_as_long))
        others = self.once(("samples", kind), lambda: self._samples_of_kind(kind))
        if len(others) >= ENOUGH_ROWS:
            return from_samples(self._scaled(others, model, kind), AnyModels(kind))
        sources = {source for source in self.by_source if self.key_of(source) == model}
        if len(samples := _samples(row for row in self.newest if row.source in sources)) >= ENOUGH_ROWS:
            return from_samples(samples, OwnRequests(kind=None))
        return blended(_samples(of_kind), prior_lengths(self.priors, model, kind))

    def _of_kind(self, kind: str) -> list[PastRequest]:
        return self.once(("kind", kind), lambda: [row for row in self.newest if row.kind == kind])

    def _by_model(self, kind: str) -> Mapping[str, list[PastRequest]]:
        """The rows of a kind by the model that they are of."""
        return self.once(("kind by model", kind), lambda: self._grouped_by_model(kind))

    def _grouped_by_model(self, kind: str) -> Mapping[str, list[PastRequest]]:
        keys = {source: self.key_of(source) for source in self.by_source}
        groups: defaultdict[str, list[PastRequest]] = defaultdict(list)
        rows = self._of_kind(kind)
        for source, row in zip(map(_SOURCE, rows), rows, strict=True):
            groups[keys[source]].append(row)
        return groups

    def _samples_of_kind(self, kind: str) -> list[tuple[str, Sample]]:
        """The newest samples of a kind with the model that they are of."""
        rows = self._of_kind(kind)[:_NEWEST]
        return [(self.key_of(row.source), sample) for row in rows if (sample := _sample(row)) is not None]

    def _scaled(self, samples: Sequence[tuple[str, Sample]], model: str, kind: str) -> list[Sample]:
        """`samples` of other models with as much more or less thinking as the published averages differ."""
        mine = length_prior(self.priors, model, kind).thinking_tokens
        factors = {
            key: mine / theirs if (theirs := length_prior(self.priors, key, kind).thinking_tokens) else 1.0
            for key in {key for key, _ in samples}
        }
        return [Sample(each.thinking * factors[key], each.answer, each.is_cut) for key, each in samples]

    def speed(self, candidate: Candidate) -> ObservedSpeed:
        """How fast `candidate` was lately; else what the plan says of it, else what is assumed."""
        return self.once(("speed", candidate.id), lambda: self._speed(candidate))

    def _speed(self, candidate: Candidate) -> ObservedSpeed:
        if (observed := observed_speed(self.rows(candidate.source))) is not None:
            return observed
        prior = self.priors.local_speed if candidate.is_local else self.priors.provider_speed
        power = candidate.power
        if power is None or power.decode_tok_s is None:
            return _prior_speed(prior)
        # Nine in ten no worse than two thirds of what was planned: the planner's own range is about as wide.
        return ObservedSpeed(
            first_token_s=prior.first_token_s, first_token_p90_s=prior.first_token_p90_s,
            decode_tok_s=power.decode_tok_s, decode_p10_tok_s=power.decode_tok_s / 1.5, rows=0, ground="plan",
        )  # fmt: skip

    def failures(self, source: Source) -> Failures:
        """How often `source` failed lately, drawn towards what is assumed while there are few requests."""
        rows = self.rows(source)[:_NEWEST]
        failed = [row for row in rows if row.status == "failed"]
        unsent = sum(not row.was_sent for row in failed)
        # A quarter of what is assumed breaks off in mid answer: most failures are refusals.
        assumed_failures = self.priors.failure_chance * _PRIOR_REQUESTS
        of = len(rows) + _PRIOR_REQUESTS
        return Failures(
            unsent_chance=(unsent + 0.75 * assumed_failures) / of,
            broken_chance=(len(failed) - unsent + 0.25 * assumed_failures) / of,
            rows=len(rows),
        )

    def watts(self, source: Source) -> float | None:
        """What the machine drew on average while `source` answered; None where too few rows say."""
        measured = [row for row in self.rows(source)[:_NEWEST] if 0 < float(row.energy_wh or 0) < _MOST_WH]
        seconds = sum((row.ended_at - row.started_at) / _SECOND for row in measured)
        if len(measured) < _FEW or seconds <= 0:
            return None
        return sum(float(row.energy_wh or 0) for row in measured) * 3600 / seconds

    def input_ratio(self, source: Source) -> tuple[float, int]:
        """Tokens that `source` counted over those guessed from the length, and from how many requests that is."""
        return self.once(("ratio", source), lambda: self._input_ratio(source))

    def _input_ratio(self, source: Source) -> tuple[float, int]:
        own = _guesses(self.rows(source))
        if len(own) < _FEW:
            own = self.once(("ratio of all",), self._all_guesses)
        if len(own) < _FEW:
            return 1.0, 0
        return sum(told for told, _ in own) / sum(guess for _, guess in own), len(own)

    def _all_guesses(self) -> list[tuple[int, int]]:
        """Those of every provider."""
        return [pair for each in self.by_source if each[0] != LOCAL for pair in _guesses(self.by_source[each])]


def log_statistics(rows: Sequence[PastRequest], keys: Mapping[Source, str], priors: Priors) -> LogStatistics:
    """`rows`, the newest first, by provider and model."""
    by_source: defaultdict[Source, list[PastRequest]] = defaultdict(list)
    for source, row in zip(map(_SOURCE, rows), rows, strict=True):
        by_source[source].append(row)
    return LogStatistics(rows, dict(by_source), keys, priors)


def _samples(rows: Iterable[PastRequest]) -> list[Sample]:
    """The outputs of the first rows that tell."""
    return list(islice((sample for row in rows if (sample := _sample(row)) is not None), _NEWEST))


def _sample(row: PastRequest) -> Sample | None:
    """The output of `row`; None where it says nothing of how long that would have been."""
    output = row.output_tokens
    if not output or (row.status == "failed" and not row.was_sent):
        return None
    thinking = row.thinking_tokens if row.thinking_tokens is not None and row.thinking_tokens <= output else 0
    return Sample(thinking, output - thinking, row.status != "ok")


def observed_speed(rows: Sequence[TimedRequest]) -> ObservedSpeed | None:
    """How fast the newest of `rows`, the newest first, were; None where too few tell."""
    first, rates = _timings(rows)
    if len(rates) < _FEW:
        return None
    return ObservedSpeed(
        first_token_s=median(first), first_token_p90_s=_at_rank(first, 0.9),
        decode_tok_s=median(rates), decode_p10_tok_s=_at_rank(rates, 0.1),
        rows=len(rates), ground="log",
    )  # fmt: skip


def _timings(rows: Sequence[TimedRequest]) -> tuple[list[float], list[float]]:
    """Seconds to the first token, and tokens a second after it, of the newest requests that tell both."""
    first, rates = [], []
    for row in rows[:LATELY]:
        if row.first_token_at is None or row.ended_at is None or (row.output_tokens or 0) < 2:
            continue
        decode_s = (row.ended_at - row.first_token_at) / _SECOND
        if decode_s > 0:
            first.append(max(0.0, (row.first_token_at - row.started_at) / _SECOND))
            rates.append((row.output_tokens or 0) / decode_s)
    return first, rates


def _at_rank(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _prior_speed(prior: SpeedPrior) -> ObservedSpeed:
    return ObservedSpeed(
        first_token_s=prior.first_token_s, first_token_p90_s=prior.first_token_p90_s,
        decode_tok_s=prior.decode_tok_s, decode_p10_tok_s=prior.decode_p10_tok_s, rows=0, ground=Assumed(prior.source),
    )  # fmt: skip


def _guesses(rows: Sequence[PastRequest]) -> list[tuple[int, int]]:
    """Tokens told and tokens guessed. Where both are equal nobody counted: the guess stands for both."""
    return [
        (row.input_tokens, row.estimated_input_tokens)
        for row in rows[:LATELY]
        if row.input_tokens and row.estimated_input_tokens and row.input_tokens != row.estimated_input_tokens
    ]
