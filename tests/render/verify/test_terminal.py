"""A verified model as a person and as a program read it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from r1plan.measurements.measurement import Disturbance
from r1plan.render.output import document_text
from r1plan.render.verify.document import verify_document
from r1plan.render.verify.terminal import verify_lines
from r1plan.render.verify.words import disturbance_text, verdict_text
from r1plan.verify.terms import terms_of
from tests.verify.test_terms import measurement

QUIET = replace(measurement(), disturbances=())


def test_the_whole_of_a_good_one() -> None:
    assert "\n".join(verify_lines(QUIET, 80)) == "\n".join(
        [
            "R1-Distill-Llama-70B Q4_K_M runs here as planned: 20.0 of 20.0 GiB, 41 tok/s",
            "where 38 were expected.",
            "",
            "          what                          planned  measured     off",
            "RTX 4090  weights                      18.0 GiB  18.0 GiB   0.0 %",
            "          besides buffers               2.0 GiB   2.0 GiB   0.0 %",
            "          outputs                             –     1 MiB",
            "          compute buffer                1.0 GiB         –",
            "          in all                       20.0 GiB  20.0 GiB   0.0 %",
            "          generating, 33 in the cache  38 tok/s  41 tok/s  +7.9 %",
            "          loading                             –      12 s",
            "          power drawn                         –     310 W",
            "",
            "Kept for this machine: plans use it from now on.",
        ]
    )


def test_what_is_off_is_said_with_its_likely_cause() -> None:
    slow = replace(measurement(1 / 12), disturbances=("thermal",))
    text = "\n".join(verify_lines(slow, 200))
    assert text.startswith("R1-Distill-Llama-70B Q4_K_M runs here slower than planned: 20.0 of 20.0 GiB, 12.0 tok/s")
    assert (
        "Generating, 33 tokens in the cache: 12.0 tok/s, where 30 to 46 tok/s were expected; a card slowed itself down "
        "for its heat" in text
    )
    assert "-68.4 % !" in text
    assert "measure again when it is at rest" in text


def test_the_first_line_names_the_figure_that_makes_it_slower() -> None:
    deep = replace(QUIET.decode[0], depth=4096, seconds_a_token=1 / 6)
    text = verdict_text(replace(QUIET, decode=(*QUIET.decode, deep)))
    assert text.startswith("R1-Distill-Llama-70B Q4_K_M runs here slower than planned: 20.0 of 20.0 GiB, 41 tok/s; ")
    assert text.endswith("generating, 4,096 tokens in the cache: 6.0 where 38 were expected.")


@pytest.mark.parametrize("disturbance", get_args(Disturbance))
def test_every_disturbance_has_its_words(disturbance: Disturbance) -> None:
    assert len(disturbance_text(disturbance)) > 20
    said = "\n".join(verify_lines(replace(QUIET, disturbances=(disturbance,)), 200))
    assert disturbance_text(disturbance) in said


@pytest.mark.parametrize("width", [40, 80, 120])
def test_sentences_keep_to_the_width(width: int) -> None:
    slow = replace(measurement(1 / 12, 30 << 30), disturbances=("thermal", "swap"))
    told = list(verify_lines(slow, width))
    assert all(len(each) <= width for each in told[: told.index("")])


def test_two_alike_cards_are_told_apart() -> None:
    card = QUIET.machine.cards[0]
    two = replace(QUIET, machine=replace(QUIET.machine, cards=(card, card)))
    assert "RTX 4090 #0" in "\n".join(verify_lines(two, 80))


def test_the_document_has_every_figure_by_a_name_of_its_own() -> None:
    fields = json.loads(document_text(verify_document(QUIET, Path("/data/x.json"))))
    assert (fields["schema"], fields["kind"], fields["verdict"]) == ("r1plan.verify/1", "file", "as planned")
    names = [each["what"] for each in fields["terms"]]
    assert len(names) == len(set(names)) == len(terms_of(QUIET))
    decode = next(each for each in fields["terms"] if each["what"] == "decode at 33")
    assert (decode["planned"], decode["measured"], decode["unit"], decode["is_off"]) == (38.0, 41.0, "tok/s", False)
    assert fields["measurement"]["schema"] == "r1plan.measurement/1"
    assert fields["stored"] == "/data/x.json"
    assert fields["text"] == verdict_text(QUIET)
