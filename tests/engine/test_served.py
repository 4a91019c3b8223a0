"""Who asks for one model and is answered by another is told so, in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from r1plan.catalog.load import load_providers
from r1plan.engine.served import served_notice
from r1plan.render.chat.words import served_text

PROVIDERS = load_providers()
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "asked", "served", "before", "at", "sentence"),
    [
        pytest.param("openrouter", "deepseek/deepseek-r1", "deepseek/deepseek-r1", None, NOW, None, id="the same"),
        pytest.param("openrouter", "deepseek/deepseek-r1", "DeepSeek-R1", None, NOW, None, id="the same, shorter"),
        pytest.param("openrouter", "deepseek/deepseek-r1", None, None, NOW, None, id="not said"),
        pytest.param("vllm", "r1", "r1", "r1", NOW, None, id="a server of one's own"),
        pytest.param(
            "vllm", "r1", "/models/qwen.gguf", None, NOW,
            "vLLM was asked for 'r1'; /models/qwen.gguf answered.", id="another model",
        ),
        pytest.param(
            "together", "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V4.1-Flash", None, NOW,
            "Together AI was asked for 'deepseek-ai/DeepSeek-R1'; deepseek-ai/DeepSeek-V4.1-Flash answered.",
            id="a redirect",
        ),
        pytest.param(
            "deepseek", "deepseek-flash", "deepseek-v4.2-flash", "deepseek-flash", NOW,
            "'deepseek-flash' at DeepSeek is answered by deepseek-v4.2-flash now; it was deepseek-flash before.",
            id="a change since the last time",
        ),
        pytest.param(
            "deepseek", "deepseek-v4-flash", "deepseek-flash", None, NOW,
            "'deepseek-v4-flash' is an alias at DeepSeek: deepseek-flash (DeepSeek-V4.1-Flash (1017)) answers since "
            "2026-09-10 04:00 UTC.",
            id="an alias",
        ),
        pytest.param(
            "deepseek", "deepseek-v4-flash", "deepseek-v4-flash", None, datetime(2026, 9, 9, tzinfo=UTC), None,
            id="before it was an alias",
        ),
        pytest.param(
            "deepseek", "deepseek-flash", "deepseek-flash", None, datetime(2026, 10, 20, tzinfo=UTC),
            "'deepseek-flash' at DeepSeek is DeepSeek-V4.1-Flash (1017) since 2026-10-17.", id="lately changed",
        ),
        pytest.param("deepseek", "deepseek-flash", "DeepSeek-V4.1-Flash", None, NOW + timedelta(days=60), None,
                     id="what the offer says it serves"),
        pytest.param("deepseek", "deepseek-flash", "deepseek-flash", None, datetime(2026, 10, 16, tzinfo=UTC), None,
                     id="not changed yet"),
        pytest.param("deepseek", "deepseek-flash", "deepseek-flash", None, datetime(2026, 12, 24, tzinfo=UTC), None,
                     id="changed long ago"),
        pytest.param("deepseek", "deepseek-flash", "deepseek-flash", "deepseek-flash",
                     datetime(2026, 10, 20, tzinfo=UTC), None, id="lately changed, and known already"),
    ],
)  # fmt: skip
def test_what_is_told_of_the_model_that_answered(
    provider: str, asked: str, served: str | None, before: str | None, at: datetime, sentence: str | None
) -> None:
    notice = served_notice(PROVIDERS[provider], asked, served, at, before)
    assert (notice and served_text(notice)) == sentence
