"""What may be asked: the real catalogue at real instants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from r1plan.catalog.load import load_models, load_providers
from r1plan.route.decision.candidate import (
    Candidate,
    Power,
    api_candidates,
    local_candidate,
    model_keys,
)
from tests.prices.test_book import real_book

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def offered(*keys: str, at: datetime = NOW) -> dict[str, Candidate]:
    return {each.id: each for each in api_candidates(load_providers(), keys, real_book(), load_models(), at)}


def test_only_providers_with_a_key_are_asked() -> None:
    assert {each.provider for each in offered("deepseek", "novita").values()} == {"deepseek", "novita"}
    assert offered() == {}


def test_what_is_retired_unverified_or_of_no_dialect_is_left_out() -> None:
    found = offered(*load_providers())
    assert "deepseek/deepseek-reasoner" not in found
    assert "deepseek/deepseek-v4-flash" not in found
    assert not any(each.provider in ("bedrock", "replicate", "hyperbolic", "openai") for each in found.values())
    assert {"deepseek/deepseek-flash", "deepseek/deepseek-v4-pro", "openrouter/deepseek/deepseek-r1"} <= set(found)


def test_an_earlier_instant_has_its_own_offers() -> None:
    then = offered("deepseek", "together", at=datetime(2026, 5, 1, tzinfo=UTC))
    assert "deepseek/deepseek-flash" not in then
    assert "deepseek/deepseek-v4-pro" in then


def test_real_r1_has_the_planners_quality_and_a_successor_none() -> None:
    found = offered(*load_providers())
    r1, later = found["openrouter/deepseek/deepseek-r1"], found["openrouter/deepseek/deepseek-r1-0528"]
    assert r1.quality_index is not None
    assert later.quality_index is not None
    assert later.quality_index > r1.quality_index
    assert found["deepseek/deepseek-flash"].quality_index is None
    assert (r1.is_r1, found["deepseek/deepseek-flash"].is_r1) == (True, False)
    assert found["deepseek/deepseek-flash"].context_tokens == 1_000_000
    assert r1.context_tokens is not None


def test_a_model_here_stays_here() -> None:
    found = local_candidate("R1-Distill-Qwen-7B:Q4_K_M", "R1-Distill-Qwen-7B", 8192, Power())
    assert (found.id, found.is_local, found.family, found.is_r1) == (
        "local/R1-Distill-Qwen-7B:Q4_K_M", True, "distill", True,
    )  # fmt: skip
    assert not replace(found, provider="deepseek").is_local


def test_ids_and_aliases_of_a_log_are_known_by_their_model() -> None:
    keys = model_keys(load_providers().values())
    assert keys["deepseek", "deepseek-flash"] == keys["deepseek", "deepseek-v4-flash"] == "deepseek-v4.1-flash"
    assert ("deepseek", "deepseek-reasoner") not in keys
