"""What a conversation shows besides its answers: the help, what was spent, the line below the prompt, a saved copy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from r1plan.ask.choices import ModelChoice, ModelChoices
from r1plan.conversation.commands import Known, listed
from r1plan.conversation.session import Exchange, Session
from r1plan.conversation.spending import Spending, by_model, total
from r1plan.money import money, small_usd, usd
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count, percent, tokens
from r1plan.render.text.width import cells, shortened
from r1plan.render.text.wrap import rows_of, wrapped

_KEYS = (
    ("Enter", "send; a line that ends in \\ goes on in the next"),
    ("Alt-Enter", "a new line; pasted lines stay together"),
    ("Tab", "complete a command or a name; unfold a paste"),
    ("Ctrl-R, ↑", "find what was typed before, for Enter to send"),
    ("Ctrl-C", "stop the answer, or clear the line"),
)
_LEAST_BESIDE = 24  # columns for what is said beside a name
_CHOICES_WIDE = 70  # with fewer columns each choice takes two rows
_BEGINNING_CHARACTERS, _BEGINNING_COLUMNS = 200, 40


def help_rows(known: Known, saved_in: str | None, columns: int) -> list[str]:
    """The commands and keys. `saved_in` is the file that the conversation is saved in, None where it is not."""
    commands = [(f"/{name} {each.arguments}".rstrip(), each.summary) for name, each in listed(known).items()]
    widths = column_widths([*commands, *_KEYS])
    kept = (
        f"Saved in {saved_in}: r1plan chat --continue goes on with it, --no-log saves nothing."
        if saved_in
        else "This conversation is not saved."
    )
    return [
        *_described(commands, widths[0], columns),
        "",
        *_described(_KEYS, widths[0], columns),
        "",
        *(row.rstrip() for row in rows_of(kept, columns)),
    ]


def _described(rows: Iterable[tuple[str, str]], first: int, columns: int) -> list[str]:
    """Names and what they do beside them; below them where the terminal is narrow."""
    if columns - first - 3 < _LEAST_BESIDE:
        width = max(columns - 1, _LEAST_BESIDE // 2)
        below = ([name, *wrapped(text, width, first="  ", later="  ")] for name, text in rows)
        return [row for lines in below for row in lines]
    indent = " " * (first + 2)
    return [
        row
        for name, text in rows
        for row in wrapped(text, columns - 1, first=f"{name:<{first}}  ", later=indent, cut_words=True)
    ]


def choice_rows(now: str, choices: ModelChoices | None, columns: int, height: int) -> list[str]:
    """Who answers, as `now` says it, and what can, on one screen. `choices` None: nobody elsewhere may be asked."""
    rows = [
        ("r1-tiny", "no API cost", "the demonstration model, not R1"),
        ("FILE.gguf", "no API cost", "a model file here"),
    ]
    more: list[str] = []
    if choices is not None:
        room = max(1, (height - 10) // (1 if columns >= _CHOICES_WIDE else 2) - len(rows))
        rows += [(each.name, _answer_cost(each), _served(each)) for each in choices.elsewhere[:room]]
        left = len(choices.elsewhere) - room
        more += [f"And {left:,} more: r1plan prices list shows them all."] if left > 0 else []
        if choices.elsewhere:
            used = f"{tokens(choices.input_tokens)} tokens in and {tokens(choices.output_tokens)} out"
            more.append(f"The costs are of an answer with {used}.")
        if choices.missing_keys:
            keys = choices.missing_keys if columns >= _CHOICES_WIDE else (*choices.missing_keys[:1], "…")
            more.append(f"With a key others can: {', '.join(keys)}")
    return [
        *wrapped(f"Now: {now}. /model NAME changes it:", columns),
        *_choices(rows, columns),
        *(row for each in more for row in wrapped(each, columns)),
    ]


def _choices(rows: list[tuple[str, str, str]], columns: int) -> list[str]:
    """The names with what is said of them; no name is cut: it is to be typed."""
    safe = [(printable(name), cost, printable(text)) for name, cost, text in rows]
    if columns < _CHOICES_WIDE:
        return [row for name, cost, _ in safe for row in (f"  {name}", f"    {cost}")]
    widths = column_widths(safe)
    room = max(12, columns - 3 - table_width([*widths[:2], 0]))
    return [
        f"  {table_row([name, cost, shortened(text, room, room - 1)], widths, '<<<')}".rstrip()
        for name, cost, text in safe
    ]


def _served(each: ModelChoice) -> str:
    kind = {"r1": "R1 itself", "distill": "a distill of R1"}.get(each.family)
    return f"{kind}: {each.serves}" if kind else each.serves


def _answer_cost(each: ModelChoice) -> str:
    if each.cost is None:
        return "no price known"
    return f"about {small_usd(each.cost) if each.currency == 'USD' else money(each.cost, each.currency)}"


def paste_label(text: str) -> str:
    """What stands for a long paste in the line that is typed, such as "def main(): … [200 lines]"."""
    lines = text.rstrip("\n").split("\n")
    size = count(len(lines), "line") if len(lines) > 1 else count(len(text), "character")
    begins = next((line for each in lines if (line := printable(each[:_BEGINNING_CHARACTERS]).strip())), "")
    begins = begins.expandtabs(1)
    while cells(begins) > _BEGINNING_COLUMNS:
        begins = begins[:-1]
    return f"{begins.rstrip()} … [{size}]".lstrip()


def cost_rows(session: Session, columns: int) -> list[str]:
    """What was spent so far, by model, and what the thinking cost."""
    groups = by_model(session.spent)
    budget = session.wishes.budget_usd
    if not groups:
        return ["Nothing was asked yet.", *_budget(budget, Decimal(0))]
    table = [_HEADER, *(_cells(each) for each in groups)]
    if len(groups) > 1:
        table.append(_cells(total(session.spent, "together")))
    here = sum(each.cost_unknown for each in groups if _is_here(each))
    unknown = sum(each.cost_unknown for each in groups) - here
    said = [
        *([f"Of {count(unknown, 'question')} the cost is not known; the sums leave it out."] if unknown else []),
        *(["The electricity of answers from here is not counted without --power-price."] if here else []),
        *_budget(budget, total(session.spent).cost_usd),
    ]
    return [*_table(table, columns), *(row for each in said for row in wrapped(each, columns))]


_HEADER = ("", "questions", "tokens in", "out", "thinking", "cost", "of it thinking")


def _table(rows: list[tuple[str, ...]], columns: int) -> list[str]:
    """The rows in columns; where they would be too wide, each name stands on a line of its own, or each figure."""
    widths, sides = column_widths(rows), "<" + ">" * (len(_HEADER) - 1)
    if table_width(widths) < columns:
        return [table_row(row, widths, sides) for row in rows]
    if table_width(widths[1:]) + 2 >= columns:
        return [
            line
            for name, *texts in rows[1:]
            for each in (name, *(f"{head}: {text}" for head, text in zip(_HEADER[1:], texts, strict=True)))
            for line in wrapped(each, columns, first="" if each == name else "  ", later="    ")
        ]
    numbers = [f"  {table_row(row[1:], widths[1:], sides[1:])}" for row in rows]
    return [line for row, under in zip(rows, numbers, strict=True) for line in (row[0], under) if line]


def _is_here(group: Spending) -> bool:
    return group.model.startswith("local/")


def _cells(group: Spending) -> tuple[str, ...]:
    known = group.questions > group.cost_unknown
    thinking = "-"
    if group.questions > group.thinking_unknown:
        thinking = usd(group.thinking_usd)
        if group.cost_usd and not group.thinking_unknown:
            thinking += f" ({percent(group.thinking_usd, group.cost_usd)})"
    return (
        group.model,
        f"{group.questions:,}",
        *(
            "-" if each is None else tokens(each)
            for each in (group.input_tokens, group.output_tokens, group.thinking_tokens)
        ),
        usd(group.cost_usd) if known else "no API cost" if _is_here(group) else "not known",
        thinking,
    )


def _budget(budget: Decimal | None, spent: Decimal) -> list[str]:
    if budget is None:
        return ["No budget is set; /budget USD sets one."]
    return [f"The budget is {usd(budget)}; {usd(max(budget - spent, Decimal(0)))} is left."]


def toolbar(session: Session, model: str) -> str:
    """The line below the prompt, such as "deepseek-flash · 3 questions · 12.3k tokens · $0.0123 · /help"."""
    parts = [model]
    if session.spent:
        spent = total(session.spent)
        parts += [
            count(spent.questions, "question"),
            f"{tokens((spent.input_tokens or 0) + (spent.output_tokens or 0))} tokens",
        ]
        parts += [usd(spent.cost_usd)] if spent.cost_unknown < spent.questions else []
    if session.wishes.budget_usd is not None:
        parts.append(f"budget {usd(session.wishes.budget_usd)}")
    return " · ".join([*parts, "/help"])


def recap(session: Session, begun_at: datetime) -> str:
    """What is said of a conversation that goes on."""
    spent = total(session.spent)
    cost = f", {usd(spent.cost_usd)}" if spent.questions > spent.cost_unknown else ""
    asked = count(len(session.exchanges), "question")
    return f"Going on with the conversation of {begun_at.astimezone():%Y-%m-%d %H:%M}: {asked}{cost}."


def exchange_rows(exchange: Exchange, columns: int) -> list[str]:
    """A question and its answer as they were shown, for a terminal of so many columns."""
    from r1plan.render.chat.live_answer import AnswerRows

    answer = AnswerRows()
    asked = printable(exchange.question).split("\n")
    return [
        *(f"{'  ' if index else '> '}{line}" for index, line in enumerate(asked)),
        "",
        *answer.grown(printable(exchange.answer), columns),
        *answer.closed(columns),
    ]


def markdown(session: Session, saved_at: datetime) -> str:
    """The conversation as a Markdown document, the thinking folded where HTML is shown."""
    models = ", ".join(dict.fromkeys(each.model for each in session.exchanges if each.model))
    lines = ["# Conversation", "", f"{models}, saved {saved_at:%Y-%m-%d %H:%M}"]
    if session.wishes.system:
        lines += ["", "## Instructions", "", session.wishes.system]
    for each in session.exchanges:
        lines += ["", "## Question", "", each.question.strip(), "", f"## Answer ({each.model})"]
        if each.thinking:
            lines += ["", "<details><summary>Thinking</summary>", "", each.thinking.strip(), "", "</details>"]
        lines += ["", each.answer.strip()]
    return printable("\n".join(lines)) + "\n"
