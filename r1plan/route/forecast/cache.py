"""How much of a prompt a provider is likely to find in its cache, from what it found before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from r1plan.catalog.priors import CachePrior
from r1plan.route.forecast.ground import CacheGround, FirstTurns, LastTurn, NothingSent
from r1plan.route.forecast.statistics import LogStatistics, Source

if TYPE_CHECKING:
    from r1plan.ledger.past_request import PastRequest


_SECOND = timedelta(seconds=1)
_NEWEST = 100
# How many observations of one's own what is assumed is worth.
_PRIOR_TURNS = 4
_FEW = 5
# A cache keeps whole blocks, so the last one of a prefix is read anew (64 tokens at DeepSeek, up to 1,024 elsewhere).
_SHARE_KEPT = 0.95
# Below it, what was found is some other prefix than that of the conversation.
_IS_KEPT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheForecast:
    """`hit_tokens` of the input are cached with the `chance`, else none. `ground` is what says so."""

    hit_tokens: int
    chance: float
    is_warm: bool
    ground: CacheGround


class _Turn(NamedTuple):
    """One turn that followed another at the same provider: how long after, and how much of the first was cached."""

    age_s: float
    share: float


def cache_forecast(
    statistics: LogStatistics,
    source: Source,
    conversation: str | None,
    project: str | None,
    at: datetime,
    input_tokens: int,
) -> CacheForecast:
    """What `source` will find of `input_tokens` sent at `at`.

    In a conversation that it answered before, the earlier turn's input is the prefix. Elsewhere it is what the requests
    of the project shared: instructions, files.
    """
    rows = statistics.rows(source)
    if conversation is not None:
        last = next((row for row in rows if row.conversation == conversation and row.input_tokens), None)
        if last is not None and last.ended_at <= at:
            return _of_conversation(statistics, source, last, at, input_tokens)
    return _of_project(rows, project, input_tokens)


def _of_conversation(
    statistics: LogStatistics, source: Source, last: PastRequest, at: datetime, input_tokens: int
) -> CacheForecast:
    age_s = (at - last.ended_at) / _SECOND
    turns = statistics.once(("turns", source), lambda: _turns(statistics.rows(source)))
    bands = statistics.priors.cache
    assumed, older, younger = _band(bands, age_s)
    alike = [each for each in turns if older < each.age_s <= younger]
    kept = [each for each in alike if each.share >= _IS_KEPT]
    chance = (len(kept) + _PRIOR_TURNS * assumed) / (len(alike) + _PRIOR_TURNS)
    all_kept = [each.share for each in turns if each.share >= _IS_KEPT]
    share = sum(all_kept) / len(all_kept) if len(all_kept) >= _FEW else _SHARE_KEPT
    tokens = min(input_tokens, round(share * (last.input_tokens or 0)))
    ground = LastTurn(age_s, kept=len(kept), alike=len(alike))
    return CacheForecast(hit_tokens=tokens, chance=min(1.0, chance) if tokens else 0.0, is_warm=True, ground=ground)


def _of_project(rows: Sequence[PastRequest], project: str | None, input_tokens: int) -> CacheForecast:
    first: dict[str, PastRequest] = {}  # of each conversation; a later turn's hits are the conversation's own
    alone: list[PastRequest] = []
    for row in rows[:_NEWEST]:
        if row.project == project and row.input_tokens and row.cache_hit_tokens is not None:
            if row.conversation is None:
                alone.append(row)
            else:
                first[row.conversation] = row
    told = [*alone, *first.values()]
    shares = [min(1.0, (row.cache_hit_tokens or 0) / (row.input_tokens or 1)) for row in told if row.cache_hit_tokens]
    if not shares:
        return CacheForecast(hit_tokens=0, chance=0.0, is_warm=False, ground=NothingSent())
    chance = len(shares) / (len(told) + _PRIOR_TURNS)
    tokens = round(input_tokens * sum(shares) / len(shares))
    ground = FirstTurns(with_hits=len(shares), told=len(told))
    return CacheForecast(hit_tokens=tokens, chance=chance if tokens else 0.0, is_warm=False, ground=ground)


def _turns(rows: Sequence[PastRequest]) -> list[_Turn]:
    """Every turn of which the provider said what it found, with the turn before; `rows` are the newest first."""
    found = []
    later: dict[str, PastRequest] = {}
    for row in rows:
        if (conversation := row.conversation) is None:
            continue
        after = later.get(conversation)
        later[conversation] = row
        if after is not None and after.cache_hit_tokens is not None and row.input_tokens:
            age_s = (after.started_at - row.ended_at) / _SECOND
            found.append(_Turn(age_s, min(1.0, after.cache_hit_tokens / row.input_tokens)))
        if len(found) == _NEWEST:
            break
    return found


def _band(bands: Sequence[CachePrior], age_s: float) -> tuple[float, float, float]:
    """What is assumed at that age, and from which age to which that holds."""
    older = float("-inf")
    for band in bands:
        if age_s <= band.within_s:
            return band.chance, older, band.within_s
        older = band.within_s
    return 0.0, older, float("inf")
