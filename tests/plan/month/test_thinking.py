"""How long a model thinks on what a month asks."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.priors import load_priors
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.model_set import ModelSet
from r1plan.plan.month.assumed import demand_of
from r1plan.plan.month.demand import RequestLength
from r1plan.plan.month.thinking import OwnThinking, thinking_times
from r1plan.plan.pins import Pins
from r1plan.plan.quality import thinking_over_r1
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, card, machine

LENGTHS = demand_of(Workload(thinking_tokens=4_700), load_priors(), "UTC").lengths


def thinking(lengths: tuple[RequestLength, ...]) -> float:
    return fsum(each.share * each.thinking_tokens for each in lengths)


@pytest.mark.parametrize(
    ("model", "over_r1", "basis"),
    [
        pytest.param("DeepSeek-R1", 1.5, "logged", id="logged, by its id"),
        pytest.param("deepseek-ai/DeepSeek-R1", 1.5, "logged", id="logged, by a seller's name"),
        pytest.param("DeepSeek-R1-0528", 1.9, "assumed", id="not in the log"),
        pytest.param("R1-Distill-Qwen-32B", 1.0, "assumed", id="nothing known"),
    ],
)
def test_a_model_thinks_as_the_log_says_else_as_published(model: str, over_r1: float, basis: str) -> None:
    own = OwnThinking(tokens={"deepseek-r1": 3_000.0}, r1_tokens=2_000.0)
    assert own.ratio(model) == (over_r1, basis)


def test_without_a_log_or_without_any_thinking_in_it_nothing_is_logged() -> None:
    assert OwnThinking().of("DeepSeek-R1") is None
    assert OwnThinking().ratio("DeepSeek-R1-0528") == (1.9, "assumed")
    assert OwnThinking(tokens={"deepseek-r1-0528": 0.0}).ratio("DeepSeek-R1-0528") == (1.9, "assumed")


@pytest.mark.parametrize("times", [0, 0.5, 1, 1.03, 1.12, 1.9, 20], ids=str)
def test_so_many_times_the_thinking_is_so_many_times_the_mean(times: float) -> None:
    found = thinking_times(LENGTHS, times)
    assert thinking(found) == pytest.approx(4_700 * times, abs=0.5 / 32)
    assert [each._replace(thinking_tokens=0) for each in found] == [
        each._replace(thinking_tokens=0) for each in LENGTHS
    ]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 100)), min_size=1, max_size=64), st.floats(0, 10))
def test_rounding_moves_the_mean_by_half_a_token_at_most(kinds: list[tuple[int, int]], times: float) -> None:
    total = sum(number for _, number in kinds)
    lengths = tuple(RequestLength(1, 0, tokens, 1, number / total) for tokens, number in kinds)
    found = thinking_times(lengths, times)
    assert thinking(found) == pytest.approx(thinking(lengths) * times, abs=0.5 + 1e-6)
    assert all(each.thinking_tokens >= 0 for each in found)


@pytest.mark.parametrize("engine", ["llama.cpp", "vllm"])
def test_what_a_log_says_of_a_models_thinking_is_planned_with(engine: str) -> None:
    box = machine(card(24 if engine == "llama.cpp" else 80), ram=128)
    logged = replace(CATALOGUE, own=OwnThinking(tokens={"r1-distill-qwen-32b": 3_000.0}, r1_tokens=2_000.0))

    def ratios(models: ModelSet) -> dict[str, float]:
        pins = Pins()
        found = (LlamaCppPlanner() if engine == "llama.cpp" else VllmPlanner()).plan(box, models, Workload(), pins)
        return {each.model.id: each.quality.thinking_over_r1 for each in found.options}

    assert ratios(CATALOGUE)["R1-Distill-Qwen-32B"] == 1.0
    found = ratios(logged)
    assert found["R1-Distill-Qwen-32B"] == 1.5
    assert {model: ratio for model, ratio in found.items() if model != "R1-Distill-Qwen-32B"}.items() <= {
        model: thinking_over_r1(model) for model in found
    }.items()
