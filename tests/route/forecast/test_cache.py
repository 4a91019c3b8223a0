"""The chance that a prefix is still cached, and how much of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from r1plan.ledger.past_request import PastRequest
from r1plan.route.forecast.cache import CacheForecast, cache_forecast
from tests.route.worlds import AT, log, past

SOURCE = ("acme", "m")


def found(
    *rows: PastRequest, conversation: str | None = "now", project: str | None = None, tokens: int = 2000
) -> CacheForecast:
    return cache_forecast(log(*rows), SOURCE, conversation, project, AT, tokens)


def turn(minutes_ago: int, name: str, hits: int | None, tokens: int = 1000) -> PastRequest:
    """A turn of 1,000 tokens that ended so many minutes before AT."""
    return past(minutes_ago - 1, conversation=name, input_tokens=tokens, cache_hit_tokens=hits)


def pairs(count: int, hits: int, apart: int = 5) -> list[PastRequest]:
    """Turns of other conversations, each followed `apart` minutes later by one that found `hits` of 1,000 tokens."""
    rows = []
    for number in range(count):
        rows += [turn(100 + 20 * number, f"c{number}", hits), turn(100 + 20 * number + apart, f"c{number}", 0)]
    return rows


@pytest.mark.parametrize(
    ("minutes", "chance"),
    [pytest.param(10, 0.9, id="young"), pytest.param(11, 0.3, id="older"), pytest.param(1441, 0.0, id="a-day-old")],
)
def test_without_experience_the_age_decides_as_assumed(minutes: int, chance: float) -> None:
    forecast = found(turn(minutes, "now", None))
    assert forecast.chance == pytest.approx(chance)
    assert forecast.hit_tokens == 950


@pytest.mark.parametrize(
    ("count", "hits", "chance"),
    [
        # Four observations of the assumed 0.9 beside one's own.
        pytest.param(6, 990, (6 + 4 * 0.9) / 10, id="it-kept-them"),
        pytest.param(6, 0, 4 * 0.9 / 10, id="it-did-not"),
        pytest.param(96, 0, 4 * 0.9 / 100, id="it-never-does"),
    ],
)
def test_experience_of_that_age_counts(count: int, hits: int, chance: float) -> None:
    assert found(turn(6, "now", 0), *pairs(count, hits)).chance == pytest.approx(chance)


def test_experience_of_another_age_does_not() -> None:
    assert found(turn(60, "now", 0), *pairs(20, 0)).chance == pytest.approx(0.3)


def test_how_much_of_a_prefix_is_kept_is_that_of_the_log() -> None:
    assert found(turn(6, "now", 0), *pairs(10, 800)).hit_tokens == 800


def test_a_provider_that_does_not_say_teaches_nothing() -> None:
    rows = [past(100 + n, conversation=f"c{n // 2}", cache_hit_tokens=None) for n in range(20)]
    assert found(turn(6, "now", None), *rows).chance == pytest.approx(0.9)


def test_no_more_is_cached_than_is_sent() -> None:
    assert found(turn(6, "now", 0, tokens=50_000), tokens=300).hit_tokens == 300


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no-log"),
        pytest.param([turn(6, "other", 500)], id="another-conversation"),
        pytest.param([past(5, conversation="now", provider="elsewhere")], id="another-provider"),
    ],
)
def test_elsewhere_nothing_of_the_conversation_is_cached(rows: list[PastRequest]) -> None:
    forecast = found(*rows, project="p")
    assert (forecast.chance, forecast.is_warm) == (0, False)


def test_what_first_turns_of_a_project_found_is_expected_again() -> None:
    rows = [past(n, project="p", cache_hit_tokens=400) for n in range(12)]
    forecast = found(*rows, conversation=None, project="p")
    # 12 of 12, beside four assumed to find nothing; 40 % of the input.
    assert (forecast.chance, forecast.hit_tokens, forecast.is_warm) == (12 / 16, 800, False)
    assert found(*rows, conversation=None, project="q").chance == 0


def test_later_turns_say_nothing_of_a_first_one() -> None:
    rows = [turn(5, "a", 900), turn(10, "a", 900), turn(15, "a", 0)]
    assert found(*rows, conversation=None).chance == 0


def test_a_turn_that_has_not_ended_by_then_is_no_prefix() -> None:
    row = past(0, conversation="now", ended_at=AT + timedelta(minutes=1))
    assert not found(row).is_warm
