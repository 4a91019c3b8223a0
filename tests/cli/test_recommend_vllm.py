"""`r1plan recommend --engine vllm` as a person or a program calls it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.test_recommend import BASES, TERMS, document, r1plan

ALWAYS = "--reasoning-parser deepseek_r1 --enable-prompt-tokens-details --enable-force-include-usage"
H200 = ("--engine", "vllm", "--gpu", "h200-sxm-141gb:8")


def check_option(option: dict[str, Any]) -> None:
    """The shape that an option for llama.cpp has too, and `serving`."""
    assert set(option) == {
        *("id", "model", "quant", "engine", "fits", "reason", "context", "kv_type", "n_ubatch", "slots", "flash_attn"),
        *("runtime", "placement", "memory", "speed", "quality", "quant_loss", "cost", "serving"),
    }
    assert option["id"] == f"{option['model']}:{option['quant']}"
    assert option["engine"] == "vllm"
    assert {"gpu_layers", "expert_layers_on_cpu", "tensor_split"} <= set(option["placement"])
    serving = option["serving"]
    assert len(option["memory"]) == serving["tensor_parallel"] * serving["data_parallel"]
    for device in option["memory"]:
        assert device["total_bytes"] == sum(device[f"{term}_bytes"] for term in TERMS)
        assert device["total_bytes"] <= device["capacity_bytes"] - device["margin_bytes"]
        assert set(device["basis"].values()) <= BASES
    assert all(each["low"] < each["mid"] < each["high"] for each in option["speed"]["decode_tok_s"])


def test_the_document_has_the_shape_of_every_plan() -> None:
    fields = document(*H200)
    assert fields["schema"] == "r1plan.recommend/1"
    assert {"machine", "workload", "choice", "alternatives", "rejected", "api", "break_even"} <= set(fields)
    for option in (fields["choice"], *fields["alternatives"]):
        check_option(option)
    assert fields["choice"]["id"] == "DeepSeek-R1-0528:FP8"
    assert fields["choice"]["serving"]["users"] == 19
    assert fields["api"]


def test_slots_are_users_and_kv_q8_0_is_the_fp8_cache() -> None:
    choice = document(*H200, "--slots", "20", "--context", "32768", "--kv", "q8_0")["choice"]
    assert (choice["slots"], choice["kv_type"], choice["context"]["chosen"]) == (20, "fp8", 32_768)
    assert choice["serving"]["users"] >= 38
    assert choice["serving"]["command"] == (
        "vllm serve deepseek-ai/DeepSeek-R1-0528 --max-model-len 32768 --tensor-parallel-size 8 --kv-cache-dtype fp8 "
        f"--max-num-seqs 20 {ALWAYS}"
    )


def test_a_pinned_option_that_does_not_fit_exits_with_three_and_says_what_is_missing() -> None:
    pinned = ("--engine", "vllm", "--gpu", "h100-sxm-80gb:8", "--model", "deepseek-r1-0528", "--quant", "fp8")
    assert document(*pinned, code=3)["choice"]["fits"] is False
    done = r1plan(*pinned)
    assert done.returncode == 3
    assert "needs 89.2 GiB on each of 8 GPUs for 32,768 tokens, vLLM may use 72.8" in " ".join(done.stdout.split())
    assert done.stderr.startswith("error: DeepSeek-R1-0528:FP8 does not fit: it needs 89.2 GiB")


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal_but_the_command_to_copy(columns: int) -> None:
    for extra in ((), ("--explain",)):
        done = r1plan(*H200, "--slots", "4", *extra, columns=columns)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        commands = [line for line in lines if line.startswith("  vllm serve ")]
        serve = "  vllm serve deepseek-ai/DeepSeek-R1-0528 --max-model-len 32768 --tensor-parallel-size 8"
        assert commands == [f"{serve} --max-num-seqs 4 {ALWAYS}"]
        if not extra:
            assert max(len(line.rstrip()) for line in lines if line not in commands) <= columns


def test_explain_shows_each_part_and_every_rejected_option() -> None:
    text = r1plan(*H200, "--explain").stdout
    for said in ("weights", "activations", "CUDA graphs", "libraries", "KV cache", "blocks of 16 tokens", "92% of"):
        assert said in text
    rejected = document(*H200)["rejected"]
    assert all(each["id"] in text and each["reason"] in text for each in rejected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--gpu-layers", "3"], "--gpu-layers with --engine vllm", id="gpu-layers"),
        pytest.param(["--experts-on-cpu"], "--experts-on-cpu with --engine vllm", id="experts"),
        pytest.param(["--ubatch", "256"], "--ubatch with --engine vllm", id="ubatch"),
        pytest.param(["--no-flash-attn"], "--no-flash-attn with --engine vllm", id="flash"),
        pytest.param(["--runtime", "llama-server"], "--runtime with --engine vllm", id="runtime"),
        pytest.param(["--kv", "q4_0"], "--kv q4_0 with --engine vllm", id="kv"),
        pytest.param(["--model", "x.gguf"], "a GGUF file is llama.cpp's", id="gguf"),
        pytest.param(["--slots", "0"], "--slots 0: expected a number above zero", id="slots"),
        pytest.param(["--context", "-1"], "--context -1: expected a number above zero", id="context"),
        pytest.param(["--quant", "Q4_K_M"], "unknown quant 'Q4_K_M'", id="quant"),
    ],
)
def test_what_only_the_other_engine_has_is_wrong_usage(options: list[str], message: str) -> None:
    done = r1plan(*H200, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert "hint:" in done.stderr or "above zero" in message
    assert not done.stdout


def test_without_the_option_nothing_speaks_of_vllm() -> None:
    done = r1plan("--gpu", "h200-sxm-141gb:8", "--explain")
    assert "vllm" not in (done.stdout + done.stderr).casefold()


def test_power_is_priced_for_all_users_together() -> None:
    one, four = (
        document(*H200, "--power-price", "0.1", "--slots", slots)["choice"]["cost"]["usd_per_mtok_output"]
        for slots in ("1", "4")
    )
    assert 0 < float(four) < float(one)


@pytest.mark.parametrize(("columns", "shown"), [(80, False), (96, True)])
def test_a_narrow_terminal_keeps_room_for_the_reasons(columns: int, shown: bool) -> None:
    lines = r1plan(*H200, "--model", "DeepSeek-R1-0528", columns=columns).stdout.splitlines()
    head = next(line for line in lines if line.startswith("model "))
    assert ("weights" in head) == shown
    assert columns - head.index("why") >= 16
    assert all(len(line.rstrip()) <= columns for line in lines if "vllm serve" not in line)
