"""Measured rows of one card that holds a whole model, as the work that was done and the seconds it took."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from r1plan.catalog.hardware import AppleChip
from r1plan.catalog.load import load_hardware, load_models
from r1plan.catalog.model import Architecture, Model, Shape
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.parse import read
from r1plan.hardware.machine import GpuDevice, Vendor, described_by
from r1plan.models.weights import Weights
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.speed.work import (
    CardWork,
    PromptWork,
    WorkKind,
    kind_of_weights,
)
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES
from r1plan.plan.pins import KvType
from r1plan.units import GIB

MEASURED = Path("tests/measured")
OLD_ERA = "2024-05"
# Shapes of models that the rows are of and the catalogue does not have (their config.json).
_OTHER_SHAPES: dict[str, tuple[Architecture, Shape]] = {
    "Llama-2-7B": (
        "llama",
        Shape(layers=32, hidden_size=4096, heads=32, kv_heads=32, head_dim=128, ffn_size=11008, vocab_size=32000),
    ),
    "Mistral-7B-v0.3": (
        "llama",
        Shape(layers=32, hidden_size=4096, heads=32, kv_heads=8, head_dim=128, ffn_size=14336, vocab_size=32768),
    ),
}
_CUT = re.compile(r"R1 of (\d+) layers")
_NAMES = {"R1-671B": "DeepSeek-R1"}
_USUAL_TOKENS = 256  # generated where the row does not say
_MICRO_BATCH = 512  # llama.cpp's own


class RowName(NamedTuple):
    """Which row it is, of which card's sheet, model and quant."""

    id: str
    sheet_id: str
    model: str
    quant: str


class RowSource(NamedTuple):
    """How a row was read: see `SpeedRow`."""

    era: str = ""
    backend: str = ""
    is_own: bool = False


_UNSAID, _OURS = RowSource(), RowSource(backend="cuda", is_own=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """`seconds` a token that `card` took, generated or (`is_prompt`) read, with `depth` tokens before it on average.

    `is_own`: with llama.cpp as it is today, and read by us.
    """

    id: str
    machine: str
    card: GpuDevice
    kind: WorkKind
    work: CardWork
    prompt: PromptWork
    depth: float
    seconds: float
    is_prompt: bool = False
    era: str = ""
    backend: str = ""
    model: str = ""
    quant: str = ""
    is_own: bool = False


def measured_rows(folder: Path = MEASURED) -> list[SpeedRow]:
    """All rows of `folder` that say which card and file they are of."""
    return [
        *_of_benches(folder / "bench_calibration.yaml"),
        *llama_bench_rows(folder / "vram_measured_h100.jsonl", "h100-sxm-80gb"),
        *llama_bench_rows(folder / "h200_llama_bench.jsonl", "h200-sxm-141gb"),
        *_of_verified(folder / "h200_verify.jsonl", "h200-sxm-141gb"),
    ]


def sheet_card(sheet_id: str) -> GpuDevice | None:
    """The card of that sheet, without anything else of a machine; None for a sheet that is none of a card's."""
    known = load_hardware()
    sheet = known.gpus.get(sheet_id) or known.apple.get(sheet_id)
    if sheet is None or not sheet.bandwidth_gb_s:
        return None
    vendor: Vendor = "apple" if isinstance(sheet, AppleChip) else _vendor(sheet.gpu_class)
    device = GpuDevice(
        index=0,
        vendor=vendor,
        name=sheet.name,
        profile=sheet.id,
        total_bytes=round(1024 * GIB),
        free_bytes=round(1024 * GIB),
        bandwidth_gb_s=sheet.bandwidth_gb_s,
        gpu_class=None,
        unified=isinstance(sheet, AppleChip) or sheet.unified,
    )
    return device if isinstance(sheet, AppleChip) else described_by(device, sheet)


def row_of(
    name: RowName,
    depth: float,
    seconds: float,
    *,
    kv_type: KvType = "f16",
    prompt_tokens: int = 0,
    source: RowSource = _UNSAID,
) -> SpeedRow | None:
    """The row of a model at a quant on a card; None where the shape, the types or the card are not known."""
    id_, sheet_id, model, quant = name
    card, found = sheet_card(sheet_id), _weights(model, quant)
    if card is None or found is None:
        return None
    shape, weights, active_params = found
    layers = shape.layers
    experts = weights.expert_bytes * weights.experts_read_share
    return SpeedRow(
        id=id_,
        machine=sheet_id,
        card=card,
        kind=kind_of_weights(quant, weights, shape, 8 * weights.total_bytes / (active_params or 1)),
        work=CardWork(
            0,
            layers,
            weights.trunk_bytes + weights.output_bytes + experts,
            kv_bytes_per_cell(shape, kv_type),
            experts,
            kv_type,
        ),
        prompt=PromptWork(
            2.0 * active_params,
            0.0,
            0.0,
            min(_MICRO_BATCH, prompt_tokens or _MICRO_BATCH),
            attention_flop_a_depth=shape.attention_flop_a_depth,
        ),
        depth=depth,
        seconds=seconds,
        is_prompt=prompt_tokens > 0,
        era=source.era,
        backend=source.backend,
        model=model,
        quant=quant,
        is_own=source.is_own,
    )


def _of_benches(path: Path) -> Iterator[SpeedRow]:
    rows: list[dict[str, Any]] = read(CatalogFile(path, path.name))["rows"]
    for row in rows:
        usable = row["holdout_ok"] and not row.get("early_build") and row["offload"] == "gpu-full"
        if not usable or row["gpu_count"] != 1:
            continue
        said = RowSource(row.get("era", ""), row["backend"])
        named = RowName(row["id"], row["gpu"], row["arch_of"], row["quant"])
        depth = row["context"] + (row.get("n_gen") or _USUAL_TOKENS) / 2
        found = [row_of(named, depth, 1 / row["tg_tok_s"], source=said)]
        if row.get("pp_tok_s") and row.get("pp_n"):
            tokens = int(row["pp_n"])
            found.append(
                row_of(named, row["context"] + tokens / 2, 1 / row["pp_tok_s"], prompt_tokens=tokens, source=said)
            )
        yield from (each for each in found if each is not None)


def llama_bench_rows(path: Path, card: str) -> Iterator[SpeedRow]:
    """The rows of a file of llama-bench's readings, all of the card whose sheet is `card`."""
    for number, row in enumerate(_lines(path)):
        if row["kind"] != "speed":
            continue
        tokens = row["n_prompt"]
        found = row_of(
            RowName(f"{path.stem} {number}", card, row["model"], row["quant"]),
            row["n_depth"] + (tokens or row["n_gen"]) / 2,
            1 / row["tok_s"],
            prompt_tokens=tokens,
            kv_type=row.get("kv_type", "f16"),
            source=_OURS,
        )
        if found is not None:
            yield found


def _of_verified(path: Path, card: str) -> Iterator[SpeedRow]:
    """The files that lay on the card as a whole."""
    for number, row in enumerate(_lines(path)):
        if row["kind"] == "llama-bench":
            named = RowName(f"{path.stem} {number}", card, row["model"], row["quant"])
            half = row["n_prompt"] / 2
            both = (
                row_of(named, half, 1 / row["prefill_tok_s"], prompt_tokens=row["n_prompt"], source=_OURS),
                row_of(named, _USUAL_TOKENS / 4, 1 / row["decode_tok_s"], source=_OURS),
            )
            yield from (each for each in both if each is not None)
        document = row.get("document", {})
        if document.get("layout") != "gpu":
            continue
        file, kv_type = document["file"], document["settings"]["kv_type"]
        for what in ("decode", "prefill"):
            for each in document[what]:
                tokens = each["tokens"] if what == "prefill" else 0
                found = row_of(
                    RowName(f"{path.stem} {number}", card, file["model"], file["quant"]),
                    each["depth"] + tokens / 2,
                    each["seconds_a_token"],
                    prompt_tokens=tokens,
                    kv_type=kv_type,
                    source=_OURS,
                )
                if found is not None:
                    yield found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _vendor(gpu_class: str) -> Vendor:
    named: dict[str, Vendor] = {"amd": "amd", "intel": "intel", "qualcomm": "qualcomm"}
    return named.get(gpu_class, "nvidia")


def _other_shape(model: str) -> tuple[Architecture, Shape] | None:
    """Of a model that the catalogue does not have, or "R1 of 9 layers": R1 without those behind the ninth."""
    if (cut := _CUT.fullmatch(model)) is not None:
        whole = load_models()["DeepSeek-R1"]
        return whole.architecture, replace(whole.shape, layers=int(cut[1]), nextn_layers=0)
    return _OTHER_SHAPES.get(model)


def _weights(model: str, quant: str) -> tuple[Shape, Weights, int] | None:
    """A model's shape, the weights of its quant and the parameters that a token takes part in."""
    known: Model | None = load_models().get(_NAMES.get(model, model))
    if known is None:
        other = _other_shape(model)
        if other is None or quant not in BASE_TYPES:
            return None
        architecture, shape = other
        plain = stock_weights(architecture, shape, "F16")
        return shape, stock_weights(architecture, shape, quant), plain.read_bytes_a_token // 2
    if quant in BASE_TYPES:
        return known.shape, stock_weights(known.architecture, known.shape, quant), known.active_params
    published = next((each for each in known.quants if each.name == quant), None)
    return None if published is None else (known.shape, weights_of(known, published), known.active_params)
