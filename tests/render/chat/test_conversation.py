"""What a conversation shows besides its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from r1plan.conversation.commands import COMMANDS, Known
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent
from r1plan.render.chat.conversation import cost_rows, exchange_rows, help_rows, markdown, recap, toolbar

AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
PAID = Spent(
    model="deepseek/deepseek-flash",
    input_tokens=1000,
    output_tokens=300,
    thinking_tokens=250,
    cost_usd=Decimal("0.0005"),
    thinking_usd=Decimal("0.0002"),
)
HERE = Spent(model="local/r1-tiny", input_tokens=15, output_tokens=64, thinking_tokens=53)
UNPRICED = Spent(model="127.0.0.1:8080/r1", input_tokens=20_000, output_tokens=10)


def test_what_was_spent_is_told_by_model() -> None:
    session = Session(wishes=Wishes(budget_usd=Decimal("0.0008")), spent=(PAID, HERE, PAID, UNPRICED))
    assert cost_rows(session, 120) == [
        "                         questions  tokens in  out  thinking         cost   of it thinking",
        "deepseek/deepseek-flash          2      2.00k  600       500      $0.0010  $0.00040 (40 %)",
        "local/r1-tiny                    1         15   64        53  no API cost                -",
        "127.0.0.1:8080/r1                1      20.0k   10         -    not known                -",
        "together                         4      22.0k  674       553      $0.0010         $0.00040",
        "Of 1 question the cost is not known; the sums leave it out.",
        "The electricity of answers from here is not counted without --power-price.",
        "The budget is $0.00080; $0.00 is left.",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_costs_fit_the_terminal(columns: int) -> None:
    long = replace(PAID, model="together/deepseek-ai/DeepSeek-R1-Distill-Llama-70B-free")
    rows = cost_rows(Session(spent=(long, HERE)), max(columns, 72))
    assert all(len(row) < max(columns, 72) + 4 for row in rows)
    assert any(long.model in row for row in rows)


def test_before_the_first_question_nothing_was_spent() -> None:
    assert cost_rows(Session(), 80) == ["Nothing was asked yet.", "No budget is set; /budget USD sets one."]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_help_has_every_command_and_fits_a_screen(columns: int) -> None:
    path = "/home/somebody/.local/share/r1plan/conversations/20261124T050000-abcdefgh.jsonl"
    rows = help_rows(Known(routes=("cheapest",)), path, columns)
    assert all(any(row.startswith(f"/{name}") for row in rows) for name in COMMANDS)
    assert all(len(row) < columns for row in rows)
    assert len(rows) <= 23
    assert " ".join(rows).replace("  ", " ").find("--no-log saves nothing.") > 0


def test_the_help_is_silent_about_routes_where_there_are_none() -> None:
    rows = help_rows(Known(), None, 80)
    assert not any(row.startswith("/route") for row in rows)
    assert rows[-1] == "This conversation is not saved."


@pytest.mark.parametrize(
    ("session", "line"),
    [
        (Session(), "m · /help"),
        (Session(spent=(HERE,)), "m · 1 question · 79 tokens · /help"),
        (Session(spent=(PAID, HERE)), "m · 2 questions · 1.38k tokens · $0.00050 · /help"),
        (Session(wishes=Wishes(budget_usd=Decimal("0.50"))), "m · budget $0.50 · /help"),
    ],
    ids=["new", "no-price", "priced", "budget"],
)
def test_the_line_below_the_prompt(session: Session, line: str) -> None:
    assert toolbar(session, "m") == line


TALK = Session(
    wishes=Wishes(system="Be brief."),
    exchanges=(
        Exchange(question="First?\nReally?", answer="**Yes.**\n", thinking="hm", model="a/b"),
        Exchange(question="Then?", answer="No.\x1b[2J", model="a/c"),
    ),
    spent=(PAID,),
)


def test_a_saved_copy_is_markdown_without_control_sequences() -> None:
    assert markdown(TALK, AT) == (
        "# Conversation\n\na/b, a/c, saved 2026-11-24 05:00\n\n## Instructions\n\nBe brief.\n\n"
        "## Question\n\nFirst?\nReally?\n\n## Answer (a/b)\n\n"
        "<details><summary>Thinking</summary>\n\nhm\n\n</details>\n\n**Yes.**\n\n"
        "## Question\n\nThen?\n\n## Answer (a/c)\n\nNo.\n"
    )


def test_a_conversation_that_goes_on_says_which() -> None:
    said = recap(TALK, AT)
    assert said.startswith("Going on with the conversation of 2026-11-2")
    assert said.endswith(": 2 questions, $0.00050.")


def test_an_old_exchange_is_shown_as_it_was_and_without_control_sequences() -> None:
    rows = exchange_rows(Exchange(question="a\x1b[2J\nb", answer="# T\n\nc\x1b]0;x\x07"), 80)
    assert [row.replace("\x1b[1;4m", "").replace("\x1b[0m", "") for row in rows] == ["> a", "  b", "", "T", "", "c"]
