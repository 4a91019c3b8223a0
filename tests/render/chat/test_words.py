"""Every fact of how a question is answered has a sentence, and it says the figures."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from r1plan.errors import EngineError, ProviderError
from r1plan.ledger.entry import UsageEntry
from r1plan.render.chat.words import cost_text, hint_here, note_text
from r1plan.route.execution.notes import (
    AsksNext,
    BreakerOpen,
    BrokeOff,
    Cascaded,
    CutOff,
    Note,
    NotSent,
    ThinkingClosed,
    Uncounted,
    UnreadableLines,
)
from r1plan.route.spending.budget import Allowance, TooDear

NOON = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)
REFUSED = ProviderError("DeepSeek is busy.")
LIMIT = Allowance(scope="request", limit_usd=Decimal("0.005"))


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (
            BreakerOpen("a/flash", "a", NOON),
            "a/flash is passed over until 12:00:05 UTC: a has failed too often of late.",
        ),
        (BreakerOpen("a/flash", "a", None), "a/flash is passed over: a has failed too often of late."),
        (NotSent("a/flash", EngineError("no key for A.")), "a/flash is passed over: no key for A."),
        (
            NotSent("a/flash", TooDear("a/flash", LIMIT, Decimal("0.01"))),
            "a/flash may cost $0.010, more than --max-cost $0.0050: passed over.",
        ),
        (AsksNext(REFUSED, "b/flash"), "DeepSeek is busy; asking b/flash instead."),
        (AsksNext(REFUSED, "a/flash", 1.26), "DeepSeek is busy; asking a/flash again in 1.3 s."),
        (
            AsksNext(Cascaded("r1-tiny", thinking_tokens=4000), "b/flash"),
            "r1-tiny has thought longer than 4,000 tokens; asking b/flash instead.",
        ),
        (
            AsksNext(Cascaded("r1-tiny", after_s=60.0), "b/flash"),
            "r1-tiny has not begun its answer within 60 s; asking b/flash instead.",
        ),
        (
            ThinkingClosed("r1-tiny", "budget"),
            "r1-tiny has reached what it may cost: it answers from what it has thought.",
        ),
        (
            ThinkingClosed("r1-tiny", "thinking_limit"),
            "r1-tiny has thought as long as it may: it answers from what it has thought.",
        ),
        (CutOff("a/flash", None), "a/flash was cut off at what it may cost; what had come is kept."),
        (CutOff("a/flash", 4000), "a/flash was cut off after 4,000 tokens of thinking; what had come is kept."),
        (BrokeOff("a/flash"), "a/flash broke off after its answer had begun; what had come is kept."),
        (
            Uncounted("a/flash", "no_price"),
            "no price of a/flash is known: the monthly budgets do not count what it costs.",
        ),
        (
            Uncounted("a/flash", "no_log"),
            "with --no-log, later runs do not count what this costs in their budgets.",
        ),
        (
            UnreadableLines(1),
            "a line of this month's log cannot be read, so the budgets do not count it; r1plan cost-report names it.",
        ),
        (
            UnreadableLines(1200),
            "1,200 lines of this month's log cannot be read, so the budgets do not count them; "
            "r1plan cost-report names them.",
        ),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else "",
)
def test_a_note_is_one_sentence(note: Note, text: str) -> None:
    assert note_text(note) == text


@pytest.mark.parametrize(
    ("price_usd", "bill", "flags", "who", "text"),
    [
        (None, None, (), "reported", "no price known"),
        (None, "0.0421", (), "reported", "$0.04 billed"),
        ("0.00145", None, (), "reported", "$0.0014"),
        ("0.00145", "0.00145", (), "reported", "$0.0014"),
        ("0.00145", "0.0421", ("bill_differs",), "reported", "$0.0014 by its price, $0.04 billed"),
        ("0.0400", "0.0421", ("bill_differs",), "reported", "$0.04"),
        ("0.00145", None, (), "estimated", "about $0.0014"),
        ("0.00145", "0.0421", ("bill_differs",), "estimated", "about $0.0014 by its price, $0.04 billed"),
    ],
    ids=[
        "nothing",
        "a bill",
        "a price",
        "the same",
        "another bill",
        "the same as far as it is shown",
        "a guess",
        "a guess and a bill",
    ],
)
def test_a_cost_is_told_with_who_says_it(
    price_usd: str | None, bill: str | None, flags: tuple[str, ...], who: str, text: str
) -> None:
    row = UsageEntry(
        id="1", started_at=NOON, first_token_at=NOON, ended_at=NOON, provider="openrouter", model_requested="m",
        model_served=None, status="ok", input_tokens=1000, output_tokens=300, flags=flags,
        provenance={"input_tokens": "reported", "output_tokens": who},
        reported_usd=None if bill is None else Decimal(bill),
    )  # fmt: skip
    assert cost_text(row, None if price_usd is None else Decimal(price_usd)) == text


@pytest.mark.parametrize(
    ("hint", "here"),
    [
        ("name one: --model FILE.gguf (or not)", "name one: /model FILE.gguf (or not)"),
        ("set A; or name a model here: --model FILE.gguf", "set A; or name a model here: /model FILE.gguf"),
        ("begin one: r1plan chat --model x", "begin one: r1plan chat --model x"),
        ("lower --max-tokens", "lower --max-tokens"),
    ],
)
def test_a_hint_of_the_command_line_is_one_of_the_conversation(hint: str, here: str) -> None:
    assert hint_here(hint) == here
