"""Sums over a month's requests, read once: lengths in cells, hours of the week, and what each model thought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from r1plan.catalog.provider import model_key
from r1plan.ledger.asked import AskedRequest
from r1plan.ledger.entry import SETTLED
from r1plan.market.month import hour_of_week
from r1plan.plan.month.answers import ServedSpeed
from r1plan.plan.month.demand import HOURS_A_WEEK, Demand, RequestLength
from r1plan.plan.month.thinking import OwnThinking
from r1plan.plan.quality import thinking_over_r1
from r1plan.report.month.groups import Cells, count_in, grouped, width_class
from r1plan.route.forecast.statistics import ENOUGH_ROWS, LATELY, Source, observed_speed

_LEAST_S = 0.001  # a clock that shows none


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCounted:
    """Requests of the month that say nothing of a workload, by why, and lines of the log that are no rows."""

    failed: int = 0
    unfinished: int = 0
    untold: int = 0
    bad_lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """What was asked of one model. `thinking_tokens` of a mean request, None where no row tells them."""

    model: str
    requests: int
    thinking_tokens: float | None


@dataclass(slots=True)
class _Thought:
    """What is known of the thinking of some requests: how many tell it, all of it, and all that they wrote."""

    requests: int = 0
    thinking: float = 0.0
    output: float = 0.0


class MonthTally:
    """Sums over the requests that ended from `start` until `until`, as they are read, the newest first.

    `serves` says what ids are.
    """

    def __init__(self, start: datetime, until: datetime, timezone: str, serves: Mapping[Source, str]) -> None:
        self._start, self._until, self._zone = start, until, ZoneInfo(timezone)
        self._serves = serves
        self._over_r1: dict[Source, float] = {}
        self._names: dict[Source, str] = {}
        self._cells: Cells = {}
        self._untold_cells: defaultdict[Source, Cells] = defaultdict(dict)
        self._thought: defaultdict[tuple[Source, str | None], _Thought] = defaultdict(_Thought)
        self._asked: defaultdict[str, int] = defaultdict(int)
        self._newest: defaultdict[Source, list[AskedRequest]] = defaultdict(list)
        self.hours = [0] * HOURS_A_WEEK
        self.requests = self.failed = self.unfinished = self.untold = self.bad_lines = self.thinking_unknown = 0
        self.input = self.cached = 0

    def add(self, row: AskedRequest) -> None:
        """Count `row`, where it is of the month."""
        if not self._start <= (row.ended_at or row.started_at) < self._until:
            return
        entire, output = row.input_tokens, row.output_tokens
        if row.ended_at is None:
            self.unfinished += 1
        elif row.status not in SETTLED:
            self.failed += 1
        elif entire is None or output is None:
            self.untold += 1
        else:
            self.requests += 1
            self.hours[hour_of_week(row.started_at.astimezone(self._zone))] += 1
            hit = row.cache_hit_tokens or 0
            self._count(row, entire, hit if hit <= entire else 0, output)

    def _count(self, row: AskedRequest, entire: int, hit: int, output: int) -> None:
        source = row.provider, row.model_requested
        over_r1 = self._over_r1.get(source)
        if over_r1 is None:
            over_r1 = self._known(source)
        if len(newest := self._newest[source]) < LATELY:
            newest.append(row)
        self.input += entire
        self.cached += hit
        self._asked[self._names[source]] += 1
        thinking = row.thinking_tokens
        if thinking is None or thinking > output:
            self.thinking_unknown += 1
            where = (width_class(entire), width_class(hit), width_class(output))
            count_in(self._untold_cells[source], where, (entire, hit, 0.0, output))
            return
        thought = self._thought[source, row.kind]
        thought.requests += 1
        thought.thinking += thinking
        thought.output += output
        answer = output - thinking
        key = (width_class(entire), width_class(hit), width_class(thinking), width_class(answer))
        count_in(self._cells, key, (entire, hit, thinking / over_r1, answer))

    def _known(self, source: Source) -> float:
        """How many times as long as R1 what `source` asks for thinks."""
        serves = self._serves.get(source) or source[1].partition(":")[0]
        self._names[source] = model_key(serves)
        self._over_r1[source] = thinking_over_r1(serves.rpartition("/")[2])
        return self._over_r1[source]

    def lengths(self, assumed: Demand) -> tuple[RequestLength, ...]:
        """The requests as a few, with R1's thinking."""
        cells = list(self._cells.values())
        for source, untold in self._untold_cells.items():
            share = self._thinking_share(source, assumed)
            for number, entire, hit, _, output in untold.values():
                thinking = output * share / self._over_r1[source]
                cells.append([number, entire, hit, thinking, output * (1 - share)])
        return grouped(cells)

    def _thinking_share(self, source: Source, assumed: Demand) -> float:
        """What share of an output of `source` is thinking: by its own rows that tell, else by all, else as assumed."""
        name = self._names[source]
        own = _sum(each for (other, _), each in self._thought.items() if self._names[other] == name)
        for each in (own, _sum(self._thought.values())):
            if each.requests >= ENOUGH_ROWS and each.output:
                return each.thinking / each.output
        thinking = assumed.mean("thinking_tokens") * self._over_r1[source]
        output = thinking + assumed.mean("answer_tokens")
        return thinking / output if output else 0.0

    @property
    def not_counted(self) -> NotCounted:
        """What of the month was not counted."""
        return NotCounted(failed=self.failed, unfinished=self.unfinished, untold=self.untold, bad_lines=self.bad_lines)

    def by_model(self) -> tuple[LoggedModel, ...]:
        """What was asked of each model, the most often asked first."""
        found = []
        for name, requests in self._asked.items():
            told = _sum(each for (source, _), each in self._thought.items() if self._names[source] == name)
            mean = told.thinking / told.requests if told.requests else None
            found.append(LoggedModel(model=name, requests=requests, thinking_tokens=mean))
        return tuple(sorted(found, key=lambda each: (-each.requests, each.model)))

    def speeds(self) -> dict[Source, ServedSpeed]:
        """How fast the newest answers of each seller were that has enough of them."""
        found = {}
        for source, rows in self._newest.items():
            seen = observed_speed(rows)
            if seen is not None and seen.decode_p10_tok_s > 0:
                found[source] = ServedSpeed(
                    max(seen.first_token_s, _LEAST_S), max(seen.first_token_p90_s, _LEAST_S), seen.decode_tok_s,
                    seen.decode_p10_tok_s, "logged",
                )  # fmt: skip
        return found

    def own_thinking(self, r1_tokens: float) -> OwnThinking:
        """What each model with enough requests thinks on the month's requests, of which R1 thinks `r1_tokens`.

        Its own requests may be of kinds that call for little thinking: so it is held against what all models, as R1,
        think on requests of the same kinds.
        """
        kinds: defaultdict[str | None, _Thought] = defaultdict(_Thought)
        for (source, kind), each in self._thought.items():
            kinds[kind].requests += each.requests
            kinds[kind].thinking += each.thinking / self._over_r1[source]
        expected: defaultdict[str, float] = defaultdict(float)
        own: defaultdict[str, _Thought] = defaultdict(_Thought)
        for (source, kind), each in self._thought.items():
            name = self._names[source]
            own[name].requests += each.requests
            own[name].thinking += each.thinking
            expected[name] += each.requests * kinds[kind].thinking / kinds[kind].requests
        ratios = {
            name: each.thinking / expected[name]
            for name, each in own.items()
            if each.requests >= ENOUGH_ROWS and expected[name] > 0
        }
        return OwnThinking(tokens={name: ratio * r1_tokens for name, ratio in ratios.items()}, r1_tokens=r1_tokens)


def _sum(thoughts: Iterable[_Thought]) -> _Thought:
    whole = _Thought()
    for each in thoughts:
        whole.requests += each.requests
        whole.thinking += each.thinking
        whole.output += each.output
    return whole
