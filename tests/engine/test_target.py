"""What a command line names is found, or said to be gone, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from r1plan.catalog.load import load_dialects, load_providers
from r1plan.engine.connect import connect
from r1plan.engine.target import (
    RemoteTarget,
    custom_target,
    remote_target,
    unlisted,
)
from r1plan.errors import NotFound, ProviderError, R1PlanError, UsageError
from r1plan.render.decision.resolved import resolution_text

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OPENAI = load_dialects()["openai"]


def remote(model: str | None, provider: str | None = None, now: datetime = NOW) -> tuple[str, str]:
    found = remote_target(model, provider, load_providers(), now)
    return found.provider.id, found.model


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        (None, "deepseek", ("deepseek", "deepseek-flash")),
        ("deepseek-flash", None, ("deepseek", "deepseek-flash")),
        ("deepseek/deepseek-v4-pro", None, ("deepseek", "deepseek-v4-pro")),
        ("deepseek/deepseek-v4-pro", "deepseek", ("deepseek", "deepseek-v4-pro")),
        ("openrouter/deepseek/deepseek-r1", None, ("openrouter", "deepseek/deepseek-r1")),
        ("deepinfra/deepseek-ai/DeepSeek-R1-0528", None, ("deepinfra", "deepseek-ai/DeepSeek-R1-0528")),
        ("deepseek/some-new-model", None, ("deepseek", "some-new-model")),
    ],
)
def test_a_model_of_a_provider_is_found(model: str | None, provider: str | None, expected: tuple[str, str]) -> None:
    assert remote(model, provider) == expected


def test_an_id_that_is_no_longer_served_names_its_successor_and_who_still_sells_r1() -> None:
    with pytest.raises(ProviderError) as raised:
        remote("deepseek/deepseek-reasoner")
    assert raised.value.message == (
        "DeepSeek no longer serves 'deepseek-reasoner' (refused since 2026-07-24 15:59 UTC)."
    )
    assert raised.value.hint is not None
    assert "'deepseek-flash' is its successor" in raised.value.hint
    assert "openrouter" in raised.value.hint


def test_an_id_is_served_until_its_last_second() -> None:
    last = datetime(2026, 7, 24, 15, 58, 59, tzinfo=UTC)
    assert remote("deepseek/deepseek-reasoner", now=last) == ("deepseek", "deepseek-reasoner")
    with pytest.raises(ProviderError):
        remote("deepseek/deepseek-reasoner", now=datetime(2026, 7, 24, 15, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("model", "provider", "kind", "message"),
    [
        ("deepsek-flash", None, NotFound, "unknown model 'deepsek-flash'."),
        (None, "deepsek", NotFound, "unknown provider 'deepsek'."),
        (None, None, UsageError, "no model was named."),
        ("claude-opus-5-5", "anthropic", UsageError, "r1plan cannot chat with Anthropic yet."),
    ],
)
def test_what_cannot_be_meant_is_said(
    model: str | None, provider: str | None, kind: type[R1PlanError], message: str
) -> None:
    with pytest.raises(kind) as raised:
        remote(model, provider)
    assert raised.value.message == message
    assert raised.value.hint


def test_any_server_can_be_named_by_its_address() -> None:
    target = custom_target("http://127.0.0.1:8080/v1", "r1", OPENAI)
    assert (target.provider.id, target.model) == ("127.0.0.1:8080", "r1")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://", "http://host:99999", "http://h/?a=1"])
def test_what_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not a server's address"):
        custom_target(url, "r1", OPENAI)


def test_an_address_needs_a_model() -> None:
    with pytest.raises(UsageError, match="--base-url needs --model"):
        custom_target("http://127.0.0.1:8080/v1", None, OPENAI)


def test_without_a_key_nothing_is_sent() -> None:
    target = RemoteTarget(load_providers()["deepseek"], "deepseek-flash")
    with pytest.raises(ProviderError, match="no key for DeepSeek") as raised:
        connect(target, {})
    assert raised.value.hint is not None
    assert "DEEPSEEK_API_KEY" in raised.value.hint


def test_a_key_with_a_newline_is_refused_without_being_shown() -> None:
    target = RemoteTarget(load_providers()["deepseek"], "deepseek-flash")
    with pytest.raises(ProviderError) as raised:
        connect(target, {"DEEPSEEK_API_KEY": "sk-planted\nHost: evil"})
    assert "planted" not in raised.value.message


def test_the_environment_can_replace_a_providers_address() -> None:
    target = RemoteTarget(load_providers()["deepseek"], "deepseek-flash")
    environment = {"DEEPSEEK_API_KEY": "sk-1", "R1PLAN_DEEPSEEK_BASE_URL": "http://127.0.0.1:1/v1"}
    engine = connect(target, environment)
    assert engine._url == "http://127.0.0.1:1/v1/chat/completions"  # type: ignore[attr-defined]
    engine.close()


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("deepseek/deepseek-flash", None),
        ("deepseek/deepseek-v4-flash", None),
        ("deepseek/deepseek-flsh", "Did you mean 'deepseek-flash'?"),
        ("deepseek/xyz", "'xyz' is not among what is known of DeepSeek: it is asked for as it is, unpriced."),
        ("vllm/anything", None),
    ],
)
def test_an_id_that_nobody_knows_is_said_to_be_unpriced(model: str, says: str | None) -> None:
    found = unlisted(remote_target(model, None, load_providers(), NOW), NOW)
    assert found is None if says is None else found is not None and resolution_text(found).endswith(says)
