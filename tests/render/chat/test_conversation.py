"""What a conversation shows besides its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from r1plan.ask.choices import ModelChoice, ModelChoices
from r1plan.conversation.commands import COMMANDS, Known
from r1plan.conversation.session import Exchange, Session, Wishes
from r1plan.conversation.spending import Spent
from r1plan.render.chat.conversation import (
    choice_rows,
    cost_rows,
    exchange_rows,
    help_rows,
    markdown,
    paste_label,
    recap,
    toolbar,
)

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


@pytest.mark.parametrize("columns", [20, 40])
def test_in_a_narrow_terminal_no_row_is_too_wide_and_no_figure_is_lost(columns: int) -> None:
    rows = cost_rows(Session(spent=(PAID, HERE)), columns)
    assert all(cell_len(row) <= columns or row == PAID.model for row in rows)
    assert "$0.00050" in "\n".join(rows)
    helped = help_rows(Known(routes=("cheapest",)), None, columns)
    assert all(cell_len(row) < columns or row.startswith("/") for row in helped)
    assert " ".join(" ".join(helped).split()).count("write the conversation as Markdown") == 1


MANY = tuple(ModelChoice(f"p/model-{number}", "X", "successor", Decimal("0.0034")) for number in range(40))
CHOICES = ModelChoices(
    (
        ModelChoice("deepinfra/deepseek-ai/DeepSeek-R1-0528", "DeepSeek-R1-0528", "r1", Decimal("0.0123")),
        ModelChoice("deepseek/deepseek-flash", "V4.1\x1b[2J", "successor", Decimal("0.02"), "CNY"),
        ModelChoice("x/y", "Y", "other"),
    ),
    ("A_API_KEY", "B_API_KEY"),
    1000,
    5400,
)


def test_who_can_answer_stands_with_what_an_answer_costs() -> None:
    assert choice_rows("r1-tiny", CHOICES, 100, 24) == [
        "Now: r1-tiny. /model NAME changes it:",
        "  r1-tiny                                 no API cost     the demonstration model, not R1",
        "  FILE.gguf                               no API cost     a model file here",
        "  deepinfra/deepseek-ai/DeepSeek-R1-0528  about $0.012    R1 itself: DeepSeek-R1-0528",
        "  deepseek/deepseek-flash                 about ¥0.02     V4.1",
        "  x/y                                     no price known  Y",
        "The costs are of an answer with 1.00k tokens in and 5.40k out.",
        "With a key others can: A_API_KEY, B_API_KEY",
    ]
    assert choice_rows("r1-tiny", None, 100, 24)[2:] == ["  FILE.gguf  no API cost  a model file here"]


@pytest.mark.parametrize(("columns", "height"), [(80, 24), (120, 40), (40, 24), (69, 24), (70, 10)])
def test_however_many_can_answer_it_is_one_screen_and_no_name_is_cut(columns: int, height: int) -> None:
    rows = choice_rows("route cheapest", replace(CHOICES, elsewhere=MANY), columns, height)
    assert len(rows) < height
    assert all(cell_len(row) <= columns for row in rows)
    shown = sum(row.strip().startswith("p/model-") for row in rows)
    assert f"And {40 - shown} more: r1plan prices list" in " ".join(rows)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        pytest.param("def main():\n" + "x\n" * 199, "def main(): … [200 lines]", id="lines"),
        pytest.param("\n\n  first\n" + "\n" * 20 + "x", "first … [24 lines]", id="empty-ones-first"),
        pytest.param("\n" * 20, "… [20 characters]", id="nothing"),
        pytest.param("x" * 5_000_000, f"{'x' * 40} … [5,000,000 characters]", id="one-word"),
        pytest.param("\x1b]0;title\x07a\tb\n" * 20, "a b … [20 lines]", id="control-sequences"),
        pytest.param("日本語" * 1000, f"{'日本語' * 6}日本 … [3,000 characters]", id="wide"),
    ],
)
def test_a_paste_is_named_by_its_beginning_and_its_size(text: str, label: str) -> None:
    assert paste_label(text) == label


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
