"""A type of weights is found as people write it; what only a server or another program loads leads there."""

from __future__ import annotations

import pytest

from r1plan.errors import NotFound, UsageError
from r1plan.models.quant_names import QuantTaken, gguf_quant, served_quant, split_quant, usual_names
from tests.catalog.ours import MODELS

DISTILL = [each.name for each in MODELS["R1-0528-Qwen3-8B"].quants]
FULL = [each.name for each in MODELS["DeepSeek-R1"].quants]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Q4_K_M", "Q4_K_M"),
        ("q4_k_m", "Q4_K_M"),
        ("Q4-K-M", "Q4_K_M"),
        ("q4km", "Q4_K_M"),
        (" q4 k m ", "Q4_K_M"),
        ("Q4KM", "Q4_K_M"),
        ("q80", "Q8_0"),
        ("Q8.0", "Q8_0"),
        ("q6k", "Q6_K"),
        ("iq4xs", "IQ4_XS"),
        ("IQ4-NL", "IQ4_NL"),
        ("q4_0", "Q4_0"),
        ("ud-q4_k_xl", "UD-Q4_K_XL"),
        ("UD_Q4_K_XL", "UD-Q4_K_XL"),
        ("udq4kxl", "UD-Q4_K_XL"),
        ("UD-Q2_K_XL", "UD-Q2_K_XL"),
        ("ud-iq1_s", "UD-IQ1_S"),
        ("fp16", "F16"),
        ("f16", "F16"),
        ("half", "F16"),
        ("Q4_K_M.gguf", "Q4_K_M"),
    ],
)
def test_a_spelling_of_one_type_is_that_type_without_a_word(typed: str, name: str) -> None:
    assert gguf_quant(typed, DISTILL) == (name, None)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Q4", "Q4_K_M"),
        ("q4", "Q4_K_M"),
        ("4bit", "Q4_K_M"),
        ("4-bit", "Q4_K_M"),
        ("4 bits", "Q4_K_M"),
        ("int4", "Q4_K_M"),
        ("Q4_K", "Q4_K_M"),
        ("Q5", "Q5_K_M"),
        ("5bit", "Q5_K_M"),
        ("Q5_K", "Q5_K_M"),
        ("Q3", "Q3_K_M"),
        ("Q3_K", "Q3_K_M"),
        ("Q2", "Q2_K"),
        ("Q6", "Q6_K"),
        ("6-bit", "Q6_K"),
        ("Q8", "Q8_0"),
        ("8bit", "Q8_0"),
        ("int8", "Q8_0"),
        ("Q8_K", "Q8_0"),
        ("IQ4", "IQ4_XS"),
        ("IQ3", "IQ3_M"),
        ("IQ2", "IQ2_M"),
        ("IQ1", "IQ1_M"),
        ("UD-Q4", "UD-Q4_K_XL"),
        ("Q4_K_XL", "UD-Q4_K_XL"),
        ("UD-Q4_K", "UD-Q4_K_XL"),
        ("ud-iq1", "UD-IQ1_S"),
        ("16bit", "F16"),
    ],
)
def test_a_family_is_its_usual_type_and_that_is_said(typed: str, name: str) -> None:
    assert gguf_quant(typed, DISTILL) == (name, QuantTaken(typed, name))


@pytest.mark.parametrize(
    ("typed", "name"),
    [("1.58bit", "UD-IQ1_S"), ("1.73-bit", "UD-IQ1_M"), ("2.22 bit", "UD-IQ2_XXS"), ("2.51bit", "UD-Q2_K_XL")],
)
def test_the_labels_of_the_january_files_of_r1_are_known(typed: str, name: str) -> None:
    assert gguf_quant(typed, FULL)[0] == name


def test_only_a_type_that_there_is_is_taken() -> None:
    assert gguf_quant("q4", ["UD-Q4_K_XL", "Q8_0"])[0] == "UD-Q4_K_XL"
    with pytest.raises(NotFound, match="unknown quant 'q4'"):
        gguf_quant("q4", ["Q8_0"])


@pytest.mark.parametrize(
    ("typed", "served"),
    [
        ("FP8", "FP8"),
        ("fp8-dynamic", "FP8"),
        ("AWQ", "AWQ"),
        ("awq-int4", "AWQ"),
        ("GPTQ", "GPTQ"),
        ("gptq-4bit", "GPTQ"),
        ("GPTQ-4b-128g-experts", "GPTQ"),
        ("NVFP4-v2", "NVFP4"),
        ("W4A16", "GPTQ"),
        ("NVFP4", "NVFP4"),
        ("fp4", "NVFP4"),
        ("BF16", "BF16"),
        ("bfloat16", "BF16"),
    ],
)
def test_a_type_of_checkpoints_leads_to_vllm(typed: str, served: str) -> None:
    with pytest.raises(UsageError) as caught:
        gguf_quant(typed, DISTILL)
    assert (
        caught.value.message == f"--quant {typed}: {served} is a type of checkpoints that vLLM serves, and no GGUF's."
    )
    assert (caught.value.hint or "").startswith("add --engine vllm")
    assert served_quant(typed) == (served, None)


@pytest.mark.parametrize("typed", ["exl2", "EXL3", "mlx", "nf4", "bnb"])
def test_a_type_of_another_program_is_called_that(typed: str) -> None:
    with pytest.raises(UsageError, match="which r1plan does not plan for"):
        gguf_quant(typed, DISTILL)


@pytest.mark.parametrize("typed", ["", "Q9", "K_M", "best", "🂡", "Q4_K_M_L", "Q"])
def test_what_is_no_type_offers_near_ones(typed: str) -> None:
    with pytest.raises(NotFound, match="unknown quant") as caught:
        gguf_quant(typed, DISTILL)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("typed", "near"), [("UD-Q4_K_XL", "Q4_K_M"), ("ud-q2", "Q2_K"), ("UD-IQ1_S", "IQ1_S"), ("UD-Q5_K_M", "Q5_K_M")]
)
def test_of_a_model_without_dynamic_files_the_plain_type_is_near(typed: str, near: str) -> None:
    with pytest.raises(NotFound) as caught:
        gguf_quant(typed, [each.name for each in MODELS["R1-Distill-Qwen-32B"].quants])
    assert caught.value.near == (near,)


@pytest.mark.parametrize("typed", ["Q4_K_M", "q4", "UD-Q4_K_XL", "iq4_xs", "Q8_0"])
def test_a_type_of_gguf_files_leads_from_vllm_to_llama_cpp(typed: str) -> None:
    with pytest.raises(UsageError, match="type of GGUF files"):
        served_quant(typed)


@pytest.mark.parametrize(("typed", "name"), [("4bit", "AWQ"), ("int4", "AWQ"), ("8bit", "FP8"), ("16-bit", "BF16")])
def test_bits_alone_are_a_servers_usual_type(typed: str, name: str) -> None:
    assert served_quant(typed) == (name, QuantTaken(typed, name))


@pytest.mark.parametrize("typed", ["fp16", "F16", "half", "float16"])
def test_half_precision_is_a_type_of_checkpoints_and_of_gguf_files(typed: str) -> None:
    assert served_quant(typed) == ("FP16", None)
    assert gguf_quant(typed, DISTILL) == ("F16", None)


def test_what_a_server_may_know_is_left_to_it() -> None:
    assert served_quant("MXFP8") == ("MXFP8", None)


@pytest.mark.parametrize(
    ("text", "name", "quant"),
    [
        ("R1:Q4_K_M", "R1", "Q4_K_M"),
        ("32b:q4", "32b", "q4"),
        ("deepseek-r1:32b-qwen-distill-q4_K_M", "deepseek-r1:32b-qwen-distill", "q4_K_M"),
        ("DeepSeek-R1-UD-IQ1_S", "DeepSeek-R1", "UD-IQ1_S"),
        ("r1 7b 4 bit", "r1 7b", "4 bit"),
        ("nvidia/DeepSeek-R1-FP4", "nvidia/DeepSeek-R1", "FP4"),
        ("casperhansen/deepseek-r1-distill-qwen-32b-awq", "casperhansen/deepseek-r1-distill-qwen-32b", "awq"),
        ("x-FP8-dynamic", "x", "FP8-dynamic"),
        ("nvidia/DeepSeek-R1-0528-NVFP4-v2", "nvidia/DeepSeek-R1-0528", "NVFP4-v2"),
        ("DeepSeek-R1-GPTQ-4b-128g-experts", "DeepSeek-R1", "GPTQ-4b-128g-experts"),
        ("x-quantized.w4a16", "x-quantized", "w4a16"),
        ("x-fp16", "x", "fp16"),
        ("R1-Distill-Qwen-32B", "R1-Distill-Qwen-32B", None),
        ("deepseek-r1:1.5b", "deepseek-r1:1.5b", None),
        ("DeepSeek-R1-0528", "DeepSeek-R1-0528", None),
        ("qwq", "qwq", None),
    ],
)
def test_the_type_at_the_end_of_a_name_is_told_from_the_name(text: str, name: str, quant: str | None) -> None:
    assert split_quant(text) == (name, quant)


def test_files_are_looked_for_under_the_usual_names_too() -> None:
    assert usual_names("q4") == ("q4", "Q4_K_M", "UD-Q4_K_XL")
    assert usual_names("Q4_K_M") == ("Q4_K_M",)
