"""`r1plan prices compare`: every seller for one workload."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from r1plan.cli.prices.command import app
from r1plan.errors import R1PlanError
from r1plan.report.sample import MONTH, write_sample
from tests.cli.prices.calling import OWN

GOLDEN = Path(__file__).parents[2] / "golden"
AT = ("--at", "2026-11-24T12:00:00Z")
MANY = (*AT, "--requests-per-day", "500")


def compare(*arguments: object, columns: int = 120) -> str:
    """What the command prints, in this process: a new one for each would take its time."""
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("COLUMNS", str(columns))
        get_command(app).main(["compare", *map(str, arguments)], standalone_mode=False)
    return printed.getvalue()


def document(*arguments: object) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(compare(*arguments, "--json"))
    assert fields["schema"] == "r1plan.price_comparison/1"
    return fields


def offers(*arguments: object) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["provider"], each["model"]): each for each in document(*arguments)["offers"]}


@pytest.mark.parametrize("width", [80, 120])
def test_the_comparison_is_what_the_golden_files_hold(width: int) -> None:
    shown = compare(*MANY, columns=width)
    assert shown == (GOLDEN / f"prices_compare_{width}.txt").read_text("utf-8")
    assert max(len(line) for line in shown.splitlines()) <= width


def test_the_first_sentence_is_who_is_cheapest_against_the_next_and_against_deepseek() -> None:
    lines = compare(*MANY, columns=400).splitlines()
    found = offers(*MANY)
    real = sorted({Decimal(e["usd_per_month"]) for e in found.values() if e["is_like"] and e["can"] and e["verified"]})
    own = Decimal(found["deepseek", "deepseek-flash"]["usd_per_month"])
    assert lines[0].startswith("R1 is cheapest at ")
    assert f"${real[0]:,.2f} a month, {(1 - real[0] / real[1]) * 100:.0f} % less than the next" in lines[0]
    assert f"${real[1]:,.2f}" in lines[0]
    assert ", which cut off 6 % of the answers: $" in lines[0]
    assert lines[1] == (
        f"DeepSeek's own deepseek-flash, another model, costs ${own:,.2f}: {(1 - own / real[0]) * 100:.0f} % less than "
        "the cheapest."
    )


def test_together_and_fireworks_are_there_with_what_they_sell_in_r1s_stead() -> None:
    found = offers(*AT)
    for key in (
        ("together", "deepseek-ai/DeepSeek-V4.1-Flash"),
        ("fireworks", "accounts/fireworks/models/deepseek-v4p1-flash"),
    ):
        assert (found[key]["is_like"], found[key]["can"], found[key]["kind"]) == (False, True, "other")
        assert Decimal(found[key]["usd_per_request"]) > 0
    rows = compare(*AT).splitlines()
    assert [line.split()[:2] for line in rows if "V4.1-Flash" in line] == [["V4.1", "together"]]


def test_while_they_sold_r1_they_are_there_with_it() -> None:
    found = offers("--at", "2025-09-01")
    assert {each["is_like"] for (provider, _), each in found.items() if provider in ("together", "fireworks")} == {True}


def test_a_month_is_so_many_requests_at_its_hours() -> None:
    for each in offers(*MANY).values():
        if each["can"] and each["usd_per_month"]:
            assert Decimal(each["usd_per_month"]) == Decimal(each["usd_per_request"]) * 500 * Decimal("30.44")
        assert each["hours"]["basis"] == "assumed"
    assert offers(*MANY)["deepseek", "deepseek-flash"]["hours"]["peak_share"] == pytest.approx(0.16, abs=0.02)


def test_without_a_number_of_requests_a_thousand_are_compared() -> None:
    assert " for 1,000 requests" in compare(*AT, columns=400).splitlines()[0]
    assert {each["usd_per_month"] for each in offers(*AT).values()} == {None}


def test_the_cached_share_is_honoured_where_it_has_a_price() -> None:
    fresh, cached = offers(*AT, "--thinking-tokens", 0), offers(*AT, "--thinking-tokens", 0, "--cache-hit", 0.9)
    flash, bedrock = ("deepseek", "deepseek-flash"), ("bedrock", "us.deepseek.r1-v1:0")
    assert Decimal(cached[flash]["usd_per_request"]) < Decimal(fresh[flash]["usd_per_request"])
    assert cached[bedrock]["usd_per_request"] == fresh[bedrock]["usd_per_request"]


@pytest.mark.parametrize(
    ("arguments", "cannot"),
    [
        pytest.param(("--input-tokens", "70000"), ("openrouter", "deepseek/deepseek-r1"), id="its context"),
        pytest.param(("--thinking-tokens", "20000"), ("openrouter", "deepseek/deepseek-r1"), id="its longest answer"),
    ],
)
def test_who_cannot_do_it_says_so_and_has_no_cost(arguments: tuple[str, ...], cannot: tuple[str, str]) -> None:
    each = offers(*MANY, *arguments)[cannot]
    assert (each["can"], each["usd_per_request"], each["usd_per_month"], each["answer"]) == (False, None, None, None)
    assert each["too_long_share"] >= 0.5
    text = " ".join(compare(*MANY, *arguments, columns=300).split())
    assert "cannot: " in text
    assert "openrouter deepseek-r1 71.5 - cannot: " in text


def test_where_nobody_can_the_first_sentence_says_so_without_a_number() -> None:
    shown = compare(*MANY, "--model", "r1", "--input-tokens", 10**7, columns=200)
    assert shown.startswith("No seller of these can do this: half of the requests or more are too long for each.")
    assert "$" not in shown


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        pytest.param(("--input-tokens", 10**6), "No seller of R1 can do this: half", id="too long for all of R1"),
        pytest.param(("--thinking-tokens", 60_000), "No verified seller of R1 can do this: half", id="of the verified"),
    ],
)
def test_where_only_others_can_the_first_sentence_says_of_whom_nobody_can(tokens: tuple[str, int], said: str) -> None:
    shown = compare(*AT, *tokens, columns=300)
    assert shown.startswith(said)
    assert "the nearest is " in shown.splitlines()[0]


def test_some_answers_that_are_cut_off_are_told() -> None:
    assert "cuts off 6 % of the answers: 16,000 tokens out" in compare(*AT, columns=200)


def test_yuan_and_dollars_are_never_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R1PLAN_DEEPSEEK_CURRENCY", "CNY")
    text = compare(*MANY)
    assert "DeepSeek's own" not in text
    own = offers(*MANY)["deepseek", "deepseek-flash"]
    assert (own["currency"], own["usd_per_month"], own["usd_per_request"]) == ("CNY", None, None)
    assert Decimal(own["cny_per_month"]) > 100
    assert "¥" in text


@pytest.mark.parametrize(("day", "is_stale"), [("2027-01-22", False), ("2027-01-23", True)])
def test_a_price_that_nobody_looked_at_for_more_than_60_days_is_marked(day: str, is_stale: bool) -> None:
    each = offers("--at", day)["deepseek", "deepseek-flash"]
    assert (each["checked"], each["is_stale"]) == ("2026-11-23", is_stale)
    text = compare("--at", day, columns=300)
    assert ("price looked up 61 days before" in text) is is_stale


def test_quality_is_published_with_its_source_and_unknown_where_it_is() -> None:
    found = offers(*AT)
    score = found["deepinfra", "deepseek-ai/DeepSeek-R1-0528"]["quality"]["gpqa_diamond"]
    assert score["score"] == 81.0
    assert score["source"]
    own = found["deepseek", "deepseek-flash"]["quality"]["gpqa_diamond"]
    assert (own["score"], own["mode"]) == (90.9, "effort 100")
    assert "*: reached at effort 100, which may think longer than is counted." in compare(*AT)


def test_an_answer_has_its_time_and_cost_at_half_and_at_nine_in_ten() -> None:
    answer = offers(*AT)["deepinfra", "deepseek-ai/DeepSeek-R1-0528"]["answer"]
    assert 0 < Decimal(answer["usd"]["p50"]) < Decimal(answer["usd"]["p90"])
    assert 0 < answer["seconds"]["p50"] < answer["seconds"]["p90"]
    assert answer["seconds"]["basis"] == "assumed"


def test_a_price_of_ones_own_from_next_month_on_counts_from_its_day(home: Path) -> None:
    before = Decimal(offers(*MANY)["deepseek", "deepseek-flash"]["usd_per_month"])
    file = home / "config" / "pricing" / "deepseek.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OWN)
    after = Decimal(offers(*MANY)["deepseek", "deepseek-flash"]["usd_per_month"])
    assert after < before * Decimal("0.8")  # from 1 December on
    assert after > before * Decimal("0.5")


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        pytest.param(("--like", "R1"), "R1 is cheapest at ", id="R1"),
        pytest.param(("--like", "deepseek-r1-0528"), "deepseek-r1-0528 is cheapest at ", id="one model"),
        pytest.param(("--like", "70b"), "70b is cheapest at DeepInfra", id="as --model takes it"),
        pytest.param(("--model", "v4.1"), "Cheapest is at DeepSeek", id="a part of a name"),
        pytest.param(("--like", "R1-Distill-Llama-70B"), "R1-Distill-Llama-70B is cheapest at DeepInfra", id="distill"),
    ],
)
def test_what_is_compared_can_be_said(arguments: tuple[str, ...], first: str) -> None:
    assert compare(*AT, *arguments, columns=200).startswith(first)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--model", "r1", "--like", "r1"), "cannot both be meant", id="two wishes"),
        pytest.param(("--model", "nothing-like-it"), "unknown model 'nothing-like-it'", id="no model"),
        pytest.param(("--like", "nothing-like-it"), "unknown model 'nothing-like-it'", id="like no model"),
        pytest.param(("--requests-per-day", "0"), "--requests-per-day 0", id="no requests"),
        pytest.param(("--requests-per-day", "1e12"), "--requests-per-day 1e[+]12", id="too many requests"),
        pytest.param(("--requests-per-day", "nan"), "--requests-per-day nan", id="no number"),
        pytest.param(("--cache-hit", "1.5"), "--cache-hit 1.5", id="no share"),
        pytest.param(("--thinking-tokens", "-1"), "--thinking-tokens -1", id="less than nothing"),
        pytest.param(("--input-tokens", "0"), "--input-tokens 0", id="no input"),
        pytest.param(("--at", "yesterday"), "'yesterday' is not an instant", id="no instant"),
        pytest.param(("--from-logs", "2026-13"), "--from-logs '2026-13' is not a month", id="no month"),
        pytest.param(("--from-logs", "2020-01"), "--from-logs 2020-01: the log holds no request", id="no log"),
        pytest.param(("--from-logs", "2020-01", "--cache-hit", "0"), "both say how long", id="a log and lengths"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_a_hint(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(R1PlanError, match=said) as error:
        compare(*arguments)
    assert error.value.exit_code == 2
    assert error.value.message.endswith(".")
    assert error.value.hint


def test_a_model_that_is_known_and_not_sold_is_told_apart_from_an_unknown_one() -> None:
    with pytest.raises(R1PlanError, match="nobody sells DeepSeek-R1-Zero then"):
        compare(*AT, "--like", "r1-zero")


def test_where_nobody_verified_sells_a_model_the_first_sentence_says_that() -> None:
    assert compare(*AT, "--like", "8b", columns=200).startswith("That anyone still sells 8b was not verified; ")


def test_a_log_is_a_workload(home: Path) -> None:
    path = home / "data" / "logs" / f"{MONTH}.jsonl"
    path.parent.mkdir(parents=True)
    write_sample(path)
    fields = document(*AT, "--from-logs", MONTH)
    assert fields["workload"]["basis"] == fields["workload"]["hours"]["basis"] == "logged"
    logged = fields["workload"]["from_logs"]
    assert fields["workload"]["requests_per_day"] == pytest.approx(logged["requests"] / 30)
    assert logged["not_counted"]["failed"] > 0
    assert {each["hours"]["basis"] for each in fields["offers"] if each["hours"]} == {"logged"}
    assert {each["priced_share"] for each in fields["offers"]} <= {0.0, 1.0}  # 64 kinds of requests add up to all
    shown = compare(*AT, "--from-logs", MONTH)
    assert not [words for words in ("priced until then", "of the month") if words in shown]
    assert f"by the log of {MONTH}" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 120


def test_prices_of_a_day_before_anybody_looked_are_marked() -> None:
    shown = compare("--at", "2025-01-20", columns=300)
    rows = [line for line in shown.splitlines() if line.startswith("R1 ") and "cheapest" not in line]
    assert rows
    assert sum("start not verified" in line for line in rows) > len(rows) / 2


@pytest.mark.parametrize(("day", "sold"), [("2020-01-01", False), ("2025-01-19", False), ("2025-01-20", True)])
def test_nobody_sells_r1_before_its_first_day(day: str, sold: bool) -> None:
    rows = [line for line in compare("--at", day, columns=300).splitlines() if line.startswith("R1  ")]
    assert bool(rows) is sold
