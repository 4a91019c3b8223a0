"""Who thinks how long, by a month's log."""

from __future__ import annotations

from typing import Any

import pytest

from r1plan.report.month.tally import LoggedModel
from tests.report.month.rows import asked, month_of

NEWER: dict[str, Any] = {"provider": "deepinfra", "model_requested": "new"}


def test_what_another_model_thought_is_brought_to_r1s() -> None:
    found = month_of([asked(**NEWER, thinking_tokens=3_800)] * 20)
    assert found.demand.mean("thinking_tokens") == pytest.approx(2_000)
    assert found.demand.mean("answer_tokens") == pytest.approx(700)
    assert found.own.of("DeepSeek-R1-0528") == pytest.approx(3_800)
    assert found.own.ratio("DeepSeek-R1-0528").over_r1 == pytest.approx(1.9)
    assert found.own.ratio("DeepSeek-R1-0528").basis == "logged"
    assert found.own.ratio("DeepSeek-R1") == (1.0, "assumed")
    assert found.models == (LoggedModel(model="deepseek-r1-0528", requests=20, thinking_tokens=3_800),)


def test_a_model_that_answered_itself_thinks_as_it_did_and_not_as_published() -> None:
    rows = [asked()] * 20 + [asked(**NEWER, thinking_tokens=4_400)] * 20
    found = month_of(rows)
    mean = (4_000 + 4_400 / 1.9) / 2
    assert found.demand.mean("thinking_tokens") == pytest.approx(mean, abs=0.5)
    assert found.own.of("DeepSeek-R1") == pytest.approx(4_000, abs=1)
    assert found.own.of("DeepSeek-R1-0528") == pytest.approx(4_400, abs=1)


@pytest.mark.parametrize("number", [19, 20])
def test_too_few_answers_of_a_model_say_nothing_of_it(number: int) -> None:
    found = month_of([asked()] * 30 + [asked(**NEWER)] * number)
    assert (found.own.of("DeepSeek-R1-0528") is not None) is (number == 20)
    assert found.own.of("DeepSeek-R1") is not None


def test_a_model_that_was_asked_the_easy_kind_alone_is_not_taken_for_a_short_thinker() -> None:
    easy: dict[str, Any] = {"kind": "short_question", "thinking_tokens": 400, "output_tokens": 900}
    rows = [asked(kind="math")] * 60 + [asked(**easy)] * 20 + [asked(**NEWER, **{**easy, "thinking_tokens": 760})] * 20
    found = month_of(rows)
    assert found.own.ratio("DeepSeek-R1-0528").over_r1 == pytest.approx(1.9)
    assert found.own.ratio("DeepSeek-R1-0528").basis == "logged"
    plain = month_of([asked()] * 60 + [asked(**NEWER, thinking_tokens=760, output_tokens=900)] * 20)
    assert plain.own.ratio("DeepSeek-R1-0528").over_r1 < 0.3  # without kinds the log says no better


@pytest.mark.parametrize("unknown", [None, 5_000], ids=["not told", "more than the output"])
def test_thinking_that_is_not_told_is_taken_as_in_the_same_models_other_answers(unknown: int | None) -> None:
    rows = [asked(thinking_tokens=900)] * 20 + [asked(thinking_tokens=unknown, output_tokens=1_000)] * 10
    rows += [asked(**NEWER, thinking_tokens=4_500)] * 30
    found = month_of(rows)
    assert found.thinking_unknown == 10
    r1 = (20 * 900 + 10 * 200) / 60
    assert found.demand.mean("thinking_tokens") == pytest.approx(r1 + 30 * 4_500 / 1.9 / 60, abs=1)
    answers = (20 * 3_600 + 10 * 800) / 60
    assert found.demand.mean("answer_tokens") == pytest.approx(answers, abs=1)


def test_where_no_answer_of_the_model_tells_it_those_of_all_do() -> None:
    rows = [asked(thinking_tokens=1_500)] * 20 + [asked(model_requested="other", thinking_tokens=None)] * 20
    assert month_of(rows).demand.mean("thinking_tokens") == pytest.approx(1_500, abs=1)


def test_where_no_answer_at_all_tells_it_the_assumed_share_does() -> None:
    found = month_of([asked(thinking_tokens=None)] * 40)
    assert found.thinking_unknown == 40
    assert found.demand.mean("thinking_tokens") == pytest.approx(4_500 * 4_700 / 5_400, abs=1)
    assert found.own.of("DeepSeek-R1") is None
    assert found.models[0].thinking_tokens is None


def test_a_model_that_never_thinks_leaves_its_requests_without_thinking() -> None:
    found = month_of([asked(thinking_tokens=0)] * 20)
    assert found.demand.mean("thinking_tokens") == 0
    assert found.own.ratio("DeepSeek-R1") == (1.0, "assumed")


def test_an_id_that_nobody_knows_is_its_own_name_without_its_quant() -> None:
    found = month_of(
        [asked(provider="local", model_requested="R1-Distill-Qwen-1.5B:Q4_K_M", thinking_tokens=3_000)] * 20
    )
    assert found.demand.mean("thinking_tokens") == pytest.approx(2_000)
    assert found.own.of("R1-Distill-Qwen-1.5B") == pytest.approx(3_000)
