"""The normal distribution is the library's."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.plan.month import normal


@given(st.floats(1e-9, 1 - 1e-9), st.floats(-8, 8))
def test_it_is_what_the_library_has(share: float, z: float) -> None:
    assert normal.at(share) == pytest.approx(NormalDist().inv_cdf(share), abs=1e-6)
    assert normal.below(z) == pytest.approx(NormalDist().cdf(z), abs=1e-12)
