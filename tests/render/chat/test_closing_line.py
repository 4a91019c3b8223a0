"""The line after an answer: what it used, and what is known of its cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.engine.chat import FinishReason
from r1plan.ledger.entry import EndReason, Status, UsageEntry
from r1plan.prices.usage import Usage
from r1plan.render.chat.terminal import closing_line
from r1plan.route.execution.result import Attempt, ChatResult, Timing

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
STATUS: dict[FinishReason, Status] = {"stop": "ok", "aborted": "aborted"}


def line(provider: str, finish: FinishReason, input_tokens: int = 10, **money: str) -> str:
    result = ChatResult(
        answer="x",
        thinking="",
        finish=finish,
        usage=Usage(input_tokens=input_tokens, output_tokens=20),
        cost=None,
        price=None,
        timing=Timing(0.1, 1.0, 19.0),
        entry=UsageEntry(
            id="1",
            started_at=AT,
            first_token_at=AT,
            ended_at=AT,
            provider=provider,
            model_requested="m",
            model_served="m",
            status=STATUS[finish],
            input_tokens=10,
            output_tokens=20,
            **{name: Decimal(value) for name, value in money.items()},  # type: ignore[arg-type]
        ),
        logged_in=Path("log"),
    )
    return closing_line(result)


def test_one_token_is_one() -> None:
    assert line("local", "stop", input_tokens=1).startswith("1 token in · 20 out")


@pytest.mark.parametrize(
    ("provider", "finish", "money", "said"),
    [
        pytest.param("local", "stop", {}, "no API cost", id="nothing-known-of-the-electricity"),
        pytest.param("local", "stop", {"energy_wh": "1.234"}, "1.2 Wh · no API cost", id="no-tariff"),
        pytest.param(
            "local",
            "stop",
            {"energy_wh": "1.2", "cost_usd": "0.00036"},
            "1.2 Wh · $0.00036 of electricity",
            id="tariff",
        ),
        pytest.param("x.example", "stop", {}, "no price known", id="no-price"),
        pytest.param("openrouter", "stop", {"reported_usd": "0.0421"}, "$0.04 billed", id="a-bill-and-no-price"),
        pytest.param(
            "deepseek", "aborted", {"cost_low_usd": "0.0002", "cost_high_usd": "0.31"}, "$0.00020 to $0.31", id="bounds"
        ),
        pytest.param("deepseek", "aborted", {"cost_low_usd": "0.0002"}, "at least $0.00020", id="no-upper-bound"),
    ],
)
def test_what_is_known_of_the_cost_is_said_and_no_more(
    provider: str, finish: FinishReason, money: dict[str, str], said: str
) -> None:
    stopped = "stopped · " if finish == "aborted" else ""
    assert line(provider, finish, 10, **money) == f"{stopped}10 tokens in · 20 out · 19 tok/s · {said} · logged in log"


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        pytest.param("budget", "cut off at what it may cost", id="money"),
        pytest.param("thinking_limit", "cut off at the limit on its thinking", id="thinking"),
        pytest.param("length", "cut off at the token limit", id="tokens"),
    ],
)
def test_where_an_answer_was_cut_is_said(reason: EndReason, state: str) -> None:
    assert closing_line(ended(reason)).startswith(f"{state} · ")


def ended(reason: EndReason, attempts: tuple[UsageEntry, ...] = ()) -> ChatResult:
    entry = UsageEntry(
        id="2",
        started_at=AT,
        first_token_at=AT,
        ended_at=AT,
        provider="x.example",
        model_requested="m",
        model_served="m",
        status="length" if reason == "length" else "aborted",
        input_tokens=10,
        output_tokens=20,
        end_reason=reason,
        cost_low_usd=Decimal("0.01"),
        cost_high_usd=Decimal("0.02"),
    )
    rows = (*attempts, entry)
    return ChatResult(
        answer="x",
        thinking="",
        finish="length",
        usage=Usage(input_tokens=10, output_tokens=20),
        cost=None,
        price=None,
        timing=Timing(0.1, 1.0, 19.0),
        entry=entry,
        attempts=tuple(Attempt(each.provider, each.model_requested, "x", each) for each in rows),
    )


def test_attempts_that_may_be_billed_too_are_added_up() -> None:
    first = replace(ended("length").entry, id="1", provider="y.example", cost_high_usd=Decimal("0.05"))
    assert "$0.02 to $0.07 with all 2 attempts" in closing_line(ended("budget", (first,)))
    unsent = replace(first, cost_low_usd=Decimal(0), cost_high_usd=Decimal(0))
    assert "attempts" not in closing_line(ended("budget", (unsent,)))
