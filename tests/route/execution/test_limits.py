"""Counting what comes, and when it is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from r1plan.engine.chat import Answer, Event, Thinking, Waiting, WasThinking
from r1plan.route.execution.limits import MoneyLimits, StreamLimits
from r1plan.route.execution.record import Stop
from r1plan.route.execution.target import CascadeLimits


def stops(watch: StreamLimits, events: Iterable[Event]) -> tuple[int, Stop] | None:
    """After how many events it stops, and why."""
    for number, event in enumerate(events, 1):
        if stop := watch(event):
            return number, stop
    return None


def watch(tick: Callable[[], float] = lambda: 0.0, *, thinking_most: int | None = None, **limits: Any) -> StreamLimits:
    cascade = CascadeLimits(after_s=limits.pop("after_s", None), thinking_tokens=limits.pop("thinking_tokens", None))
    return StreamLimits(tick, 0.0, MoneyLimits(**limits), thinking_most, cascade)


T, A = Thinking("w"), Answer("w")


@pytest.mark.parametrize(
    ("limits", "events", "stop"),
    [
        pytest.param({}, [T] * 50 + [A] * 50, None, id="without a limit"),
        pytest.param({"output_most": 4}, [T, T, A, A], None, id="all that may come"),
        pytest.param({"output_most": 4}, [T, T, A, A, A], (5, "budget"), id="one more"),
        pytest.param({"output_most": 4}, [Thinking("three words here"), A, A], (3, "budget"), id="words count"),
        pytest.param({"output_most": 12}, [Answer("汉字汉字汉字")] * 5, (3, "budget"), id="characters count"),
        pytest.param({"output_most": 4}, [Answer("x" * 16)] * 5, (3, "budget"), id="long words count"),
        pytest.param({"output_most": 2}, [A, WasThinking(), A, A], (4, "budget"), id="what moves stays counted"),
        pytest.param({"thinking_most": 2}, [T, T, A, A, A], None, id="as much thinking as there may be"),
        pytest.param({"thinking_most": 2}, [T, T, T], (3, "thinking_limit"), id="a thought too many"),
        pytest.param(
            {"thinking_most": 2}, [A, A, A, WasThinking(), A], None, id="thinking that is over when it is seen"
        ),
        pytest.param({"thinking_tokens": 2}, [T, T, T], (3, "handed_over"), id="hands over"),
        pytest.param({"thinking_tokens": 2}, [T, T, A, A], None, id="answers in time"),
        pytest.param({"thinking_tokens": 2}, [A, A, A, WasThinking(), A], None, id="had shown an answer"),
        pytest.param({"after_s": 0.0}, [Waiting()], (1, "handed_over"), id="waited too long"),
        pytest.param({"after_s": 1.0}, [Waiting(), T, A], None, id="has time"),
        pytest.param({"after_s": 0.0}, [A], None, id="late, but here"),
    ],
)
def test_a_stream_ends_where_its_limit_is(limits: dict[str, Any], events: list[Event], stop: object) -> None:
    assert stops(watch(**limits), events) == stop


def test_a_limit_that_is_raised_lets_more_come() -> None:
    more = iter([6, 8, None])
    assert stops(watch(output_most=4, more=lambda: next(more)), [A] * 20) == (9, "budget")


def test_a_meter_is_read_once_a_second() -> None:
    seconds = iter(range(1000))
    looks: list[int] = []

    def spent() -> Decimal:
        looks.append(1)
        return Decimal(len(looks))

    found = stops(watch(lambda: next(seconds) / 4, spent_usd=spent, limit_usd=Decimal(3)), [T] * 100)
    assert found == (13, "budget")
    assert len(looks) == 3


def test_after_the_thinking_is_closed_the_answer_is_left_alone() -> None:
    closing = watch(output_most=1, thinking_most=1, spent_usd=lambda: Decimal(9), limit_usd=Decimal(1))
    closing.closes()
    assert stops(closing, [T] * 5 + [A] * 50) is None
