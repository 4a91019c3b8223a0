"""Each model is run as its maker recommends, by what its file says it is; what the file recommends comes first."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from r1plan.engine.chat import Effort, Message
from r1plan.engine.local.model_rules import ModelRules, check_effort, model_rules, without_system
from r1plan.errors import EngineError

EFFORTS: tuple[Effort, ...] = get_args(Effort)
USER, SYSTEM, SAID = Message("user", "Why?"), Message("system", "Be brief."), Message("assistant", "So.")


def rules(name: str = "", file: str = "", **more: str) -> ModelRules:
    said = {"general.name": name, **{key.replace("__", "."): value for key, value in more.items()}}
    return model_rules(said.get, file)


def shown(found: ModelRules) -> tuple[float, float, int, bool, bool]:
    its = found.sampling
    return its.temperature, its.top_p, its.top_k, found.takes_system, found.opens_thinking


R1 = (0.6, 0.95, 40, False, True)
PLAIN = (0.6, 0.95, 40, True, False)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("DeepSeek R1 BF16", R1),
        ("DeepSeek-R1", R1),
        ("deepseek_r1_zero", R1),
        ("DeepSeek R1 Distill Qwen 1.5B", R1),
        ("DeepSeek-R1-Distill-Llama-70B-abliterated", R1),
        ("Fuse R1-Distill-Qwen-32B", R1),
        ("DeepSeek R1 0528", PLAIN),
        ("Deepseek-R1-0528-Qwen3-8B", PLAIN),
        ("DeepSeek V3.1 Terminus", PLAIN),
        ("DeepSeek-V3.2-Exp", PLAIN),
        ("DeepSeek V3.2", (1.0, 0.95, 40, True, False)),
        ("DeepSeek-V4-Flash-0731", (1.0, 1.0, 40, True, False)),
        ("DeepSeek V3 0324", (0.3, 0.95, 40, True, False)),
        ("Qwen3 32B", (0.6, 0.95, 20, True, False)),
        ("r1-tiny", PLAIN),
        ("Mistral R1", PLAIN),
        ("", PLAIN),
    ],
)
def test_a_model_is_known_by_the_name_in_its_file(name: str, found: tuple[object, ...]) -> None:
    assert shown(rules(name)) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param({"general__basename": "DeepSeek-R1-Distill-Qwen"}, R1, id="basename"),
        pytest.param({"general__base_model__0__name": "DeepSeek R1 Distill Qwen 7B"}, R1, id="made of one"),
        pytest.param(
            {"general__base_model__0__repo_url": "https://huggingface.co/deepseek-ai/DeepSeek-R1-0528"},
            PLAIN,
            id="made of one, by address",
        ),
        pytest.param({"file": "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"}, R1, id="file"),
        pytest.param({"name": "Qwen3 8B", "file": "DeepSeek-R1.gguf"}, (0.6, 0.95, 20, True, False), id="name first"),
        pytest.param({"name": "model", "file": "DeepSeek-R1.gguf"}, R1, id="a name that says nothing"),
    ],
)
def test_where_the_name_says_nothing_the_next_word_counts(said: dict[str, str], found: tuple[object, ...]) -> None:
    assert shown(rules(**said)) == found


@pytest.mark.parametrize("name", ["DeepSeek-R1", "DeepSeek-V4", "some model"])
def test_what_the_file_recommends_comes_before_what_its_maker_does(name: str) -> None:
    own = {"temp": "0.800000", "top_p": "0.900000", "top_k": "0", "min_p": "0.010000"}
    its = rules(name, **{f"general__sampling__{key}": value for key, value in own.items()}).sampling
    assert (its.temperature, its.top_p, its.top_k, its.min_p) == (0.8, 0.9, 0, 0.01)


@pytest.mark.parametrize("value", ["", "warm", "-1", "3", "nan", "inf", "1e999"])
def test_what_cannot_be_meant_is_not_taken(value: str) -> None:
    assert rules("DeepSeek-R1", general__sampling__temp=value, general__sampling__top_p=value) == rules("DeepSeek-R1")


@pytest.mark.parametrize(
    ("turns", "kept"),
    [
        pytest.param((USER,), (USER,), id="none"),
        pytest.param((SYSTEM, USER), (Message("user", "Be brief.\n\nWhy?"),), id="before the question"),
        pytest.param(
            (SYSTEM, USER, SAID, USER),
            (Message("user", "Be brief.\n\nWhy?"), SAID, USER),
            id="the first question alone",
        ),
        pytest.param((SYSTEM, SYSTEM, USER), (Message("user", "Be brief.\n\nBe brief.\n\nWhy?"),), id="twice"),
        pytest.param(
            (USER, SAID, SYSTEM, USER), (USER, SAID, Message("user", "Be brief.\n\nWhy?")), id="in the middle"
        ),
        pytest.param((SYSTEM,), (Message("user", "Be brief."),), id="alone"),
        pytest.param((), (), id="nothing"),
    ],
)
def test_instructions_go_into_the_question(turns: tuple[Message, ...], kept: tuple[Message, ...]) -> None:
    assert without_system(turns) == kept


def test_no_word_of_any_turn_is_lost() -> None:
    for turns in product((USER, SYSTEM, SAID), repeat=4):
        kept = without_system(turns)
        assert sum(each.content.count("Be brief.") for each in kept) == turns.count(SYSTEM)
        assert sum("Why?" in each.content for each in kept) == turns.count(USER)
        assert all(each.role != "system" for each in kept)


@pytest.mark.parametrize(
    ("name", "efforts"),
    [
        ("DeepSeek-R1", ()),
        ("DeepSeek R1 0528", ()),
        ("DeepSeek V3 0324", ()),
        ("DeepSeek V3.1 Terminus", ("none",)),
        ("DeepSeek-V3.2-Exp", ("none",)),
        ("DeepSeek V3.2 Speciale", ()),
        ("DeepSeek-V4-Flash", ("none", "high", "max")),
        ("DeepSeek V4 Pro", ("none", "high", "max")),
        ("DeepSeek-V4-Flash-0731", ("none", "low", "high", "max")),
        ("DeepSeek V4 Pro 0813", ("none", "low", "high", "max")),
        ("r1-tiny", None),
    ],
)
def test_how_hard_to_think_can_be_said_as_a_models_template_takes_it(
    name: str, efforts: tuple[str, ...] | None
) -> None:
    found = rules(name)
    assert found.efforts == efforts
    for effort in EFFORTS:
        if efforts is None or effort in efforts:
            check_effort(found, effort, name)
        else:
            with pytest.raises(EngineError, match=rf"^--effort {effort}: .*\.$"):
                check_effort(found, effort, name)
    check_effort(found, None, name)
