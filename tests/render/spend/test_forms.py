"""The forms for programs: each holds what the report holds, to the last digit."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from r1plan.errors import UsageError
from r1plan.money import exact
from r1plan.render.spend.exports.focus import COLUMNS
from r1plan.render.spend.formats import Format, chosen_format, refuse_what_if, spend_bytes, spend_text
from r1plan.report.pace.budget import BudgetUse
from r1plan.report.pace.forecast import SpendPace
from r1plan.report.period import Period
from r1plan.report.spend import Group, SpendReport, Totals
from tests.render.spend.sample import sample_report


@pytest.mark.parametrize(
    ("asked", "file", "form"),
    [
        (None, None, "table"),
        (None, "a.txt", "table"),
        (None, "a", "table"),
        (None, "a.HTML", "html"),
        (None, "a.htm", "html"),
        (None, "a.json", "json"),
        (None, "a.csv", "csv"),
        (None, "a.focus.csv", "focus"),
        (None, "focus.csv", "csv"),
        (None, "a.md", "md"),
        (None, "a.parquet", "parquet"),
        (None, "a.prom", "prom"),
        ("focus", "a.csv", "focus"),
        ("json", "a.txt", "json"),
        ("prom", None, "prom"),
        ("csv", "a.csv", "csv"),
    ],
)
def test_the_form_is_that_of_the_files_name(asked: Format | None, file: str | None, form: Format) -> None:
    assert chosen_format(asked, None if file is None else Path(file)) == form


@pytest.mark.parametrize("file", ["r.xlsx", "r.json.gz", "r.tsv", "logs.db"])
def test_a_file_whose_name_says_no_format_is_refused(file: str) -> None:
    with pytest.raises(UsageError, match=re.escape(file)) as error:
        chosen_format(None, Path(file))
    assert ".parquet" in str(error.value.hint)
    assert chosen_format("table", Path(file)) == "table"


def test_a_contradiction_names_the_option_that_was_typed() -> None:
    with pytest.raises(UsageError, match="--json") as error:
        chosen_format("json", Path("y.csv"), by_json=True)
    assert "leave out --json" in str(error.value.hint)


@pytest.mark.parametrize(("asked", "file"), [("json", "a.csv"), ("csv", "a.focus.csv"), ("table", "a.html")])
def test_a_name_of_another_form_is_an_error(asked: Format, file: str) -> None:
    with pytest.raises(UsageError, match=f"--format {asked} and the name of '{file}' contradict"):
        chosen_format(asked, Path(file))


@pytest.mark.parametrize("by", ["", "provider,model", "tag:task,status"])
def test_parquet_holds_what_csv_holds_with_types(by: str, tmp_path: Path) -> None:
    report = sample_report(by=by)
    file = tmp_path / "report.parquet"
    file.write_bytes(spend_bytes(report))
    found = duckdb.connect().execute("SELECT * FROM read_parquet($file)", {"file": str(file)})
    kinds = {column[0]: str(column[1]) for column in found.description or ()}
    lines = list(csv.reader(io.StringIO(spend_text(report, "csv", 80))))
    assert list(kinds) == lines[0]
    assert (kinds["requests"], kinds["cost_usd"]) == ("BIGINT", "DECIMAL(38,15)")
    rows = found.fetchall()
    assert len(rows) == len(lines) - 1
    for row, line in zip(rows, lines[1:], strict=True):
        for value, cell in zip(row, line, strict=True):
            assert value is None if cell == "" else value == (cell if isinstance(value, str) else Decimal(cell))
    assert spend_bytes(report) == spend_bytes(report)


def test_the_charges_of_focus_add_up_to_the_report() -> None:
    report = sample_report("charges")
    rows = list(csv.DictReader(io.StringIO(spend_text(report, "focus", 80))))
    assert tuple(rows[0]) == COLUMNS
    assert sum(Decimal(row["BilledCost"]) for row in rows if row["BilledCost"]) == report.totals.cost_usd
    thinking = sum(Decimal(row["BilledCost"]) for row in rows if row["x_UsageKind"] == "thinking")
    assert thinking == report.totals.thinking_usd
    # What has no known price has none here, and not one of 0.
    unknown = [row for row in rows if not row["BilledCost"]]
    assert {row["x_UsageKind"] for row in unknown} == {"uncertain", "unpriced", "uncosted"}
    assert sum(Decimal(row["PricingQuantity"]) for row in unknown if row["x_UsageKind"] == "unpriced") == 15
    bounds = (sum(Decimal(row[name]) for row in unknown if row[name]) for name in ("x_CostLow", "x_CostHigh"))
    assert tuple(bounds) == (report.totals.uncertain_low_usd, report.totals.uncertain_high_usd)


# The columns that FOCUS 1.2 calls mandatory, and those of them that may be null (specification v1.2, columns/).
MANDATORY = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity"),
    *("PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
)
NULLABLE = {"BillingAccountName", "ChargeClass"}
COSTS = {"BilledCost", "ContractedCost", "EffectiveCost", "ListCost"}


def test_the_charges_keep_the_rules_of_focus() -> None:
    rows = list(
        csv.DictReader(io.StringIO(spend_text(sample_report("charges", timezone="Asia/Shanghai"), "focus", 80)))
    )
    parents: dict[str, str] = {}
    for row in rows:
        is_unknown = row["x_UsageKind"] in ("uncertain", "unpriced", "uncosted")
        assert {name for name in MANDATORY if name not in NULLABLE and not row[name]} == (
            COSTS if is_unknown else set()
        )
        for name in ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd"):
            assert re.fullmatch(r"2025-(08|09)-[0-9]{2}T16:00:00Z", row[name])
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
        assert is_unknown or Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"]) == Decimal(row["ListCost"])
        assert all(isinstance(value, str) for value in json.loads(row["Tags"]).values())
        assert not re.search("[eE+]", row["BilledCost"] + row["ListUnitPrice"])
        assert parents.setdefault(row["SkuPriceId"], row["SkuId"]) == row["SkuId"]


SAMPLE = re.compile(r'r1plan_[a-z_]+(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\\\|\\"|\\n|[^"\\\n])*",?)+\})? -?[0-9]+(\.[0-9]+)?')


def samples(text: str) -> dict[str, str]:
    """The samples of a metrics text, which must keep the format: HELP and TYPE before each family, no name twice."""
    assert text.endswith("\n")
    found: dict[str, str] = {}
    families: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            families.append(line.split(" ")[2])
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {families[-1]} gauge"
        else:
            assert SAMPLE.fullmatch(line), line
            series, _, value = line.rpartition(" ")
            assert series.partition("{")[0] == families[-1]
            assert series not in found
            found[series] = value
    assert len(set(families)) == len(families)
    return found


def test_metrics_hold_the_sums_of_the_groups() -> None:
    report = sample_report()
    found = samples(spend_text(report, "prom", 80))
    costs = [Decimal(value) for name, value in found.items() if name.startswith("r1plan_cost_usd{")]
    assert sum(costs) == report.totals.cost_usd
    assert not any("openrouter" in name for name in found if name.startswith("r1plan_cost_usd{"))
    assert found["r1plan_period_start_timestamp_seconds"] == str(int(datetime(2025, 9, 1, tzinfo=UTC).timestamp()))


def test_metrics_hold_the_budget_and_what_a_running_period_comes_to() -> None:
    at = datetime(2026, 11, 10, tzinfo=UTC)
    pace = SpendPace(
        now=at, spent_usd=Decimal(3), days=9, days_left=20.0, per_day_usd=Decimal("0.3"), expected_usd=Decimal("9.5"),
        low_usd=Decimal(8), high_usd=Decimal(12),
    )  # fmt: skip
    budget = BudgetUse(
        budget_usd=Decimal("10.50"), spent_usd=Decimal(3), at_least_usd=Decimal(3), at_most_usd=Decimal(3)
    )
    report = replace(sample_report(), budget=budget, pace=pace)
    found = samples(spend_text(report, "prom", 80))
    assert (found["r1plan_budget_usd"], found["r1plan_expected_usd"]) == ("10.5", "9.5")
    assert (found["r1plan_expected_low_usd"], found["r1plan_expected_high_usd"]) == ("8", "12")
    assert "r1plan_budget_usd" not in samples(spend_text(sample_report(), "prom", 80))


WORLDS = ("off-peak", "google/gemini-2.5-pro", "novita/deepseek-r1-0528")


def test_metrics_hold_the_other_worlds_and_no_sample_of_what_is_unknown() -> None:
    report = sample_report(worlds=WORLDS)
    found = samples(spend_text(report, "prom", 80))
    for each in report.what_if:
        labels = f'{{world="{each.target}",asked="{each.asked}"}}'
        for name, value in (("usd", each.cost_usd), ("high_usd", each.high_usd), ("saving_usd", each.saving_usd)):
            assert found.get(f"r1plan_what_if_{name}{labels}") == (None if value is None else exact(value))
        assert found[f"r1plan_what_if_immovable_requests{labels}"] == str(each.immovable_requests)


@pytest.mark.parametrize("form", ["csv", "parquet", "focus"])
def test_a_form_without_a_place_for_other_worlds_refuses_them(form: Format) -> None:
    with pytest.raises(UsageError, match=f"--format {form} has no place") as error:
        refuse_what_if(form)
    assert error.value.hint == "add --format table, json, md, html or prom, or leave --what-if out"


@pytest.mark.parametrize("form", ["table", "json", "md", "prom"])
def test_every_other_form_holds_them(form: Format) -> None:
    refuse_what_if(form)
    text = spend_text(sample_report(worlds=WORLDS), form, 200)
    assert "novita/deepseek/deepseek-r1-0528" in text


def test_prometheus_own_parser_reads_every_sample_and_label_as_it_was_meant() -> None:
    parser = pytest.importorskip("prometheus_client.parser", reason="pip install prometheus-client")
    report = sample_report(by="provider,tag:task", worlds=("off-peak", "novita/deepseek-r1-0528"))
    values = ['a"b', "a\\b", "{}=,", "é", "a,b}"]
    hostile = tuple(
        Group({"provider": value, "tag:task": None}, Totals(requests=number)) for number, value in enumerate(values)
    )
    text = spend_text(replace(report, groups=(*report.groups, *hostile)), "prom", 80)
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert {family.type for family in families.values()} == {"gauge"}
    assert all(family.documentation for family in families.values())
    assert sum(len(family.samples) for family in families.values()) == len(samples(text))
    read = {each.labels["provider"]: each.value for each in families["r1plan_requests"].samples}
    assert [read[value] for value in values] == [0, 1, 2, 3, 4]
    worlds = {each.labels["world"] for each in families["r1plan_what_if_usd"].samples}
    assert worlds == {"off-peak", "novita/deepseek/deepseek-r1-0528"}


def test_metrics_without_groups_have_no_labels() -> None:
    found = samples(spend_text(sample_report(by=""), "prom", 80))
    assert Decimal(found["r1plan_cost_usd"]) == sample_report().totals.cost_usd


def test_hostile_names_are_labels_and_no_two_are_the_same() -> None:
    values = ['a"b', "a\\b", "a\nb", "a b", "", None, "(empty)", "a\x1b[1mb", "{}=,", "é"]
    groups = tuple(Group({"tag:a-b": value, "tag:a_b": "x"}, Totals(requests=1)) for value in values)
    report = SpendReport(period=Period(), by=("tag:a-b", "tag:a_b"), totals=Totals(requests=10), groups=groups)
    found = samples(spend_text(report, "prom", 80))
    assert sum(name.startswith("r1plan_requests") for name in found) == len(values)
    assert 'r1plan_requests{tag_a_b="a\\"b",tag_a_b_2="x"}' in found


def test_what_is_not_known_has_no_sample() -> None:
    report = SpendReport(period=Period(), by=(), totals=Totals(requests=1, cost_usd=None, unpriced_requests=1))
    found = samples(spend_text(report, "prom", 80))
    assert "r1plan_cost_usd" not in found
    assert found["r1plan_unpriced_requests"] == "1"


@pytest.mark.parametrize("form", ["csv", "focus", "prom", "md"])
def test_the_same_report_is_the_same_bytes(form: Format) -> None:
    report = sample_report("charges")
    assert spend_text(report, form, 80) == spend_text(report, form, 80)
