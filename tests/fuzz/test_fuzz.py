"""Two thousand broken inputs for each parser, the same ones each time; `python -m tests.fuzz` has millions."""

from __future__ import annotations

import pytest

from tests.fuzz.driver import run
from tests.fuzz.table import PARSERS


@pytest.mark.parametrize("name", PARSERS)
def test_no_input_raises_anything_but_our_own_errors_or_takes_two_seconds(name: str) -> None:
    outcome = run(PARSERS[name], inputs=2_000, seed=10)
    assert outcome.failures == []
    assert outcome.inputs >= 2_000
    assert len(outcome.outcomes) > 3  # it gets further than the first check
