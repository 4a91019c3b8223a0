"""What an API asks for the same answers, in a sentence and in the page's table."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from r1plan.market.compare import ApiOffer
from r1plan.plan.workload import Workload
from r1plan.render.plan.summary import api_line
from tests.market.offers import offers_for

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def offers(workload: Workload, serves: str) -> list[ApiOffer]:
    """Of full R1, only what serves that."""
    found = offers_for(workload, NOW)
    return [each for each in found if each.serves == serves or not each.is_r1]


@pytest.mark.parametrize(
    ("serves", "says"),
    [
        ("DeepSeek-R1-0528", "$21.20 for DeepInfra's DeepSeek-R1-0528 (9,630 tokens out each), $64.55 a month; "),
        ("DeepSeek-R1", "$14.20 for Novita AI's deepseek-r1-turbo, $43.22 a month (cuts off 6 % of the answers); "),
    ],
)
def test_a_model_that_thinks_longer_than_was_asked_about_says_how_long_with_its_cost(serves: str, says: str) -> None:
    workload = Workload(requests_per_day=100)
    line = api_line(offers(workload, serves), workload)
    assert line.startswith(f"At an API instead, 1,000 answers (1,000 tokens in, 5,400 out): {says}")
    assert line.endswith(" a month (V4.1-Flash, 16 % at peak prices, assumed).")


def test_without_thinking_all_answers_are_as_long() -> None:
    workload = Workload(thinking_tokens=0)
    assert "each" not in api_line(offers(workload, "DeepSeek-R1-0528"), workload)
