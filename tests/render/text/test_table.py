"""Tables as plain lines."""

from __future__ import annotations

import pytest

from r1plan.render.text.table import column_widths, table_row, table_width, wrapped_rows

ROWS = [["model", "cost", "share"], ["深思", "$1.00", ""], ["deepseek-r1", "$0.50", "5 %"]]


def test_a_column_is_as_wide_as_its_widest_cell() -> None:
    assert column_widths(ROWS) == [11, 5, 5]


def test_columns_line_up_on_the_side_that_each_is_set_to() -> None:
    widths = column_widths(ROWS)
    assert [table_row(row, widths, "<><") for row in ROWS] == [
        "model         cost  share",
        "深思         $1.00",
        "deepseek-r1  $0.50  5 %",
    ]


def test_a_table_is_as_wide_as_its_widest_row() -> None:
    widths = column_widths(ROWS)
    assert table_width(widths) == len(table_row(ROWS[0], widths, "<><")) == 25


STACKED = [["model", "tok/s", "why"], ["deepseek-r1\n  Q4_K_M", "40", "best balance of quality and speed"]]


def lines(width: int) -> tuple[int, list[list[str]]]:
    return wrapped_rows(STACKED, "<><", [False, False, True], width)


def test_a_cell_of_two_lines_makes_a_row_of_two() -> None:
    assert lines(80) == (
        53,
        [
            ["model        tok/s  why"],
            ["deepseek-r1     40  best balance of quality and speed", "  Q4_K_M"],
        ],
    )


def test_the_column_that_may_wrap_gives_way() -> None:
    assert lines(35) == (
        35,
        [
            ["model        tok/s  why"],
            ["deepseek-r1     40  best balance of", "  Q4_K_M            quality and", "                    speed"],
        ],
    )


@pytest.mark.parametrize(("width", "table"), [(54, 53), (53, 53), (52, 52), (27, 27), (26, 26), (25, 26), (1, 26)])
def test_a_column_that_wraps_keeps_six_cells_however_narrow_the_terminal(width: int, table: int) -> None:
    assert lines(width)[0] == table
    assert max(len(line) for row in lines(width)[1] for line in row) <= table


def test_the_widest_of_the_columns_that_may_wrap_gives_way_first() -> None:
    rows = [["aa aa aa aa", "bb bb bb bb bb"]]
    assert wrapped_rows(rows, "<<", [True, True], 24) == (24, [["aa aa aa aa  bb bb bb bb", "             bb"]])


def test_columns_that_may_not_wrap_stay_whole() -> None:
    assert wrapped_rows([["aaaa", "bbbb"]], "<<", [False, False], 5) == (10, [["aaaa  bbbb"]])
