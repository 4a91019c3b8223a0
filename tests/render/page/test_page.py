"""The page as text: complete, closed, and of one piece."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from r1plan.plan.plan import R1Beside, Rejection
from r1plan.plan.reasons import RanksBelow
from r1plan.render.page.rejected import by_model, summary
from tests.render.page.pages import COMMAND, FAILING, FITTING, NAMES, Shown, shown

_VOID = {"meta", "link", "br", "img"}
# What stands in names of models, files, cards and sellers may come from anywhere.
HOSTILE = """</title></style><script>alert(1)</script><img src=x onerror=alert(2)>"'><b onclick='alert(3)'>&amp;"""


class Outline(HTMLParser):
    """Tags, attributes and words of a page; fails where a tag is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.attributes if each == name]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_closed_named_and_loads_nothing(name: str) -> None:
    page = shown(name).html()
    outline = Outline(page)
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("</html>\n")
    assert page.isascii()
    assert outline.tags.count("h1") == 1
    assert "en" in outline.values("lang")
    assert "width=device-width, initial-scale=1" in outline.values("content")
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(outline.tags)
    assert not [name for name, _ in outline.attributes if name.startswith("on") or name in ("src", "srcset", "style")]
    icon, *links = outline.values("href")
    assert icon == "data:,"
    assert all(each.startswith("https://huggingface.co/") for each in links)
    assert outline.values("rel") == ["icon", *["noreferrer"] * len(links)]
    assert "url(" not in page
    assert "@import" not in page
    assert COMMAND in outline.text


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_reference_has_its_id(name: str) -> None:
    outline = Outline(shown(name).html())
    ids = outline.values("id")
    assert len(ids) == len(set(ids))
    assert set(outline.values("aria-labelledby")) <= set(ids)


@pytest.mark.parametrize("name", FITTING)
def test_the_answer_comes_first_and_every_option_has_its_row(name: str) -> None:
    each = shown(name)
    text = Outline(each.html()).text
    headline = next(iter(each.view.opening(each.plan, 200))).text
    assert headline in text
    assert text.index(headline) < text.index("Memory")
    for option in each.plan.options:
        assert f"{option.model.id} {option.quant_name}" in text


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_fit_is_said_in_the_headline_with_what_to_do(name: str) -> None:
    each = shown(name)
    failure = each.view.failure(each.plan)
    text = Outline(each.html()).text
    assert failure is not None
    assert failure.message[1:] in text
    assert "recommends" not in text
    assert "--explain" not in text  # what it would show stands on the page
    assert "What to type" not in text


def test_the_command_to_type_stands_under_the_headline() -> None:
    each = shown("vllm")
    text = Outline(each.html()).text
    (command,) = [line.text.strip() for line in each.view.opening(each.plan, 200) if line.verbatim]
    assert command.startswith("vllm serve deepseek-ai/DeepSeek-R1-0528 ")
    assert text.index("each when alone") < text.index(command) < text.index("Memory")


@pytest.mark.parametrize("name", ["one card", "vllm, many", "nothing fits"])
def test_every_rejected_option_stands_under_its_model_with_its_reason(name: str) -> None:
    each = shown(name)
    models = by_model(each.view, each.plan)
    listed = {f"{one.model}:{quant.name}" for one in models for quant in one.quants}
    assert listed == {rejected.id for rejected in each.plan.rejected}
    text = Outline(each.html()).text
    for one in models:
        assert f"{one.model} {one.tally}" in text
        assert all(f"{quant.name} {quant.value}" in text for quant in one.quants)


def test_causes_are_counted_in_words_that_agree() -> None:
    each = shown("one card")
    behind = next(one for one in each.plan.rejected if isinstance(one.cause, RanksBelow))
    plan = replace(each.plan, rejected=(Rejection("a:1", behind.cause), *[Rejection("b:c:2", behind.cause)] * 2))
    found = [(model.model, model.tally) for model in by_model(each.view, plan)]
    one, many = each.view.tally["behind"]
    assert found == [("a", f"1 {one}"), ("b:c", f"2 {many}")]
    assert summary(each.view, plan) == f"3 options rejected: 3 {many}."


def test_what_was_assumed_of_the_machine_is_listed_once() -> None:
    each = shown("one card")
    plan = replace(each.plan, machine=replace(each.plan.machine, notes=("A thing is assumed.",) * 2))
    text = Outline(each._replace(plan=plan).html()).text
    assert text.count("A thing is assumed.") == 1
    assert text.count("8 cores; --cores sets it.") == 1
    assert "(--cores)" not in text


def test_letters_of_any_script_are_references_and_what_hides_or_steers_is_gone() -> None:
    each = shown("one card")
    named = replace(each.plan, machine=replace(each.plan.machine, notes=("\x1b[2J\u202e模型 → é\u200b",)))
    page = each._replace(plan=named).html()
    assert "<li>&#27169;&#22411; &#8594; &#233;.</li>" in page
    assert Outline(page).text.count("模型 → é") == 1


def hostile(each: Shown) -> Shown:
    """The same plan with names that would be markup."""

    def renamed(option: Any) -> Any:
        return replace(option, model=replace(option.model, id=option.model.id + HOSTILE))

    machine = each.plan.machine
    plan = replace(
        each.plan,
        machine=replace(machine, gpus=tuple(replace(gpu, name=HOSTILE) for gpu in machine.gpus), notes=(HOSTILE,)),
        choice=renamed(each.plan.choice),
        alternatives=tuple(map(renamed, each.plan.alternatives)),
        rejected=tuple(Rejection(HOSTILE + one.id, one.cause) for one in each.plan.rejected[:3]),
    )
    return each._replace(plan=plan)


@pytest.mark.parametrize("name", ["one card", "eight cards, a month", "asked, does not fit"])
def test_no_name_becomes_markup(name: str) -> None:
    """The parser fails where a tag of the name's own was opened, and the words are all there as words."""
    plain, outline = Outline(shown(name).html()), Outline(hostile(shown(name)).html())
    assert set(outline.tags) <= set(plain.tags)
    assert {name for name, _ in outline.attributes} <= {name for name, _ in plain.attributes}
    assert " ".join(HOSTILE.split()) in outline.text


@pytest.mark.parametrize("name", FITTING)
def test_the_page_says_where_every_offered_option_is_had_with_its_repository_as_a_link(name: str) -> None:
    known = shown(name)
    outline = Outline(known.html())
    for option in known.plan.options:
        repo = (known.view.download_fields(known.plan, option) or {}).get("repo")
        assert repo is None or f"https://huggingface.co/{repo}" in outline.values("href")
    assert known.plan.choice is not None
    assert known.view.where_to_get(known.plan.choice).replace(" ", "") in outline.text.replace(" ", "")


def test_a_distill_is_said_to_be_no_r1_on_the_page_too() -> None:
    known = shown("one card")
    beside = R1Beside("DeepSeek-R1:UD-IQ1_S", 131 * 2**30, 88 * 2**30)
    page = known._replace(plan=replace(known.plan, r1=beside)).html()
    assert "A distill, not R1 (671B) itself: that takes 131 GiB (UD-IQ1_S), 88 are free." in Outline(page).text
    assert "A distill, not R1" not in known.html()
