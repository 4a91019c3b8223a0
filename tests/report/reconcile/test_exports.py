"""Providers' exports become the bill that they tell, however they are written."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.cli.spend.sellers import sellers_by_name
from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.reconcile.against import ReconcileQuestion
from r1plan.report.reconcile.bills.exports import read_exports
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.reconcile.sides import DAY_US, Bill, TokenPrices
from tests.report.reconcile.made import BOOK, KINDS, MONTHS, Billed, billed, requests, us
from tests.report.reconcile.written import Dialect, activity_csv, activity_json, amount_rows, deepseek_zip


def bill_in(*files: Path) -> Bill:
    (bill,) = read_exports([str(file) for file in files], BOOK, sellers_by_name).bills
    return bill


def held_against(folder: Path, some: list[UsageEntry], *files: Path) -> Reconciliation:
    log = folder / "log.jsonl"
    log.write_text("".join(each.to_line() for each in some))
    question = ReconcileQuestion(bills=(bill_in(*files),), tolerance_usd=Decimal(0))
    (found,) = spend_report(SpendQuestion([log], Period(), (), BOOK, reconcile=question)).reconcile
    return found


DIALECTS: Mapping[str, Dialect] = {
    "as it is now": Dialect(),
    "BOM, CRLF, days without dashes": Dialect(bom=True, newline="\r\n", dashes=False),
    "days of another time zone": Dialect(offset="+08:00"),
    "costs in cents, some granted": Dialect(decimals=2, granted=Decimal("0.02")),
    "amounts alone": Dialect(with_cost=False),
}


@pytest.mark.parametrize("place", range(len(DIALECTS)), ids=DIALECTS)
def test_a_true_export_of_deepseek_matches_however_it_is_written(tmp_path: Path, place: int) -> None:
    how, month = list(DIALECTS.values())[place], sorted(MONTHS)[place % 3]
    some = requests(51, month)
    found = held_against(tmp_path, some, deepseek_zip(tmp_path / "usage_data_2025_6.zip", billed(some), how))
    assert found.outcome == "compared"
    assert {line.cause for line in found.lines} <= {"rounding"}
    assert found.is_within_tolerance
    assert (found.granted_usd or 0) > 0 if how.granted else found.granted_usd is None
    if how.decimals is None:
        assert found.billed_usd == sum((each.usd() for each in billed(some)), Decimal(0))


@pytest.mark.parametrize("is_late_first", [True, False])
def test_a_day_that_two_exports_tell_counts_once_as_the_later_one_tells_it(tmp_path: Path, is_late_first: bool) -> None:
    some = billed(requests(52))
    noon_us = us(MONTHS["nights"][0]) + 3 * DAY_US + DAY_US // 2
    early = deepseek_zip(tmp_path / "early.zip", [each for each in some if each.at_us < noon_us])
    from_us = noon_us - DAY_US // 2 - DAY_US
    late = deepseek_zip(tmp_path / "late.zip", [each for each in some if each.at_us >= from_us])
    bill = bill_in(*((late, early) if is_late_first else (early, late)))
    told: dict[str, int] = dict.fromkeys([str(item) for item in ("requests", *KINDS)], 0)
    for line in bill.lines:
        if line.item in told:
            told[line.item] += line.amount or 0
    tokens = {kind: sum(each.tokens(kind) for each in some) for kind in KINDS}
    assert told.pop("requests") == len(some)
    assert told == tokens


def test_older_exports_with_sums_count_each_token_once(tmp_path: Path) -> None:
    sums = ["input_tokens,0.00000027,100", "total_token,,150"]
    parts = ["input_cache_miss_tokens,0.00000027,70", "input_cache_hit_tokens,0.00000007,30"]
    models = {
        "beside": [*parts, *sums, "output_tokens,0.0000011,50"],
        "with hits": [parts[1], *sums, "output_tokens,0.0000011,50"],
        "alone": sums,
    }
    rows = ["user_id,utc_date,model,api_key_name,api_key,type,price,amount"]
    rows += [f"u,2025-06-02,{model},main,sk,{row}" for model, lines in models.items() for row in lines]
    file = tmp_path / "amount.csv"
    file.write_text("\n".join(rows))
    told: dict[str, dict[str, int | None]] = {}
    for line in bill_in(file).lines:
        told.setdefault(line.model, {})[line.item] = line.amount
    split = {"input_miss": 70, "cache_hit": 30, "output": 50}
    assert told == {"beside": split, "with hits": split, "alone": {"input": 100, "output": 50}}


def test_an_account_in_yuan_says_so_and_its_prices_are_those_of_the_bill(tmp_path: Path) -> None:
    some = [
        replace(each, rates=TokenPrices(Decimal("0.000002"), Decimal(0), Decimal("0.000003")))
        for each in billed(requests(53))
    ]
    bill = bill_in(deepseek_zip(tmp_path / "cny.zip", some, Dialect(currency="CNY")))
    assert bill.currency == "CNY"
    assert {line.price for line in bill.lines if line.item == "output"} == {Decimal("0.000003")}


def test_openrouters_activity_matches_and_tells_what_it_lacks(tmp_path: Path) -> None:
    some, bill = routed(54)
    found = held_against(tmp_path, some, activity_json(tmp_path / "activity.json", bill))
    assert {line.cause for line in found.lines} <= {"rounding"}
    gone = bill[40]
    rest = [each for each in bill if each is not gone]
    less = held_against(tmp_path, some, activity_csv(tmp_path / "activity.csv", rest))
    assert [(line.cause, line.requests) for line in less.lines if line.cause != "rounding"] == [("extra", -1)]
    assert less.off_usd == gone.usd()


def routed(seed: int) -> tuple[list[UsageEntry], list[Billed]]:
    """Requests to OpenRouter, and what it bills for them."""
    model = "deepseek/deepseek-r1"
    some = [replace(each, provider="openrouter", model_requested=model) for each in requests(seed, "peaks")]
    price = BOOK.price_at("openrouter", model, MONTHS["peaks"][0])
    assert price is not None
    rates = TokenPrices(price.per_token.miss, price.per_token.hit, price.per_token.output)
    flash = [replace(each, model_requested="deepseek-flash") for each in some]
    return some, [replace(each, model=model, rates=rates) for each in billed(flash)]


def test_bills_in_rows_of_our_own_are_a_bill(tmp_path: Path) -> None:
    some = requests(55, "one price")
    told = [replace(each, reported_usd=bill.usd()) for each, bill in zip(some, billed(some), strict=True)]
    export = tmp_path / "export.jsonl"
    export.write_text("".join(each.to_line() for each in told))
    assert held_against(tmp_path, some, export).lines == ()
    told[7] = replace(told[7], reported_usd=billed(some)[7].usd() + 1)
    export.write_text("".join(each.to_line() for each in told))
    found = held_against(tmp_path, some, export)
    (line,) = found.lines
    assert line.cause == "price"
    assert line.usd == 1


def test_an_export_agrees_with_itself_as_a_log(tmp_path: Path) -> None:
    export = deepseek_zip(tmp_path / "usage.zip", billed(requests(58)))
    question = ReconcileQuestion(bills=(bill_in(export),), tolerance_usd=Decimal(0))
    report = spend_report(SpendQuestion([export], Period(), (), BOOK, reconcile=question, sellers=sellers_by_name))
    (found,) = report.reconcile
    assert found.lines == ()
    assert found.billed_usd == report.totals.cost_usd


def test_the_days_in_a_files_name_are_covered_although_it_has_no_line_of_them(tmp_path: Path) -> None:
    some = requests(56)
    start = MONTHS["nights"][0]
    before = replace(some[0], id="before", started_at=start - timedelta(hours=9), ended_at=start - timedelta(hours=8))
    name = "usage_data_2025-06-01_2025-06-30.zip"
    found = held_against(tmp_path, [before, *some], deepseek_zip(tmp_path / name, billed(some)))
    assert [(line.cause, line.day) for line in found.lines] == [("extra", "2025-06-01")]
    assert found.until == datetime.fromisoformat("2025-07-01T00:00:00+00:00")


def test_what_cannot_be_read_of_an_export_is_told(tmp_path: Path) -> None:
    rows = amount_rows(billed(requests(57)), Dialect())
    rows[3][1] = "someday"
    file = tmp_path / "usage.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("amount.csv", "\n".join(",".join(row) for row in rows))
        archive.writestr("readme.csv", "a,b\n1,2\n")
    read = read_exports([str(file)], BOOK, sellers_by_name)
    assert [each.file for each in read.warnings if each.kind == "unreadable_file"] == [f"{file}/readme.csv"]
    assert dict(read.bills[0].left_out) == {"unreadable_line": 1}
    with pytest.raises(LogError, match="does not exist"):
        read_exports([str(tmp_path / "nothing.zip")], BOOK, sellers_by_name)
