"""`r1plan recommend` where a month is asked about: the first sentence, the frontier, and what cannot be meant."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from r1plan.cli import build
from r1plan.errors import NothingFits, R1PlanError
from r1plan.report.sample import MONTH, write_sample

MACHINE = ("--gpu", "rtx-4090", "--ram", "64")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `recommend` prints for some words, as one line."""
    monkeypatch.setenv("COLUMNS", "200")

    def of(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            build().main(["recommend", *MACHINE, *words], prog_name="r1plan")
        assert ended.value.code == 0
        return " ".join(capsys.readouterr().out.split())

    return of


def test_the_first_sentence_says_whom_one_machine_serves_and_how_many_are_needed(said: Any) -> None:
    first = said("--requests-per-day", "10k").split(" r1plan chat")[0]
    assert " a day, and your 10,000 need " in first
    month = first.partition(" such machines, $")[2]
    assert " a month of electricity; it cuts off 6.2 % of the answers; DeepSeek's deepseek-flash would cost $" in month


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        build().main(["recommend", *MACHINE, "--requests-per-day", "5000", "--explain"], prog_name="r1plan")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    answered = next(number for number, line in enumerate(lines, 1) if line.endswith("."))
    assert answered <= 4
    assert "Ways to do the month's work that nothing beats" in lines


def test_a_month_that_one_machine_serves_has_a_bill_and_a_place_among_the_other_ways(said: Any) -> None:
    fields = json.loads(said("--requests-per-day", "20", "--purchase", "$2500", "--years", "3", "--json"))
    choice = fields["choice"]
    assert choice["capacity"]["machines_needed"] == 1
    assert (choice["cost"]["kind"], Decimal(choice["cost"]["usd_per_month"]) > Decimal(2500) / 36) == ("bought", True)
    assert Decimal(choice["answer"]["usd"]["p50"]) <= Decimal(choice["answer"]["usd"]["p90"])
    by_id = {each["id"]: each for each in fields["frontier"]}
    assert {"api", "rented", "bought"} <= {each["kind"] for each in fields["frontier"]}
    assert by_id[choice["id"]]["usd_per_month"] == choice["cost"]["usd_per_month"]
    for each in fields["frontier"]:
        if each["dominated_by"] is None or each["reason"] is not None:
            continue
        by = by_id[each["dominated_by"]]
        assert by["dominated_by"] is None
        assert by["quality"]["value"] >= each["quality"]["value"]
        assert by["seconds"] <= each["seconds"]
        assert Decimal(by["usd_per_month"]) <= Decimal(each["usd_per_month"])
    rows = fields["break_even"]["sensitivity"]
    assert {"cache share", "thinking length", "api price", "electricity", "purchase"} <= {row["what"] for row in rows}


def test_no_cost_is_shown_for_a_month_that_one_machine_does_not_serve(said: Any) -> None:
    fields = json.loads(said("--requests-per-day", "10000", "--gpu-hour", "0.40", "--json"))
    cost, capacity = fields["choice"]["cost"], fields["choice"]["capacity"]
    assert capacity["machines_needed"] > 1
    assert cost["usd_per_month"] is None
    rent = Decimal("0.40") * capacity["machines_needed"] * 24 * Decimal("30.44")
    assert Decimal(cost["usd_per_month_of_machines_needed"]) == pytest.approx(rent)


def test_what_nobody_is_served_at_has_no_bill(said: Any) -> None:
    exactly = ("--model", "R1-Distill-Qwen-32B", "--quant", "Q4_K_M")
    shown = said(*exactly, "--requests-per-day", "10", "--slo-tok-s", "5000")
    assert "gives 5,000 tok/s (--slo-tok-s): even alone an answer comes at about " in shown
    assert "$" not in shown.split(" At an API instead")[0]


def test_where_nothing_keeps_what_is_promised_the_nearest_is_named_and_no_price(said: Any) -> None:
    with pytest.raises(NothingFits, match=r"nothing fits: the fastest, .*, makes about .* tok/s, slower than 5,000"):
        said("--requests-per-day", "10", "--slo-tok-s", "5000")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param("--requests-per-day 0", "--requests-per-day 0: expected a number above zero.", id="no requests"),
        pytest.param("--requests-per-day 1e12", "--requests-per-day 1e+12: expected at most", id="too many"),
        pytest.param("--slo-ttft -1", "--slo-ttft -1: expected a number above zero.", id="no time"),
        pytest.param("--slo-tok-s inf", "--slo-tok-s inf: expected a number above zero.", id="no speed"),
        pytest.param("--users 0", "--users 0: expected a number above zero.", id="nobody"),
        pytest.param("--patience nan", "--patience nan: expected a number above zero.", id="no patience"),
        pytest.param("--power-price -1", "--power-price -1: expected zero or more.", id="price below zero"),
        pytest.param("--gpu-hour -1", "--gpu-hour -1: expected a number above zero.", id="rent below zero"),
        pytest.param("--gpu-hour 15CNY", "--gpu-hour 15CNY: prices of a machine are in US dollars.", id="yuan"),
        pytest.param(
            "--purchase \u20ac2500 --years 3", "--purchase \u20ac2500: prices of a machine are in US", id="euros"
        ),
        pytest.param("--purchase 2500", "--purchase 2500 without --years", id="for how long"),
        pytest.param("--years 3", "--years 3 without --purchase", id="of what"),
        pytest.param("--purchase 2500 --years 0", "--years 0: expected a number above zero.", id="no time to use it"),
        pytest.param("--purchase 1 --years 1 --gpu-hour 1", "a machine is rented or bought.", id="rented and bought"),
        pytest.param("--from-logs 2026-13", "--from-logs '2026-13' is not a month.", id="no month"),
        pytest.param("--from-logs 2026-10", "the log holds no request of that month", id="no log"),
        pytest.param("--from-logs 2026-10 --input-tokens 9", "--input-tokens both say how long", id="two lengths"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_a_hint(words: str, says: str) -> None:
    with pytest.raises(R1PlanError) as error:
        build().main(["recommend", *MACHINE, *words.split()], prog_name="r1plan")
    assert says in error.value.message
    assert error.value.hint


def test_what_is_said_of_an_hour_of_a_card_holds_of_all_that_are_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--gpu h200-sxm-141gb --engine vllm --model R1-Distill-Qwen-32B --gpu-hour 3 --requests-per-day 5 --json"
    with pytest.raises(SystemExit):
        build().main(["recommend", *words.split()], prog_name="r1plan")
    rented = [each for each in json.loads(capsys.readouterr().out)["frontier"] if each["kind"] == "rented"]
    hours = {
        card: Decimal(each["usd_per_month"]) / (24 * Decimal("30.44") * len(each["cards"]) * each["machines"])
        for each in rented
        for card in each["cards"]
        if each["usd_per_month"] is not None
    }
    alike = {float(usd) for card, usd in hours.items() if "H200" in card}
    assert alike == {3.0}
    assert any("H100" in card and usd != 3 for card, usd in hours.items())


def test_an_account_in_yuan_is_told_that_dollars_are_shown_and_an_unknown_currency_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("R1PLAN_DEEPSEEK_CURRENCY", "CNY")
    with pytest.raises(SystemExit):
        build().main(["recommend", *MACHINE], prog_name="r1plan")
    assert "R1PLAN_DEEPSEEK_CURRENCY=CNY: what deepseek costs is taken from its list in dollars" in (
        " ".join(capsys.readouterr().err.split())
    )
    monkeypatch.setenv("R1PLAN_DEEPSEEK_CURRENCY", "EUR")
    with pytest.raises(R1PlanError, match="unknown currency 'EUR'"):
        build().main(["recommend", *MACHINE], prog_name="r1plan")


def test_who_cannot_do_the_work_is_not_sold_and_who_cuts_answers_off_says_so(said: Any) -> None:
    assert "$14.20 for Novita AI's deepseek-r1-turbo;" in said()
    shown = said("--requests-per-day", "5")
    assert "$14.20 for Novita AI's deepseek-r1-turbo, $2.16 a month (cuts off 6 % of the answers)" in shown
    fields = json.loads(said("--thinking-tokens", "60000", "--json"))
    assert [each["model"] for each in fields["api"]] == ["deepseek-flash"]
    assert fields["api"][0]["cut_off_share"] < 0.5


def test_what_a_log_says_stands_behind_the_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home / "data" / "logs" / f"{MONTH}.jsonl"
    path.parent.mkdir(parents=True)
    write_sample(path)
    both = StringIO()
    monkeypatch.setattr("sys.stdout", both)
    monkeypatch.setattr("sys.stderr", both)
    with pytest.raises(SystemExit):
        build().main(["recommend", *MACHINE, "--from-logs", MONTH], prog_name="r1plan")
    text = both.getvalue()
    assert text.index("Run ") < text.index(f"by the log of {MONTH}")
