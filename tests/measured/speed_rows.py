"""Speeds that others measured, as the machine, the model and the layout that each row means.

The rows are those of bench_calibration.yaml for today's builds whose hardware is known, and vram_measured_h100.jsonl's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from r1plan.catalog.load import load_models
from r1plan.catalog.model import Model, Quant
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.placement import DeviceLoads, Layout, Placement, device_loads
from r1plan.plan.llamacpp.settings import USUAL_UBATCH, EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES
from r1plan.units import GIB

FOLDER = Path(__file__).parent
Group = Literal["nvidia", "hbm", "amd", "apple", "integrated", "processor", "hybrid"]
GROUPS: tuple[Group, ...] = ("nvidia", "hbm", "amd", "apple", "integrated", "processor", "hybrid")
"""The kinds of machine, in the order in which they are told."""


class MeasuredSpeed(NamedTuple):
    """One measured speed. `host` names the machine; rows of one machine have the same.

    `tok_s` is of tokens generated with `depth` in the cache on average, `prompt_tok_s` of a
    prompt with `prompt_depth` there;
    `bandwidth_gb_s` is the peak of the memory that holds the most weights.
    """

    row: str
    group: Group
    host: str
    machine: Machine
    model: Model
    quant: Quant
    weights: Weights
    loads: DeviceLoads
    depth: int
    tok_s: float
    prompt_tok_s: float | None
    prompt_depth: int
    bandwidth_gb_s: float


class _Host(NamedTuple):
    """What `machine_from_options` is told of a machine of which the row names the memory alone, or nothing."""

    cpu: str | None = None
    cores: int | None = None
    gb_s: float | None = None
    gpu: str | None = None


# What the rows say in words. b0585 is a Raspberry Pi 5 (four Cortex-A76, 17.1 GB/s) and b0584 an Intel N150 (four
# Gracemont, DDR4-3200 in one channel or DDR5-4800); the cards beside EPYC 9005 and EPYC 9355 were not told, and one of
# a workstation's is taken.
_ARM_BOARD = "Pi 5 - 16GB"
_HOSTS = {
    "i5-10600K": _Host(cores=6, gb_s=51.2),
    "Framework 13 (Ryzen AI 5 340 16GB)": _Host(cpu="Ryzen AI 5 340"),
    "GMKtek G3 Plus (Intel N150) - 16GB": _Host(cores=4, gb_s=25.6),
    _ARM_BOARD: _Host(cores=4, gb_s=17.1),
    "AmpereOne A192-32X - 512GB": _Host(cpu="AmpereOne A192-32X"),
    "AmpereOne A192-32X (512GB)": _Host(cpu="AmpereOne A192-32X"),
    "RTX A6000 + Threadripper PRO 7965WX (8ch DDR5)": _Host("Threadripper PRO 7965WX", gpu="rtx-a6000"),
    "Xeon 6980P single socket (128c)": _Host(cpu="Xeon 6980P"),
    "EPYC 9374F, 12ch DDR5-4800": _Host(cpu="EPYC 9374F"),
    "EPYC 9005 12ch DDR5-6400 + GPU": _Host(cores=64, gb_s=614.4, gpu="rtx-a6000"),
    "dual EPYC 9355 + 96GB GPU": _Host(cpu="2x EPYC 9355", gpu="rtx-pro-6000-blackwell"),
    "EPYC 7763 DDR4-3200 + 4x RTX 3090": _Host(cpu="EPYC 7763", gpu="rtx-3090"),
    "Xeon Gold 6454S (8ch DDR5-4800 per socket) + RTX 4090D, 1 socket": _Host("Xeon Gold 6454S", gpu="rtx-4090"),
    "Xeon Gold 6454S (8ch DDR5-4800 per socket) + RTX 4090D, 2 sockets": _Host("2x Xeon Gold 6454S", gpu="rtx-4090"),
    "2x EPYC 9654 + L40S": _Host(cpu="2x EPYC 9654", gpu="l40s"),
    "Xeon 8352Y (8ch DDR4-3200) + RTX 4090": _Host(cpu="Xeon Platinum 8352Y", gpu="rtx-4090"),
}
# A fork's own types, repacked or not, as the stock type of as many bits; the file's size is the row's.
_LIKE = {"IQ2_XS_R4": "IQ2_XS", "Q2_K_R4": "Q2_K", "Q4_K_R4": "Q4_K_M", "IQ2_K_R4": "IQ2_S", "IQ4_K_R4": "IQ4_XS"}
_LLAMA_BENCHES = {"vram_measured_h100.jsonl": "h100-sxm-80gb", "h200_llama_bench.jsonl": "h200-sxm-141gb"}


@cache
def calibration() -> tuple[dict[str, Any], ...]:
    """The rows of bench_calibration.yaml as they are."""
    return tuple(yaml.safe_load((FOLDER / "bench_calibration.yaml").read_text())["rows"])


@cache
def speed_rows() -> tuple[MeasuredSpeed, ...]:
    """All rows of today's builds that say what they were measured on."""
    return (*_calibration_rows(), *_datacentre_rows())


def _calibration_rows() -> Iterator[MeasuredSpeed]:
    for row in calibration():
        if row.get("era") or row.get("early_build") or "integrated" in row["hardware"]:
            continue
        if row["hardware"] not in _HOSTS and (row["gpu"] == "unknown" or row["gpu"].startswith(("ddr", "lpddr"))):
            continue
        # Of cards there are rows enough without those that leave the quant, the host or the prompt's share open.
        if row["quant"] == "IQ4-class custom" or (row["hardware"] not in _HOSTS and not row["holdout_ok"]):
            continue
        yield _row(row)


def _row(row: dict[str, Any]) -> MeasuredSpeed:
    model, quant, weights = _file(row)
    host = _HOSTS.get(row["hardware"])
    hybrid = host is not None and host.gpu is not None
    if host is None:
        on = machine_from_options(gpu=[row["gpu"]] * row["gpu_count"], ram=64.0 if _has_ram(row["gpu"]) else None)
        gb_s = on.gpus[0].bandwidth_gb_s or 0.0
    else:
        gpus = [host.gpu] if host.gpu else None
        on = machine_from_options(
            gpu=gpus, cpu=host.cpu, cores=host.cores, ram=768.0, ram_bandwidth=host.gb_s, cpu_only=not gpus
        )
        if row["hardware"] == _ARM_BOARD:
            on = replace(on, cpu=replace(on.cpu, architecture="aarch64"))
        gb_s = on.memory.bandwidth_gb_s or 0.0
    layers, on_gpus = model.shape.layers, len(on.gpus)
    experts = 0
    layout: Layout = "cpu" if not on_gpus else "gpu" if on_gpus == 1 else "gpu-split"
    if hybrid:
        layout, experts = "experts-in-ram", layers - model.shape.dense_layers
        experts -= 7 if "7 expert layers" in row["offload"] else 0
    elif on_gpus and on.gpus[0].unified:
        layout = "unified"
    shares = tuple(layers // on_gpus + (n < layers % on_gpus) for n in range(on_gpus)) if on_gpus else ()
    placement = Placement(layout, layers, shares, experts, model.shape.dense_layers)
    generated = row.get("n_gen") or 128
    return MeasuredSpeed(
        row=row["id"],
        group=_group(on, hybrid=hybrid),
        host=row["hardware"].split(" - ")[0].split(" (512GB)")[0],
        machine=on,
        model=model,
        quant=quant,
        weights=weights,
        loads=_loads(on, model, weights, placement),
        depth=row["context"] + generated // 2,
        tok_s=row["tg_tok_s"],
        prompt_tok_s=row.get("pp_tok_s"),
        prompt_depth=row["context"] + (row.get("pp_n") or USUAL_UBATCH) // 2,
        bandwidth_gb_s=gb_s,
    )


def _datacentre_rows() -> Iterator[MeasuredSpeed]:
    """What llama-bench read on cards with HBM, each prompt beside the token at its depth."""
    for name, card in _LLAMA_BENCHES.items():
        path = FOLDER / name
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        readings = [(n, each) for n, each in enumerate(lines) if each["kind"] == "speed"]
        on = machine_from_options(gpu=[card])
        prompts = {_same(each): each["tok_s"] for _, each in readings if not each["n_gen"]}
        for number, each in readings:
            of_plan = each["model"] in load_models() and each["quant"] in BASE_TYPES
            of_plan = of_plan and each.get("n_ubatch", USUAL_UBATCH) == USUAL_UBATCH
            if each["n_gen"] and of_plan:
                yield _datacentre_row(f"{path.stem} {number}", on, each, prompts.get(_same(each)))


def _same(reading: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(reading.get(each) for each in ("model", "quant", "n_depth", "kv_type", "n_ubatch"))


def _datacentre_row(row: str, on: Machine, each: dict[str, Any], prompt_tok_s: float | None) -> MeasuredSpeed:
    model = load_models()[each["model"]]
    weights, depth = stock_weights(model.architecture, model.shape, each["quant"]), int(each["n_depth"])
    quant = _quant(each["quant"], weights.total_bytes * 8 / model.params, weights)
    placement = Placement("gpu", model.shape.layers, (model.shape.layers,), 0, model.shape.dense_layers)
    return MeasuredSpeed(
        row=row,
        group="hbm",
        host=on.gpus[0].name,
        machine=on,
        model=model,
        quant=quant,
        weights=weights,
        loads=_loads(on, model, weights, placement, EngineSettings(kv_type=each.get("kv_type", "f16"))),
        depth=depth + each["n_gen"] // 2,
        tok_s=each["tok_s"],
        prompt_tok_s=prompt_tok_s,
        prompt_depth=depth + USUAL_UBATCH // 2,
        bandwidth_gb_s=on.gpus[0].bandwidth_gb_s or 0.0,
    )


def _loads(
    on: Machine, model: Model, weights: Weights, placement: Placement, settings: EngineSettings | None = None
) -> DeviceLoads:
    loads = device_loads(
        placement, devices_of(on), model.shape, weights, settings or EngineSettings(), model.context_max
    )
    return loads.at_context(4096)


def _has_ram(gpu: str) -> bool:
    return not gpu.startswith(("m1", "m2", "m3", "m4", "m5", "gb10"))


def _group(on: Machine, *, hybrid: bool) -> Group:
    if hybrid or not on.gpus:
        return "hybrid" if hybrid else "processor"
    gpu = on.gpus[0]
    if gpu.vendor == "nvidia":
        return "hbm" if gpu.gpu_class == "nvidia-datacentre" and not gpu.unified else "nvidia"
    return "apple" if gpu.vendor == "apple" else "amd" if gpu.vendor == "amd" else "integrated"


@cache
def _model(name: str) -> Model:
    """The model of a row's `arch_of`: the catalogue's, or one of its shape."""
    models = load_models()
    if name in models:
        return models[name]
    if name == "R1-671B":
        return models["DeepSeek-R1"]
    like = models["R1-Distill-Llama-8B"]
    kv_heads, ffn, vocab, params = (
        (32, 11_008, 32_000, 6_738_415_616) if name == "Llama-2-7B" else (8, 14_336, 32_768, 7_248_023_552)
    )
    shape = replace(like.shape, kv_heads=kv_heads, ffn_size=ffn, vocab_size=vocab)
    read = params - vocab * shape.hidden_size
    return replace(like, id=name, params=params, active_params=read, shape=shape, quants=(), quants_like=None)


def _file(row: dict[str, Any]) -> tuple[Model, Quant, Weights]:
    model = _model(row["arch_of"])
    if "0528" in row["model"] or row["quant"] == "UD-Q4_K_XL":
        model = _model("DeepSeek-R1-0528")
    name = _LIKE.get(row["quant"], row["quant"])
    found = [each for each in model.quants if each.name == name]
    weights = weights_of(model, found[0]) if found else stock_weights(model.architecture, model.shape, name)
    if row["quant"] in _LIKE:
        weights = _scaled(weights, row["file_gib"] * GIB / weights.total_bytes)
    bits = weights.total_bytes * 8 / model.params
    return model, _quant(row["quant"], bits, weights), weights


def _quant(name: str, bits: float, weights: Weights) -> Quant:
    return Quant(name=name, bits_per_weight=bits, tensor_bytes=weights.total_bytes, metadata_bytes=0)


def _scaled(weights: Weights, times: float) -> Weights:
    def all_layers(each: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(round(size * times) for size in each)

    return replace(
        weights,
        embedding_bytes=round(weights.embedding_bytes * times),
        output_bytes=round(weights.output_bytes * times),
        trunk_before=all_layers(weights.trunk_before),
        experts_before=all_layers(weights.experts_before),
        widest_experts=all_layers(weights.widest_experts),
        widest_matrices=all_layers(weights.widest_matrices),
        # The fork's name says what the types are like.
        trunk_types=(),
        expert_types=(),
    )
