"""The fit of processors: it finds constants that it was given, and the program's are those of the rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.plan.llamacpp.speed.fit.processors import BEFORE, HostReading, fit_constants, fit_processors, seconds_by
from r1plan.plan.llamacpp.speed.host_constants import HostConstants
from r1plan.plan.llamacpp.speed.host_fitted import HOST_CONSTANTS
from tests.measured.fit_hosts import host_readings

TRUE = HostConstants(*(each._replace(value=each.value * 1.15) for each in HOST_CONSTANTS))
SURE = 0.002


def imagined(constants: HostConstants) -> list[HostReading]:
    """The rows' machines and work, had they taken what `constants` say."""
    known = [each for each in host_readings() if each.is_memory_known]
    return [replace(each, seconds=seconds_by(each, constants), noise=SURE) for each in known]


def test_the_constants_are_those_that_fit_the_rows() -> None:
    """`python -m tests.measured.fit_hosts` writes them anew."""
    for found, written in zip(fit_constants(host_readings()), HOST_CONSTANTS, strict=True):
        assert written.value == pytest.approx(found.value, rel=0.01)
        assert written.error == pytest.approx(found.error, abs=0.01)


def test_sure_readings_tell_the_constants() -> None:
    for found, true in zip(fit_constants(imagined(TRUE)), TRUE, strict=True):
        assert found.value == pytest.approx(true.value, rel=max(0.05, 2 * found.error))


def test_without_readings_nothing_is_known_but_what_was_before() -> None:
    for found, before in zip(fit_constants([]), BEFORE, strict=True):
        assert found.value == pytest.approx(before.value)
        assert found.error == pytest.approx(before.error)


def test_readings_never_make_a_constant_less_known() -> None:
    assert all(now.error <= before.error for now, before in zip(HOST_CONSTANTS, BEFORE, strict=True))


def test_a_machine_says_nothing_of_itself_when_it_is_left_out() -> None:
    three = [each for each in host_readings() if each.name in ("b0581", "b0663", "b0691")]
    fast = [replace(each, seconds=each.seconds / 2) if each.name == "b0663" else each for each in three]
    ratios = [fit_processors(readings).held_back["b0663"] for readings in (three, fast)]
    assert ratios[1] == pytest.approx(ratios[0] / 2)
