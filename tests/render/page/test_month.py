"""What a plan means for a month, on its page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.render.outlook.frontier import HEADS
from r1plan.render.page.content import plan_page
from r1plan.render.page.month import month_parts, ways_remarks, ways_table
from r1plan.render.page.page import page_text
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from tests.plan.catalogue import card, machine, plan
from tests.render.outlook.month import outlook
from tests.render.outlook.test_frontier import ALONE, OWN, WAYS
from tests.render.page.pages import shown

MONTH = replace(outlook(), ways=WAYS)


def test_the_page_tells_capacity_and_money_below_their_headings() -> None:
    capacity, money = month_parts(MONTH)
    assert capacity[0] == "Capacity (assumed)"
    assert any("serves 310 requests a day" in line for line in capacity[1])
    assert money[0] == "Money (electricity; assumed)"
    assert money[1][0] == "taken from: --power-price"


def test_the_ways_are_a_table_and_what_is_not_in_it_has_its_reason() -> None:
    table = ways_table(MONTH)
    assert table is not None
    assert table.heads == HEADS
    assert [row[0] for row in table.rows] == [OWN.id, "deepseek-flash", "DeepSeek-R1-0528:FP8"]
    said = list(ways_remarks(MONTH))
    assert any("beaten by" in each for each in said)
    assert f"Left out: {ALONE.id}, without a published score." in said


def test_a_page_without_a_month_has_none_of_it_and_one_with_it_says_so_below_its_short_headline() -> None:
    answer = plan(machine(card(24)))
    bare, told = (plan_page(LlamaCppView(), answer, (), None, {}, ("r1plan", "1"), each) for each in (None, MONTH))
    assert (bare.month, bare.ways, bare.ways_remarks) == ((), None, ())
    assert bare.capacity == ()
    assert told.capacity[0].startswith("It serves about 310 requests a day and does your 100 for $12.40 a month")
    assert len(told.headline) < len(bare.headline)
    assert " on 1 x " in told.headline
    assert told.headline.startswith(bare.headline.split(",")[0].split(" with ")[0])


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not asked"])
def test_a_month_that_was_asked_about_follows_the_headline_and_its_options_are_not_broken(asked: bool) -> None:
    each = shown("one card")
    month = replace(MONTH, is_asked=asked)
    html = page_text(each.view, each.plan, (), None, {}, "r1plan", month)
    assert (html.index('<h2 id="month">') < html.index('<h2 id="memory">')) is asked
    assert html.count('<h2 id="month">') == html.count('<h2 id="ways">') == 1
    assert '<span class="word">(--slo-ttft),</span>' in html or not asked
