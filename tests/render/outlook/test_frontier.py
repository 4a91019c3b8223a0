"""The ways to do a month's work, set beside each other on terminals of any width."""

from __future__ import annotations

from decimal import Decimal

import pytest

from r1plan.plan.outlook.frontier import Way, WayKind, WayQuality
from r1plan.plan.outlook.ways import ComparedWays, UncomparedWay, compared
from r1plan.render.outlook.frontier import beaten_text, frontier_lines, where


def way(id_: str, score: float, seconds: float, usd: str, kind: WayKind = "api", machines: int = 0) -> Way:
    cards = ("NVIDIA H200 SXM 141 GB",) * 8 if kind == "rented" else ("NVIDIA GeForce RTX 4090",)
    is_api = kind == "api"
    return Way(
        id=id_, kind=kind, model=id_.partition(":")[0], seller="DeepSeek" if is_api else None,
        cards=() if is_api else cards, quality=WayQuality(score, score, 1.0, "exact", "a card"), seconds=seconds,
        usd_per_month=Decimal(usd), machines=machines, basis="assumed",
    )  # fmt: skip


FLASH = way("deepseek/deepseek-flash", 90.9, 156, "6.01")
OWN = way("R1-Distill-Qwen-32B:Q4_K_M", 62.1, 138, "14.15", "electricity", 1)
RENTED = way("DeepSeek-R1-0528:FP8", 81.0, 90, "26563.0", "rented", 2)
DEAR = way("novita/deepseek/deepseek-r1-turbo", 71.5, 156, "21.61")
ALONE = UncomparedWay("R1-Distill-Llama-70B:Q4_K_M", "electricity", "no published score", 12)
WAYS = compared([OWN, RENTED, FLASH, DEAR, ALONE], OWN.id)


def test_the_choice_stands_first_and_then_the_best_and_what_is_beaten_says_by_what_and_in_what() -> None:
    assert list(frontier_lines(WAYS, 80)) == [
        "way                         where                      GPQA   answer  a month",
        "R1-Distill-Qwen-32B:Q4_K_M  1 x RTX 4090, electricity  62.1  2.3 min   $14.15",
        "deepseek-flash              DeepSeek's API             90.9  2.6 min    $6.01",
        "1 dearer way that nothing beats (--explain).",
        "deepseek-r1-turbo, DeepSeek's API, $21.61 a month: beaten by DeepSeek's API, better, cheaper.",
        "Left out: 1 without a published score.",
    ]


def test_in_full_each_that_is_left_out_is_named_with_its_reason() -> None:
    assert list(frontier_lines(WAYS, 80, in_full=True))[-1] == (
        "Left out: R1-Distill-Llama-70B:Q4_K_M, without a published score."
    )


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_table_gives_way_to_a_narrow_terminal(columns: int) -> None:
    rows = list(frontier_lines(WAYS, columns))[: 1 + len(WAYS.frontier.ways)]
    assert max(map(len, rows)) <= max(columns, 66)


def test_five_ways_are_shown_and_one_s_own_is_among_them() -> None:
    ways = [way(f"seller/model-{number}", 70 + number, 100 + number, str(10 + number)) for number in range(7)]
    many = compared([*ways, OWN._replace(seconds=500.0, usd_per_month=Decimal(1))], OWN.id)
    rows = list(frontier_lines(many, 80))
    assert len(rows) == 7
    assert rows[-1] == "3 more ways that nothing beats (--explain)."
    assert any(row.startswith(OWN.id) for row in rows)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FLASH, "DeepSeek's API"),
        (OWN, "1 x RTX 4090, electricity"),
        (RENTED, "16 x H200 SXM, rented"),
        (OWN._replace(kind="bought", machines=1_200), "1,200 x RTX 4090, bought"),
        (OWN._replace(cards=()), "1 x processor, electricity"),
    ],
    ids=["api", "one's own", "rented", "bought", "no card"],
)
def test_where_a_way_runs_is_all_its_cards_and_whose_they_are(found: Way, said: str) -> None:
    assert where(found) == said


def test_a_choice_that_is_beaten_is_in_the_table_and_by_what_stands_below_it() -> None:
    beaten = OWN._replace(usd_per_month=Decimal(90), seconds=900.0)
    lines = list(frontier_lines(compared([beaten, FLASH, DEAR, RENTED], OWN.id), 100))
    assert lines[1].startswith(OWN.id)
    said = "R1-Distill-Qwen-32B:Q4_K_M, 1 x RTX 4090, electricity, $90.00 a month: beaten by DeepSeek's API"
    assert lines[4] == f"{said}, better, faster, cheaper."


def test_the_same_cards_with_the_same_option_are_one_way_and_not_beaten_by_itself() -> None:
    again = RENTED._replace(cards=RENTED.cards * 2, machines=1)
    found = compared([RENTED, again], RENTED.id)
    assert (found.frontier.ways, found.frontier.beaten, found.choice) == ((RENTED,), (), RENTED)


def test_ways_of_over_a_hundred_times_the_cheapest_are_counted_but_the_choice_is_shown() -> None:
    lines = list(frontier_lines(compared([RENTED, FLASH, OWN._replace(seconds=1.0)], RENTED.id), 100))
    assert [line.split(":")[0].split()[0] for line in lines] == ["way", RENTED.model, "deepseek-flash", OWN.model]
    assert len(list(frontier_lines(compared([RENTED, FLASH], None), 100, in_full=True))) == 3


def test_equal_ways_are_beaten_in_nothing() -> None:
    assert beaten_text(FLASH, FLASH) == "in nothing worse"


def test_nothing_to_compare_is_heads_alone() -> None:
    assert list(frontier_lines(ComparedWays(compared([], None).frontier, ()), 80)) == [
        "way  where  GPQA  answer  a month"
    ]
