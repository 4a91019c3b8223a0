"""The sentences of other worlds."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from r1plan.render.spend.formats import spend_text
from r1plan.render.spend.worlds.document import what_if_fields
from r1plan.render.spend.worlds.table import WHAT_IF_HEADS, seller_lines, what_if_cells
from r1plan.render.spend.worlds.words import what_if_notes
from r1plan.report.whatif.values import Immovable, ReplayAssumption, WhatIf
from tests.render.spend.sample import sample_report

D = Decimal
MOVED = WhatIf(
    target="together/deepseek-ai/DeepSeek-R1", asked="together/deepseek-ai/DeepSeek-R1", movable_requests=90,
    cost_usd=D("4.5"), low_usd=D("4.5"), high_usd=D(6), instead_usd=D(3), saving_usd=D("-1.5"),
)  # fmt: skip
NOWHERE = WhatIf(target="off-peak", asked="off-peak", immovable=(Immovable("no_clock", 7),))
UNKNOWN = WhatIf(
    target="a/b", asked="a/b", movable_requests=3, cost_usd=D(1), low_usd=D(1), high_usd=D(1),
    instead_unknown_requests=3, immovable=(Immovable("aborted", 2), Immovable("no_price", 1)),
    assumptions=(ReplayAssumption(that="thinking_ratio", model="b", instead_of="c", ratio=D("1.9"), requests=3),),
)  # fmt: skip
PARTLY = WhatIf(
    target="no-cache", asked="no-cache", movable_requests=5, cost_usd=D(4), low_usd=D(4), high_usd=D(4),
    instead_usd=D(2), instead_unknown_requests=1, saving_usd=D(1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("replay", "lines"),
    [
        pytest.param(
            MOVED,
            ["what if together/deepseek-ai/DeepSeek-R1: $4.50 ($4.50 to $6.00) for 90 requests instead of $3.00: "
             "$1.50 more, 50 %."],
            id="dearer-with-bounds",
        ),
        pytest.param(
            NOWHERE,
            ["what if off-peak: none of the requests can be there; 7 requests stay as they are "
             "(priced alike at all hours)."],
            id="none",
        ),
        pytest.param(
            UNKNOWN,
            ["what if a/b: $1.00 for 3 requests, whose own cost is not known; 3 requests stay as they are "
             "(2 broken off, 1 no price is known for then).",
             "assumed: b may think 1.9 times as long as c, by published averages: in the bounds."],
            id="own-cost-unknown",
        ),
        pytest.param(
            PARTLY,
            ["what if no-cache: $4.00 for 5 requests instead of $2.00 and an unknown amount for 1 of them: "
             "$1.00 less, 50 % without those."],
            id="partly-unknown",
        ),
        pytest.param(
            replace(MOVED, low_usd=D("4.5"), high_usd=D("4.5"), instead_usd=D("0.01"), saving_usd=D("-4.49"),
                    movable_requests=1, immovable=(Immovable("failed", 1),)),
            ["what if together/deepseek-ai/DeepSeek-R1: $4.50 for 1 request instead of $0.01: $4.49 more; "
             "1 request stays as it is (failed)."],
            id="many-times-as-much",
        ),
    ],
)  # fmt: skip
def test_a_world_is_said(replay: WhatIf, lines: list[str]) -> None:
    assert list(what_if_notes([replay], "USD")) == lines


@pytest.mark.parametrize(("width", "columns"), [(40, 5), (80, 5), (120, 8)])
def test_of_many_sellers_ten_are_rows_of_a_table_and_the_others_counted(width: int, columns: int) -> None:
    stays = (Immovable("other_family", 7),)
    sellers = [
        replace(MOVED, target=f"seller/a-model-with-a-long-name-{number:02}", asked="all", immovable=stays)
        for number in range(12)
    ]
    head, line, *rows = list(seller_lines(sellers, "USD", width))
    assert len(re.split(" {2,}", head)) == columns
    assert set(line) == {"─"}
    assert [row.split()[0][-2:] for row in rows[:10]] == [f"{number:02}" for number in range(10)]
    assert " ".join(" ".join(rows[10:]).split()) == (
        "and 2 more sellers: --format md, or --json. With the first seller 7 requests stay as they are (answered by "
        "another family of models)."
    )
    assert max(map(len, (head, line, *rows))) <= max(width, 60)
    assert list(seller_lines((), "USD", width)) == []


def test_the_document_has_exact_money_and_null_for_unknown() -> None:
    fields = what_if_fields(UNKNOWN, "USD")
    assert (fields["cost_usd"], fields["instead_usd"], fields["saving_usd"]) == ("1", None, None)
    assert fields["immovable"] == [
        {"reason": "aborted", "requests": 2, "message": "2 requests cannot be moved: broken off."},
        {"reason": "no_price", "requests": 1, "message": "1 request cannot be moved: no price is known for then."},
    ]
    yuan = what_if_fields(UNKNOWN, "CNY")
    assert (yuan["cost_usd"], yuan["cost_cny"]) == (None, "1")


@pytest.mark.parametrize(
    ("replay", "cells"),
    [
        pytest.param(MOVED, "$4.50|$4.50|$6.00|$3.00|-$1.50|90|0", id="dearer"),
        pytest.param(NOWHERE, "-|-|-|-|-|0|7", id="none"),
        pytest.param(UNKNOWN, "$1.00|$1.00|$1.00|not known|-|3|3", id="own-cost-unknown"),
        pytest.param(PARTLY, "$4.00|$4.00|$4.00|$2.00 + ?|$1.00|5|0", id="partly-unknown"),
    ],
)
def test_a_world_is_a_row_of_a_table(replay: WhatIf, cells: str) -> None:
    found = list(what_if_cells(replay, "USD"))
    assert len(found) == len(WHAT_IF_HEADS)
    assert found == [replay.target, *cells.split("|")]


def test_markdown_has_the_worlds_as_a_table_and_what_is_assumed_below() -> None:
    lines = spend_text(sample_report(worlds=("off-peak", "deepseek/deepseek-reasoner")), "md", 80).splitlines()
    start = lines.index("| what if | cost there | at least | at most | as it was | saved | requests | that stay |")
    assert [line.split(" | ")[0] for line in lines[start + 2 : start + 4]] == [
        "| off-peak",
        "| deepseek/deepseek-reasoner",
    ]
    assert "- what if off-peak: " in "\n".join(lines[start:])
    assert "  - assumed: the answers would have been as long." in lines
