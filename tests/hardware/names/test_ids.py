"""An id is looked up; only other names are read. Both must mean the same cards."""

from __future__ import annotations

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import MOST_CARDS
from r1plan.hardware.names.cards import cards_of
from r1plan.hardware.names.ids import cards_named


@pytest.mark.parametrize("number", ["", ":1", ":2", f":{MOST_CARDS}"])
def test_every_id_means_what_it_means_when_it_is_read_as_a_name(number: str) -> None:
    hardware = load_hardware()
    asked = [f"{id_}{number}" for id_ in hardware.accelerators]
    assert cards_named(asked, hardware) == cards_of(asked, hardware)


@pytest.mark.parametrize("text", ["RTX 4090", "2x3090", "rtx-4090 :2", "rtx-4090:²", "Rtx-4090"])
def test_what_is_no_id_is_read_as_a_name(text: str) -> None:
    hardware = load_hardware()
    assert cards_named([text], hardware) == cards_of([text], hardware)


@pytest.mark.parametrize("number", ["", "0", "-1", str(MOST_CARDS + 1), "9" * 30, "1.0", "٣"])
def test_a_number_that_no_machine_has_is_refused_as_with_a_name(number: str) -> None:
    hardware, text = load_hardware(), f"rtx-4090:{number}"
    with pytest.raises(R1PlanError) as by_name:
        cards_of([text], hardware)
    with pytest.raises(R1PlanError) as by_id:
        cards_named([text], hardware)
    assert (str(by_id.value), by_id.value.hint) == (str(by_name.value), by_name.value.hint)
