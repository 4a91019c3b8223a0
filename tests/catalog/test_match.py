"""A name that a person types finds its one model, or near ones are offered."""

from __future__ import annotations

import pytest

from r1plan.catalog.match import find
from r1plan.errors import NotFound
from tests.catalog.ours import MODELS


@pytest.mark.parametrize(
    ("typed", "id_"),
    [
        ("DeepSeek-R1", "DeepSeek-R1"),
        ("deepseek-r1", "DeepSeek-R1"),
        ("R1", "DeepSeek-R1"),
        ("r1 0528", "DeepSeek-R1-0528"),
        ("r1_distill_qwen_7b", "R1-Distill-Qwen-7B"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "R1-Distill-Qwen-1.5B"),
    ],
)
def test_a_model_is_found_by_a_close_spelling(typed: str, id_: str) -> None:
    assert find("model", MODELS, typed).id == id_


def test_an_unknown_model_offers_near_names() -> None:
    with pytest.raises(NotFound) as caught:
        find("model", MODELS, "r1-distil-lama-70b")
    assert caught.value.message == "unknown model 'r1-distil-lama-70b'."
    assert caught.value.hint == "did you mean R1-Distill-Llama-70B, R1-Distill-Llama-8B, R1-Distill-Qwen-7B?"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        pytest.param("32b", "did you mean R1-Distill-Qwen-32B?", id="size"),
        pytest.param("LLAMA-70", "did you mean R1-Distill-Llama-70B", id="part-in-capitals"),
        pytest.param("r1-distill", "did you mean R1-Distill-", id="part-of-many"),
    ],
)
def test_a_part_of_a_name_is_near_enough(typed: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        find("model", MODELS, typed)
    assert (caught.value.hint or "").startswith(hint)
    assert len(caught.value.near) <= 3
