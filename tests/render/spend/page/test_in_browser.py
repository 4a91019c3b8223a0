"""A report's page in a real browser: a click shows what the log says, and nothing is asked for or complained of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from r1plan.ledger.entry import UsageEntry
from r1plan.money import exact, usd
from r1plan.render.spend.findings import finding_texts
from r1plan.render.spend.formats import spend_text
from r1plan.render.spend.pace import pace_notes
from r1plan.report.keys import parse_keys
from r1plan.report.pace.budget import BudgetUse
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.series.series import SeriesSeller
from r1plan.report.spend import SpendReport
from tests import browser
from tests.browser import Browser, Scheme
from tests.prices.test_book import real_book
from tests.render.page.test_in_browser import PALE, SIDEWAYS
from tests.render.spend.sample import sample_report

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason=browser.MISSING)
NO_CHARTS = "needs vl-convert: pip install 'r1plan[page]'"
# The charts are drawn after the page is there; then whether they are.
DRAWN = """new Promise((done) => {
  const drawn = () => document.querySelectorAll(".chart svg").length;
  const ended = performance.now() + 3000;
  const look = () => (drawn() === document.querySelectorAll(".chart").length || performance.now() > ended
    ? requestAnimationFrame(() => done(drawn())) : setTimeout(look, 10));
  look();
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as found:
        yield found


WORLDS = ("deepinfra/DeepSeek-R1-0528", "deepseek/deepseek-reasoner", "off-peak", "google/gemini-2.5-pro")


@cache
def html() -> str:
    report = sample_report("series", worlds=WORLDS)
    return spend_text(report, "html", 80, "r1plan cost-report sample.jsonl --format html")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("vl_convert", reason=NO_CHARTS)
    path = tmp_path_factory.mktemp("spend") / "report.html"
    path.write_text(html(), encoding="ascii")
    return path


def figure(chromium: Browser, name: str) -> str:
    return str(chromium.value(f"document.getElementById('figure-{name}').value"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_draws_six_charts_and_every_word_can_be_read(chromium: Browser, page: Path, scheme: Scheme) -> None:
    assert chromium.opens(page, 1280, scheme=scheme) == ([], [])
    assert chromium.value(DRAWN) == 6
    texts = chromium.value(PALE)
    assert texts["pale"] == []
    assert texts["seen"] > 80


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nobody_scrolls_the_page_sideways(chromium: Browser, page: Path, width: int) -> None:
    chromium.opens(page, width)
    chromium.value(DRAWN)
    assert chromium.value(SIDEWAYS)["scrolled"] == 0
    assert chromium.value("innerWidth") == width


def test_the_figures_are_the_reports(chromium: Browser, page: Path) -> None:
    totals = sample_report().totals
    chromium.opens(page, 1280)
    assert totals.cost_usd is not None
    assert totals.thinking_usd is not None
    assert figure(chromium, "cost") == exact(totals.cost_usd)
    assert figure(chromium, "thinking") == exact(totals.thinking_usd)
    assert figure(chromium, "requests") == str(totals.requests)


def test_a_click_on_a_day_and_on_a_model_shows_their_sums(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    chromium.value(DRAWN)
    bar = (
        "document.querySelector('#chart-{} .mark-rect.role-mark path')"
        ".dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
    )
    chromium.value(bar.format("days"))
    days = {group.keys["day"]: group.totals for group in sample_report(by="day").groups}
    day = chromium.value("document.getElementById('choose-span').selectedOptions[0].text")
    cost = days[day].cost_usd
    assert cost is not None
    assert figure(chromium, "cost") == exact(cost)
    chromium.value("document.getElementById('everything').click()")
    chromium.value(DRAWN)
    chromium.value(bar.format("models"))
    provider, model = chromium.value(
        "['provider', 'model'].map((each) => document.getElementById(`choose-${each}`).value)"
    )
    found = {tuple(group.keys.values()): group.totals for group in sample_report().groups}[provider, model]
    assert found.cost_usd is not None
    assert figure(chromium, "cost") == exact(found.cost_usd)
    assert figure(chromium, "input").isdigit()
    assert f"Shown: {model}, {provider}" in chromium.value("document.getElementById('said').textContent")


def test_what_is_not_known_is_said_and_no_zero(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    # The electricity of what was answered here is not known, and there was some.
    assert figure(chromium, "energy") == ""
    assert chromium.value("document.getElementById('figure-energy').textContent") == "not known"
    chromium.value("""(() => { const box = document.getElementById("choose-provider"); box.value = "openrouter";
      box.dispatchEvent(new Event("change")); })()""")
    assert figure(chromium, "cost") == ""
    assert chromium.value("document.getElementById('figure-cost').textContent") == "unpriced"
    assert figure(chromium, "thinking") == ""
    assert figure(chromium, "energy") == "0"


def test_what_only_bounds_are_known_of_is_said_as_those(chromium: Browser, tmp_path: Path) -> None:
    log, page = tmp_path / "log.jsonl", tmp_path / "report.html"
    ended_at = datetime(2025, 9, 10, 12, tzinfo=UTC)
    broken = UsageEntry(
        id="a", started_at=ended_at, first_token_at=None, ended_at=ended_at, provider="deepseek",
        model_requested="deepseek-reasoner", model_served=None, status="aborted", input_tokens=9, output_tokens=None,
        cost_low_usd=Decimal("0.5"), cost_high_usd=Decimal("1.25"),
    )  # fmt: skip
    log.write_text(broken.to_line(), encoding="utf-8")
    report = spend_report(SpendQuestion([log], Period(), parse_keys("day"), real_book(), detail="series"))
    page.write_text(spend_text(report, "html", 80), encoding="ascii")
    chromium.opens(page, 1280)
    assert chromium.value("document.getElementById('figure-cost').textContent") == "$0.50–$1.25"
    assert [figure(chromium, name) for name in ("cost", "thinking", "fresh", "saving")] == [""] * 4
    # Of what there is none of no figure is shown.
    assert chromium.value("document.getElementById('figure-energy')") is None
    assert chromium.value("document.getElementById('figure-billed')") is None


def test_the_tables_tell_what_the_charts_do_and_choose_by_keyboard(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    chromium.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert chromium.value("document.querySelectorAll('#table-days tbody tr').length") == 30
    told = "document.querySelectorAll('.chart[data-title]').length, document.querySelectorAll('details table').length"
    assert chromium.value(f"[{told}].join()") == "6,5"
    chromium.value("document.querySelector('#table-days tbody button').focus()")
    chromium.value("document.activeElement.click()")
    assert chromium.value("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert chromium.value("document.getElementById('choose-span').selectedOptions[0].text") == "2025-09-01"


def test_what_stands_out_is_above_the_charts_with_the_command_that_avoids_it(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    texts = finding_texts(sample_report("series", worlds=WORLDS))
    assert texts
    shown = chromium.value("[...document.querySelectorAll('.findings li')].map((each) => each.textContent)")
    assert len(shown) == len(texts)
    for text in texts:
        (line,) = [each for each in shown if text.sentence in each]
        assert (text.command or text.advice or "") in line
    first = sum(each.is_first for each in texts)
    assert chromium.value("document.querySelectorAll('section > .findings li').length") == first
    above = "document.getElementById('found').compareDocumentPosition(document.getElementById('charts'))"
    assert chromium.value(f"{above} & Node.DOCUMENT_POSITION_FOLLOWING")


def test_other_worlds_have_a_bar_a_row_and_a_sentence_each(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    chromium.value(DRAWN)
    found = sample_report("series", worlds=WORLDS).what_if
    drawn = sum(each.cost_usd is not None for each in found)
    assert chromium.value("document.querySelectorAll('#chart-worlds .mark-rect.role-mark path').length") >= drawn
    rows = chromium.value("[...document.querySelectorAll('.worlds tbody tr')].map((row) => row.innerText.split('\\t'))")
    assert [row[0] for row in rows] == [each.target for each in found]
    assert [row[1] for row in rows] == [usd(each.cost_usd) if each.cost_usd else "-" for each in found]
    told = chromium.value(
        "document.querySelectorAll('.worlds')[0].closest('section').querySelector('details').textContent"
    )
    assert all(f"what if {each.target}: " in told for each in found)
    # No choice of what is shown changes them.
    chromium.value("document.querySelector('#table-days tbody button').click()")
    assert rows == chromium.value(
        "[...document.querySelectorAll('.worlds tbody tr')].map((row) => row.innerText.split('\\t'))"
    )


def test_without_scripts_the_tables_that_need_none_are_there_and_it_is_said(chromium: Browser, page: Path) -> None:
    assert chromium.opens(page, 320, scripts=False) == ([], [])
    assert "need JavaScript" in chromium.value("document.querySelector('noscript').innerText")
    seen = "(element) => element !== null && element.checkVisibility()"
    for what in ("h1", "#found", ".groups", ".worlds"):
        assert chromium.value(f"({seen})(document.querySelector('{what}'))"), what
    # Nothing stands there empty, waiting for a script.
    for what in ("#filters", "#figures", "#charts"):
        assert not chromium.value(f"({seen})(document.querySelector('{what}'))"), what
    assert chromium.value(SIDEWAYS)["scrolled"] == 0


FOCUSED = """(() => { const at = document.activeElement;
  return at.id || at.getAttribute("aria-label") || at.getAttribute("aria-labelledby") || at.textContent; })()"""


def test_the_keyboard_goes_through_the_page_from_top_to_bottom(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    chromium.value(DRAWN)
    order, places = [], []
    while True:
        chromium.press("Tab")
        if chromium.value("document.activeElement === document.body"):
            break
        order.append(chromium.value(FOCUSED))
        places.append(chromium.value("document.activeElement.getBoundingClientRect().top + scrollY"))
    less = sum(not each.is_first for each in finding_texts(sample_report("series", worlds=WORLDS)))
    assert order == [
        *("choose-provider", "choose-model", "choose-span"),
        *([f"{less} more of less weight"] if less else []),
        *["As a table"] * 5,
        *("title-worlds", "What stays, and what is assumed", "groups"),
    ]
    # Two cards stand beside each other, and the left one is first.
    assert all(later >= sooner - 60 for sooner, later in pairwise(places))


def test_a_day_is_chosen_and_left_by_keys_alone(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 1280)
    chromium.value(DRAWN)
    while chromium.value(FOCUSED) != "As a table":
        chromium.press("Tab")
    chromium.press("Enter")  # opens the table of days
    chromium.press("Tab", 2)
    assert chromium.value(FOCUSED) == "2025-09-01"
    chromium.press(" ")
    assert chromium.value(FOCUSED) == "2025-09-01"
    assert chromium.value("document.getElementById('choose-span').selectedOptions[0].text") == "2025-09-01"
    chromium.press("Enter")
    assert chromium.value("document.getElementById('choose-span').value") == ""


def test_all_of_a_printed_page_is_on_the_paper(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 718)  # A4 within margins of 1 cm
    chromium.value(DRAWN)
    chromium.print_media()
    assert chromium.value(SIDEWAYS)["scrolled"] == 0
    hidden = """[...document.querySelectorAll(".scroll, .chart")].filter((box) => box.checkVisibility()
      && (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1))
      .map((box) => box.id || box.getAttribute("aria-labelledby"))"""
    assert chromium.value(hidden) == []
    assert chromium.value("document.querySelectorAll('.chart svg').length") == 6


def test_paper_is_white_and_has_no_controls(chromium: Browser, page: Path) -> None:
    chromium.opens(page, 768, scheme="dark")
    chromium.print_media()
    assert chromium.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chromium.value("getComputedStyle(document.querySelector('form')).display") == "none"


MONEY = (
    "0",
    "0.01",
    "0.0099",
    "0.005",
    "0.0034",
    "0.00345",
    "0.00335",
    "1.005",
    "1.015",
    "1234567.891",
    "0.000000000000001",
    "2",
)


def test_money_is_written_as_the_report_writes_it(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(_with_costs(MONEY), encoding="ascii")
    chromium.opens(path, 1280)
    shown = chromium.value(
        "[...document.querySelectorAll('#table-days tbody td:nth-child(2)')].map((each) => each.textContent)"
    )
    assert shown == [usd(Decimal(text)) for text in MONEY]


def _with_costs(amounts: tuple[str, ...]) -> str:
    """A page with a day for each amount, without charts."""
    report = sample_report("series")
    series = report.series
    assert series is not None
    first = dataclasses.replace(
        series.spends[0], seller=0, requests=1, unknown_cost=0, unknown_split=0, uncertain_requests=0,
        estimated_requests=0, unpriced_requests=0,
    )  # fmt: skip
    spends = tuple(
        dataclasses.replace(first, span=span, cost_usd=Decimal(text))
        for span, text in zip(series.spans, amounts, strict=False)
    )
    return _without_charts(dataclasses.replace(report, series=dataclasses.replace(series, spends=spends)))


def _without_charts(report: SpendReport) -> str:
    from unittest.mock import patch

    with patch.dict("sys.modules", {"vl_convert": None}):
        return spend_text(report, "html", 80)


def test_a_name_that_would_be_a_program_is_shown_and_not_run(chromium: Browser, tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    report = sample_report("series")
    assert report.series is not None
    hostile = dataclasses.replace(report.series, sellers=(SeriesSeller(name, name), *report.series.sellers[1:]))
    path = tmp_path / "report.html"
    path.write_text(_without_charts(dataclasses.replace(report, series=hostile)), encoding="ascii")
    assert chromium.opens(path, 320) == ([], [])
    assert chromium.value("document.images.length") == 0
    assert name in chromium.value("document.getElementById('table-models').textContent")
    assert chromium.value(SIDEWAYS)["scrolled"] == 0


def test_the_budget_stands_below_the_headline_and_where_figures_come_from_at_the_end() -> None:
    budget = BudgetUse(budget_usd=Decimal(5), spent_usd=Decimal(6), at_least_usd=Decimal(6), at_most_usd=Decimal(6))
    told = dataclasses.replace(sample_report("series"), budget=budget)
    head, _, rest = _without_charts(told).partition("</header>")
    (line,) = pace_notes(told)
    assert f'<p class="notice">{line}</p>' in head
    assert "Where the figures come from" not in rest


def test_without_the_chart_library_the_tables_stand_alone_and_say_so() -> None:
    text = _without_charts(sample_report("series"))
    assert "pip install" in text
    assert len(text) < 200_000
    assert text.count("<script>") == 1


def test_the_page_is_the_same_bytes_each_time() -> None:
    report = sample_report("series")
    assert _without_charts(report) == _without_charts(report)
