"""A model that is here and has no room: what lacks, which quant fits, and how to try it all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.ask.local.no_room import no_room
from r1plan.ask.local.plan import planned_option
from r1plan.errors import NothingFits
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from tests.ask.local.test_plan import KNOWN, file
from tests.plan.catalogue import card, machine

PATH = Path("/models/a file.gguf")


def option(model: str, quant: str, here: Machine) -> Option:
    found = planned_option(file(model, quant), here, Pins(), KNOWN)
    assert found is not None
    return found


def error(model: str, quant: str, here: Machine, *others: str) -> NothingFits:
    found = no_room(option(model, quant, here), PATH, others, here, KNOWN)
    assert found is not None
    return found


def test_it_says_what_lacks_and_the_quant_that_fits() -> None:
    found = error("R1-Distill-Qwen-32B", "Q8_0", machine(ram=32))
    assert found.message.startswith("R1-Distill-Qwen-32B:Q8_0 does not fit into this machine: it needs ")
    assert " GiB of RAM, and " in found.message
    hint = found.hint or ""
    best = hint.partition(" ")[0]
    assert best.startswith("R1-Distill-Qwen-32B:")
    assert hint.startswith(f"{best} fits: r1plan models pull {best}; ")
    assert hint.endswith("; --model '/models/a file.gguf' tries it all the same")


def test_a_quant_that_is_here_is_named_instead_of_fetched() -> None:
    here = machine(ram=32)
    best = (error("R1-Distill-Qwen-32B", "Q8_0", here).hint or "").partition(" ")[0]
    assert f"{best} fits, and is here: --model {best}" in (error("R1-Distill-Qwen-32B", "Q8_0", here, best).hint or "")


def test_where_no_quant_fits_recommend_is_named() -> None:
    found = error("R1-Distill-Llama-70B", "Q8_0", machine(ram=8))
    assert (found.hint or "").startswith("no quant of it does: r1plan recommend says what would")


def test_a_card_is_named_where_it_is_the_one_that_lacks() -> None:
    assert "graphics card" in error("R1-Distill-Llama-70B", "Q8_0", machine(card(12), ram=16)).message


@pytest.mark.parametrize("ram", [64.0, 256.0])
def test_what_fits_or_reads_from_the_disk_is_no_error(ram: float) -> None:
    here = machine(card(24), ram=ram)
    for model in ("R1-Distill-Qwen-7B", "DeepSeek-R1"):
        assert no_room(option(model, "Q4_K_M", here), PATH, (), here, KNOWN) is None


def test_what_lacks_only_the_margin_may_be_tried() -> None:
    """Between the memory where it fits and that where it does not, there is one where only the margin lacks."""
    found = []
    for tenths in range(160, 260):
        here = machine(ram=tenths / 10)
        planned = option("R1-Distill-Qwen-32B", "Q4_K_M", here)
        found.append("fits" if planned.fits else "error" if no_room(planned, PATH, (), here, KNOWN) else "margin")
    assert list(dict.fromkeys(found)) == ["error", "margin", "fits"]
