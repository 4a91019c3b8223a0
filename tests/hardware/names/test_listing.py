"""A word lists the rows that have it; the families are those that all rows belong to."""

from __future__ import annotations

import pytest

from r1plan.catalog.load import load_cpus
from r1plan.hardware.names.listing import families, with_word
from tests.catalog.ours import HARDWARE

CPUS = load_cpus()


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        pytest.param(
            "rtx-4090", ["rtx-4090", "rtx-4090-d", "rtx-4090-48gb", "rtx-4090-d-48gb", "rtx-4090-laptop"], id="id"
        ),
        pytest.param("3080ti", ["rtx-3080-ti", "rtx-3080-ti-20gb", "rtx-3080-ti-laptop"], id="glued"),
        pytest.param("4060m", ["rtx-4060-laptop"], id="a forum's"),
        pytest.param("4090 48gb", ["rtx-4090-48gb", "rtx-4090-d-48gb"], id="size"),
        pytest.param("laptop 40 geforce", [f"rtx-40{n}-laptop" for n in (50, 60, 70, 80, 90)], id="beginning"),
        pytest.param("gfx1201 9070", ["rx-9070", "rx-9070-xt", "rx-9070-gre-12gb", "rx-9070-gre-16gb"], id="target"),
        pytest.param("h100", ["h100-pcie-80gb", "h100-nvl-94gb", "h100-sxm-80gb"], id="forms"),
        pytest.param("M5 Ultra", ["m5-ultra-64c", "m5-ultra-80c"], id="chip"),
    ],
)
def test_a_word_lists_the_rows_with_it(word: str, ids: list[str]) -> None:
    assert sorted(each.id for each in with_word(HARDWARE, CPUS, word).cards) == sorted(ids)


@pytest.mark.parametrize(
    ("word", "name"), [("epyc 9654", "EPYC 9654"), ("14900kf", "Core i9-14900K"), ("8480+", "Xeon Platinum 8480+")]
)
def test_a_word_lists_processors_too(word: str, name: str) -> None:
    known = with_word(HARDWARE, CPUS, word)
    assert name in [each.name for each in known.cpus]
    assert known.cards == ()


@pytest.mark.parametrize("word", ["banana", "rtx 4090 banana", "🂡"])
def test_a_word_that_nothing_has_lists_nothing(word: str) -> None:
    known = with_word(HARDWARE, CPUS, word)
    assert (known.cards, known.cpus) == ((), ())


def test_no_word_lists_all() -> None:
    known = with_word(HARDWARE, CPUS, "")
    assert (len(known.cards), len(known.cpus)) == (len(HARDWARE.accelerators), len(CPUS))


def test_every_row_is_found_by_a_familys_word_and_each_word_lists_as_many_as_it_says() -> None:
    cards: set[str] = set()
    cpus: set[str] = set()
    for each in families(HARDWARE, CPUS):
        known = with_word(HARDWARE, CPUS, each.word)
        assert each.count == len(known.cards) + len(known.cpus), each.word
        found = known.cards if each.kind == "card" else known.cpus
        assert found, each.word
        rates = [row.bandwidth_gb_s for row in (*known.cards, *known.cpus) if row.bandwidth_gb_s]
        assert each.bandwidth_gb_s == (min(rates), max(rates)), each.word
        cards |= {row.id for row in known.cards}
        cpus |= {row.id for row in known.cpus}
    assert cards == set(HARDWARE.accelerators)
    assert cpus == set(CPUS)
