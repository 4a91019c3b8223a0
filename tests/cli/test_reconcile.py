"""`r1plan cost-report LOG --reconcile EXPORT` as a person, and a cron job, run it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.cli.spend.options import SpendOptions
from r1plan.cli.spend.reconcile import asked_bills
from r1plan.errors import UsageError
from r1plan.prices.book import PriceBook
from r1plan.report.period import Period
from r1plan.report.reconcile.sides import TokenPrices
from tests.cli.test_cost_report import run
from tests.report.reconcile.made import EPOCH, billed, requests
from tests.report.reconcile.written import Dialect, deepseek_zip

SOME = requests(61, "peaks")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "log.jsonl"
    file.write_text("".join(each.to_line() for each in SOME))
    return file


def test_a_bill_that_the_log_agrees_with_is_said_first_and_is_exit_0(tmp_path: Path, log: Path) -> None:
    done = run(log, "--reconcile", deepseek_zip(tmp_path / "usage.zip", billed(SOME), Dialect(decimals=2)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("DeepSeek billed $")
    assert "all tokens match" in done.stdout.splitlines()[0]


def test_without_a_month_the_programs_own_logs_are_held_against_the_days_of_the_bill(
    tmp_path: Path, home: Path
) -> None:
    logs = home / "data" / "logs"
    logs.mkdir(parents=True)
    (logs / "2026-09.jsonl").write_text("".join(each.to_line() for each in SOME))
    done = run("--reconcile", deepseek_zip(tmp_path / "usage.zip", billed(SOME)))
    assert done.returncode == 0
    assert "your log says the same" in done.stdout.splitlines()[0]


def test_a_request_that_the_log_lacks_is_named_with_its_dollars_and_is_exit_1(tmp_path: Path, log: Path) -> None:
    export = deepseek_zip(tmp_path / "usage.zip", billed(SOME))
    gone = billed(SOME)[17]
    log.write_text("".join(each.to_line() for each in SOME if each.id != gone.id))
    done = run(log, "--reconcile", export, "--json", "--tolerance", str(gone.usd() - Decimal("0.000000001")))
    found = json.loads(done.stdout)["reconcile"]
    assert done.returncode == 1
    assert found["within_tolerance"] is False
    assert Decimal(found["difference_usd"]) == gone.usd()
    (bill,) = found["bills"]
    (line,) = bill["lines"]
    assert (line["cause"], line["requests"], Decimal(line["usd"])) == ("missing", 1, gone.usd())


def test_every_form_says_what_the_bill_says(tmp_path: Path, log: Path) -> None:
    export = deepseek_zip(tmp_path / "usage.zip", billed(SOME))
    answer = run(log, "--reconcile", export, "--format", "csv").stderr
    assert answer.startswith("DeepSeek billed $")
    assert answer.rstrip("\n") in unescape(run(log, "--reconcile", export, "--format", "html").stdout)
    metrics = run(log, "--reconcile", export, "--format", "prom").stdout.splitlines()
    found = dict(line.rsplit(" ", 1) for line in metrics if line.startswith("r1plan_reconcile_"))
    labels = '{provider="deepseek",source="deepseek"}'
    assert found[f"r1plan_reconcile_within_tolerance{labels}"] == "1"
    assert found[f"r1plan_reconcile_difference_usd{labels}"] == "0"
    assert Decimal(found[f"r1plan_reconcile_billed_usd{labels}"]) == sum(
        (each.usd() for each in billed(SOME)), Decimal(0)
    )


def test_a_bill_in_yuan_makes_the_report_one_in_yuan(tmp_path: Path, log: Path) -> None:
    book = PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})
    bill = []
    for each, request in zip(billed(SOME), SOME, strict=True):
        price = book.price_at("deepseek", each.model, request.ended_at or EPOCH)
        assert price is not None
        of = price.per_token
        bill.append(replace(each, rates=TokenPrices(of.miss, of.hit, of.output)))
    export = deepseek_zip(tmp_path / "usage.zip", bill, Dialect(currency="CNY"))
    done = run(log, "--reconcile", export, "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert (document["currency"], document["reconcile"]["within_tolerance"]) == ("CNY", True)
    assert Decimal(document["reconcile"]["billed_cny"]) == sum((each.usd() for each in bill), Decimal(0))
    assert document["reconcile"]["billed_usd"] is None


def test_what_is_no_bill_and_a_tolerance_of_nothing_are_errors(tmp_path: Path, log: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    done = run(log, "--reconcile", other)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no bill in what --reconcile is given: ")
    with pytest.raises(UsageError, match="--tolerance says how far"):
        asked_bills(SpendOptions(period=Period(), now=EPOCH, tolerance_usd=Decimal(1)), PriceBook({}))
