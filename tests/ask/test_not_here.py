"""A model of the family that was named for a chat and is not here: what it is, how its file is had, who sells it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from r1plan.ask.not_here import hub_file_not_here, not_here
from r1plan.ask.question import AskOptions, Wanted
from r1plan.ask.resolve import resolve
from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.ledger.usage_log import UsageLog
from r1plan.tiny import MODEL_PATH
from tests.catalog.ours import MODELS, PROVIDERS

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def said(typed: str) -> R1PlanError:
    error = not_here(typed, MODELS, PROVIDERS, NOW)
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (
            "32b",
            "'32b' is R1-Distill-Qwen-32B, and it is not on this machine.",
            "r1plan models pull R1-Distill-Qwen-32B:Q4_K_M fetches it; then ask again",
        ),
        (
            "deepseek-r1:7b",
            "'deepseek-r1:7b' is R1-Distill-Qwen-7B, and it is not on this machine.",
            "r1plan models pull R1-Distill-Qwen-7B:Q4_K_M fetches it; then ask again",
        ),
        (
            "R1-Distill-Qwen-14B",
            "R1-Distill-Qwen-14B is not on this machine.",
            "r1plan models pull R1-Distill-Qwen-14B:Q4_K_M fetches it; then ask again",
        ),
        (
            "R1-Distill-Qwen-14B:Q6_K",
            "'R1-Distill-Qwen-14B:Q6_K' is R1-Distill-Qwen-14B, and it is not on this machine.",
            "r1plan models pull R1-Distill-Qwen-14B:Q6_K fetches it; then ask again",
        ),
        (
            "R1",
            "'R1' is DeepSeek-R1, and it is not on this machine.",
            "r1plan models pull DeepSeek-R1:UD-IQ1_S fetches it; then ask again; or ask ",
        ),
    ],
)
def test_a_name_of_the_family_is_told_how_to_be_had(typed: str, message: str, hint: str) -> None:
    error = said(typed)
    assert isinstance(error, EngineError)
    assert error.message == message
    assert (error.hint or "").startswith(hint)


def test_who_sells_it_now_is_named_with_the_id_to_ask_for() -> None:
    hint = said("DeepSeek-R1-0528").hint or ""
    assert "; or ask deepinfra, " in hint
    assert hint.endswith("(--model deepinfra/deepseek-ai/DeepSeek-R1-0528)")


def test_a_name_of_several_lists_them() -> None:
    error = said("llama")
    assert isinstance(error, UsageError)
    assert error.message == "'llama' may mean R1-Distill-Llama-70B, R1-Distill-Llama-8B."


@pytest.mark.parametrize("typed", ["o1", "gpt-9", "qwen3:8b"])
def test_of_another_family_nothing_is_said_here(typed: str) -> None:
    assert not_here(typed, MODELS, PROVIDERS, NOW) is None


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("hf:a/b/c/d.gguf", "r1plan models pull hf:a/b/c/d.gguf fetches it; then ask again"),
        ("hf:a/b", "r1plan models pull hf:a/b fetches it; then ask again"),
    ],
)
def test_a_file_at_hugging_face_is_fetched_first(address: str, hint: str) -> None:
    error = hub_file_not_here(address)
    assert (error.message, error.hint) == (f"{address} is not on this machine.", hint)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(model="R1"), "'R1' is DeepSeek-R1, and it is not on this machine."),
        (Wanted(model="deepseek-r1:8b"), "'deepseek-r1:8b' is R1-0528-Qwen3-8B, and it is not on this machine."),
        (Wanted(model="deepseek-r1"), "DeepSeek-R1 is not on this machine."),
        (Wanted(model="32b", local=True), "'32b' is R1-Distill-Qwen-32B, and it is not on this machine."),
        (Wanted(model="hf:a/b/c.gguf"), "hf:a/b/c.gguf is not on this machine."),
    ],
    ids=lambda each: each.model if isinstance(each, Wanted) else "",
)
def test_a_chat_with_such_a_name_ends_with_that(wanted: Wanted, message: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        resolve(wanted, AskOptions(log=UsageLog(tmp_path)))
    assert caught.value.message == message


def test_what_a_provider_sells_under_that_name_is_asked_there(tmp_path: Path) -> None:
    wanted = Wanted(model="deepinfra/deepseek-ai/DeepSeek-R1-0528")
    resolution = resolve(wanted, AskOptions(log=UsageLog(tmp_path)))
    assert resolution.named is not None
    assert (resolution.named.provider, resolution.named.model) == ("deepinfra", "deepseek-ai/DeepSeek-R1-0528")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.gguf.part", b"GGUF", "x.gguf.part is a download that has not ended."),
        ("config.json", b"{}", "config.json is JSON, not a model."),
        ("folder", None, "folder is a folder that holds no .gguf."),
    ],
)
def test_what_is_on_the_disk_and_no_model_says_what_it_is(
    name: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        resolve(Wanted(model=str(path)), AskOptions(log=UsageLog(tmp_path)))
    assert caught.value.message.endswith(said)


def test_a_sound_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.symlink_to(MODEL_PATH)
    resolution = resolve(Wanted(model=str(path)), AskOptions(log=UsageLog(tmp_path)))
    assert resolution.named is not None
    assert resolution.named.is_local
