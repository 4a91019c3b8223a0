from __future__ import annotations

import pytest

from r1plan.plan.quality import quality_of, quant_quality
from tests.plan.catalogue import MODELS, TABLES, model, quant


@pytest.mark.parametrize(
    ("id_", "name", "ratio", "basis"),
    [
        ("R1-Distill-Llama-8B", "Q4_K_M", 1.0243, "assumed"),
        ("R1-Distill-Llama-70B", "Q2_K", 1.6873, "assumed"),
        ("R1-Distill-Qwen-32B", "Q4_K_M", 1.0483, "assumed"),
        ("DeepSeek-R1-0528", "UD-Q4_K_XL", 1.0110, "measured"),
        ("DeepSeek-R1", "UD-Q2_K_XL", 1.0980, "assumed"),
    ],
)
def test_loss_comes_from_the_nearest_table(id_: str, name: str, ratio: float, basis: str) -> None:
    found = quant_quality(model(id_), quant(id_, name), TABLES)
    assert found.perplexity_ratio == ratio
    assert found.basis == basis
    assert found.source


def test_a_legacy_type_is_no_better_where_it_was_not_measured() -> None:
    which = model("R1-Distill-Qwen-32B")
    legacy, smaller = (quant_quality(which, quant(which.id, name), TABLES) for name in ("Q4_1", "Q4_K_S"))
    assert legacy.perplexity_ratio > smaller.perplexity_ratio


def test_a_stock_mix_between_measured_ones_is_never_better_than_nothing_lost() -> None:
    for id_ in MODELS:
        for each in MODELS[id_].quants:
            assert quant_quality(MODELS[id_], each, TABLES).perplexity_ratio >= 1


def test_four_bits_of_the_32b_go_before_two_bits_of_the_70b() -> None:
    small = quality_of(model("R1-Distill-Qwen-32B"), quant("R1-Distill-Qwen-32B", "Q4_K_M"), TABLES)
    large = quality_of(model("R1-Distill-Llama-70B"), quant("R1-Distill-Llama-70B", "Q2_K"), TABLES)
    assert small.index > large.index


def test_two_dynamic_bits_of_r1_go_before_any_distill() -> None:
    r1 = quality_of(model("DeepSeek-R1-0528"), quant("DeepSeek-R1-0528", "UD-Q2_K_XL"), TABLES)
    distills = [each for each in MODELS.values() if each.kind == "distill"]
    assert all(r1.index > quality_of(each, quant(each.id, "Q8_0"), TABLES).index for each in distills)


def test_the_makers_score_goes_before_others() -> None:
    scores = quality_of(model("R1-Distill-Qwen-32B"), quant("R1-Distill-Qwen-32B", "Q4_K_M"), TABLES).scores
    gpqa = next(score for score in scores if score.benchmark == "gpqa_diamond")
    assert (gpqa.score, gpqa.source) == (62.1, "r1-readme")


def test_without_tables_nothing_is_known_to_be_lost() -> None:
    assert quant_quality(model("R1-Distill-Qwen-7B"), quant("R1-Distill-Qwen-7B", "Q2_K"), ()).basis == "assumed"
