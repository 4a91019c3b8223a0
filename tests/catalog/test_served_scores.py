"""What is published of models that are sold and not planned for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.catalog.provider import model_key
from r1plan.catalog.served_scores import ServedScores, load_served_scores, together

BENCHMARK = "gpqa_diamond"


@pytest.mark.parametrize(
    ("serves", "score"),
    [
        ("DeepSeek-V4.1-Flash (1017)", 90.9),
        ("deepseek-ai/DeepSeek-V3.1", 80.1),
        ("DeepSeek-V4.1", None),
        ("gpt-5", None),
        ("", None),
    ],
)
def test_a_score_is_found_by_what_a_seller_serves(serves: str, score: float | None) -> None:
    found = load_served_scores().of(serves, BENCHMARK)
    assert (found.score if found else None) == score


def test_every_score_has_a_source_and_a_name_that_sellers_can_mean() -> None:
    ours = load_served_scores()
    for each in ours.scores:
        assert each.source in ours.sources
        assert ours.source_of(each) == f"{ours.sources[each.source]} ({each.mode})"
        assert each.model == model_key(each.model)
        assert 0 < each.score <= 100


def test_a_users_row_replaces_ours_of_the_same_model_and_benchmark() -> None:
    ours = load_served_scores()
    mine = replace(ours.scores[0], score=12.5, source="me")
    both = together([ours, ServedScores(sources={"me": "my own"}, scores=(mine,))])
    assert len(both.scores) == len(ours.scores)
    found = both.of(mine.model, BENCHMARK)
    assert found == mine
    assert both.source_of(mine).startswith("my own")
