"""The report over each tool's records, in overlapping files of several kinds, is what a plain loop over them comes to."""

from __future__ import annotations

import os

import pytest

from tests.report.importers.every_tool import TOOLS, deepseek_differences, differences

# 60000 takes minutes.
RECORDS = int(os.environ.get("R1PLAN_TEST_RECORDS", "60"))


@pytest.mark.parametrize("tool", TOOLS)
def test_every_sum_trap_and_group_is_that_of_a_slow_loop(tool: str) -> None:
    assert list(differences(tool, 20, RECORDS)) == []


def test_deepseeks_bill_is_the_sum_of_its_lines_month_by_month() -> None:
    assert list(deepseek_differences(20, 10 * RECORDS)) == []
