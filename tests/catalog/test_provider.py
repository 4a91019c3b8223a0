"""What an offer says of itself at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from r1plan.catalog.provider import Offer, Provider, family_of, model_key
from tests.catalog.ours import MODELS, PROVIDERS

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OFFER = Offer(model="m", serves="DeepSeek-R1", is_r1=True, aliases=("old", "older"))
DATED = replace(OFFER, offered_from=JUNE, offered_until=JULY)


@pytest.mark.parametrize(
    ("offer", "at", "is_current"),
    [
        pytest.param(OFFER, JUNE, True, id="no dates"),
        pytest.param(DATED, JUNE - SECOND, False, id="before its first second"),
        pytest.param(DATED, JUNE, True, id="in its first second"),
        pytest.param(DATED, JULY - SECOND, True, id="in its last second"),
        pytest.param(DATED, JULY, False, id="at its end"),
        pytest.param(replace(OFFER, retired=True), JUNE, False, id="ended on an unknown day"),
    ],
)
def test_an_offer_is_current_from_its_first_second_to_before_its_end(
    offer: Offer, at: datetime, is_current: bool
) -> None:
    assert offer.is_current(at) is is_current


@pytest.mark.parametrize(("days", "has_ended"), [(-1, False), (0, True), (1, True)])
def test_what_ended_on_an_unknown_day_had_ended_when_it_was_found_gone(days: int, has_ended: bool) -> None:
    retired = replace(OFFER, retired=True)
    assert retired.has_ended(JUNE + timedelta(days=days), gone_by=JUNE.date()) is has_ended
    assert retired.has_ended(JUNE - timedelta(days=999))


def test_a_known_end_counts_more_than_the_day_on_which_it_was_found_gone() -> None:
    assert not DATED.has_ended(JUNE, gone_by=(JUNE - timedelta(days=9)).date())


def test_an_offer_is_found_by_its_id_and_by_each_alias() -> None:
    provider = Provider(id="p", name="P", dialect="openai", offers=(OFFER, replace(OFFER, model="old", aliases=())))
    assert [each.model for each in provider.named("old")] == ["m", "old"]
    assert [each.model for each in provider.named("older")] == ["m"]
    assert provider.named("else") == ()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"verified": False}, id="nobody saw it answer"),
        pytest.param({"serves": "R1-Distill-Llama-70B"}, id="a distill"),
        pytest.param({"serves": "o3", "is_r1": False}, id="another model"),
        pytest.param({"retired": True}, id="ended"),
        pytest.param({"offered_from": JULY}, id="not begun"),
    ],
)
def test_full_r1_is_what_was_seen_to_answer_as_r1_itself_at_that_time(changed: dict[str, object]) -> None:
    other = replace(OFFER, **changed)  # type: ignore[arg-type]
    provider = Provider(id="p", name="P", dialect="openai", offers=(OFFER, other))
    assert provider.full_r1(JUNE) == (OFFER,)


def test_under_an_id_that_ended_nothing_answers() -> None:
    deepseek = {each.model: each for each in PROVIDERS["deepseek"].offers}
    assert not deepseek["deepseek-reasoner"].answers
    assert deepseek["deepseek-flash"].answers


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
        ("DeepSeek-R1-0528-Qwen3-8B", False, "distill"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", False, "distill"),
        ("R1", False, "r1"),
        ("R1-0528", False, "r1"),
        ("r1-tiny", False, "other"),
        ("R1-whatever-3B", False, "other"),
        ("deepseek-r1x", False, "other"),
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
