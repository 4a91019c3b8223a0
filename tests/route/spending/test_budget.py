"""What counts against a limit, and what is left; in months of UTC."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.budgets import Budgets
from r1plan.errors import OverBudget
from r1plan.ledger.months import month_span
from r1plan.ledger.requests import LoggedRequest
from r1plan.prices.cost import EXACT
from r1plan.route.spending.budget import (
    Allowance,
    TooDear,
    allowances_of_month,
    counted_usd,
    counts_in_month,
    output_room,
    tightest,
)
from tests.route.providers import FLASH

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def row(id_: str, provider: str = "deepseek", *, ended: bool = True, at: datetime = AT, **values: Any) -> LoggedRequest:
    money: dict[str, Any] = {
        name: None if values.get(name) is None else Decimal(values[name])
        for name in ("cost_usd", "cost_low_usd", "cost_high_usd", "reserved_usd")
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
            row("a", status="failed", cost_usd="0", cost_low_usd="0", cost_high_usd="0", reserved_usd="0.30"),
            "0",
            id="nothing, if refused",
        ),
        pytest.param(
            row("a", status="aborted", cost_usd="0.10", cost_low_usd="0.05", cost_high_usd="2", reserved_usd="0.30"),
            "0.30",
            id="what was set aside, if it broke off",
        ),
        pytest.param(
            row("a", status="aborted", cost_usd="0.40", cost_low_usd="0.05", cost_high_usd="2", reserved_usd="0.30"),
            "0.40",
            id="what it seems to have cost, if it broke off and that is more",
        ),
        pytest.param(row("a", ended=False, reserved_usd="0.30", cost_high_usd="2"), "0.30", id="what is set aside"),
        pytest.param(row("a", ended=False, cost_high_usd="2"), "2", id="the most, where nothing was set aside"),
        pytest.param(row("a", reserved_usd="0.30", cost_high_usd="2"), "0.30", id="ended, and its cost not known"),
        pytest.param(row("a"), None, id="nothing is known"),
    ],
)
def test_what_counts_of_a_request(request_: LoggedRequest, counts: str | None) -> None:
    assert counted_usd(request_) == (None if counts is None else Decimal(counts))


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


def test_each_limit_counts_its_own() -> None:
    month, provider, project = allowances_of_month(BUDGETS, ROWS, AT, "deepseek", "p")
    assert (month.spent_usd, month.reserved_usd, month.uncounted) == (Decimal(3), Decimal("0.5"), 1)
    assert (provider.spent_usd, provider.reserved_usd, provider.left_usd) == (
        Decimal(1),
        Decimal("0.5"),
        Decimal("2.5"),
    )
    assert (project.spent_usd, project.reserved_usd, project.uncounted) == (Decimal(1), Decimal(0), 1)
    assert tightest((month, provider, project)) is project
    assert [each.scope for each in allowances_of_month(BUDGETS, ROWS, AT, "openrouter", None)] == ["month"]


def test_a_request_does_not_count_against_itself() -> None:
    assert allowances_of_month(BUDGETS, ROWS, AT, "deepseek", None, without="c")[1].reserved_usd == 0


FIRST = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("placed", "ended", "counts"),
    [
        pytest.param(FIRST, True, True, id="at midnight of the first"),
        pytest.param(FIRST - SECOND, True, False, id="a second before it"),
        pytest.param(FIRST - SECOND, False, True, id="a second before it, and runs"),
        pytest.param(FIRST - timedelta(days=2), False, False, id="two days before it, and never ended"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC) - SECOND, True, True, id="in the month's last second"),
        pytest.param(datetime(2026, 12, 1, tzinfo=UTC), True, False, id="in the next month"),
        pytest.param(datetime.fromisoformat("2026-11-01T01:00:00+02:00"), True, False, id="elsewhere it is November"),
        pytest.param(datetime.fromisoformat("2026-10-31T23:00:00-02:00"), True, True, id="elsewhere it is October"),
    ],
)
def test_a_month_is_one_of_utc(placed: datetime, ended: bool, counts: bool) -> None:
    now = FIRST + timedelta(hours=2)
    assert counts_in_month(row("a", ended=ended, at=placed), month_span(now), now) is counts


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
            "deepseek/flash may cost $0.0032, and of --max-cost $0.0020 of $0.010 are left ($0.0080 spent).",
        ),
        (
            Allowance(
                scope="provider",
                name="deepseek",
                limit_usd=Decimal(5),
                spent_usd=Decimal("4.99"),
                reserved_usd=Decimal("0.008"),
            ),
            "deepseek/flash may cost $0.0032, and of the budget for deepseek this month $0.0020 of $5.00 are left "
            "($4.99 spent and $0.0080 set aside for requests that run or broke off).",
        ),
        (
            Allowance(scope="month", limit_usd=Decimal(5), spent_usd=Decimal(7)),
            "deepseek/flash may cost $0.0032, and of the budget for this month $0.00 of $5.00 are left ($7.00 spent).",
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
