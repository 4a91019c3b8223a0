"""A made-up month of mixed traffic, and a world that answers it. Seeded: every run is the same.

What is assumed, and from what:
- People ask from 06 to 20 UTC, twice as often at 07 to 11 and 13 to 16, and on weekends a fifth as often. A quarter of
  that falls into DeepSeek's peak. One request in seven is part of a batch that may wait twelve hours.
- A third of the conversations have one turn, the others up to nine. A turn comes 20 s to 20 min after the last one,
  one in ten after hours. Each sends all earlier turns again, without their thinking. Projects share instructions.
- One conversation in four needs R1 itself: it repeats earlier work. The others take its successors too.
- How long a model thinks depends on the kind of prompt (log-normal, sigma 0.9), and R1-0528 thinks 1.9 times as long as
  R1 (23,000 against 12,000 tokens on AIME 2025, model card of R1-0528). DeepSeek's newer models are taken to think
  0.8 times as long; no such figure is published. These means are not those of profiles/forecast.yaml.
- A prefix outlives an exponential time with a mean of hours at DeepSeek, which keeps it on disk, and minutes elsewhere;
  one that is found is found in whole blocks of 64 tokens. First turns find their project's instructions so too.
- Requests fail (429, 503) with 1 to 3 %, at DeepSeek's peak with 5 %, and break off, billed whole, with 0.3 %. Whoever
  routes asks the next in its order then.
A bill is prices.cost_of at the price in force when the answer ends.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp

from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.past_request import PastRequest
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.route.decision.candidate import Candidate
from r1plan.route.forecast.forecast import PromptFacts

BEGINS = datetime(2026, 11, 1, tzinfo=UTC)
_DAYS = 30
_CONVERSATIONS = 450
_SIGMA = 0.9
_BLOCK = 64

# Mean tokens that R1 thinks and answers, and how often each kind is asked.
_KINDS = {
    "code": (3200, 900, 35),
    "math": (5500, 500, 15),
    "short_question": (450, 250, 20),
    "writing": (900, 800, 15),
    "long_text": (1300, 600, 10),
    "other": (1000, 500, 5),
}
_THINKS = {"deepseek-r1": 1.0, "deepseek-r1-0528": 1.9}
_THINKS_ELSE = 0.8
_INSTRUCTIONS = {"shop": 1800, "search": 600, "paper": 0}
_KEPT_S = {"deepseek": 4 * 3600.0}
_KEPT_ELSE_S = 900.0
_FAILS = {"deepseek": 0.01, "openrouter": 0.02, "novita": 0.03, "deepinfra": 0.02}
_FAILS_ELSE, _FAILS_IN_PEAK, _BREAKS = 0.015, 0.05, 0.003
_TOK_S = {"deepseek": 45.0, "together": 80.0, "fireworks": 90.0, "openrouter": 35.0, "novita": 25.0, "deepinfra": 30.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One turn. `luck` is what its lengths, its failures and its cache are drawn from, whoever is asked."""

    number: int
    at: datetime
    conversation: str
    turn: int
    kind: str
    project: str
    prompt_tokens: int
    only_r1: bool
    may_wait: timedelta | None
    luck: float
    input_tokens: int


def requests() -> Iterator[Request]:
    """The month's requests in the order of time."""
    rng = random.Random(2026)
    found: list[Request] = []
    for number in range(_CONVERSATIONS):
        at = _moment(rng)
        batch = rng.random() < 1 / 7
        kind = rng.choices(list(_KINDS), [share for _, _, share in _KINDS.values()])[0]
        project = rng.choice(list(_INSTRUCTIONS))
        only_r1 = rng.random() < 0.25
        sent = _INSTRUCTIONS[project]
        for turn in range(1 if rng.random() < 1 / 3 else rng.randint(2, 9)):
            prompt = round(exp(rng.gauss(8.8 if kind == "long_text" and turn == 0 else 5.2, 0.8)))
            sent += prompt
            found.append(
                Request(
                    number=0, at=at, conversation=f"c{number}", turn=turn, kind=kind, project=project,
                    prompt_tokens=prompt, only_r1=only_r1, may_wait=timedelta(hours=12) if batch else None,
                    luck=rng.random(), input_tokens=sent,
                )
            )  # fmt: skip
            sent += _KINDS[kind][1]
            pause = rng.uniform(2 * 3600, 9 * 3600) if rng.random() < 0.1 else rng.uniform(20, 1200)
            at += timedelta(seconds=pause + 60)
            if batch:
                break
    found.sort(key=lambda each: each.at)
    for number, each in enumerate(found):
        yield _numbered(each, number)


def ask_of(request: Request) -> PromptFacts:
    """What a router is told. The input is guessed from the length, and a fifth too low."""
    return PromptFacts(
        at=request.at,
        estimated_input_tokens=_guess(request),
        kind=request.kind,
        project=request.project,
        conversation=request.conversation,
        prompt_tokens=request.prompt_tokens,
    )


class World:
    """Answers requests, bills them and keeps the log of one router, the newest row last."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._last: dict[tuple[str, str, str], tuple[datetime, int]] = {}
        self.log: list[PastRequest] = []

    def send(self, request: Request, order: Sequence[Candidate]) -> list[tuple[Candidate, Decimal]]:
        """Ask one after another until one answers; the bills of all that were billed."""
        bills = []
        at = request.at
        for who in order:
            rng = random.Random(f"{request.number} {who.id}")
            fate = self._fate(request, who, at, rng)
            if fate == "refused":
                self._write(
                    request, who, at, at + timedelta(seconds=1), "refused", Usage(input_tokens=0, output_tokens=0)
                )
                at += timedelta(seconds=2)
                continue
            usage = self._usage(request, who, at, rng)
            ended = at + timedelta(seconds=1.5 + usage.output_tokens / _TOK_S.get(who.provider, 30.0))
            price = self._book.price_for(
                *who.source, started_at=at, first_token_at=at, ended_at=ended, input_tokens=usage.input_tokens
            )
            assert price is not None
            bills.append((who, cost_of(usage, price.per_token).total_usd))
            self._write(request, who, at, ended, fate, usage)
            for key in ((who.id, "conversation", request.conversation), (who.id, "project", request.project)):
                shared = request.input_tokens if key[1] == "conversation" else _INSTRUCTIONS[request.project]
                self._last[key] = (ended, shared)
            if fate == "ok":
                break
            at = ended
        return bills

    def _fate(self, request: Request, who: Candidate, at: datetime, rng: random.Random) -> str:
        price = self._book.price_at(*who.source, at)
        fails = _FAILS.get(who.provider, _FAILS_ELSE)
        if price is not None and price.tier == "peak":
            fails = _FAILS_IN_PEAK
        drawn = rng.random()
        return "refused" if drawn < fails else "connection_lost" if drawn < fails + _BREAKS else "ok"

    def _usage(self, request: Request, who: Candidate, at: datetime, rng: random.Random) -> Usage:
        thinking, answer, _ = _KINDS[request.kind]
        # The same luck at every model: a hard question is hard everywhere.
        shape = random.Random(request.luck)
        long = exp(shape.gauss(0, _SIGMA) - _SIGMA**2 / 2)
        brief = exp(shape.gauss(0, 0.5) - 0.125)
        thought = round(thinking * _THINKS.get(who.model_key, _THINKS_ELSE) * long)
        kept_s = _KEPT_S.get(who.provider, _KEPT_ELSE_S)
        hit = 0
        for kind, name in (("conversation", request.conversation), ("project", request.project)):
            last = self._last.get((who.id, kind, name))
            if last is not None and (at - last[0]).total_seconds() < rng.expovariate(1 / kept_s):
                hit = max(hit, min(last[1], request.input_tokens) // _BLOCK * _BLOCK)
        output = max(2, thought + max(1, round(answer * brief)))
        return Usage(
            input_tokens=request.input_tokens, cache_hit_tokens=hit, output_tokens=output, thinking_tokens=thought
        )

    def _write(self, request: Request, who: Candidate, at: datetime, ended: datetime, fate: str, usage: Usage) -> None:
        self.log.append(
            PastRequest(
                schema="r1plan.usage/1",
                id=f"{request.number}-{who.id}",
                started_at=at,
                first_token_at=None if fate == "refused" else at + timedelta(seconds=1.5),
                ended_at=ended,
                provider=who.provider,
                model_requested=who.model,
                project=request.project,
                status="ok" if fate == "ok" else "failed",
                end_reason="stop" if fate == "ok" else fate,
                input_tokens=usage.input_tokens,
                cache_hit_tokens=usage.cache_hit_tokens,
                output_tokens=usage.output_tokens,
                thinking_tokens=usage.thinking_tokens,
                kind=request.kind,
                conversation=request.conversation,
                estimated_input_tokens=_guess(request),
            )
        )


def log_lines(book: PriceBook, candidates: Sequence[Candidate], most: int) -> Iterator[str]:
    """The lines of `most` requests like the month's, each with its beginning, spread over the candidates."""
    world = World(book)
    month = list(requests())
    for number in range(most):
        request = month[number % len(month)]
        first = number % len(candidates)
        world.log.clear()
        world.send(_numbered(request, number), [*candidates[first:], *candidates[:first]])
        row = world.log[-1]
        entry = UsageEntry(
            id=f"{number:08d}-4f1c-4b7a-9a51-{number:012d}",
            started_at=row.started_at, first_token_at=None, ended_at=None, provider=row.provider,
            model_requested=row.model_requested, model_served=None, project=row.project, policy="cheapest",
            status="started", input_tokens=None, output_tokens=None, cost_low_usd=Decimal(0),
            cost_high_usd=Decimal("0.2304"), kind=row.kind, conversation=row.conversation,
            estimated_input_tokens=row.estimated_input_tokens, forecast_p50_usd=Decimal("0.0021"),
            forecast_p90_usd=Decimal("0.0060"),
        )  # fmt: skip
        yield entry.to_line()
        yield UsageEntry(
            id=entry.id, started_at=row.started_at, first_token_at=row.first_token_at, ended_at=row.ended_at,
            provider=row.provider, model_requested=row.model_requested, model_served=row.model_requested,
            project=row.project, policy="cheapest", status=row.status, end_reason="stop",
            input_tokens=row.input_tokens, cache_hit_tokens=row.cache_hit_tokens, output_tokens=row.output_tokens,
            thinking_tokens=row.thinking_tokens,
            provenance=dict.fromkeys(("input_tokens", "output_tokens", "cache_hit_tokens"), "reported"),
            price_id=f"{row.provider}/{row.model_requested}@2026-09-10T04:00:00Z", cost_usd=Decimal("0.00243"),
            cost_low_usd=Decimal("0.00243"), cost_high_usd=Decimal("0.00243"), kind=row.kind,
            conversation=row.conversation, estimated_input_tokens=row.estimated_input_tokens,
            forecast_p50_usd=Decimal("0.0021"), forecast_p90_usd=Decimal("0.0060"),
        ).to_line()  # fmt: skip


def _moment(rng: random.Random) -> datetime:
    while True:
        at = BEGINS + timedelta(seconds=rng.uniform(0, _DAYS * 86_400))
        busy = 1.0 if at.hour in (7, 8, 9, 10, 13, 14, 15) else 0.5 if 6 <= at.hour < 20 else 0.0
        if rng.random() < busy * (0.2 if at.weekday() >= 5 else 1.0):
            return at


def _guess(request: Request) -> int:
    return max(1, round(request.input_tokens * 0.8))


def _numbered(request: Request, number: int) -> Request:
    return replace(request, number=number)
