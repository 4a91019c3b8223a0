"""Which rows a forecast rests on: from the finest group that is large enough to what is assumed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.route.forecast.forecast import forecast
from r1plan.route.forecast.ground import Assumed
from r1plan.route.forecast.statistics import ENOUGH_ROWS, length_bucket
from tests.route.worlds import PRIORS, ask, candidate, here, log, outputs, past

ACME = candidate("acme")


@pytest.mark.parametrize(
    ("tokens", "bucket"),
    [(0, 0), (256, 0), (257, 1), (2048, 1), (2049, 2), (16_384, 2), (16_385, 3), (10**6, 3)],
)
def test_prompts_fall_into_four_lengths(tokens: int, bucket: int) -> None:
    assert length_bucket(tokens) == bucket


N = ENOUGH_ROWS


@pytest.mark.parametrize(
    ("alike", "of_kind", "any_kind", "elsewhere", "basis", "mean"),
    [
        pytest.param(N, 50, 50, 50, "own", 1000, id="as-long-a-prompt"),
        pytest.param(N - 1, N, 50, 50, "own", None, id="one-row-short-takes-the-kind"),
        pytest.param(0, N, 50, 50, "own", 2000, id="the-kind"),
        pytest.param(0, 0, 50, N, "borrowed", 8000, id="the-kind-at-other-models"),
        pytest.param(0, 0, N, 0, "own", 3000, id="any-kind"),
        pytest.param(0, 0, N - 1, N - 1, "assumed", 1500, id="nothing-is-enough"),
        pytest.param(0, 0, 0, 0, "assumed", 1500, id="no-log"),
    ],
)
def test_it_backs_off_from_fine_to_coarse(
    alike: int, of_kind: int, any_kind: int, elsewhere: int, basis: str, mean: float | None
) -> None:
    rows = [
        *outputs([1000] * alike, input_tokens=1000),
        *outputs([2000] * of_kind, input_tokens=50_000),
        *outputs([3000] * any_kind, kind="code"),
        *outputs([8000] * elsewhere, provider="other", model_requested="strange"),
    ]
    found = log(*rows).lengths("deepseek-r1", "math", 1000)
    assert found.basis == basis
    if mean is not None:
        assert found.thinking + found.answer == pytest.approx(mean, rel=1e-6)


def test_rows_of_another_model_are_scaled_by_what_was_published() -> None:
    rows = outputs([4000] * 30, provider="other", model_requested="strange")
    found = log(*rows).lengths("long", "math", 1000)
    # "long" thinks 3,000 tokens where any other does 1,000; the answer stays.
    assert found.thinking == pytest.approx(3 * 2000)
    assert found.answer == pytest.approx(2000)


def test_one_model_at_two_sellers_is_one_group() -> None:
    rows = [*outputs([1000] * 15), *outputs([1000] * 15, provider="other")]
    assert log(*rows).lengths("deepseek-r1", "math", 1000).rows == 30


def test_a_few_rows_of_ones_own_count_beside_what_is_assumed() -> None:
    found = log(*outputs([9000] * 5)).lengths("deepseek-r1", "math", 1000)
    assert found.rows == 5
    assert found.thinking + found.answer == pytest.approx((5 * 9000 + 10 * 1500) / 15)


def test_only_the_newest_rows_of_a_group_count() -> None:
    rows = [*outputs([1000] * 500), *outputs([9000] * 500)]
    found = log(*rows).lengths("deepseek-r1", "math", 1000)
    assert (found.rows, found.quantile(0.9)) == (500, 1000)


@pytest.mark.parametrize(
    ("changes", "is_cut"),
    [
        pytest.param({"status": "ok"}, False, id="whole"),
        pytest.param({"status": "length"}, True, id="at-its-limit"),
        pytest.param({"status": "aborted"}, True, id="stopped"),
        pytest.param({"status": "failed", "end_reason": "connection_lost"}, True, id="lost"),
    ],
)
def test_a_row_that_was_cut_counts_as_longer(changes: dict[str, object], is_cut: bool) -> None:
    rows = outputs([1000] * 40) + [past(100 + n, output_tokens=3000, **changes) for n in range(10)]
    found = log(*rows).lengths("deepseek-r1", "math", 1000)
    assert (found.quantile(0.9) is None) is is_cut
    assert found.rows == 50


@pytest.mark.parametrize(
    "changes",
    [{"output_tokens": None}, {"output_tokens": 0}, {"status": "failed", "end_reason": "refused"}],
    ids=["unknown", "none", "refused"],
)
def test_a_row_without_an_output_says_nothing(changes: dict[str, object]) -> None:
    rows = [past(n, **changes) for n in range(40)]
    assert log(*rows).lengths("deepseek-r1", "math", 1000).basis == "assumed"


def test_more_thinking_than_output_is_taken_for_an_answer_alone() -> None:
    found = log(*[past(n, output_tokens=10, thinking_tokens=99) for n in range(30)])
    assert found.lengths("deepseek-r1", "math", 1000).thinking == 0


def test_speed_is_that_of_the_log_once_there_is_some() -> None:
    few, enough = log(*(past(n) for n in range(4))), log(*(past(n) for n in range(5)))
    assert few.speed(ACME).ground == Assumed("assumed")
    found = enough.speed(ACME)
    assert (found.first_token_s, found.decode_tok_s, found.rows) == (2, 50, 5)


def test_a_model_here_is_as_fast_as_planned_until_the_log_says_better() -> None:
    planned = here(decode_tok_s=30.0)
    assert log().speed(planned).decode_tok_s == 30
    rows = [past(n, provider="local", model_requested=planned.model) for n in range(5)]
    assert log(*rows).speed(planned).decode_tok_s == 50


def test_the_slow_tenth_bounds_the_time() -> None:
    rows = [past(n, output_tokens=3000 if n % 10 else 300) for n in range(100)]
    each = forecast(ask(), ACME, log(*rows), None)
    assert each.speed.decode_p10_tok_s <= each.speed.decode_tok_s
    assert each.p50_s <= each.p90_s


@pytest.mark.parametrize(
    ("rows", "unsent", "broken"),
    [
        pytest.param(0, 0.015, 0.005, id="assumed"),
        pytest.param(20, 0.0075, 0.0025, id="as-much-again"),
        pytest.param(380, 0.015 / 20, 0.005 / 20, id="many"),
    ],
)
def test_failures_are_drawn_towards_what_is_assumed(rows: int, unsent: float, broken: float) -> None:
    found = log(*(past(n) for n in range(rows))).failures(("acme", "m"))
    assert found.unsent_chance == pytest.approx(unsent)
    assert found.broken_chance == pytest.approx(broken)


def test_a_refusal_is_not_billed_and_a_lost_connection_may_be() -> None:
    refused = [past(n, status="failed", end_reason="refused") for n in range(80)]
    lost = [past(100 + n, status="failed", end_reason="connection_lost") for n in range(40)]
    found = log(*refused, *lost, *(past(200 + n) for n in range(80))).failures(("acme", "m"))
    assert found.unsent_chance == pytest.approx(80.3 / 220)
    assert found.broken_chance == pytest.approx(40.1 / 220)


def test_watts_come_from_the_logged_energy() -> None:
    rows = [past(n, provider="local", energy_wh=Decimal("6.2")) for n in range(5)]
    # 6.2 Wh in 62 s are 360 W.
    assert log(*rows).watts(("local", "m")) == pytest.approx(360)
    assert log(*rows[:4]).watts(("local", "m")) is None


@pytest.mark.parametrize("energy", ["0", "-1", "NaN", "Infinity", "1e999"])
def test_energy_that_cannot_be_is_left_out(energy: str) -> None:
    rows = [past(n, provider="local", energy_wh=Decimal(energy)) for n in range(9)]
    assert log(*rows).watts(("local", "m")) is None


@pytest.mark.parametrize(
    ("rows", "tokens", "ratio_rows"),
    [
        pytest.param(0, 1000, 0, id="no-log"),
        pytest.param(4, 1000, 0, id="too-few"),
        pytest.param(5, 1250, 5, id="own-ratio"),
    ],
)
def test_the_estimate_of_the_input_is_corrected_by_what_was_counted(rows: int, tokens: int, ratio_rows: int) -> None:
    past_rows = [past(n, input_tokens=1000, estimated_input_tokens=800) for n in range(rows)]
    each = forecast(ask(), ACME, log(*past_rows), None)
    assert (each.input_tokens, each.input_ratio_rows) == (tokens, ratio_rows)


def test_another_providers_ratio_serves_until_there_is_an_own_one() -> None:
    rows = [past(n, provider="other", input_tokens=900, estimated_input_tokens=1000) for n in range(5)]
    assert forecast(ask(), ACME, log(*rows), None).input_tokens == 900


def test_an_input_that_nobody_counted_corrects_nothing() -> None:
    rows = [past(n, input_tokens=1000, estimated_input_tokens=1000) for n in range(30)]
    assert log(*rows).input_ratio(("acme", "m")) == (1.0, 0)


@pytest.mark.parametrize(
    ("max_tokens", "max_output", "context", "most"),
    [(None, None, None, None), (500, 9000, 100_000, 500), (None, 9000, 100_000, 9000), (None, None, 1600, 600)],
)
def test_the_longest_output_is_the_least_limit(
    max_tokens: int | None, max_output: int | None, context: int | None, most: int | None
) -> None:
    each = forecast(ask(max_tokens=max_tokens), replace(ACME, context_tokens=context), log(), max_output)
    assert each.most_output_tokens == most
    if most is not None:
        assert all(atom.total <= most + 1e-6 for atom in each.lengths.atoms)


def test_the_same_question_is_worked_out_once() -> None:
    found = log(*outputs([1000] * 30))
    assert found.lengths("deepseek-r1", "math", 1000) is found.lengths("deepseek-r1", "math", 1001)


def test_without_any_assumption_of_lengths_one_is_made() -> None:
    assert log(priors=replace(PRIORS, lengths=())).lengths("any", "math", 10).basis == "assumed"
