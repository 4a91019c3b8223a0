"""DeepSeek-V4 is read from its files, and what llama.cpp would not load is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from r1plan.errors import EngineError
from r1plan.models.gguf.file import Gguf, read_gguf
from r1plan.models.gguf.model import UnknownArchitecture, model_file
from r1plan.models.gguf.source import LocalFile
from r1plan.plan.llamacpp.weights.layers import stock_weights
from tests.oracle.gguf_writer import Value, write_header
from tests.plan.deepseek4 import V4_FLASH, V4_SMALL


def read(folder: Path, extra: dict[str, Value] | None = None, name: str = "V4-small-MXFP4.gguf") -> Gguf:
    return read_gguf(LocalFile(write_header(folder / name, V4_SMALL, "MXFP4", extra=extra)))


def without(gguf: Gguf, *, key: str = "", tensor: str = "") -> Gguf:
    metadata = {each: value for each, value in gguf.metadata.items() if each != f"deepseek4.{key}"}
    return replace(gguf, metadata=metadata, tensors=tuple(each for each in gguf.tensors if each.name != tensor))


def test_a_file_says_the_whole_shape(tmp_path: Path) -> None:
    file = model_file(read(tmp_path), [])
    assert (file.model.architecture, file.model.shape, file.has_mla_keys) == ("deepseek4", V4_SMALL.shape, None)
    assert file.weights == stock_weights("deepseek4", V4_SMALL.shape, "MXFP4")
    assert (file.quant.name, file.model.context_max) == ("MXFP4", 1_048_576)


def test_one_without_a_length_of_dense_layers_is_as_wide_as_its_experts(tmp_path: Path) -> None:
    file = model_file(without(read(tmp_path), key="feed_forward_length"), [])
    assert file.model.shape.ffn_size == V4_SMALL.shape.ffn_size


def test_a_catalogued_model_is_known_by_its_file(tmp_path: Path) -> None:
    path = write_header(tmp_path / "DeepSeek-V4-Flash-0731-UD-Q4_K_XL.gguf", V4_FLASH, "UD-Q4_K_XL")
    file = model_file(read_gguf(LocalFile(path)), [V4_FLASH])
    assert (file.known, file.quant.name) == (V4_FLASH, "UD-Q4_K_XL")
    assert file.weights == stock_weights("deepseek4", V4_FLASH.shape, "UD-Q4_K_XL")


@pytest.mark.parametrize(
    "key",
    ["attention.compress_ratios", "attention.output_group_count", "hyper_connection.count", "hash_layer_count"],
)
def test_a_header_from_before_llama_cpp_knew_it_is_an_early_conversion(key: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"early conversion of DeepSeek-V4.*does not say deepseek4.{key}") as caught:
        model_file(without(read(tmp_path), key=key), [])
    assert "29 June 2026" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["attn_output_a", "hc_attn_fn"])
def test_tensors_of_other_names_are_an_early_conversions(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"early conversion.*has no tensor blk.0.{name}.weight"):
        model_file(without(read(tmp_path), tensor=f"blk.0.{name}.weight"), [])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("attention.compress_ratios", (128, 4, 0), "3 for 7 layers"),
        ("attention.compress_ratios", (128, 4, 0, 8, 128, 128, 4), "knows 0, 4, 128 alone, got 8"),
        ("hyper_connection.count", 2, "knows 4 alone, got 2"),
        ("expert_gating_func", 2, "knows 4 alone, got 2"),
        ("attention.output_group_count", 3, "16 heads cannot be shared by 3 groups"),
        ("rope.dimension_count", 512, "at most 256, a key's width, got 512"),
        ("attention.indexer.top_k", 0, "expected a whole number"),
        ("attention.sliding_window", 0, "expected a whole number"),
    ],
    ids=lambda each: str(each),
)
def test_what_the_engine_does_not_know_is_named_with_its_key(key: str, value: Value, said: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        model_file(read(tmp_path, {f"deepseek4.{key}": value}), [])
    assert f"deepseek4.{key}" in str(caught.value)


@pytest.mark.parametrize(
    ("architecture", "said"), [("deepseek41", "ik_llama.cpp since September 2026"), ("dflash", "drafts tokens")]
)
def test_an_architecture_that_other_programs_load_is_said_with_these(
    architecture: str, said: str, tmp_path: Path
) -> None:
    gguf = read(tmp_path, {"general.architecture": architecture})
    with pytest.raises(UnknownArchitecture, match=f"is of the architecture '{architecture}'") as caught:
        model_file(gguf, [])
    assert said in (caught.value.hint or "")
