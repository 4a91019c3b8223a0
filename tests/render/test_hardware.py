"""Every row of hardware stands on one line of 80 columns."""

from __future__ import annotations

import json

from r1plan.catalog.load import load_cpus
from r1plan.hardware.names.listing import KnownHardware, families, with_word
from r1plan.render.hardware import family_lines, known_document, known_lines
from tests.catalog.ours import HARDWARE

CPUS = load_cpus()


def lines(word: str, width: int = 80) -> list[str]:
    return list(known_lines(with_word(HARDWARE, CPUS, word), width))


def test_a_card_shows_memory_bandwidth_and_target() -> None:
    assert lines("4090 laptop") == ["rtx-4090-laptop  16 GiB  576 GB/s  sm_89, laptop"]
    assert lines("w7500") == ["pro-w7500  8 GiB  256 GB/s  gfx1102"]
    assert lines("m3-max-40c") == ["m3-max-40c  48 to 128 GiB  400 GB/s  unified"]


def test_a_processor_shows_cores_channels_and_instructions() -> None:
    assert lines("epyc 9654p") == ["EPYC 9654P  96 cores  12 x DDR5-4800  461 GB/s  AVX-512"]


def test_what_no_source_says_is_marked_and_the_mark_explained() -> None:
    told = lines("4090 48gb")
    assert "~1,008 GB/s" in told[0]
    assert told[-1] == "~ is from general knowledge: no source was opened."


def test_no_row_is_wider_than_80_columns_and_each_is_one_line() -> None:
    everything = KnownHardware(tuple(HARDWARE.accelerators.values()), tuple(CPUS.values()))
    told = list(known_lines(everything, 80))
    assert max(map(len, told)) <= 80
    assert [each.split(" ")[0] for each in told if "…" in each] == ["Snapdragon"]
    assert sum(1 for each in told if each) == len(HARDWARE.accelerators) + len(CPUS) + 1  # and what ~ means
    assert max(map(len, family_lines(families(HARDWARE, CPUS), 411, 807, 80))) <= 80


def test_a_narrow_terminal_cuts_a_row_and_never_wraps_it() -> None:
    assert lines("4090 laptop", 30) == ["rtx-4090-laptop  16 GiB  576 …"]


def test_the_document_has_all_that_is_known_of_a_row() -> None:
    document = json.loads(json.dumps(known_document(with_word(HARDWARE, CPUS, "rtx-5090-d-v2")), default=str))
    assert document["schema"] == "r1plan.hardware/1"
    assert document["processors"] == []
    (row,) = document["cards"]
    assert (row["id"], row["vram_gib"], row["compute_capability"]) == ("rtx-5090-d-v2", 24.0, "12.0")
