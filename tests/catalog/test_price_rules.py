"""What is wrong with a price file is named, by `prices check` and by every command that reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.catalog.load import load_prices
from r1plan.catalog.prices.check import check_prices
from r1plan.errors import CatalogError
from r1plan.settings import catalog_folders

AT = datetime(2026, 11, 24, tzinfo=UTC)
HEAD = "provider: acme\nchecked: 2026-11-23\nprices:\n"
ROW = """  - model: m
    rates: {input_cache_miss: '1', input_cache_hit: '0.50', output: '2'}
    effective_from: 2026-01-01
    effective_from_precision: day
    effective_until: 2026-06-01
    effective_until_precision: day
    sources: [my bill]
    confidence: high
"""
LATER = ROW.replace("2026-01-01", "2026-06-01").replace(
    "2026-06-01\n    effective_until_p", "2026-09-01\n    effective_until_p"
)
CLOCK = """    tier: off_peak
    clock:
      - tier: peak
        windows_utc: [{start: '01:00', end: '04:00'}]
        weekdays: mon-fri
        day_zone: Asia/Shanghai
        holidays: china-public-holidays
        rates: {input_cache_miss: '2', input_cache_hit: '1', output: '4'}
"""


def found(folder: Path, text: str, at: datetime = AT, stale_days: int = 90) -> list[tuple[bool, int | None, str]]:
    file = folder / "acme.yaml"
    file.write_text(text, encoding="utf-8")
    check = check_prices(file, at, stale_days)
    assert {each.label for each in check.findings} <= {str(file)}
    return [(each.is_error, each.line, each.text) for each in check.findings]


def test_our_own_prices_have_no_error() -> None:
    check = check_prices(catalog_folders("pricing")[0], AT, 90)
    assert [each for each in check.findings if each.is_error] == []
    assert {each.text.partition(" is kept and never used")[1] for each in check.findings} == {" is kept and never used"}
    assert (check.files, check.rows) == (19, 80)


def test_a_sound_file_has_nothing_to_say(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD + ROW + LATER) == []
    assert found(tmp_path, HEAD + ROW + CLOCK) == []
    beside = CLOCK.replace(
        "end: '04:00'}", "end: '04:00'}, {start: '04:00', end: '05:00'}, {start: '22:00', end: '01:00'}"
    )
    assert found(tmp_path, HEAD + ROW + beside) == []


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        pytest.param(
            HEAD + ROW.replace("'1'", "0.55"), 5,
            "prices[0].rates.input_cache_miss: expected a price in quotes, '0.55', got 0.55 without quotes "
            "(a float loses digits)", id="float",
        ),
        pytest.param(
            HEAD + ROW.replace("'2'", "'-2'"), 5,
            "prices[0].rates.output: expected a price of 0 or more, got '-2'", id="negative",
        ),
        pytest.param(
            HEAD + ROW + "    colour: red\n", 12,
            "prices[0]: unknown field 'colour'; known are", id="unknown-field",
        ),
        pytest.param(
            HEAD + ROW + ROW.replace("2026-01-01", "2026-05-31"), 12,
            "prices[1]: m from 2026-05-31 until 2026-06-01 overlaps: 'm' already has a price then: "
            "m from 2026-01-01 until 2026-06-01; give that row its effective_until", id="overlap-of-a-day",
        ),
        pytest.param(
            HEAD + ROW + LATER.replace(": m\n", ": n\n    aliases: [m]\n").replace("2026-06-01", "2026-05-31"), 12,
            "prices[1]: n from 2026-05-31 until 2026-09-01 overlaps: 'm' already has a price then: "
            "m from 2026-01-01 until 2026-06-01 (an alias that clashes with another model's)", id="alias-clash",
        ),
        pytest.param(
            HEAD + ROW.replace("[my bill]", "[]"), 10,
            "prices[0].sources: a price needs a source", id="no-source",
        ),
        pytest.param(
            HEAD + ROW + CLOCK.replace("china-public", "moon"), 18,
            "prices[0].clock[0].holidays: unknown calendar 'moon-holidays'; known are china-public-holidays",
            id="unknown-calendar",
        ),
        pytest.param(
            HEAD + ROW + CLOCK.replace("Asia/Shanghai", "Mars/Base"), 17,
            "prices[0].clock[0].day_zone: unknown time zone 'Mars/Base'", id="unknown-zone",
        ),
        pytest.param(
            HEAD + ROW + CLOCK.replace("end: '04:00'}", "end: '04:00'}, {start: '03:59', end: '05:00'}"), 15,
            "prices[0].clock[0].windows_utc[1]: 03:59 to 05:00 overlaps a window before it", id="windows-overlap",
        ),
        pytest.param(
            HEAD + ROW + CLOCK.replace("'04:00'", "'01:00'"), 15,
            "prices[0].clock[0].windows_utc[0]: a window from 01:00 to 01:00 is empty", id="empty-window",
        ),
        pytest.param(
            HEAD + ROW.replace("effective_until: 2026-06-01", "effective_until: 2026-01-01"), 8,
            "prices[0].effective_until: expected an instant after effective_from (2026-01-01T00:00:00+00:00), "
            "got 2026-01-01T00:00:00+00:00", id="ends-before-it-starts",
        ),
        pytest.param(
            HEAD + ROW.replace("effective_until: 2026-06-01", "effective_until: null"), 9,
            "prices[0].effective_until_precision: expected 'open' exactly where effective_until is null, got 'day'",
            id="precision",
        ),
        pytest.param(
            HEAD + ROW + "    cny_rates: {peak: {input_cache_miss: '1', input_cache_hit: null, output: '2'}}\n", 12,
            "prices[0].cny_rates.peak: the row has no tier of that name; it has flat", id="yuan-tier",
        ),
        pytest.param(
            HEAD + ROW + "    thinking_billed_as_output: false\n", 12,
            "prices[0].thinking_billed_as_output: expected true, got false", id="thinking-billed-otherwise",
        ),
        pytest.param(
            HEAD + ROW + "    evidence_first_seen: 2026-01-02\n    evidence_last_seen: 2026-01-01\n", 13,
            "prices[0].evidence_last_seen: expected a day from evidence_first_seen (2026-01-02) on, got 2026-01-01",
            id="seen-last-before-first",
        ),
        pytest.param(
            HEAD + ROW + "    usabel: false\n", 12,
            "prices[0]: unknown field 'usabel', did you mean usable?", id="a-field-as-files-spell-it",
        ),
        pytest.param(
            HEAD + ROW + "    billable: false\n", 12,
            "prices[0]: unknown field 'billable'", id="a-field-as-code-spells-it",
        ),
        pytest.param(
            HEAD.replace("acme", "apex") + ROW, 1,
            "provider: expected 'acme', as the file is called, got 'apex'", id="another-provider",
        ),
    ],
)  # fmt: skip
def test_an_error_names_row_value_and_line(tmp_path: Path, text: str, line: int, error: str) -> None:
    ((is_error, where, said),) = found(tmp_path, text)
    assert is_error
    assert said.startswith(error)
    assert where == line


@pytest.mark.parametrize(
    ("text", "note"),
    [
        pytest.param(
            HEAD + ROW + LATER.replace("effective_from: 2026-06-01", "effective_from: 2026-06-02"),
            "prices[1]: 'm' has no price from 2026-06-01 to 2026-06-02", id="gap",
        ),
        pytest.param(
            HEAD.replace("2026-11-23", "2026-08-25") + ROW,
            "checked: last checked 91 days ago (2026-08-25); look again at the vendor's page", id="stale",
        ),
        pytest.param(
            HEAD.replace("2026-11-23", "2026-11-25") + ROW, "checked: 2026-11-25 is in the future", id="future"
        ),
        pytest.param(
            HEAD + ROW.replace("'0.50'", "'1.50'"),
            "prices[0].rates: cached input (1.50) costs more than fresh input (1)", id="cached-dearer",
        ),
        pytest.param(
            HEAD + ROW + "    usable: false\n",
            "prices[0]: m from 2026-01-01 until 2026-06-01 is kept and never used: its dates are not known well enough",
            id="kept-aside",
        ),
        pytest.param(
            HEAD + (ROW + CLOCK).replace("2026-06-01", "2027-01-02"),
            "prices[0].clock: 'china-public-holidays' has no days after 2026-12-31; add the new year's", id="calendar",
        ),
    ],
)  # fmt: skip
def test_a_note_says_what_to_look_at(tmp_path: Path, text: str, note: str) -> None:
    assert [(is_error, said) for is_error, _, said in found(tmp_path, text)] == [(False, note)]


def test_a_list_is_stale_on_the_day_after_the_limit(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD.replace("2026-11-23", "2026-08-26") + ROW) == []


def test_one_wrong_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("provider: a\n")
    (tmp_path / "b.yaml").write_text("[")
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "c.yaml").write_text("days: 3\n")
    check = check_prices(tmp_path, AT, 90)
    assert sorted(Path(each.label).name for each in check.findings if each.is_error) == ["a.yaml", "b.yaml", "c.yaml"]


def test_a_folder_without_prices_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"holds no YAML file"):
        check_prices(tmp_path, AT, 90)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param(
            ROW + ROW.replace("2026-01-01", "2026-05-31"),
            "config/pricing/acme.yaml: prices[1]: m from 2026-05-31", id="overlap",
        ),
        pytest.param(
            ROW + CLOCK.replace("Asia/Shanghai", "Mars/Base"),
            "prices[0].clock[0].day_zone: unknown time zone 'Mars/Base'", id="zone",
        ),
    ],
)  # fmt: skip
def test_every_command_that_reads_a_users_file_refuses_it_the_same_way(home: Path, text: str, error: str) -> None:
    file = home / "config" / "pricing" / "acme.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        load_prices()
    assert error in raised.value.message.replace("pricing/acme.yaml", "config/pricing/acme.yaml")
    assert str(file) in (raised.value.hint or "")


def test_a_file_that_is_no_yaml_is_named_once_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    ((is_error, line, said),) = found(tmp_path, HEAD + "  - model: [m\n")
    assert is_error
    assert line is None
    assert said.startswith("line 5: ")
    assert not said.endswith(".")


def test_the_error_of_a_file_tells_its_problem_and_line_apart(home: Path) -> None:
    file = home / "config" / "pricing" / "acme.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + ROW.replace("[my bill]", "[]"), encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        load_prices()
    assert raised.value.line == 10
    assert raised.value.problem.startswith("prices[0].sources: a price needs a source")
    assert raised.value.message.endswith(f"pricing/acme.yaml: {raised.value.problem}")
