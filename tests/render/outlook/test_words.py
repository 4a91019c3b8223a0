"""What is said of a month: whom a machine serves, for what, and from where on that pays."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.money import month_usd
from r1plan.plan.capacity.capacity import Limits, Percentiles
from r1plan.plan.cost.break_even import BreakEven, BreakEvenReason, SensitivityRow
from r1plan.plan.cost.own import MonthBill
from r1plan.plan.outlook.outlook import Outlook
from r1plan.plan.speed import Range
from r1plan.render.outlook.words import break_even_text, month_clause, moved_text, served_text, volume_text
from tests.render.outlook.month import COST, outlook

SEVERAL = replace(
    COST,
    kind="rented",
    usd_per_month=None,
    usd_per_month_of_machines_needed=Decimal("8500.4"),
    machines_needed=33,
    bill=MonthBill(33, 8500.4, 0.0, 0.0, 0.0),
)
UNKNOWN = replace(COST, usd_per_month=None, usd_per_month_of_machines_needed=None, bill=None)


@pytest.mark.parametrize(
    ("month", "said"),
    [
        pytest.param(outlook(None), "", id="nobody asked"),
        pytest.param(
            outlook(10_000.0, cost=replace(SEVERAL, kind="electricity"), machines_needed=33),
            "it serves about 310 requests a day, and your 10,000 need 33 such machines, $8,500 a month of ",
            id="33 machines of one's own have a bill too",
        ),
        pytest.param(
            outlook(10_000.0, cost=SEVERAL, machines_needed=33),
            "it serves about 310 requests a day, and your 10,000 need 33 such machines, $8,500 a month of rent; ",
            id="33 rented ones have",
        ),
        pytest.param(
            outlook(),
            "it serves about 310 requests a day and does your 100 for $12.40 a month of electricity; DeepSeek's ",
            id="one is enough",
        ),
        pytest.param(
            outlook(cost=UNKNOWN), "it serves about 310 requests a day, enough for your 100; ", id="at no known price"
        ),
        pytest.param(
            outlook(limits=Limits(ttft_s=2.0, tok_s=20.0)),
            "it serves about 310 requests a day within 2 seconds to the first token and at 20 tok/s each and does ",
            id="within limits",
        ),
        pytest.param(
            outlook(None, Limits(tok_s=50.0), requests_per_day=0.0, limit="tok_s", concurrency=0),
            "it serves nobody at --slo-tok-s 50: even alone an answer comes at about 30 tok/s",
            id="too slow for all",
        ),
        pytest.param(
            outlook(50.0, Limits(ttft_s=0.1), requests_per_day=0.0, limit="ttft", machines_needed=None),
            "it serves nobody at --slo-ttft 0.1: even alone the first token takes longer",
            id="too late for all",
        ),
        pytest.param(
            outlook(cut_off_share=0.062),
            "it serves about 310 requests a day and does your 100 for $12.40 a month of electricity; it cuts off 6.2 % "
            "of the answers; DeepSeek's deepseek-flash would",
            id="some are cut off",
        ),
        pytest.param(
            outlook(requests_per_day=0.0, limit="context", cut_off_share=0.7, machines_needed=None, cost=UNKNOWN),
            "it serves nobody: most requests are longer than its context",
            id="most are cut off",
        ),
        pytest.param(
            outlook(copies=2, copies_needed=1),
            "it serves about 310 requests a day as 2 copies on 0 cards each and does your 100 for ",
            id="cards enough for two",
        ),
        pytest.param(
            outlook(None, Limits(users=8), copies=2, copies_needed=2),
            "8 people at once get about 30 tok/s each, the first token",
            id="some on each of two copies",
        ),
        pytest.param(
            outlook(None, Limits(users=4)),
            "4 people at once get about 30 tok/s each, the first token within 12 seconds",
            id="some at once",
        ),
        pytest.param(
            outlook(None, Limits(users=1), decode_tok_s_each=Range(110.0, 127.4, 146.0), machines_needed=1),
            "1 person gets about 127 tok/s, the first token within 12 seconds",
            id="one alone, fast",
        ),
        pytest.param(
            outlook(None, Limits(users=12), ttft_s=Percentiles(60.0, 300.0)),
            "12 people at once take turns, 4 at a time at about 30 tok/s each, the first token within 5 minutes",
            id="more than have places",
        ),
        pytest.param(
            outlook(None, Limits(users=500), machines_needed=None), "it cannot serve 500 at once", id="too many at once"
        ),
    ],
)
def test_the_headline_says_whom_the_machine_serves_and_for_what(month: Outlook, said: str) -> None:
    clause = month_clause(month)
    assert clause.startswith(said)
    assert bool(clause) == bool(said)


def test_no_cost_is_said_of_work_that_cannot_be_done() -> None:
    nobody = outlook(50.0, requests_per_day=0.0, machines_needed=None, cost=UNKNOWN)
    assert "$" not in month_clause(nobody)


@pytest.mark.parametrize(
    ("per_day", "asked", "said"),
    [
        (316.0, None, "310 requests"),
        (10.96, None, "10.9 requests"),
        (0.000012, None, "0.000012 requests"),
        (99.65, 100.0, "99.6 requests"),
        (99.96, 99.95, "99.96 requests"),
        (1_316.0, 1_310.0, "1,310 requests"),
        (1_316.0, 1_320.0, "1,300 requests"),
        (0.5, None, "0.5 requests"),
        (1.0, None, "1 request"),
        (0.0, None, "0 requests"),
    ],
)
def test_requests_are_rounded_down_and_never_to_the_wrong_side_of_what_is_asked(
    per_day: float, asked: float | None, said: str
) -> None:
    assert served_text(per_day, asked) == said


@given(per_day=st.floats(0.01, 1e8), asked=st.floats(0.01, 1e8))
def test_what_is_said_to_be_served_is_enough_just_where_it_is(per_day: float, asked: float) -> None:
    number = float(served_text(per_day, asked).split()[0].replace(",", ""))
    assert number <= per_day * (1 + 1e-9)
    if abs(per_day - asked) > 1e-6 * asked:
        assert (number >= asked) == (per_day >= asked)


@given(per_day=st.floats(0.01, 1e8))
def test_a_volume_is_said_in_three_digits_and_never_too_low(per_day: float) -> None:
    number = float(volume_text(per_day).split()[0].replace(",", ""))
    assert per_day * (1 - 1e-9) <= number <= per_day * 1.1


def even(reason: BreakEvenReason, per_day: float | None = None, needed: float | None = None) -> BreakEven:
    return BreakEven(
        against_provider="deepseek", against_model="deepseek-flash", requests_per_day=per_day,
        utilisation=None if per_day is None else 0.14, reason=reason, needed_per_day=needed, saving_usd_per_month=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (even("from there on", 45.6, 45.6), "From 46 requests a day on, 14 % of what it serves, it is cheaper than X."),
        (even("from the first request", 0.0, 0.0), "It is cheaper than X from the first request on."),
        (
            even("beyond what one machine serves", None, 500.0),
            "It is never cheaper than X within what it serves: that would take 500 requests a day.",
        ),
        (
            even("beyond what one machine serves", None, 500.1),
            "It is never cheaper than X within what it serves: that would take 501 requests a day.",
        ),
        (
            replace(even("from there on", 1_423.0), machines=6),
            "From 1,430 requests a day on, 14 % of what they serve, 6 such machines are cheaper than X.",
        ),
        (
            replace(even("beyond what one machine serves", None, 9_999.0), machines=6),
            "6 such machines are never cheaper than X within what they serve: that would take 10,000 requests a day.",
        ),
        (
            even("each request is dearer"),
            "It is never cheaper than X: the electricity of each request alone costs more.",
        ),
        (even("it serves none"), "It serves nobody, so that it is never cheaper than X."),
        (even("another currency"), "X is sold in another currency, which is not converted."),
        (
            even("own cost is unknown"),
            "What it costs is not known, as nothing says what it draws: --gpu names its card, --gpu-hour its rent.",
        ),
    ],
    ids=lambda each: each.reason if isinstance(each, BreakEven) else "",
)
def test_where_a_machine_pays_is_a_sentence(found: BreakEven, said: str) -> None:
    assert break_even_text(found, "X") == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (SensitivityRow("cache share", 0.9, 120.0), "90 % of the input cached: from 120 requests a day"),
        (SensitivityRow("peak share", 1.0, 81.0), "all at peak prices: from 81 requests a day"),
        (SensitivityRow("peak share", 0.0, 81.0), "none at peak prices: from 81 requests a day"),
        (SensitivityRow("thinking length", 0.5, 9.9), "half the thinking: from 9.9 requests a day"),
        (SensitivityRow("thinking length", 2.0, 0.0), "2 times the thinking: from the first request"),
        (SensitivityRow("api price", 1.2, 3.0), "the API 20 % dearer: from 3 requests a day"),
        (SensitivityRow("next api price", 1.5, 0.0), "the API's next known price, 1.5 times today's: from the first request"),  # noqa: E501
        (SensitivityRow("electricity", 0.5, 63.0), "electricity at half the price: from 63 requests a day"),
        (SensitivityRow("gpu hour", 0.8, 63.0), "rent 20 % lower: from 63 requests a day"),
        (SensitivityRow("purchase", 0.8, 63.0), "the machine 20 % cheaper: from 63 requests a day"),
    ],
    ids=str,
)  # fmt: skip
def test_what_moves_the_break_even_is_said_with_where_it_then_is(row: SensitivityRow, said: str) -> None:
    assert moved_text(row) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("12.4", "$12.40"),
        ("864.5", "$864.50"),
        ("1234.5", "$1,234"),
        ("-16.29", "-$16.29"),
        ("-52766.2", "-$52,766"),
        ("0", "$0.00"),
    ],
)
def test_a_months_bill_has_cents_below_a_thousand_dollars_and_its_sign(amount: str, said: str) -> None:
    assert month_usd(Decimal(amount)) == said
