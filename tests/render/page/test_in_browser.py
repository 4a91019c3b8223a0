"""The page in a real browser, as wide as a phone and as a desktop, by day and by night and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import browser
from tests.browser import Browser, Scheme
from tests.render.page.pages import NAMES, shown
from tests.render.page.test_page import hostile

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason=browser.MISSING)

WIDTHS = (320, 360, 768, 1280)

# Every text that is seen, with the contrast of its ink on what lies under it (WCAG 2).
PALE = """(() => {
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const part = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  const under = (element) => {
    if (element.classList.contains("on")) return numbers(getComputedStyle(element.previousElementSibling).fill);
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (!(each instanceof SVGElement) && colour[3] !== 0) return colour;
    }
  };
  const pale = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("title") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = light(numbers(element instanceof SVGElement ? style.fill : style.color)), paper = light(under(element));
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    seen += 1;
    if (contrast < 4.5) pale.push(`${texts.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
  }
  return {seen, pale};
})()"""

# Names and axes of the picture that is shown: those that cover one another or leave it. A point's number may be
# covered by the next point, where two options are nearly the same.
CROWDED = """(() => {
  const picture = [...document.querySelectorAll(".picture")].find((each) => each.checkVisibility());
  if (!picture) return {texts: 0, wrong: []};
  const frame = picture.getBoundingClientRect();
  const texts = [...picture.querySelectorAll("text:not(.digit)")].map((each) => [each, each.getBoundingClientRect()]);
  const wrong = [];
  texts.forEach(([one, box], number) => {
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1)
      wrong.push(`${one.textContent} leaves the picture`);
    for (const [other, there] of texts.slice(number + 1))
      if (box.left < there.right && there.left < box.right && box.top < there.bottom && there.top < box.bottom)
        wrong.push(`${one.textContent} and ${other.textContent}`);
  });
  return {texts: texts.length, wrong};
})()"""

SIDEWAYS = """(() => {
  const wide = document.documentElement.clientWidth;
  const seen = (each) => each.checkVisibility() && !each.closest("thead");
  const leaves = (each) => each.getBoundingClientRect().right > wide + 1;
  const all = [...document.body.querySelectorAll("*")];
  const over = all.filter((each) => seen(each) && leaves(each)).map((each) => each.outerHTML.slice(0, 90));
  return {scrolled: document.documentElement.scrollWidth - wide, over};
})()"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for number, name in enumerate(NAMES):
        found[name] = folder / f"{number}.html"
        found[name].write_text(shown(name).html(), encoding="utf-8")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_nothing_complains_of_nothing_and_every_word_can_be_read(
    chromium: Browser, files: dict[str, Path], name: str, scheme: Scheme
) -> None:
    assert chromium.opens(files[name], 1280, scheme=scheme) == ([], [])
    chromium.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    texts = chromium.value(PALE)
    assert texts["pale"] == []
    assert texts["seen"] > 30


@pytest.mark.parametrize("name", NAMES)
def test_nobody_scrolls_sideways(chromium: Browser, files: dict[str, Path], name: str) -> None:
    for width in WIDTHS:
        chromium.opens(files[name], width)
        chromium.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        assert chromium.value(SIDEWAYS) == {"scrolled": 0, "over": []}, width
        assert chromium.value("innerWidth") == width


@pytest.mark.parametrize("name", NAMES)
def test_no_name_in_the_picture_covers_another(chromium: Browser, files: dict[str, Path], name: str) -> None:
    for width in (360, 1280):
        chromium.opens(files[name], width)
        assert chromium.value(CROWDED)["wrong"] == [], width


def test_the_picture_names_every_offered_option_and_is_drawn_once(chromium: Browser, files: dict[str, Path]) -> None:
    for width in (360, 1280):
        chromium.opens(files["one card"], width)
        drawn = chromium.value("[...document.querySelectorAll('.picture')].filter((e) => e.checkVisibility()).length")
        assert drawn == 1
        named = chromium.value("[...document.querySelectorAll('.name')].filter((e) => e.checkVisibility()).length")
        assert named == len(shown("one card").plan.options)


def test_day_and_night_differ_and_paper_is_white(chromium: Browser, files: dict[str, Path]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    seen = []
    for scheme in ("light", "dark"):
        chromium.opens(files["one card"], 1280, scheme=scheme)
        seen.append(chromium.value(ground))
    chromium.print_media()
    assert chromium.value(ground) == "rgb(255, 255, 255)"
    assert len(set(seen)) == 2


def test_letters_are_large_enough_on_a_phone(chromium: Browser, files: dict[str, Path]) -> None:
    chromium.opens(files["one card"], 360)
    sizes = """Math.min(...[...document.querySelectorAll("p, td, th, li, dt, dd, .picture text")]
      .filter((e) => e.checkVisibility() && e.textContent.trim()).map((e) => {
        const drawn = e.closest(".picture");
        return parseFloat(getComputedStyle(e).fontSize) *
          (drawn ? drawn.getBoundingClientRect().width / drawn.viewBox.baseVal.width : 1);
      }))"""
    assert chromium.value(sizes) >= 9


def test_a_name_that_would_be_a_program_is_shown_and_not_run(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_text(hostile(shown("one card")).html(), encoding="utf-8")
    assert chromium.opens(path, 360) == ([], [])
    assert chromium.value("document.scripts.length + document.images.length") == 0
    assert "alert(1)" in chromium.value("document.querySelector('h1').textContent")
    assert chromium.value(SIDEWAYS)["scrolled"] == 0


def test_the_browser_would_see_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        "<!doctype html><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>"
        "<body style='margin:0;background:#fff'><p style='color:#aaa'>pale</p><p style='width:500px'>wide</p>"
        "<img src='https://example.org/x.png'><script>console.error('broken')</script>"
        "<svg class=picture viewBox='0 0 100 20'><text x=0 y=10>one</text><text x=5 y=10>two</text></svg>",
        encoding="utf-8",
    )
    opened = chromium.opens(path, 360)
    assert opened.requests == ["https://example.org/x.png"]
    assert any("broken" in complaint for complaint in opened.complaints)
    assert chromium.value(PALE)["pale"] == ["pale: 2.32"]
    assert chromium.value(SIDEWAYS)["scrolled"] == 140
    assert chromium.value(CROWDED)["wrong"] == ["one and two"]
