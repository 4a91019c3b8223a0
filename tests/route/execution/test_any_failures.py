"""Whatever goes wrong: nothing is sent after a visible token or over the money, and an attempt has two rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from r1plan.engine.chat import Answer, ChatRequest, Event, Finished, Message, Thinking, Waiting, WasThinking
from r1plan.errors import EngineError, OverBudget, ProviderError, ProviderFault, R1PlanError
from r1plan.ledger.usage_log import UsageLog
from r1plan.prices.usage import Usage
from r1plan.route.execution.context import RequestContext
from r1plan.route.execution.failover import ask
from r1plan.route.execution.target import AttemptTarget, CascadeLimits
from r1plan.route.spending.budget import SpendingLimits
from tests.route.providers import MISS_USD, OUTPUT_USD, Clock, Watcher, price_for, rows_in

REQUEST = ChatRequest(messages=(Message("user", "Why?"),))
STATUSES = (307, 400, 401, 402, 403, 404, 408, 410, 413, 422, 425, 429, 500, 502, 503, 504, 520, 529)
GOES_ON = set(STATUSES) - {400, 422}
UNSENT = ("refused", "unreachable")


@dataclass
class Turn:
    """What an engine does when it is asked: so much thinking and answer, and then its end."""

    thinking: int
    answer: int
    ends: R1PlanError | KeyboardInterrupt | None
    late: bool = False  # the thinking comes as an answer first


@dataclass
class Engine:
    """Each request is answered by the next turn, and the turns go round."""

    turns: list[Turn]
    provider: str = "a"
    model: str = "flash"
    asked: list[Turn] = field(default_factory=list)
    sent: int = 0

    def stream(self, request: ChatRequest) -> Iterator[Event]:
        turn = self.turns[len(self.asked) % len(self.turns)]
        self.asked.append(turn)
        written = 0
        yield Waiting()
        for _ in range(turn.thinking):
            written, self.sent = written + 1, self.sent + 1
            yield Answer(" w") if turn.late else Thinking(" w")
        if turn.late and turn.thinking:
            yield WasThinking()
        for _ in range(turn.answer):
            written, self.sent = written + 1, self.sent + 1
            yield Answer(" w")
        if turn.ends is not None:
            raise turn.ends
        sure = {"input_tokens": "reported", "output_tokens": "reported"}
        yield Finished(
            reason="stop",
            usage=Usage(input_tokens=20, output_tokens=written, cache_hit_tokens=0, provenance=sure),  # type: ignore[arg-type]
        )

    def usage_so_far(self) -> Usage | None:
        return None

    def served_so_far(self) -> str | None:
        return None

    def billed_so_far(self) -> None:
        pass

    def close(self) -> None:
        pass


def error(fault: ProviderFault, status: int, retry_after_s: float | None) -> ProviderError:
    if fault == "refused":
        return ProviderError("no.", status=status, fault=fault, retry_after_s=retry_after_s)
    return ProviderError("no.", fault=fault)


WHOLE = st.builds(Turn, st.integers(0, 6), st.integers(1, 6), st.none(), st.booleans())
FAILS = st.builds(
    lambda thinking, answer, fault: (
        Turn(thinking, answer, fault)
        if not (isinstance(fault, ProviderError) and fault.fault in UNSENT)
        else Turn(0, 0, fault)
    ),
    st.integers(0, 4),
    st.integers(0, 2),
    st.one_of(
        st.builds(
            error,
            st.sampled_from(get_args(ProviderFault)),
            st.sampled_from(STATUSES),
            st.sampled_from([None, 0.0, 3.0, 500.0]),
        ),
        st.builds(EngineError, st.just("broke.")),
        st.builds(KeyboardInterrupt),
    ),
)
# Nothing visible, and a reason that may not hold elsewhere.
QUIET = st.builds(
    lambda thinking, fault, status: Turn(0 if fault in UNSENT else thinking, 0, error(fault, status, None)),
    st.sampled_from([0, 3, 14]),
    st.sampled_from(["refused", "unreachable", "stalled", "connection_lost"]),
    st.sampled_from(sorted(GOES_ON)),
)
LEGS = st.lists(
    st.tuples(
        st.lists(st.one_of(QUIET, QUIET, FAILS, WHOLE), min_size=1, max_size=3), st.integers(6, 60), st.booleans()
    ),
    min_size=2,
    max_size=4,
)


def is_visible(turn: Turn, thinking_shown: bool) -> bool:
    return turn.answer > 0 or (turn.thinking > 0 and (thinking_shown or turn.late))


@settings(max_examples=150, deadline=None)
@given(
    legs=LEGS,
    thinking_shown=st.sampled_from([False, False, True]),
    budget=st.sampled_from([15, 20, 30, 60, None]),
    chance=st.floats(0, 0.99),
)
def test_any_failures(
    legs: list[tuple[list[Turn], int, bool]],
    thinking_shown: bool,
    budget: int | None,
    chance: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    logs = tmp_path_factory.mktemp("logs")
    order: list[tuple[int, Turn]] = []

    class Watched(Engine):
        def stream(self, request: ChatRequest) -> Iterator[Event]:
            order.append((engines.index(self), self.turns[len(self.asked) % len(self.turns)]))
            return super().stream(request)

    engines = [Watched(turns, provider=f"p{number}") for number, (turns, _, _) in enumerate(legs)]
    clock = Clock()
    limit = None if budget is None else budget * OUTPUT_USD
    try:
        result = ask(
            [
                AttemptTarget(
                    provider=engine.provider,
                    model="flash",
                    connect=lambda engine=engine: engine,  # type: ignore[misc]
                    price_for=price_for,
                    reserve_usd=reserve * OUTPUT_USD,
                    input_tokens_most=20,
                    cascade=CascadeLimits(thinking_tokens=2) if cascades else None,
                )
                for engine, (_, reserve, cascades) in zip(engines, legs, strict=True)
            ],
            RequestContext(
                request=REQUEST,
                log=UsageLog(logs),
                audience=Watcher(sees_thinking=thinking_shown),
                spending=SpendingLimits(max_cost=limit),
                clocks=clock.clocks(chance),
            ),
        )
    except OverBudget:
        assert limit is not None
        assert order == []
        assert rows_in(logs) == []
        return
    rows = rows_in(logs)

    # Every attempt has one row at its start and one at its end, in that order, and names the first.
    started = [row["id"] for row in rows if row["ended_at"] is None]
    ended = [row["id"] for row in rows if row["ended_at"] is not None]
    assert started == ended
    assert set(Counter(started).values()) <= {1}
    assert len(started) == len(order) == sum(each.entry is not None for each in result.attempts)
    assert all(row["attempt_of"] == (None if row["id"] == started[0] else started[0]) for row in rows)

    # All but the last attempt ended before anything was visible, for a reason that may not hold elsewhere.
    entries = [each.entry for each in result.attempts if each.entry]
    for (_, turn), entry in zip(order[:-1], entries[:-1], strict=True):
        if entry.end_reason == "handed_over":
            assert turn.thinking > 2
            assert not turn.late
            continue
        assert not is_visible(turn, thinking_shown)
        assert not isinstance(turn.ends, KeyboardInterrupt)
        if isinstance(turn.ends, ProviderError) and turn.ends.fault == "refused":
            assert turn.ends.status in GOES_ON
            assert entry.cost_high_usd == 0
    assert sum(clock.waits) <= 60
    assert max(Counter(number for number, _ in order).values()) <= 4

    # What all servers together have sent is within the bounds, and within the money but for a token of each.
    true = sum((each.sent * OUTPUT_USD for each in engines), Decimal(0))
    billed = result.billed
    assert billed.low_usd is not None
    assert billed.high_usd is not None
    assert billed.low_usd <= true + 20 * MISS_USD * len(order)
    assert true <= billed.high_usd + OUTPUT_USD * len(order)
    if limit is not None:
        assert true <= limit + OUTPUT_USD * len(order)
    event(f"{len(order)} attempts, {result.finish}")
