"""What the options of `r1plan chat` say, or that they cannot be meant."""

from __future__ import annotations

from decimal import Decimal

import pytest

from r1plan.ask.question import Wanted
from r1plan.cli.options.asking import (
    check_route,
    check_text,
    parse_base_url,
    parse_by,
    parse_labels,
    parse_max_cost,
    parse_usd_per_kwh,
)
from r1plan.errors import UsageError


def test_labels_are_a_project_and_tags() -> None:
    labels = parse_labels("p", ["team=search", "ticket=A=1"])
    assert (labels.project, labels.tags) == ("p", {"team": "search", "ticket": "A=1"})


@pytest.mark.parametrize("project", ["", " ", "\u200b", "\ufeff\t"])
def test_a_project_has_a_name(project: str) -> None:
    with pytest.raises(UsageError, match="is no name"):
        parse_labels(project, [])


def test_an_address_is_given_without_the_user_and_password_that_are_its_key() -> None:
    address, key = parse_base_url("http://me:hunter2@h/v1")
    assert (address, "hunter2" in repr(key), parse_base_url(None)) == ("http://h/v1", False, (None, None))
    assert key is not None
    assert parse_base_url("http://h/v1") == ("http://h/v1", None)


@pytest.mark.parametrize("tag", ["team", "=search", ""])
def test_a_tag_has_a_name_and_a_value(tag: str) -> None:
    with pytest.raises(UsageError, match="is not K=V"):
        parse_labels(None, [tag])


@pytest.mark.parametrize(("text", "usd"), [(None, None), ("0.05", "0.05"), ("$2", "2")])
def test_a_limit_is_dollars(text: str | None, usd: str | None) -> None:
    assert parse_max_cost(text) == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize("text", ["-1", "cheap", "nan", "inf"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not an amount"):
        parse_max_cost(text)


@pytest.mark.parametrize("text", ["0", "0.00", "$0"])
def test_a_limit_of_nothing_is_called_too_little_and_not_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match="expected more than zero"):
        parse_max_cost(text)


@pytest.mark.parametrize(("text", "usd"), [(None, None), ("0", "0"), ("0.30", "0.30"), ("999.99", "999.99")])
def test_electricity_has_a_price_of_a_kwh(text: str | None, usd: str | None) -> None:
    assert parse_usd_per_kwh(text) == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize("text", ["1000", "-0.1", "x"])
def test_what_no_kwh_costs_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a price of electricity"):
        parse_usd_per_kwh(text)


def test_without_by_nothing_waits() -> None:
    assert parse_by(None) is None


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(model="deepseek/deepseek-flash"),
        Wanted(route="cheapest"),
        Wanted(route="cheapest", model="R1-Tiny"),
        Wanted(route="cheapest", model="x.GGUF"),
        Wanted(route="cheapest", local=True),
    ],
)
def test_a_route_stands_beside_a_model_here(wanted: Wanted) -> None:
    check_route(wanted)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (Wanted(route="cheapest", model="deepseek-flash"), "--model deepseek-flash"),
        (Wanted(route="cheapest", model="hf:owner/repo"), "--model hf:owner/repo"),
        (Wanted(route="cheapest", provider="novita"), "--provider novita"),
        (Wanted(route="cheapest", base_url="http://h"), "--base-url http://h"),
    ],
)
def test_a_route_and_who_is_asked_whatever_it_says_contradict_each_other(wanted: Wanted, named: str) -> None:
    with pytest.raises(UsageError, match=f"--route cheapest chooses who answers, and {named} names who does"):
        check_route(wanted)


def test_text_is_what_can_be_written_as_utf_8() -> None:
    check_text({"--system": "先想 🎉", "--project": None, "the prompt": ""})
    with pytest.raises(UsageError, match=r"--system is not UTF-8 text: 'caf\\udce9'"):
        check_text({"--project": "p", "--system": "caf\udce9"})


@pytest.mark.parametrize(("project", "tags"), [("\udcff", []), ("p", ["a=b", "team=\udcff"])])
def test_labels_are_text(project: str, tags: list[str]) -> None:
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        parse_labels(project, tags)
