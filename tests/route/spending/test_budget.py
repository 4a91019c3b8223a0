"""What counts against a limit, and what is left; in months of UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.budgets import Budgets
from r1plan.errors import OverBudget
from r1plan.ledger.month_sum import MonthSpending, MonthSum, ended_usd, spending
from r1plan.ledger.months import month_of, month_span
from r1plan.ledger.requests import LoggedRequest
from r1plan.prices.cost import EXACT
from r1plan.route.spending.budget import (
    Allowance,
    TooDear,
    allowances_of_month,
    output_room,
    running_usd,
    tightest,
)
from tests.route.providers import FLASH

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def row(id_: str, provider: str = "deepseek", *, ended: bool = True, at: datetime = AT, **values: Any) -> LoggedRequest:
    money: dict[str, Any] = {
        name: None if values.get(name) is None else Decimal(values[name])
        for name in ("cost_usd", "cost_low_usd", "cost_high_usd", "reported_usd", "reserved_usd", "forecast_p90_usd")
    }
    return LoggedRequest(
        id=id_,
        started_at=at,
        ended_at=at if ended else None,
        provider=provider,
        project=values.get("project"),
        status=values.get("status", "ok" if ended else "started"),
        **money,
    )


@pytest.mark.parametrize(
    ("request_", "counts"),
    [
        pytest.param(row("a", cost_usd="0.10", reserved_usd="0.30"), "0.10", id="its cost, when that is known"),
        pytest.param(
            row("a", cost_usd="0.10", cost_low_usd="0.10", cost_high_usd="0.10", forecast_p90_usd="0.30"),
            "0.10",
            id="its cost, when that is certain",
        ),
        pytest.param(row("a", cost_usd="0.10", reported_usd="0.17"), "0.17", id="the provider's bill, if that is more"),
        pytest.param(row("a", cost_usd="0.10", reported_usd="0.07"), "0.10", id="our price, if that is more"),
        pytest.param(row("a", reported_usd="0.07"), "0.07", id="the provider's bill, without a price"),
        pytest.param(
            row("a", cost_usd="0.10", cost_low_usd="0.05", cost_high_usd="2", forecast_p90_usd="0.30"),
            "0.30",
            id="nine in ten such requests, if it is estimated",
        ),
        pytest.param(
            row("a", cost_usd="0.10", cost_low_usd="0.05", cost_high_usd="0.2", forecast_p90_usd="0.30"),
            "0.2",
            id="the most that it can be, if nine in ten are more",
        ),
        pytest.param(
            row("a", cost_usd="0.40", cost_low_usd="0.05", cost_high_usd="2", forecast_p90_usd="0.30"),
            "0.40",
            id="its estimate, if that is more than nine in ten",
        ),
        pytest.param(
            row("a", cost_usd="0.10", cost_low_usd="0.05", cost_high_usd="2"),
            "0.10",
            id="its estimate, where nothing was forecast",
        ),
        pytest.param(
            row("a", status="failed", cost_usd="0", cost_low_usd="0", cost_high_usd="0", reserved_usd="0.30"),
            "0",
            id="nothing, if refused",
        ),
        pytest.param(
            row("a", status="aborted", cost_usd="0.10", cost_low_usd="0.05", cost_high_usd="2", reserved_usd="0.30"),
            "2",
            id="all that it may be billed, if it broke off",
        ),
        pytest.param(
            row("a", status="failed", cost_usd="0.40", cost_low_usd="0.05", reserved_usd="0.30"),
            "0.40",
            id="what it seems to have cost, if it broke off and has no bound",
        ),
        pytest.param(
            row("a", status="failed", cost_low_usd="0.05", reserved_usd="0.30"),
            "0.30",
            id="what was set aside, if it broke off and nothing is known",
        ),
        pytest.param(row("a", reserved_usd="0.30", cost_high_usd="2"), "2", id="ended, and its cost not known"),
        pytest.param(row("a"), None, id="nothing is known"),
    ],
)
def test_what_counts_of_a_request_that_has_ended(request_: LoggedRequest, counts: str | None) -> None:
    assert ended_usd(request_) == (None if counts is None else Decimal(counts))


STALL = timedelta(seconds=120)


@pytest.mark.parametrize(
    ("values", "age", "counts"),
    [
        pytest.param({"reserved_usd": "0.30", "cost_high_usd": "2"}, timedelta(0), "0.30", id="what is set aside"),
        pytest.param({"reserved_usd": "0.30", "cost_high_usd": "2"}, STALL, "0.30", id="as long as a server is silent"),
        pytest.param(
            {"reserved_usd": "0.30", "cost_high_usd": "2"}, STALL + timedelta(seconds=1), "2", id="the most, afterwards"
        ),
        pytest.param({"reserved_usd": "0.30", "cost_high_usd": "2"}, timedelta(days=20), "2", id="the most, for good"),
        pytest.param(
            {"reserved_usd": "0.30", "cost_high_usd": "2"}, timedelta(seconds=-1), "2", id="the most, in the future"
        ),
        pytest.param({"reserved_usd": "3", "cost_high_usd": "2"}, timedelta(days=1), "3", id="more was set aside"),
        pytest.param({"cost_high_usd": "2"}, timedelta(0), "2", id="the most, where nothing was set aside"),
        pytest.param({}, timedelta(0), None, id="nothing is known"),
    ],
)
def test_what_counts_of_a_request_that_runs(values: dict[str, str], age: timedelta, counts: str | None) -> None:
    found = running_usd(row("a", ended=False, at=AT - age, **values), AT)
    assert found == (None if counts is None else Decimal(counts))


def month_of_rows(rows: Iterable[LoggedRequest], at: datetime) -> MonthSpending:
    """What counts in the month of `at` when each of `rows` stands in the file in which it is placed."""
    files: dict[str, MonthSum] = {}
    for each in rows:
        span = month_span(each.placed_at)
        files.setdefault(month_of(each.placed_at), MonthSum(*span)).add_on([each])
    this, before = month_of(at), month_of(month_span(at)[0] - timedelta(days=1))
    later = [its for name, its in files.items() if name > this]
    return spending(files.get(this, MonthSum(*month_span(at))), files.get(before), later)


BUDGETS = Budgets(
    monthly_usd=Decimal(10), providers={"deepseek": Decimal(4), "local": Decimal(1)}, projects={"p": Decimal(2)}
)
ROWS = [
    row("a", cost_usd="1", project="p"),
    row("b", "novita", cost_usd="2"),
    row("c", ended=False, reserved_usd="0.5"),
    row("d", "novita", project="p"),
    row("e", "local"),
]
SPENDING = month_of_rows(ROWS, AT)


def test_each_limit_counts_its_own() -> None:
    month, provider, project = allowances_of_month(BUDGETS, SPENDING, AT, "deepseek", "p")
    assert (month.spent_usd, month.reserved_usd, month.uncounted) == (Decimal(3), Decimal("0.5"), 1)
    assert (provider.spent_usd, provider.reserved_usd, provider.left_usd) == (
        Decimal(1),
        Decimal("0.5"),
        Decimal("2.5"),
    )
    assert (project.spent_usd, project.reserved_usd, project.uncounted) == (Decimal(1), Decimal(0), 1)
    assert tightest((month, provider, project)) is project
    assert [each.scope for each in allowances_of_month(BUDGETS, SPENDING, AT, "openrouter", None)] == ["month"]


def test_a_request_does_not_count_against_itself() -> None:
    assert allowances_of_month(BUDGETS, SPENDING, AT, "deepseek", None, without="c")[1].reserved_usd == 0


def test_ids_and_projects_are_compared_as_a_person_does() -> None:
    rows = [
        row("a", "DeepSeek", cost_usd="1", project=" Search"),
        row("b", ended=False, reserved_usd="2", project="SEARCH"),
    ]
    budgets = Budgets(providers={"deepseek": Decimal(9)}, projects={"search": Decimal(9)})
    for provider, project in (("deepseek", "search"), ("DEEPSEEK", "\uff33earch ")):
        found = allowances_of_month(budgets, month_of_rows(rows, AT), AT, provider, project)
        assert [(each.spent_usd, each.reserved_usd) for each in found] == [(Decimal(1), Decimal(2))] * 2


FIRST = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("placed", "ended", "counts"),
    [
        pytest.param(FIRST, True, True, id="at midnight of the first"),
        pytest.param(FIRST - SECOND, True, False, id="a second before it"),
        pytest.param(FIRST - SECOND, False, True, id="a second before it, and runs"),
        pytest.param(FIRST - timedelta(days=2), False, False, id="two days before it, and never ended"),
        pytest.param(FIRST - timedelta(days=40), False, False, id="two months before it"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC) - SECOND, True, True, id="in the month's last second"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC), True, True, id="in the next month, which is in the future"),
        pytest.param(datetime(2027, 2, 1, tzinfo=UTC), False, True, id="far in the future, and runs"),
        pytest.param(datetime.fromisoformat("2026-11-01T01:00:00+02:00"), True, False, id="elsewhere it is November"),
        pytest.param(datetime.fromisoformat("2026-10-31T23:00:00-02:00"), True, True, id="elsewhere it is October"),
    ],
)
def test_a_month_is_one_of_utc(placed: datetime, ended: bool, counts: bool) -> None:
    now = FIRST + timedelta(hours=2)
    rows = [row("a", ended=ended, at=placed, cost_usd="1")] if ended else [
        row("a", ended=False, at=placed, reserved_usd="1")
    ]  # fmt: skip
    (found,) = allowances_of_month(Budgets(monthly_usd=Decimal(5)), month_of_rows(rows, now), now, "deepseek", None)
    assert found.spent_usd + found.reserved_usd == (1 if counts else 0)


def test_a_request_that_crosses_the_months_edge_counts_in_both_until_it_ends_and_then_where_it_ends() -> None:
    begun = row("a", ended=False, at=FIRST - SECOND, reserved_usd="1")
    end = LoggedRequest(
        id="a",
        started_at=begun.started_at,
        ended_at=FIRST + SECOND,
        provider="deepseek",
        status="ok",
        cost_usd=Decimal(2),
    )
    budgets = Budgets(monthly_usd=Decimal(5))

    def used(rows: list[LoggedRequest], at: datetime) -> Decimal:
        (found,) = allowances_of_month(budgets, month_of_rows(rows, at), at, "deepseek", None)
        return found.spent_usd + found.reserved_usd

    assert used([begun], FIRST - SECOND) == used([begun], FIRST + SECOND) == 1
    assert used([begun, end], FIRST + SECOND) == 2
    # Whose clock is set back over the edge finds it spent all the same.
    assert used([begun, end], FIRST - SECOND) == 2


@pytest.mark.parametrize(
    ("limit", "read", "room"),
    [("0.0006", 0, 1000), ("0.00060059", 0, 1000), ("0.0006006", 0, 1001), ("0.0006", 1000, 750), ("0.0001", 1000, -1)],
    ids=["exactly 1,000 tokens", "just under one more", "one more", "after the input", "the input is too much"],
)
def test_the_room_for_output_is_what_the_input_leaves(limit: str, read: int, room: int) -> None:
    assert output_room(Decimal(limit), read, [FLASH]) == room


def test_the_dearest_price_makes_the_room() -> None:
    dear = replace(FLASH, per_token=replace(FLASH.per_token, output=FLASH.per_token.output * 2))
    assert output_room(Decimal("0.0006"), 0, [FLASH, dear]) == 500
    assert output_room(Decimal("0.0006"), 0, []) is None


@given(st.decimals(0, 5, places=9), st.integers(0, 200_000))
def test_what_has_room_is_within_the_limit_and_one_token_more_is_not(limit: Decimal, read: int) -> None:
    room = output_room(limit, read, [FLASH])
    assert room is not None
    rates = FLASH.per_token

    def cost(output: int) -> Decimal:
        return EXACT.add(EXACT.multiply(rates.miss, read), EXACT.multiply(rates.output, output))

    if room >= 0:
        assert cost(room) <= limit < cost(room + 1)
    else:
        assert cost(0) > limit


@pytest.mark.parametrize(
    ("allowance", "message"),
    [
        (
            Allowance(scope="request", limit_usd=Decimal("0.001")),
            "deepseek/flash may cost $0.0032, more than --max-cost $0.0010.",
        ),
        (
            Allowance(scope="request", limit_usd=Decimal("0.01"), spent_usd=Decimal("0.008")),
            "deepseek/flash may cost $0.0032, and of --max-cost $0.0020 of $0.010 is left ($0.0080 spent).",
        ),
        (
            Allowance(
                scope="provider",
                name="deepseek",
                limit_usd=Decimal(5),
                spent_usd=Decimal("4.99"),
                reserved_usd=Decimal("0.008"),
            ),
            "deepseek/flash may cost $0.0032, and of the budget for deepseek this month $0.0020 of $5.00 is left "
            "($4.99 spent and $0.0080 set aside for requests that run or broke off).",
        ),
        (
            Allowance(scope="month", limit_usd=Decimal(5), spent_usd=Decimal(7)),
            "deepseek/flash may cost $0.0032, and of the budget for this month $0.00 of $5.00 is left ($7.00 spent).",
        ),
    ],
    ids=["a request's", "a request's, after an attempt", "a provider's", "overspent"],
)
def test_the_refusal_says_the_numbers(allowance: Allowance, message: str) -> None:
    error = TooDear("deepseek/flash", allowance, Decimal("0.0032"))
    assert isinstance(error, OverBudget)
    assert error.exit_code == 4
    assert error.message == message
    assert error.hint
