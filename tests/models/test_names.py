"""What people call a model finds the one that they mean, says so where it had to choose, and never finds another's."""

from __future__ import annotations

import pytest

from r1plan.errors import NotFound
from r1plan.models.names import NameTaken, find_models
from r1plan.models.quant_names import gguf_quant
from tests.catalog.ours import MODELS
from tests.models.spellings import FIRST, FRESH, L8, L70, MAY, Q1, Q7, Q8, Q14, Q32, R1, STRANGERS, SUCCESSORS, Spelling


@pytest.mark.parametrize("spelling", FIRST + FRESH + SUCCESSORS, ids=lambda each: each.typed)
def test_a_spelling_finds_its_model(spelling: Spelling) -> None:
    found = find_models(MODELS, spelling.typed)
    quants = [quant.name for quant in MODELS[spelling.id].quants]
    quant = None if found.quant is None else gguf_quant(found.quant, quants)[0]
    assert (found.ids, quant, found.taken is not None) == ((spelling.id,), spelling.quant, spelling.said)


@pytest.mark.parametrize("typed", STRANGERS)
def test_a_model_of_another_family_is_not_taken_for_one_of_ours(typed: str) -> None:
    with pytest.raises(NotFound, match="unknown model") as caught:
        find_models(MODELS, typed)
    assert caught.value.hint
    assert set(caught.value.near) <= set(MODELS)


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("distill", {Q1, Q7, Q14, Q32, L8, L70, Q8}),
        ("r1 distill qwen", {Q1, Q7, Q14, Q32, Q8}),
        ("qwen", {Q1, Q7, Q14, Q32, Q8}),
        ("Llama", {L8, L70}),
    ],
)
def test_a_name_of_several_means_any_of_them(typed: str, ids: set[str]) -> None:
    found = find_models(MODELS, typed)
    assert set(found.ids) == ids
    assert found.taken == NameTaken(typed, found.ids, "any")


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("8b", NameTaken("8b", (Q8,), "usual", (L8,))),
        ("deepseek-r1:8b", NameTaken("deepseek-r1:8b", (Q8,), "ollama", (L8,))),
        ("deepseek-r1", NameTaken("deepseek-r1", (R1,), "itself", (Q8,))),
        ("deepseek-r1:671b", NameTaken("deepseek-r1:671b", (MAY,), "ollama", (R1,))),
        ("r1-distil-lama-70b", NameTaken("r1-distil-lama-70b", (L70,), "near")),
    ],
)
def test_where_there_was_a_choice_the_others_are_named(typed: str, taken: NameTaken) -> None:
    assert find_models(MODELS, typed).taken == taken


@pytest.mark.parametrize("typed", ["7b:Q99", f"{Q7}:UD-Q4_K_Z", f"unsloth/DeepSeek-{Q7}-GGUF:IQ9_XXS"])
def test_of_a_model_that_is_known_it_is_the_quant_that_is_unknown(typed: str) -> None:
    found = find_models(MODELS, typed)
    assert found.ids == (Q7,)
    with pytest.raises(NotFound, match="unknown quant"):
        gguf_quant(found.quant or "", [each.name for each in MODELS[Q7].quants])


@pytest.mark.parametrize("id_", MODELS)
def test_every_id_and_repository_finds_its_model_in_any_case_and_in_any_form(id_: str) -> None:
    model = MODELS[id_]
    for name in (id_, model.hf_repo, *(each.repo for each in model.repositories)):
        for typed in (name, name.lower(), name.upper(), f"https://huggingface.co/{name}"):
            if "/" in name or typed == name:
                assert find_models(MODELS, typed).ids == (id_,), typed


@pytest.mark.parametrize(
    ("typed", "first"),
    [("r1 30b", Q32), ("R1-Distill-Qwen-70B", Q32), ("qwen3:8b", Q8), ("llama3.3:70b", L70), ("r1 9b", Q8)],
)
def test_a_stranger_is_shown_what_of_the_family_is_near(typed: str, first: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_models(MODELS, typed)
    assert caught.value.near[0] == first


@pytest.mark.parametrize(("typed", "first"), [("deepseek-v3", "DeepSeek-V3-0324"), ("v3.1 base", "DeepSeek-V3.1")])
def test_a_near_miss_of_a_successor_is_shown_those_of_that_number(typed: str, first: str) -> None:
    with pytest.raises(NotFound) as caught:
        find_models(MODELS, typed)
    assert caught.value.near[0] == first
