"""Tables as plain lines."""

from __future__ import annotations

from r1plan.render.text.table import column_widths, table_row, table_width

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
