"""What a person may ask for: every number that cannot be meant is a sentence that names its option."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from r1plan.errors import UsageError
from r1plan.plan.workload import Workload, checked_workload

OPTIONS = {
    "users": "--users",
    "slo_ttft_s": "--slo-ttft",
    "slo_tok_s": "--slo-tok-s",
    "patience_min": "--patience",
    "requests_per_day": "--requests-per-day",
}


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize("value", [0, -1, nan, inf, 10**12], ids=str)
def test_a_number_that_nobody_means_is_a_sentence_with_its_option_and_a_hint(field: str, value: float) -> None:
    given: dict[str, Any] = {field: value}
    with pytest.raises(UsageError, match=OPTIONS[field]) as error:
        checked_workload(replace(Workload(), **given))
    assert error.value.message.endswith(".")
    assert OPTIONS[field] in (error.value.hint or "")


@pytest.mark.parametrize("field", OPTIONS)
@pytest.mark.parametrize("value", [1, 1_000_000], ids=str)
def test_what_somebody_may_mean_is_taken(field: str, value: int) -> None:
    given: dict[str, Any] = {field: value}
    assert getattr(checked_workload(replace(Workload(), **given)), field) == value
