"""The model here first, another in its place before an answer is shown; and limits that close its thinking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.engine.chat import THINKING_CLOSED, Answer, ChatRequest, Event, Message, Thinking
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.hardware.energy import Energy
from r1plan.render.chat.words import note_text
from r1plan.route.execution.target import AttemptTarget, CascadeLimits
from r1plan.route.spending.budget import SpendingLimits
from r1plan.tiny import MODEL_PATH
from tests.route.execution.test_failover import GOOD, Asked
from tests.route.providers import Clock, Says, answering, target

SUM = ChatRequest(messages=(Message("user", "What is 17 + 25?"),))


@pytest.fixture(scope="module")
def tiny() -> Iterator[LocalEngine]:
    made = LocalEngine(MODEL_PATH, "r1-tiny", LoadSettings(context_tokens=512, threads=1), temperature=0.0)
    yield made
    made.close()


def here(engine: LocalEngine, **more: object) -> AttemptTarget:
    plain = AttemptTarget(provider="local", model="r1-tiny", connect=lambda: engine)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_model_here_that_thinks_briefly_answers_itself(tiny: LocalEngine, tmp_path: Path) -> None:
    with answering(GOOD) as api:
        asked = Asked(
            tmp_path, here(tiny, cascade=CascadeLimits(thinking_tokens=80)), target("api", api.url), request=SUM
        )
    assert asked.outcomes == [("local", "ok")]
    assert ("42" in asked.result.answer, api.asked) == (True, [])


def test_thinking_that_is_too_long_gives_way_before_any_answer(tiny: LocalEngine, tmp_path: Path) -> None:
    with answering(GOOD) as api:
        asked = Asked(
            tmp_path, here(tiny, cascade=CascadeLimits(thinking_tokens=10)), target("api", api.url), request=SUM
        )
    assert asked.outcomes == [("local", "handed_over"), ("api", "ok")]
    assert asked.said == ["cascaded"]
    assert "r1-tiny has thought longer than 10 tokens; asking api/flash instead" in note_text(asked.notes[0])
    # Both are accounted in one group, the first with what it really wrote.
    first, second = asked.result.attempts[0].entry, asked.result.entry
    assert first is not None
    assert (first.status, first.provenance["output_tokens"]) == ("aborted", "counted")
    # Blanks that are held back come with the token after them.
    assert first.thinking_tokens == first.output_tokens
    assert first.thinking_tokens in range(11, 15)
    assert second.attempt_of == first.id
    assert [row["status"] for row in asked.rows] == ["started", "aborted", "started", "ok"]
    shown = [type(event) for event in asked.shown]
    assert Answer not in shown[: shown.index(Thinking) + 5]
    assert asked.result.answer == "42."


class Ticking(Clock):
    """A tenth of a second passes at each look."""

    def tick(self) -> float:
        self.passed_s += 0.1
        return self.passed_s


def test_an_answer_that_has_not_begun_in_time_gives_way(tiny: LocalEngine, tmp_path: Path) -> None:
    with answering(GOOD) as api:
        local = here(tiny, cascade=CascadeLimits(after_s=2.0))
        asked = Asked(tmp_path, local, target("api", api.url), request=SUM, clock=Ticking())
    assert asked.outcomes == [("local", "handed_over"), ("api", "ok")]
    assert "has not begun its answer within 2 s" in note_text(asked.notes[0])


def test_the_last_target_never_gives_way(tiny: LocalEngine, tmp_path: Path) -> None:
    asked = Asked(tmp_path, here(tiny, cascade=CascadeLimits(thinking_tokens=10, after_s=0.0)), request=SUM)
    assert asked.outcomes == [("local", "ok")]


def test_nobody_gives_way_to_who_is_over_budget(tiny: LocalEngine, tmp_path: Path) -> None:
    with answering(GOOD) as api:
        targets = here(tiny, cascade=CascadeLimits(thinking_tokens=10)), target("api", api.url, reserve_usd="0.01")
        asked = Asked(tmp_path, *targets, request=SUM, spending=SpendingLimits(max_cost=Decimal("0.001")))
    assert asked.outcomes == [("local", "ok")]


def test_when_the_other_fails_the_model_here_answers_after_all(tiny: LocalEngine, tmp_path: Path) -> None:
    with answering(Says(status=402)) as api:
        asked = Asked(
            tmp_path, here(tiny, cascade=CascadeLimits(thinking_tokens=10)), target("api", api.url), request=SUM
        )
    assert asked.outcomes == [("local", "handed_over"), ("api", "refused"), ("local", "ok")]
    assert "42" in asked.result.answer
    assert asked.said == ["cascaded", "failed_over"]


def test_an_engine_that_fails_here_is_failed_over(tiny: LocalEngine, tmp_path: Path) -> None:
    long = ChatRequest(messages=(Message("user", "1 " * 600),))
    with answering(GOOD) as api:
        asked = Asked(tmp_path, here(tiny), target("api", api.url), request=long)
        assert asked.outcomes == [("local", "engine_failed"), ("api", "ok")]
        alone = Asked(tmp_path, here(tiny), request=long)
    assert isinstance(alone.result.error, EngineError)


def test_max_thinking_closes_the_thinking_here_and_the_answer_follows(tiny: LocalEngine, tmp_path: Path) -> None:
    asked = Asked(tmp_path, here(tiny), request=replace(SUM, max_thinking=12))
    entry = asked.result.entry
    assert (asked.result.finish, entry.status, entry.end_reason) == ("stop", "ok", "stop")
    assert entry.thinking_tokens == 13
    assert THINKING_CLOSED in entry.flags
    assert asked.result.answer


def burns(watt_hours_a_look: str) -> Callable[[], Callable[[], Energy]]:
    """A meter that shows more at each look."""
    looks: list[None] = []

    def read() -> Energy:
        looks.append(None)
        return Energy(len(looks) * Decimal(watt_hours_a_look), "rapl")

    return lambda: read


def test_a_budget_closes_the_thinking_here_and_the_answer_follows(tiny: LocalEngine, tmp_path: Path) -> None:
    local = here(tiny, meter=burns("1"), power_usd_per_kwh=Decimal("0.30"), reserve_usd=Decimal("0.0001"))
    with_limit = SpendingLimits(max_cost=Decimal("0.0006"))  # two looks, a second apart
    asked = Asked(tmp_path, local, request=SUM, spending=with_limit, clock=Ticking())
    entry = asked.result.entry
    assert (asked.result.finish, entry.status) == ("stop", "ok")
    assert asked.said == ["closing"]
    assert THINKING_CLOSED in entry.flags
    assert asked.result.answer
    thinks_freely = Asked(tmp_path, local, request=SUM, clock=Ticking()).result.entry.thinking_tokens
    assert thinks_freely is not None
    assert entry.thinking_tokens is not None
    assert entry.thinking_tokens < thinks_freely


def test_electricity_counts_against_a_limit_before_it_is_used(tiny: LocalEngine, tmp_path: Path) -> None:
    local = here(tiny, power_usd_per_kwh=Decimal("0.30"), reserve_usd=Decimal("0.002"))
    with answering(GOOD) as api:
        asked = Asked(
            tmp_path, local, target("api", api.url), request=SUM, spending=SpendingLimits(max_cost=Decimal("0.001"))
        )
    assert asked.outcomes == [("local", "over_budget"), ("api", "ok")]


def test_what_passed_for_an_answer_is_never_taken_back(tmp_path: Path) -> None:
    """Thinking that nothing has opened passes for an answer; it may be on the screen already, so it stays."""
    inline = Says(answer=("hm", " so", " it", "</think>", "42"))
    shown: list[Event] = []
    with answering(inline) as first, answering(GOOD) as second:
        targets = (
            replace(target("a", first.url), cascade=CascadeLimits(thinking_tokens=1, after_s=0.0)),
            target("b", second.url),
        )
        asked = Asked(tmp_path, *targets, request=SUM, show=shown.append)
    assert (asked.result.answer, second.asked) == ("42", [])
