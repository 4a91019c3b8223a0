"""What a person may type for a model is told apart in one place, without a look at the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.ask.target import model_here
from r1plan.engine.target import LocalTarget
from r1plan.models.reference import (
    BuiltIn,
    GgufFile,
    HubFile,
    ModelName,
    ModelReference,
    model_reference,
)
from r1plan.tiny import MODEL_PATH


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("r1-tiny", BuiltIn()),
        ("R1-Tiny", BuiltIn()),
        ("models/x.gguf", GgufFile(Path("models/x.gguf"))),
        ("~/X.GGUF", GgufFile(Path("~/X.GGUF"))),
        ("hf:unsloth/DeepSeek-R1-GGUF", HubFile("hf:unsloth/DeepSeek-R1-GGUF")),
        ("hf:owner/repo/x.gguf", HubFile("hf:owner/repo/x.gguf")),
        ("R1-Distill-Qwen-7B", ModelName("R1-Distill-Qwen-7B")),
        ("deepseek/deepseek-flash", ModelName("deepseek/deepseek-flash")),
        ("novita/deepseek/deepseek-r1-turbo", ModelName("novita/deepseek/deepseek-r1-turbo")),
        ("r1-tiny-2", ModelName("r1-tiny-2")),
        ("x.gguf.bak", ModelName("x.gguf.bak")),
        ("", ModelName("")),
    ],
)
def test_a_model_as_typed_is_one_of_four_things(text: str, reference: ModelReference) -> None:
    assert model_reference(text) == reference


def test_a_gguf_path_and_the_built_in_model_are_on_this_machine() -> None:
    tiny = LocalTarget(MODEL_PATH, "r1-tiny", demonstration=True)
    assert model_here(None) == tiny
    assert model_here("R1-Tiny") == tiny
    assert model_here("models/x.GGUF") == LocalTarget(Path("models/x.GGUF"), "x")
    assert model_here("~/x.gguf") == LocalTarget(Path.home() / "x.gguf", "x")
    assert model_here("deepseek-flash") is None
    assert model_here("hf:owner/repo/x.gguf") is None
