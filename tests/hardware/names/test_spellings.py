"""Names as people, shops and drivers write them: each means the card that it should, and what is open is said."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from r1plan.errors import NotFound, UsageError
from r1plan.hardware.names.cards import cards_of
from r1plan.hardware.names.sheets import maker
from r1plan.hardware.names.words import words_of
from tests.catalog.ours import HARDWARE

TABLE: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "spellings.yaml").read_text(encoding="utf-8")
)
SPELLINGS = [(typed, meant) for part in TABLE.values() for typed, meant in part.items()]
REFUSED = ("unknown", "contradiction", "several")


@cache
def understood(typed: str) -> str:
    """What the name was taken for, as the table writes it."""
    try:
        (card,) = cards_of([typed], HARDWARE)
    except NotFound:
        return "unknown"
    except UsageError as error:
        return "several" if "may mean" in error.message or "several" in error.message else "contradiction"
    told = card.sheet.id
    told += f" x{card.count}" if card.count > 1 else ""
    told += f" {card.memory_gib:g}GB" if card.memory_gib else ""
    return told + (" said" if card.note else "")


@pytest.mark.parametrize(("typed", "meant"), SPELLINGS, ids=[typed for typed, _ in SPELLINGS])
def test_a_spelling_means_its_card(typed: str, meant: str) -> None:
    assert understood(typed) == meant


def test_the_table_has_enough_of_each_and_no_id_that_is_none() -> None:
    assert len(SPELLINGS) >= 260
    assert len({typed.casefold() for typed, _ in SPELLINGS}) == len(SPELLINGS)
    assert {meant.split(" ")[0] for _, meant in SPELLINGS} - set(REFUSED) <= set(HARDWARE.accelerators)


@pytest.mark.parametrize("typed", [typed for typed, meant in SPELLINGS if meant in REFUSED])
def test_a_name_that_is_refused_is_told_what_to_do(typed: str) -> None:
    with pytest.raises((NotFound, UsageError)) as caught:
        cards_of([typed], HARDWARE)
    assert caught.value.hint is not None
    if understood(typed) != "several":
        assert caught.value.hint.endswith(
            (
                "--vram GIB --bandwidth GB/S [--vendor NAME] describes any card.",
                "--unified GIB --bandwidth GB/S describes any machine with one memory.",
                "describes one with that much.",
            )
        )
    if understood(typed) == "unknown":
        assert "`r1plan hardware" in caught.value.hint


@pytest.mark.parametrize("typed", [typed for typed, meant in SPELLINGS if meant == "unknown"])
def test_a_hint_names_no_card_of_another_maker_and_no_desktops_for_a_laptops(typed: str) -> None:
    with pytest.raises(NotFound) as caught:
        cards_of([typed], HARDWARE)
    wanted = words_of(typed)
    for id_ in caught.value.near:
        sheet = HARDWARE.accelerators[id_]
        assert wanted.makers <= {maker(sheet)}
        assert not wanted.laptop or "laptop" in id_


def test_an_id_means_its_row_in_any_case() -> None:
    for id_ in HARDWARE.accelerators:
        (card,) = cards_of([f"{id_.upper()}:1"], HARDWARE)
        assert (card.sheet.id, card.count, card.note) == (id_, 1, None)
        (board,) = cards_of([id_], HARDWARE)
        assert (board.note is None) == (board.count == 1)


def test_a_marketed_name_means_its_row_or_says_that_it_may() -> None:
    """The whole name as the catalogue has it; some differ for a reader alone, in brackets."""
    for id_, sheet in HARDWARE.accelerators.items():
        (card,) = cards_of([sheet.name], HARDWARE)
        is_said = id_ in (card.note or "") or card.sheet.name.split(" (")[0] == sheet.name.split(" (")[0]
        assert card.sheet.id == id_ or is_said, id_


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        pytest.param(
            "h100",
            "'h100' is taken as h100-sxm-80gb; h100-pcie-80gb and h100-nvl-94gb are others: --gpu ID chooses.",
            id="the usual one of several",
        ),
        pytest.param(
            "3060", "'3060' is taken as rtx-3060-12gb; rtx-3060-8gb is another: --gpu ID chooses.", id="one of two"
        ),
        pytest.param(
            "4050", "'4050' is taken as rtx-4050-laptop, a laptop's card: no other has that name.", id="laptops alone"
        ),
        pytest.param(
            "RTX 4090 Sparklefish",
            "'RTX 4090 Sparklefish' is taken as rtx-4090; 'sparklefish' says nothing of a card.",
            id="a word that is passed over",
        ),
        pytest.param(
            "k80", "'k80' is taken as tesla-k80, whose board has 2 GPUs: that many are meant.", id="a board of two"
        ),
        pytest.param("4090", None, id="one alone, whatever was rebuilt of it"),
        pytest.param("ASUS Dual RTX 4060 OC", None, id="shop's words"),
    ],
)
def test_what_was_taken_is_said_where_it_may_be_another(typed: str, note: str | None) -> None:
    (card,) = cards_of([typed], HARDWARE)
    assert card.note == note


@pytest.mark.parametrize(
    ("typed", "told", "hint"),
    [
        pytest.param(
            "rtx-4090 32GB",
            "'rtx-4090 32GB': no such card or chip has 32 GB.",
            "rtx-4090 has 24; rtx-4090-48gb has 48 GB.",
            id="card",
        ),
        pytest.param(
            "M4 Max 96GB",
            "'M4 Max 96GB': no such card or chip has 96 GB.",
            "did you mean M2 Max, M3 Max, M3 Ultra or M5 Ultra (96 GB)? m4-max-32c has 36; m4-max-40c has 48, ",
            id="chip",
        ),
    ],
)
def test_a_size_that_is_not_sold_is_refused_with_those_that_are(typed: str, told: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        cards_of([typed], HARDWARE)
    assert caught.value.message == told
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        pytest.param(
            "rtx 3090 laptop", "no laptop's card of that name is known, and rtx-3090 is the desktop's", id="no"
        ),
        pytest.param("EPYC 9654", "a processor is given with --cpu 'EPYC 9654'", id="processor"),
        pytest.param("gtx 4090", "did you mean rtx-4090?", id="another series"),
        pytest.param("rtx 4900", "did you mean rtx-4090?", id="swapped digits"),
        pytest.param("rtx 4070 supre", "did you mean rtx-4070-super?", id="swapped letters"),
    ],
)
def test_a_hint_says_what_may_be_meant(typed: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        cards_of([typed], HARDWARE)
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize("typed", ["rx 5700 xt", "rx 6850 xt", "rtx 6090", "arc b770", "h900", "gtx 960", "m7 max"])
def test_another_number_is_another_card_and_is_not_suggested(typed: str) -> None:
    with pytest.raises(NotFound) as caught:
        cards_of([typed], HARDWARE)
    assert caught.value.near == ()


@pytest.mark.parametrize(
    ("typed", "told", "hint"),
    [
        pytest.param(
            "2x3090 + 3060",
            "--gpu '2x3090 + 3060' names several cards.",
            "give each its own: --gpu 2x3090 --gpu 3060",
            id="two kinds",
        ),
        pytest.param(
            "4090 4090",
            "--gpu '4090 4090' names several cards.",
            "give each its own: --gpu rtx-4090 --gpu rtx-4090",
            id="one kind twice",
        ),
        pytest.param(
            "Core i9-14900K + RTX 4090",
            "--gpu 'Core i9-14900K + RTX 4090' names more than a card.",
            "a processor is --cpu NAME: --gpu 'RTX 4090'",
            id="a processor too",
        ),
    ],
)
def test_a_list_is_refused_with_what_to_type(typed: str, told: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        cards_of([typed], HARDWARE)
    assert (caught.value.message, caught.value.hint) == (told, hint)


@pytest.mark.parametrize(
    "typed", ["", " ", "x" * 5000, "4090 " * 400, "()" * 2000, "\0", "９０", "2x", "x", "🂡", "-", "+"]
)
def test_whatever_is_typed_is_answered(typed: str) -> None:
    with pytest.raises((NotFound, UsageError)) as caught:
        cards_of([typed], HARDWARE)
    assert caught.value.hint
