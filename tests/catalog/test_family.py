from __future__ import annotations

import pytest

from r1plan.catalog.family import family_of, model_key
from tests.catalog.ours import MODELS, PROVIDERS


@pytest.mark.parametrize(
    ("serves", "key"),
    [
        ("DeepSeek-V4.1-Flash (1017)", "deepseek-v4.1-flash"),
        ("DeepSeek-V4.1-Flash", "deepseek-v4.1-flash"),
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1-0528"),
        ("R1-Distill-Qwen-7B:Q4_K_M", "r1-distill-qwen-7b"),
    ],
)
def test_one_model_has_one_name(serves: str, key: str) -> None:
    assert model_key(serves) == key


@pytest.mark.parametrize(
    ("serves", "is_r1", "family"),
    [
        ("DeepSeek-R1-0528", True, "r1"),
        ("R1-Distill-Llama-70B", True, "distill"),
        ("R1-0528-Qwen3-8B", False, "distill"),
        ("DeepSeek-V4-Pro-0813", False, "successor"),
        ("o3", False, "other"),
        ("llama-3", False, "other"),
    ],
)
def test_r1_its_distills_and_its_successors_are_told_apart(serves: str, is_r1: bool, family: str) -> None:
    assert family_of(serves, is_r1) == family


def test_the_family_of_an_offer_says_what_its_profile_says_of_r1() -> None:
    offers = [each for provider in PROVIDERS.values() for each in provider.offers]
    assert {each.family for each in offers} == {"r1", "distill", "successor", "other"}
    for each in offers:
        assert (each.family in ("r1", "distill")) is each.is_r1, each


def test_a_model_of_the_catalogue_is_known_for_a_distill_by_its_name() -> None:
    for model in MODELS.values():
        assert (family_of(model.id, is_r1=False) == "distill") is (model.kind == "distill"), model.id
