"""The commands that start vLLM on one machine and on several."""

from __future__ import annotations

from typing import Any

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.deploy.vllm import serve_commands
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.option import ServerSettings, ServingOption, ServingPins
from r1plan.plan.vllm.planner import VLLM
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE

ALWAYS = "--reasoning-parser deepseek_r1 --enable-prompt-tokens-details --enable-force-include-usage"


def options(card: str, **pins: Any) -> tuple[ServingOption, ...]:
    return choose_served(VLLM, machine_from_options(gpu=[card]), CATALOGUE, Workload(), ServingPins(**pins)).options


def command(card: str, model: str, dtype: str, **pins: Any) -> str:
    (only,) = serve_commands(options(card, model=model, dtype=dtype, **pins)[0])
    return only.removeprefix("vllm serve ").removesuffix(ALWAYS).strip()


@pytest.mark.parametrize(
    ("card", "model", "dtype", "said"),
    [
        pytest.param(
            "h200-sxm-141gb:8", "DeepSeek-R1", "FP8", "deepseek-ai/DeepSeek-R1 --max-model-len 32768", id="own"
        ),
        pytest.param(
            "a100-sxm-80gb:8",
            "DeepSeek-R1",
            "GPTQ",
            "ISTA-DASLab/DeepSeek-R1-GPTQ-4b-128g-experts --max-model-len 32768",
            id="r1-gptq",
        ),
        pytest.param(
            "h100-sxm-80gb:8",
            "DeepSeek-R1",
            "AWQ",
            "cognitivecomputations/DeepSeek-R1-AWQ --max-model-len 32768",
            id="r1-awq",
        ),
        pytest.param(
            "b200-sxm:8",
            "DeepSeek-R1-0528",
            "NVFP4",
            "nvidia/DeepSeek-R1-0528-NVFP4-v2 --max-model-len 32768",
            id="r1-nvfp4",
        ),
        pytest.param(
            "mi300x:8", "DeepSeek-R1-0528", "BF16", "unsloth/DeepSeek-R1-0528-BF16 --max-model-len 32768", id="r1-bf16"
        ),
    ],
)
def test_a_checkpoint_is_served_from_where_it_is_published(card: str, model: str, dtype: str, said: str) -> None:
    assert command(card, model, dtype) == f"{said} --tensor-parallel-size 8"


@pytest.mark.parametrize(
    ("card", "model", "dtype", "said"),
    [
        pytest.param("t4", "R1-Distill-Qwen-1.5B", "FP16", "--dtype half", id="fp16"),
        pytest.param("t4", "R1-Distill-Qwen-7B", "AWQ", "--dtype half", id="awq-on-turing"),
        pytest.param("rtx-4090", "R1-0528-Qwen3-8B", "FP8", "--quantization fp8", id="fp8-at-start"),
        pytest.param("t4", "R1-0528-Qwen3-8B", "FP8", "--dtype half --quantization fp8", id="fp8-on-turing"),
        pytest.param("rtx-4090", "R1-Distill-Qwen-14B", "FP8", "", id="fp8-published"),
        pytest.param("rtx-4090", "R1-Distill-Qwen-32B", "AWQ", "", id="awq"),
        pytest.param("rtx-4090", "R1-Distill-Qwen-1.5B", "FP16", "--dtype half", id="fp16-by-choice"),
    ],
)
def test_a_card_is_told_what_it_needs_to_be_told(card: str, model: str, dtype: str, said: str) -> None:
    words = command(card, model, dtype, context=4096).split(" --max-model-len 4096")[1].strip()
    assert words == said


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        pytest.param({"context": 8192}, "--max-model-len 8192 --tensor-parallel-size 8", id="context"),
        pytest.param(
            {"context": 8192, "settings": ServerSettings(utilization=0.85)},
            "--max-model-len 8192 --tensor-parallel-size 8 --gpu-memory-utilization 0.85",
            id="share",
        ),
        pytest.param(
            {"context": 8192, "settings": ServerSettings(kv_type="fp8")},
            "--max-model-len 8192 --tensor-parallel-size 8 --kv-cache-dtype fp8",
            id="cache",
        ),
        pytest.param(
            {"context": 8192, "users": 20, "cap_users": True},
            "--max-model-len 8192 --tensor-parallel-size 8 --max-num-seqs 20",
            id="users",
        ),
        pytest.param(
            {"context": 1024, "users": 10_000, "cap_users": True},
            "--max-model-len 1024 --tensor-parallel-size 8 --max-num-seqs 10000 --max-num-batched-tokens 10000",
            id="more-users-than-a-batch-has-tokens",
        ),
    ],
)
def test_what_is_pinned_is_in_the_plan_and_in_the_command(pins: dict[str, Any], said: str) -> None:
    found = options("h200-sxm-141gb:8", model="R1-Distill-Llama-70B", dtype="FP8", **pins)
    plain = next(option for option in found if option.parallel.gpus == 8)
    (only,) = serve_commands(plain)
    assert only == f"vllm serve RedHatAI/DeepSeek-R1-Distill-Llama-70B-FP8-dynamic {said} {ALWAYS}"
    assert plain.context == pins["context"]
    assert plain.users_wanted == pins.get("users", 1)


def test_stages_on_two_machines_are_one_command_on_each() -> None:
    found = options("h100-sxm-80gb:16", model="DeepSeek-R1-0528", dtype="FP8")
    staged = next(option for option in found if option.parallel.pipeline == 2)
    first, second = serve_commands(staged)
    start = (
        "vllm serve deepseek-ai/DeepSeek-R1-0528 --max-model-len 32768 --tensor-parallel-size 8 "
        "--pipeline-parallel-size 2 --nnodes 2"
    )
    assert first == f"{start} --node-rank 0 --master-addr NODE0_ADDRESS {ALWAYS}"
    assert second == f"{start} --node-rank 1 --master-addr NODE0_ADDRESS --headless {ALWAYS}"


def test_spread_experts_on_two_machines_are_one_command_on_each() -> None:
    found = options("h100-sxm-80gb:16", model="DeepSeek-R1-0528", dtype="FP8", users=200, context=4096)
    spread = next(option for option in found if option.parallel.data == 16)
    first, second = serve_commands(spread)
    start = (
        "vllm serve deepseek-ai/DeepSeek-R1-0528 --max-model-len 4096 --data-parallel-size 16 --enable-expert-parallel "
        "--data-parallel-size-local 8"
    )
    where = "--data-parallel-address NODE0_ADDRESS --data-parallel-rpc-port 13345"
    assert first == f"{start} {where} {ALWAYS}"
    assert second == f"{start} --data-parallel-start-rank 8 {where} --headless {ALWAYS}"
