"""`r1plan recommend --engine vllm` as a person or a program calls it."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from tests.cli.test_recommend import BASES, TERMS, document, r1plan

ALWAYS = "--reasoning-parser deepseek_r1 --enable-prompt-tokens-details --enable-force-include-usage"
H200 = ("--engine", "vllm", "--gpu", "h200-sxm-141gb:8")


def check_option(option: dict[str, Any]) -> None:
    """The shape that an option for llama.cpp has too, and `serving`."""
    assert set(option) == {
        *("id", "model", "quant", "engine", "fits", "reason", "context", "kv_type", "n_ubatch", "slots", "flash_attn"),
        *(
            "runtime",
            "placement",
            "memory",
            "speed",
            "answer",
            "quality",
            "quant_loss",
            "capacity",
            "cost",
            "download",
            "serving",
        ),
    }
    assert option["id"] == f"{option['model']}:{option['quant']}"
    assert option["engine"] == "vllm"
    assert {"gpu_layers", "expert_layers_on_cpu", "tensor_split"} <= set(option["placement"])
    serving = option["serving"]
    shared = serving["tensor_parallel"] * serving["data_parallel"] * serving["pipeline_parallel"]
    assert len(option["memory"]) == shared
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
    assert fields["choice"]["download"]["repo"] == "deepseek-ai/DeepSeek-R1-0528"
    assert fields["choice"]["download"]["command"] == fields["choice"]["serving"]["command"]
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
    assert "hint:  leave out --quant: it could serve DeepSeek-R1-0528 at GPTQ, 32,768 tokens" in done.stderr


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal_and_a_shell_reads_the_command_whole(columns: int) -> None:
    command = document(*H200, "--slots", "4")["choice"]["serving"]["command"]
    for extra in ((), ("--explain",)):
        done = r1plan(*H200, "--slots", "4", *extra, columns=columns)
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= columns
        joined = " ".join(done.stdout.replace("\\\n", " ").split())
        assert command in joined


def test_explain_shows_each_part_and_every_rejected_option() -> None:
    text = r1plan(*H200, "--explain").stdout
    for said in ("weights", "activations", "CUDA graphs", "libraries", "KV cache", "blocks of 16 tokens", "92% of"):
        assert said in text
    rejected = document(*H200)["rejected"]
    models = {each["id"].rpartition(":")[0] for each in rejected}
    assert all(f"  {model}: " in text for model in models)
    assert any(each["reason"] in " ".join(text.split()) for each in rejected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--gpu-layers", "3"], "--gpu-layers with --engine vllm", id="gpu-layers"),
        pytest.param(["--experts-on-cpu"], "--experts-on-cpu with --engine vllm", id="experts"),
        pytest.param(["--ubatch", "256"], "--ubatch with --engine vllm", id="ubatch"),
        pytest.param(["--no-flash-attn"], "--no-flash-attn with --engine vllm", id="flash"),
        pytest.param(["--runtime", "llama-server"], "--runtime with --engine vllm", id="runtime"),
        pytest.param(["--runtime", "in-process"], "--runtime with --engine vllm", id="default-runtime"),
        pytest.param(["--mmap"], "--mmap with --engine vllm", id="default-mmap"),
        pytest.param(["--no-mmap"], "--no-mmap with --engine vllm", id="mmap"),
        pytest.param(["--flash-attn"], "--flash-attn with --engine vllm", id="default-flash"),
        pytest.param(["--kv", "q4_0"], "--kv q4_0 with --engine vllm", id="kv"),
        pytest.param(["--model", "x.gguf"], "a GGUF file is llama.cpp's", id="gguf"),
        pytest.param(["--slots", "0"], "--slots 0: expected a number above zero", id="slots"),
        pytest.param(["--context", "-1"], "--context -1: expected a number above zero", id="context"),
        pytest.param(["--quant", "Q4_K_M"], "with --engine vllm: that is a type of GGUF files", id="quant"),
        pytest.param(["--gpu-memory-utilization", "92"], "--gpu-memory-utilization 92: expected a share", id="share"),
        pytest.param(["--gpu-memory-utilization", "0"], "--gpu-memory-utilization 0: expected a share", id="no-share"),
        pytest.param(["--gpus-per-node", "0"], "--gpus-per-node 0: expected a number above zero", id="machines"),
    ],
)
def test_what_only_the_other_engine_has_is_wrong_usage(options: list[str], message: str) -> None:
    done = r1plan(*H200, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert "hint:" in done.stderr or "above zero" in message
    assert not done.stdout


@pytest.mark.parametrize(
    ("gpu", "spoken"),
    [
        pytest.param("h200-sxm-141gb:8", True, id="servers"),
        pytest.param("mi300x:2", True, id="amd-servers"),
        pytest.param("h200-sxm-141gb", False, id="one"),
        pytest.param("rtx-4090:2", False, id="desktops"),
        pytest.param("tesla-p40:4", False, id="not-run-by-vllm"),
    ],
)
def test_llama_cpp_on_several_cards_of_servers_names_vllm_once(gpu: str, spoken: bool) -> None:
    done = r1plan("--gpu", gpu)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert said.casefold().count("vllm") == spoken
    assert ("--engine vllm plans these cards for many users." in done.stderr) == spoken


def test_a_card_that_llama_cpp_leaves_free_has_its_reason() -> None:
    done = r1plan("--gpu", "h100-sxm-80gb:8", columns=120)
    assert " on 7 x H100 " in done.stdout
    assert "1 of 8 cards stays free: they take turns, so that more are no faster." in done.stdout


@pytest.mark.parametrize("gpu", ["h100-sxm-80gb:8", "h200-sxm-141gb:8", "rx-7900-xtx", "rtx-pro-6000-blackwell-ws"])
def test_the_headline_takes_two_lines_of_a_terminal(gpu: str) -> None:
    for extra in ((), ("--slots", "2")):
        lines = r1plan("--engine", "vllm", "--gpu", gpu, *extra, columns=80).stdout.splitlines()
        said = next(number for number, line in enumerate(lines) if line.startswith("  vllm serve"))
        assert said <= 2
        assert " an answer." in " ".join(lines[:said])
        assert (" alone" in " ".join(lines[:said])) == (not extra)


def test_r1_beside_a_served_distill_is_the_smallest_checkpoint_and_the_cards_memory() -> None:
    fields = document("--engine", "vllm", "--gpu", "rx-7900-xtx")
    assert fields["choice"]["model"] != "DeepSeek-R1"
    assert fields["r1"]["id"].endswith(":GPTQ")
    assert 340 < fields["r1"]["weights_bytes"] / 2**30 < 370
    assert fields["r1"]["memory_bytes"] < 24 * 2**30


def test_the_fp8_cache_is_said_to_be_what_q8_0_means() -> None:
    said = "--kv q8_0 is FP8 in vLLM."
    assert said in r1plan(*H200, "--kv", "q8_0").stdout
    assert said not in r1plan(*H200).stdout


def test_explain_says_in_words_how_the_cards_share_the_work() -> None:
    text = " ".join(r1plan(*H200, "--explain").stdout.split())
    assert "on each of 8 GPUs: every layer split over them" in text
    assert "TP 8" not in text
    llama = " ".join(r1plan("--gpu", "rtx-4090", "--explain").stdout.split())
    assert "counted for a plain context: " in llama
    assert "in-process" not in llama


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
    assert any(line.endswith(" one cache for all") for line in lines)
    assert "one cache for all cards (--decode-context-parallel-size 8): speed unproven." in " ".join(
        " ".join(lines).split()
    )
    assert all(len(line.rstrip()) <= columns for line in lines if "vllm serve" not in line)


def test_what_only_vllm_has_is_wrong_usage_for_llama_cpp() -> None:
    done = r1plan("--gpu", "rtx-4090", "--gpu-memory-utilization", "0.9")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --gpu-memory-utilization with --engine llama.cpp: only vllm has it.\nhint:")


def test_a_pinned_share_is_planned_and_typed() -> None:
    choice = document(*H200, "--gpu-memory-utilization", "0.8", "--model", "DeepSeek-R1-0528", "--quant", "FP8")[
        "choice"
    ]
    assert choice["serving"]["gpu_memory_utilization"] == 0.8
    assert "--gpu-memory-utilization 0.8" in choice["serving"]["command"]
    for device in choice["memory"]:
        assert device["total_bytes"] <= 0.8 * device["capacity_bytes"] + 1


def test_sixteen_cards_are_two_machines_with_a_command_each() -> None:
    pinned = ("--engine", "vllm", "--gpu", "h100-sxm-80gb:16", "--model", "DeepSeek-R1-0528", "--quant", "FP8")
    choice = document(*pinned)["choice"]
    placement, serving = choice["placement"], choice["serving"]
    assert (placement["nodes"], placement["gpus_per_node"], placement["pipeline_parallel"]) == (2, 8, 2)
    assert (serving["tensor_parallel"], serving["pipeline_parallel"], serving["nodes"]) == (8, 2, 2)
    assert len(choice["memory"]) == 16
    assert serving["command"] == serving["commands"][0]
    assert ["--headless" in each for each in serving["commands"]] == [False, True]
    first, last = choice["memory"][0], choice["memory"][15]
    assert first["weights_bytes"] != last["weights_bytes"]  # 31 layers and the embeddings, 30 and the head
    assert {device["total_bytes"] <= device["capacity_bytes"] for device in choice["memory"]} == {True}
    text = r1plan(*pinned, columns=200).stdout
    assert "One command on each of 2 machines" in text
    assert text.count("  vllm serve ") == 2
    assert "2 machines of 8 cards are assumed; --gpus-per-node sets how many stand in one." in text


@pytest.mark.parametrize(
    ("machine", "error"),
    [
        pytest.param(["--gpu", "tesla-p40"], "compute capability 7.5", id="old-card"),
        pytest.param(["--gpu", "m3-max-40c"], "needs NVIDIA or AMD cards", id="apple"),
        pytest.param(
            ["--vram", "8", "--vram", "8", "--vendor", "intel", "--ram", "32.5", "--model", "R1-Distill-Qwen-7B"],
            "needs NVIDIA or AMD cards",
            id="intel",
        ),
        pytest.param(["--cpu-only", "--ram", "64", "--context", "8192"], "the machine has none", id="processor"),
    ],
)
def test_where_vllm_can_serve_nothing_what_llama_cpp_could_is_named(machine: list[str], error: str) -> None:
    done = r1plan("--engine", "vllm", "--gpus-per-node", "2", *machine)
    assert done.returncode == 3
    assert error in done.stderr
    usual = document(*machine)["choice"]
    named = f"llama.cpp could: {usual['model']} at {usual['quant']}, {usual['context']['chosen']:,} tokens of context"
    assert named in done.stderr
    again = done.stderr.rpartition("; r1plan recommend ")[2].removesuffix(" plans it\n")
    assert document(*shlex.split(again))["choice"]["id"] == usual["id"]


def test_the_document_says_what_another_engine_could() -> None:
    fields = document("--engine", "vllm", "--gpu", "rx-6800", "--ram", "64", code=3)
    assert fields["elsewhere"]["engine"] == "llama.cpp"
    assert set(fields["elsewhere"]) == {"engine", "model", "quant", "context", "tok_s", "command"}


@pytest.mark.parametrize(
    ("pins", "hint"),
    [
        pytest.param(["--gpu", "t4", "--quant", "BF16"], "leave out --quant: it could serve", id="bf16-on-turing"),
        pytest.param(["--gpu", "a100-sxm-80gb", "--kv", "q8_0"], "leave out --kv q8_0", id="fp8-cache"),
    ],
)
def test_what_a_card_does_not_compute_is_refused_with_what_it_does(pins: list[str], hint: str) -> None:
    done = r1plan("--engine", "vllm", "--model", "R1-Distill-Qwen-7B", *pins)
    assert done.returncode == 3
    assert done.stderr.startswith("error: vLLM can serve nothing")
    assert hint in done.stderr


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (("--slo-tok-s", "5000"), r"the fastest, \S+, makes about [\d.,]+ tok/s, slower than 5,000"),
        (
            ("--slo-ttft", "0.0001"),
            r"the nearest, \S+, takes about \S+ seconds to the first token, longer",
        ),
    ],
    ids=["speed", "first token"],
)
def test_where_nothing_keeps_a_wish_the_nearest_is_named(wish: tuple[str, str], says: str) -> None:
    done = r1plan(*H200, *wish)
    assert done.returncode == 3
    assert re.match(rf"error: vLLM can serve nothing: {says}", done.stderr)
