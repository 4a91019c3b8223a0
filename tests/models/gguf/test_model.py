"""A file's header as the planner takes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.catalog.model import Model
from r1plan.errors import EngineError, R1PlanError
from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.model import ModelFile, model_file
from r1plan.models.gguf.source import LocalFile
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import MODELS, TABLES, card, machine, model, quant
from tests.plan.deepseek32 import V32, V32_ALONE


def reading(folder: Path, of: Model, quant: str, *, name: str = "some.gguf", **options: Any) -> ModelFile:
    path = write_header(folder / name, of, quant, **options)
    return model_file(read_gguf(LocalFile(path)), MODELS.values())


@pytest.mark.parametrize("name", ["Q4_K_M", "IQ1_S", "F16"])
@pytest.mark.parametrize("id_", [id_ for id_, each in MODELS.items() if each.quants])
def test_a_header_gives_the_shape_the_weights_and_the_model(id_: str, name: str, tmp_path: Path) -> None:
    file = reading(tmp_path, model(id_), name, name=f"{id_}-{name}.gguf")
    assert file.known is model(id_)
    assert file.model.shape == model(id_).shape
    assert file.weights == weights_of(model(id_), quant(id_, name))
    assert file.quant.name == name
    assert file.model.quants == (file.quant,)
    assert file.quant.basis == "exact"


def test_a_file_of_no_known_name_is_planned_for_without_scores(tmp_path: Path) -> None:
    # The shape of R1-Distill-Llama-8B is that of every Llama 3.1 8B.
    file = reading(
        tmp_path, model("R1-Distill-Llama-8B"), "Q6_K", name="Mine-Q6_K.gguf", extra={"general.name": "Mine"}
    )
    assert file.known is None
    assert file.model.id == "Mine"
    assert file.model.scores == ()
    assert file.model.params == pytest.approx(8.03e9, rel=1e-3)
    assert file.quant.bits_per_weight == pytest.approx(6.56, abs=0.01)


def test_an_unknown_mixture_reads_its_share_of_the_experts(tmp_path: Path) -> None:
    file = reading(tmp_path, model("DeepSeek-R1"), "Q8_0", name="V3.gguf", extra={"general.name": "V3"})
    assert file.known is None
    assert file.model.params == model("DeepSeek-R1").params
    # The catalogue's figure leaves out norms and biases.
    assert file.model.active_params == pytest.approx(model("DeepSeek-R1").active_params, rel=1e-4)
    assert file.weights.experts_read_share == 8 / 256


@pytest.mark.parametrize("joined", [False, True])
def test_latent_attention_of_old_and_new_files_is_told_apart(joined: bool, tmp_path: Path) -> None:
    r1 = model("DeepSeek-R1")
    file = reading(tmp_path, r1, "Q4_K_M", joined_kv_b=joined)
    assert file.has_mla_keys is not joined
    assert file.known is r1
    assert file.weights == stock_weights("deepseek2", r1.shape, "Q4_K_M", joined_kv_b=joined)
    # the three sizes of R1's cache
    assert kv_bytes_per_cell(file.model.shape, "f16") == (4_997_120 if joined else 70_272)


def test_a_dense_model_has_no_word_on_latent_attention(tmp_path: Path) -> None:
    assert reading(tmp_path, model("R1-Distill-Qwen-7B"), "Q8_0").has_mla_keys is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("x-Q4_K_M.gguf", "Q4_K_M"),
        ("x.Q5_K_S.gguf", "Q5_K_S"),
        ("x-UD-IQ1_S.gguf", "UD-IQ1_S"),
        ("x-ud-q4_k_xl.gguf", "UD-Q4_K_XL"),
        ("r1-q8_0.gguf", "Q8_0"),
        ("R1-Distill-Qwen-7B.gguf", "F16"),  # its general.file_type
        ("r1-q7.gguf", "F16"),  # a name that is no quant's
    ],
)
def test_the_quant_is_the_names_else_the_files(file: str, name: str, tmp_path: Path) -> None:
    read = reading(tmp_path, model("R1-Distill-Qwen-7B"), "F16", name=file)
    assert read.quant.name == name


def test_layers_that_only_predict_are_not_loaded(tmp_path: Path) -> None:
    seven = model("R1-Distill-Qwen-7B")
    file = reading(tmp_path, seven, "Q8_0", extra={"qwen2.nextn_predict_layers": 2})
    assert file.weights.layers == 26
    whole = weights_of(seven, quant(seven.id, "Q8_0"))
    assert file.weights.trunk_bytes == whole.trunk_of(0, 26)


def test_v32_is_read_with_its_indexer_and_without_what_is_not_loaded(tmp_path: Path) -> None:
    file = reading(tmp_path, V32, "Q4_K_M")
    assert (file.model.architecture, file.known, file.has_mla_keys) == ("deepseek32", model("DeepSeek-V3.2"), True)
    assert file.model.shape == V32_ALONE.shape
    assert file.weights == stock_weights("deepseek32", V32.shape, "Q4_K_M")
    # llama-quantize favours other layers where it counts a 62nd.
    assert file.weights != stock_weights("deepseek32", V32_ALONE.shape, "Q4_K_M")
    assert kv_bytes_per_cell(file.model.shape, "f16") == 85_888


@pytest.mark.parametrize("of", [V32, V32_ALONE], ids=lambda each: each.id)
def test_a_catalogued_v32_is_known_by_its_files_with_and_without_that_block(of: Model, tmp_path: Path) -> None:
    path = write_header(tmp_path / "DeepSeek-V3.2-Q8_0.gguf", of, "Q8_0")
    assert model_file(read_gguf(LocalFile(path)), [V32]).known is V32


@pytest.mark.parametrize("key", ["indexer.head_count", "indexer.key_length", "indexer.top_k"])
def test_v32_without_its_indexers_size_is_refused_as_the_engine_does(key: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"deepseek32.attention.{key}: expected a whole number"):
        reading(tmp_path, V32, "Q8_0", extra={f"deepseek32.attention.{key}": 0})


def test_v32_written_as_files_were_before_april_2025_is_refused_as_the_engine_does(tmp_path: Path) -> None:
    path = write_header(tmp_path / "v32.gguf", V32, "Q8_0")
    gguf = read_gguf(LocalFile(path))
    left = {key: value for key, value in gguf.metadata.items() if not key.endswith("key_length_mla")}
    with pytest.raises(EngineError, match=r"attention\.key_length_mla: missing"):
        model_file(replace(gguf, metadata=left), [])


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"general.architecture": "gpt2"}, "architecture 'gpt2'"),
        ({"general.architecture": 3}, "architecture None"),
        ({"qwen2.block_count": 0}, "expected a whole number from 1 to 1,024, got 0"),
        ({"qwen2.block_count": 1025}, "got 1025"),
        ({"qwen2.block_count": 29}, "nothing of layer 28"),
        ({"qwen2.block_count": "many"}, "got 'many'"),
        ({"qwen2.block_count": True}, "got True"),
        ({"qwen2.nextn_predict_layers": 28}, "none of which"),
        ({"qwen2.embedding_length": 4096}, "4096, where token_embd.weight has 3584"),
        ({"qwen2.attention.head_count": 0}, "got 0"),
        ({"qwen2.context_length": 1.5}, "got 1.5"),
        ({"qwen2.attention.kv_lora_rank": 512, "qwen2.rope.dimension_count": 256}, "128, of which 256 are rotary"),
        ({"qwen2.expert_count": 8, "qwen2.expert_used_count": 9}, "from 1 to 8, got 9"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_metadata_that_cannot_be_meant_are_an_error(extra: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        reading(tmp_path, model("R1-Distill-Qwen-7B"), "Q8_0", extra=extra)
    assert said in caught.value.message
    assert caught.value.hint


KEYS = ["block_count", "embedding_length", "feed_forward_length", "context_length", "expert_count", "expert_used_count"]
KEYS += ["expert_shared_count", "expert_feed_forward_length", "leading_dense_block_count", "nextn_predict_layers"]
KEYS += ["rope.dimension_count"]
KEYS += [f"attention.{each}" for each in ("head_count", "head_count_kv", "key_length", "value_length", "kv_lora_rank")]
KEYS += ["attention.key_length_mla", "attention.q_lora_rank"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    id_=st.sampled_from(["DeepSeek-R1", "R1-Distill-Qwen-7B"]),
    values=st.dictionaries(
        st.sampled_from(KEYS), st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 70), st.floats(width=32), st.text()),
        min_size=1, max_size=4,
    ),
)  # fmt: skip
def test_no_metadata_crash_the_planner(id_: str, values: dict[str, Any], tmp_path: Path) -> None:
    of = model(id_)
    extra = {f"{of.architecture}.{key}": value for key, value in values.items()}
    with suppress(R1PlanError):
        file = reading(tmp_path, of, "Q4_K_M", extra=extra)
        pins = Pins(model=file.model.id, quant=file.quant.name)
        found = choose(machine(card(24)), ModelSet({file.model.id: file.model}, TABLES, file.weights), Workload(), pins)
        assert found.choice is not None
