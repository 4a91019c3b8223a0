"""`r1plan recommend` as a person or a program calls it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
BASES = {"exact", "measured", "calibrated", "assumed"}
TERMS = ("weights", "kv_cache", "compute", "overhead")


def r1plan(*arguments: str, columns: int = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", "recommend", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": str(columns)},
    )


def document(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = r1plan(*arguments, "--json")
    assert done.returncode == code, done.stderr
    fields: dict[str, Any] = json.loads(done.stdout)
    return fields


def check_option(option: dict[str, Any]) -> None:
    assert set(option) == {
        *("id", "model", "quant", "engine", "fits", "reason", "context", "kv_type", "n_ubatch", "slots", "flash_attn"),
        *("runtime", "placement", "memory", "speed", "answer", "quality", "quant_loss", "capacity", "cost", "download"),
    }
    assert option["id"] == f"{option['model']}:{option['quant']}"
    assert option["engine"] == "llama.cpp"
    assert option["reason"]
    assert set(option["context"]) == {"chosen", "max"}
    assert option["context"]["chosen"] > 0
    assert option["kv_type"] in ("f16", "q8_0", "q4_0")
    assert {"gpu_layers", "expert_layers_on_cpu", "tensor_split"} <= set(option["placement"])
    assert option["memory"]
    for row in option["memory"]:
        assert row["kind"] in ("gpu", "host", "unified", "disk")
        assert row["total_bytes"] == sum(row[f"{term}_bytes"] for term in TERMS)
        assert all(type(row[name]) is int for name in row if name.endswith("_bytes"))
        assert set(row["basis"]) == set(TERMS)
        assert set(row["basis"].values()) <= BASES
        assert row["free_bytes"] <= row["capacity_bytes"]
        if option["fits"]:
            assert row["total_bytes"] <= row["free_bytes"]
    speed = option["speed"]
    assert set(speed) >= {"prefill_tok_s", "decode_tok_s", "bottleneck", "basis"}
    assert speed["basis"] in BASES
    depths = [each["depth"] for each in speed["decode_tok_s"]]
    assert depths[0] == 0
    assert depths == sorted(depths)
    for each in (*speed["decode_tok_s"], speed["prefill_tok_s"]):
        if option["fits"]:
            assert 0 <= each["low"] <= each["mid"] <= each["high"]
        else:
            assert each["low"] is each["mid"] is each["high"] is None
    seconds = option["answer"]["seconds"]
    if option["fits"]:
        assert 0 < seconds["p50"] <= seconds["p90"]
        assert seconds["typical"] > 0
        check_capacity(option["capacity"])
    else:
        assert set(seconds.values()) == {None}
        assert option["capacity"] is None
        assert set(option["cost"].values()) == {None}
    for score in option["quality"].values():
        assert set(score) == {"score", "source"}
        assert score["source"]
    assert set(option["cost"]) >= {"kind", "usd_per_mtok_output", "usd_per_month", "basis"}
    if option["download"] is not None:
        assert set(option["download"]) == {
            "repo",
            "revision",
            "files",
            "bytes",
            "command",
            "pull_command",
            "chat_command",
        }


def check_capacity(capacity: dict[str, Any]) -> None:
    assert set(capacity) >= {"concurrency", "decode_tok_s_total", "requests_per_day", "machines_needed", "basis"}
    assert capacity["concurrency"] >= 1
    assert capacity["requests_per_day"] > 0
    assert capacity["basis"] in BASES
    total, each = capacity["decode_tok_s_total"], capacity["decode_tok_s_each"]
    assert 0 < each["low"] <= each["mid"] <= each["high"]
    assert total["mid"] == pytest.approx(each["mid"] * capacity["concurrency"], rel=0.01)


@pytest.mark.parametrize(
    "machine",
    [("--gpu", "rtx-4090", "--ram", "64"), ("--gpu", "h100-sxm-80gb:8"), ("--gpu", "m3-max-40c", "--ram", "64"), ()],
    ids=["4090", "8xh100", "m3-max", "this machine"],
)
def test_document_holds_every_promised_field(machine: tuple[str, ...]) -> None:
    fields = document(*machine)
    assert list(fields) == [
        *("schema", "machine", "workload", "choice", "alternatives", "rejected", "api", "break_even", "frontier"),
        *("claim", "larger", "r1", "successor", "successors", "room", "notes"),
    ]
    assert fields["schema"] == "r1plan.recommend/1"
    assert {"cpu", "memory", "gpus", "notes"} <= set(fields["machine"])
    assert fields["workload"]["objective"] == "balanced"
    assert fields["choice"]["fits"] is True
    assert len(fields["alternatives"]) <= 8
    for option in (fields["choice"], *fields["alternatives"]):
        check_option(option)
    ids = [fields["choice"]["id"], *(each["id"] for each in fields["alternatives"])]
    assert len(ids) == len(set(ids))
    assert all(set(each) == {"id", "reason"} and each["reason"] for each in fields["rejected"])
    assert not set(ids) & {each["id"] for each in fields["rejected"]}
    assert fields["api"]
    for offer in fields["api"]:
        assert set(offer) == {
            *("provider", "model", "serves", "served_model", "is_r1", "descendant"),
            *("input_cache_miss_usd_per_mtok", "input_cache_hit_usd_per_mtok"),
            *("output_usd_per_mtok", "usd_per_request", "usd_per_month", "tier", "output_tokens", "hours"),
            *("usd_per_request_now", "cut_off_share", "answer"),
        }
        assert 0 < offer["answer"]["seconds"]["p50"] <= offer["answer"]["seconds"]["p90"]
        assert 0 < Decimal(offer["answer"]["usd"]["p50"]) <= Decimal(offer["answer"]["usd"]["p90"])
        assert offer["output_tokens"] == (9_630 if offer["serves"] == "DeepSeek-R1-0528" else 5_400)
        assert Decimal(offer["usd_per_request"]) > 0
        assert offer["usd_per_month"] is None
    assert set(fields["break_even"]) >= {"against", "requests_per_day", "utilisation", "reason", "sensitivity"}
    assert fields["frontier"] == []  # nobody said how many requests a month has
    assert set(fields["room"]) == {"full_first", "most_slots", "gains"}
    for gain in fields["room"]["gains"]:
        assert set(gain) == {"device", "extra_bytes", "process", "headless", "buys", "id", "context", "decode_tok_s"}
        assert gain["device"] in {row["device"] for row in fields["choice"]["memory"]}
        assert gain["extra_bytes"] > 0
        assert (gain["buys"] is None) == (gain["id"] is None)


def test_the_two_machines_of_the_brief() -> None:
    small = document("--gpu", "RTX-4090", "--ram", "64")
    assert small["choice"]["model"] == "R1-Distill-Qwen-32B"
    assert small["choice"]["context"]["chosen"] >= 16_384
    large = document("--gpu", "h100-sxm-80gb:8")
    assert large["choice"]["model"] == "DeepSeek-R1-0528"
    assert {each["kind"] for each in large["choice"]["memory"]} == {"gpu", "host"}


def test_r1_cache_at_32k_is_exact_in_the_document() -> None:
    pinned = (
        "--model",
        "DeepSeek-R1",
        "--quant",
        "Q4_K_M",
        "--context",
        "32k",
        "--gpu",
        "m3-ultra-80c",
        "--ram",
        "512",
    )
    row = document(*pinned)["choice"]["memory"][0]
    assert row["kv_cache_bytes"] == 2_302_672_896
    assert row["basis"]["kv_cache"] == "exact"
    assert document(*pinned, "--kv", "q8_0")["choice"]["memory"][0]["kv_cache_bytes"] == 1_223_294_976


def test_a_pinned_option_that_does_not_fit_is_shown_in_full_and_exits_with_3() -> None:
    pins = ("--gpu", "rtx-4090", "--ram", "64", "--model", "DeepSeek-R1", "--quant", "q4_k_m")
    fields = document(*pins, code=3)
    check_option(fields["choice"])
    assert fields["choice"]["fits"] is False
    assert fields["choice"]["reason"].startswith("needs 377.4 GiB on the GPU, ")
    assert [each["id"] for each in fields["rejected"]] == ["DeepSeek-R1:Q4_K_M"]
    assert fields["alternatives"] == []
    done = r1plan(*pins)
    assert done.returncode == 3
    assert "does not fit 1 x RTX 4090" in done.stdout
    assert done.stderr.startswith("error: DeepSeek-R1:Q4_K_M does not fit: needs ")


def test_experts_on_disk_are_a_device_with_its_speed_said() -> None:
    pins = ("--gpu", "rtx-4090", "--ram", "64", "--model", "DeepSeek-R1", "--quant", "Q4_K_M")
    fields = document(*pins, "--min-speed", "0.1", "--disk-bandwidth", "7")
    check_option(fields["choice"])
    disk = next(row for row in fields["choice"]["memory"] if row["kind"] == "disk")
    assert disk["weights_bytes"] == disk["total_bytes"] > 0
    assert disk["capacity_bytes"] == sum(row["weights_bytes"] for row in fields["choice"]["memory"])
    assert fields["machine"]["disk_bandwidth_gb_s"] == 7
    assert fields["choice"]["speed"]["bottleneck"] == "disk"
    done = r1plan(*pins, "--min-speed", "0.1", columns=200)
    opening = " ".join(done.stdout.split("  r1plan chat")[0].split())
    assert opening.endswith("GiB of experts are read from disk at 3 GB/s, assumed.")
    refused = r1plan(*pins)
    assert refused.returncode == 3
    assert "(0.26 tok/s), longer than 15 minutes" in refused.stderr
    assert re.search(r"--patience \d+ accepts experts on disk", refused.stderr)
    slow = r1plan(*pins, "--min-speed", "1")
    assert slow.returncode == 3
    assert "with experts read from disk about 0.3 tok/s, slower than 1.0" in slow.stderr
    accepts = re.search(r"--min-speed (\S+) accepts experts on disk", slow.stderr)
    assert accepts is not None
    assert r1plan(*pins, "--min-speed", accepts[1]).returncode == 0


def test_pins_are_kept() -> None:
    option = document(
        *("--gpu", "rtx-4090", "--model", "R1-Distill-Qwen-7B", "--quant", "Q4_K_M", "--context", "10000"),
        *("--kv", "q8_0", "--ubatch", "256", "--slots", "3", "--gpu-layers", "10", "--runtime", "llama-server"),
        *("--depth", "9000"),
    )["choice"]
    assert option["context"]["chosen"] == 10_000
    assert (option["kv_type"], option["n_ubatch"], option["slots"]) == ("q8_0", 256, 3)
    assert option["runtime"] == "llama-server"
    assert option["placement"]["gpu_layers"] == 10
    assert sum(option["placement"]["tensor_split"]) == 10
    assert 9000 in [each["depth"] for each in option["speed"]["decode_tok_s"]]
    assert sum(row["kv_cache_bytes"] for row in option["memory"]) == 30_464 * 10_240 * 3


def test_nothing_fits_says_what_the_smallest_needs() -> None:
    fields = document("--cpu-only", "--ram", "1", code=3)
    assert fields["choice"] is None
    done = r1plan("--cpu-only", "--ram", "1")
    assert done.returncode == 3
    assert done.stdout == ""
    assert re.match(
        r"error: nothing fits: the smallest, R1-Distill-Qwen-1.5B:IQ1_S, needs \d\.\d GiB of RAM, 0\.\d free\.\nhint: ",
        done.stderr,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--vram 0", "error: --vram 0: expected a number above zero."),
        ("--vram 1e12", "error: --vram 1e+12: no card has that much."),
        ("--vram 24 --bandwidth inf", "error: --bandwidth inf: expected a number above zero."),
        ("--cpu-only --ram -1", "error: --ram -1: expected a number above zero."),
        ("--ram-bandwidth nan", "error: --ram-bandwidth nan: expected a number above zero."),
        ("--disk-bandwidth 0", "error: --disk-bandwidth 0: expected a number above zero."),
        ("--ubatch 0", "error: --ubatch 0: expected a number above zero."),
        ("--slots -2", "error: --slots -2: expected a number above zero."),
        ("--context 0", "error: --context 0: expected a number above zero."),
        ("--context -1", "error: --context -1: expected a number above zero."),
        ("--context 163841", "error: --context 163841: every model has at most 163,840 tokens."),
        ("--no-flash-attn --kv q8_0", "error: --kv q8_0 with --no-flash-attn:"),
        ("--model qwen3:8b", "hint:  did you mean R1-0528-Qwen3-8B?"),
        ("--model gpt-4o", "hint:  known are DeepSeek-R1-0528, "),
        ("--model gpt-4o --engine vllm --gpu h200", "hint:  known are DeepSeek-R1-0528, "),
        ("--model r1-tiny", "error: r1-tiny is the demonstration inside the package: there is nothing to plan."),
        ("--model 32b:q4 --quant q8", "error: --model 32b:q4 with --quant q8: two quants."),
        ("--quant fp8", "hint:  add --engine vllm; the GGUF nearest to it is Q8_0"),
        ("--model R1:nvfp4", "hint:  add --engine vllm; the GGUF nearest to it is Q4_K_M"),
        ("--quant zzz", "hint:  known are "),
        ("--model R1-Distill-Qwen-7B --quant Q4_K_L", "error: unknown quant 'Q4_K_L'."),
        ("--gpu rtx-4091", "hint:  did you mean"),
        ("--cache-hit 1.5", "error: --cache-hit 1.5: expected a share from 0 to 1."),
        ("--kv q6_k", "error: --kv 'q6_k': expected f16, q8_0, "),
        ("--gpu rtx-4090 --kv q5_1", "error: --kv q5_1: on a graphics card llama.cpp's flash attention is built"),
        ("--objective cheap", "error: --objective 'cheap': expected balanced, quality, speed or cost."),
    ],
)
def test_bad_values_are_named_and_exit_with_2(arguments: str, says: str) -> None:
    done = r1plan(*arguments.split())
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_machine_file_is_planned_for(tmp_path: Path) -> None:
    described = document("--gpu", "rtx-3090:2", "--ram", "64")
    box = tmp_path / "box.json"
    box.write_text(json.dumps({"schema": "r1plan.machine/1", **described["machine"]}), encoding="utf-8")
    again = document("--machine", str(box))
    assert again["choice"] == described["choice"]


def test_electricity_and_a_month() -> None:
    fields = document(
        *("--gpu", "rtx-4090", "--ram", "64", "--power-price", "0.30", "--requests-per-day", "50"),
    )
    cost = fields["choice"]["cost"]
    assert cost["kind"] == "electricity"
    assert cost["basis"] == "assumed"
    assert Decimal(cost["usd_per_mtok_output"]) > 0
    assert Decimal(cost["usd_per_month"]) > 0
    assert all(Decimal(offer["usd_per_month"]) > 0 for offer in fields["api"])


def test_explain_shows_parts_terms_and_all_that_was_rejected() -> None:
    arguments = ("--gpu", "rtx-4090", "--ram", "64", "--vram-used", "0")
    shown = r1plan(*arguments, "--explain").stdout
    for word in ("gpu0 is full first: at ", "1 GiB more on gpu0: Q5_K_M instead of Q5_K_S", "pages of the mapped file"):
        assert word in shown
    for word in ("KV cache", "139,264 B a token", "exact", "calibrated", "one token takes", "perplexity 1.019"):
        assert word in shown
    rejected = document(*arguments)["rejected"]
    assert f"Rejected ({len(rejected)}; " in shown
    assert all(f"  {model}: " in shown for model in {each["id"].rpartition(":")[0] for each in rejected})
    assert "People say R1 costs 40 to 90 % less than GPT-5 or Claude Opus. Today, for your requests:" in shown
    assert len(shown.splitlines()) <= 145


@pytest.mark.parametrize("columns", [80, 120])
def test_the_terminal_shows_this(columns: int) -> None:
    done = r1plan("--gpu", "rtx-4090", "--ram", "64", columns=columns)
    assert done.returncode == 0
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert all(len(line) <= columns for line in lines)
    # What the APIs charge follows the clock and the price lists.
    text = re.sub(r"At an API instead.*?\n\n", "At an API instead …\n\n", "\n".join(lines) + "\n", flags=re.DOTALL)
    golden = GOLDEN / f"recommend-rtx-4090-{columns}.txt"
    assert text == golden.read_text(encoding="utf-8")


def test_the_first_line_is_to_act_on_and_the_last_but_one_says_where_the_rest_is() -> None:
    done = r1plan("--gpu", "rtx-4090", "--ram", "64", columns=200)
    assert re.fullmatch(
        r"Run R1-Distill-Qwen-32B at Q4_K_M with 25,600 tokens of context on 1 x RTX 4090: "
        r"about \d+ tok/s \(\d+-\d+\), \d\.\d minutes an answer, 0\.\d GiB to spare\.",
        done.stdout.splitlines()[0],
    )
    assert re.search(r"\$\d+\.\d\d for DeepSeek's deepseek-flash \(V4.1-Flash, \d+ % at peak\)\.", done.stdout)
    assert done.stdout.splitlines()[-2].endswith(" rank lower (--explain).")
    assert done.stderr.startswith("Assumed: ")


@pytest.mark.parametrize(
    ("machine", "assumed"),
    [
        pytest.param(
            ("--gpu", "m3-max-40c"),
            "48 GiB of memory, the least of 48, 64 and 128 (--ram); 2 GiB for the system (--vram-used); "
            "36 GiB for graphics, macOS's limit",
            id="chip",
        ),
        pytest.param(
            ("--gpu", "rtx-4090"),
            "24 GiB of RAM (--ram); 2 GiB for the system (--ram); 51.2 GB/s of memory, ddr4-3200-2ch "
            "(--ram-bandwidth); 8 cores (--cores); 1.2 GiB for a desktop (--vram-used)",
            id="card",
        ),
        pytest.param(
            ("--vram", "24", "--ram", "64", "--cores", "8", "--ram-bandwidth", "80", "--vram-used", "0"),
            "2 GiB for the system (--ram); 300 GB/s for the card, a guess (--bandwidth)",
            id="speed",
        ),
        pytest.param(
            ("--gpu", "m3-max-40c", "--ram", "48", "--vram-used", "8"),
            "36 GiB for graphics, macOS's limit",
            id="all given",
        ),
    ],
)
def test_each_figure_that_nobody_said_is_said_once_on_stderr(machine: tuple[str, ...], assumed: str | None) -> None:
    said = r1plan(*machine, "--model", "R1-Distill-Qwen-1.5B", columns=400).stderr
    assert [line for line in said.splitlines() if "Assumed" in line] == ([f"Assumed: {assumed}."] if assumed else [])


def test_the_disks_speed_is_assumed_where_a_plan_reads_from_it() -> None:
    machine = (
        "--gpu",
        "rtx-4090",
        "--ram",
        "64",
        "--model",
        "DeepSeek-R1",
        "--quant",
        "UD-IQ1_S",
        "--min-speed",
        "0.1",
    )
    said = "Assumed: 3 GB/s for the disk (--disk-bandwidth)."
    assert said in r1plan(*machine).stderr
    assert said not in r1plan(*machine, "--disk-bandwidth", "7GB/s").stderr


def test_this_machine_with_other_memory_is_called_so() -> None:
    said = r1plan("--ram", "64GB", "--cpu-only", "--ram-bandwidth", "50GB/s", "--model", "R1-Distill-Qwen-1.5B").stderr
    assert "Assumed: 2 GiB for the system (--ram); 8 cores (--cores)." in said
    said = r1plan("--cores", "2", "--model", "R1-Distill-Qwen-1.5B").stderr
    assert said.splitlines()[0] == (
        "This machine is meant, with 2 cores; --gpu, --vram, --cpu or --cpu-only describe another."
    )
    assert said.count("This machine is meant") == 1


def test_the_document_has_each_assumption_as_a_figure_and_as_a_note() -> None:
    machine = document("--gpu", "rtx-4090", "--model", "R1-Distill-Qwen-1.5B")["machine"]
    ram = {"what": "ram", "figure": 24.0, "unit": "GiB", "option": "--ram", "because": "as much as the cards have"}
    assert ram in machine["assumptions"]
    assert "Assumed: 24 GiB of RAM, as much as the cards have; --ram sets it." in machine["notes"]
    assert len(machine["assumptions"]) == len(machine["notes"])


def test_nothing_heavy_is_imported_once_the_catalogue_is_stored() -> None:
    r1plan("--gpu", "rtx-4090", "--json")
    code = (
        "import sys; sys.argv[1:] = ['recommend', '--gpu', 'rtx-4090', '--json']\n"
        "from r1plan.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'duckdb', 'llama_cpp', 'rich', 'pynvml', 'psutil'} & set(sys.modules)\n"
        "print(heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("typed", "id_", "said"),
    [
        ("deepseek-r1:32b", "R1-Distill-Qwen-32B", ""),
        ("8b:q4", "R1-0528-Qwen3-8B", "'8b:q4' may also mean R1-Distill-Llama-8B: R1-0528-Qwen3-8B is taken.\n"),
        ("deepseek-r1", "DeepSeek-R1", "'deepseek-r1' is taken for DeepSeek-R1, R1 (671B) itself; Ollama's model of "),
        ("r1-distil-qwen-7b", "R1-Distill-Qwen-7B", "'r1-distil-qwen-7b' is taken for R1-Distill-Qwen-7B.\n"),
        ("llama", "R1-Distill-Llama-8B", "'llama' may mean 2 models; the best of them here is chosen.\n"),
    ],
)
def test_a_model_as_people_call_it_is_planned_for_and_what_was_taken_is_said(typed: str, id_: str, said: str) -> None:
    done = r1plan("--gpu", "rtx-4080", "--ram", "512", "--model", typed, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["choice"]["model"] == id_
    assert done.stderr.startswith(said) if said else done.stderr == ""


def test_a_plan_says_what_to_type_next_and_where_the_file_is_had() -> None:
    done = r1plan("--gpu", "rtx-4090", "--ram", "64", columns=200)
    lines = done.stdout.splitlines()
    assert lines[1] == "  r1plan chat --model R1-Distill-Qwen-32B:Q4_K_M"
    assert lines[2].startswith("A distill, not R1 (671B) itself: that takes 131 GiB (UD-IQ1_S), ")
    file = "DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf (19.9 GB)."
    assert lines[-1] == f"Get it: bartowski/DeepSeek-R1-Distill-Qwen-32B-GGUF, {file}"
    download = document("--gpu", "rtx-4090", "--ram", "64")["choice"]["download"]
    assert download["chat_command"] == lines[1].strip()
    assert download["pull_command"] == "r1plan models pull R1-Distill-Qwen-32B:Q4_K_M"
    server = "llama-server -hf bartowski/DeepSeek-R1-Distill-Qwen-32B-GGUF:Q4_K_M --ctx-size "
    assert download["command"].startswith(server)
    explained = r1plan("--gpu", "rtx-4090", "--ram", "64", "--explain", columns=200)
    assert f"as a server: {download['command']}" in " ".join(explained.stdout.split())


@pytest.mark.parametrize(
    ("pins", "command"),
    [
        (("--context", "4096"), "r1plan chat --model {id} --context 4096"),
        (("--kv", "q8_0", "--gpu-layers", "20"), "r1plan chat --model {id} --kv q8_0 --gpu-layers 20"),
        (("--no-flash-attn", "--no-mmap"), "r1plan chat --model {id} --no-flash-attn --no-mmap"),
        (("--ubatch", "256"), "r1plan chat --model {id} --ubatch 256"),
        (("--slots", "2"), None),
        (("--runtime", "llama-server"), None),
    ],
    ids=str,
)
def test_what_was_fixed_is_said_again_in_the_next_command(pins: tuple[str, ...], command: str | None) -> None:
    id_ = "R1-Distill-Qwen-7B:Q4_K_M"
    asked = ("--gpu", "rtx-4090", "--model", id_, *pins)
    download = document(*asked)["choice"]["download"]
    assert download["chat_command"] == (command and command.format(id=id_))
    line = r1plan(*asked, columns=200).stdout.splitlines()[1]
    assert line.strip() == (download["chat_command"] or download["command"])


@pytest.mark.parametrize("objective", ["balanced", "quality", "speed", "cost"])
@pytest.mark.parametrize("machine", [("--gpu", "rtx-4090", "--ram", "64", "--model", "R1"), ("--gpu", "rtx-3060")])
def test_what_nobody_offers_is_never_recommended(machine: tuple[str, ...], objective: str) -> None:
    fields = document(*machine, "--objective", objective)
    assert [each["id"] for each in (fields["choice"], *fields["alternatives"]) if each["download"] is None] == []


def test_a_bandwidth_of_which_no_source_was_opened_is_said_to_be_assumed() -> None:
    opened = document("--gpu", "rtx-4090", "--model", "R1-Distill-Qwen-7B")["choice"]["speed"]
    unsourced = document("--gpu", "rtx-4090-48gb", "--model", "R1-Distill-Qwen-7B")["choice"]["speed"]
    assert (opened["basis"], unsourced["basis"]) == ("calibrated", "assumed")
    widths = [each["decode_tok_s"][0]["high"] / each["decode_tok_s"][0]["low"] for each in (opened, unsourced)]
    assert widths[1] > widths[0]
