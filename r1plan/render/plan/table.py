"""The options beside each other, a line for each: columns give way until a line fits the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from r1plan.plan.answer import answer_time
from r1plan.plan.plan import difference
from r1plan.plan.workload import Workload
from r1plan.render.plan.successors import short_id, successor_standing
from r1plan.render.plan.summary import short_standing_text
from r1plan.render.plan.view import EngineView, OptionT, TableColumn
from r1plan.render.plan.words import standing_text
from r1plan.render.text.bold import bold
from r1plan.render.text.sanitize import printable
from r1plan.render.text.screen import Screen
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import short_duration
from r1plan.render.text.width import shortened

_GAP, _WIDE_GAP = "  ", "   "
_LEAST_MODEL = 16  # what is left of a model's id, however narrow the terminal
_WHY_SHORTENS, _WHY_LEAVES, _ANSWER_LEAVES = 1, 6, 8


def option_table(
    view: EngineView[OptionT],
    options: Sequence[OptionT],
    workload: Workload,
    screen: Screen,
    successors: Sequence[OptionT] = (),
) -> Iterator[str]:
    """The heads, a rule and a line for each option, none wider than the screen; heads and choice are bold.

    `successors` stand last, each with how it differs from the first option.
    """
    width, styled = screen.columns, screen.styled
    beside = {each.id: difference(each, options[0]) for each in successors}
    options = [*options, *successors]

    def why(option: OptionT) -> str:
        found = beside.get(option.id)
        return standing_text(option.why) if found is None else successor_standing(found)

    def short_why(option: OptionT) -> str:
        return short_standing_text(option.why) if option.id not in beside else "successor"

    columns = _fitted(
        (
            *view.columns(),
            answer_column(workload),
            TableColumn("why", why, True, short_why, _WHY_SHORTENS, _WHY_LEAVES),
        ),
        options,
        width,
    )
    rows = _rows(columns, options)
    widths = column_widths(rows)
    gap = _WIDE_GAP if table_width(widths, _WIDE_GAP) <= width else _GAP
    if (over := table_width(widths, gap) - width) > 0:
        widths[0] = max(widths[0] - over, _LEAST_MODEL)
    sides = ["<", *("<" if column.left else ">" for column in columns)]
    heads, choice, *others = (
        table_row([shortened(row[0], widths[0], widths[0] // 2), *row[1:]], widths, sides, gap) for row in rows
    )
    yield bold(heads) if styled else heads
    yield screen.rule * min(width, table_width(widths, gap))
    yield bold(choice) if styled else choice
    yield from others


def answer_column(workload: Workload) -> TableColumn[OptionT]:
    """How long an answer of `workload` takes."""

    def answer(option: OptionT) -> str:
        time = answer_time(option, workload)
        return "-" if time is None else short_duration(time.typical_s)

    return TableColumn("answer", answer, leaves=_ANSWER_LEAVES)


def _fitted(
    columns: Sequence[TableColumn[OptionT]], options: Sequence[OptionT], width: int
) -> list[TableColumn[OptionT]]:
    """`columns`, as many of them and as long as there is room for."""
    steps: list[tuple[int, int, bool]] = []
    for place, column in enumerate(columns):
        if column.short is not None:
            steps.append((column.shortens, place, False))
        if column.leaves is not None:
            steps.append((column.leaves, place, True))
    there: list[TableColumn[OptionT] | None] = list(columns)
    for _, place, leaves in sorted(steps):
        kept = [column for column in there if column is not None]
        if table_width(column_widths(_rows(kept, options)), _GAP) <= width:
            return kept
        column = columns[place]
        there[place] = None if leaves or column.short is None else column._replace(cell=column.short)
    return [column for column in there if column is not None]


def _rows(columns: Sequence[TableColumn[OptionT]], options: Sequence[OptionT]) -> list[list[str]]:
    cells: list[Callable[[OptionT], str]] = [lambda option: short_id(option.id), *(column.cell for column in columns)]
    heads = ["model", *(column.title for column in columns)]
    return [heads, *([printable(cell(option)) for cell in cells] for option in options)]
