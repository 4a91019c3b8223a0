"""The H100 readings kept here, one form for both files, and the settings of each for the memory model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from r1plan.catalog.model import Shape
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.plan.catalogue import model

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One setting on one H100 and what it took, in bytes; None where that was not read.

    `gpu_layers` counts the output head. `used` is what the card lost besides the CUDA context, `buffers` what of that
    the engine's log names. Of two cards, `layers_on` and `computes` are what each of them holds.
    """

    model: str
    quant: str = "Q4_K_M"
    layers: int
    n_ctx: int
    kv_type: KvType = "f16"
    n_ubatch: int = 512
    flash_attn: bool = True
    gpu_layers: int
    experts_on_cpu: bool = False
    slots: int = 1
    compute: int
    host_compute: int
    used: int | None = None
    buffers: int | None = None
    context: int | None = None
    layers_on: tuple[int, ...] = ()
    computes: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """A name for the test."""
        flash = "" if self.flash_attn else "-nofa"
        where = "-experts" if self.experts_on_cpu else "" if self.gpu_layers > self.layers else f"-ngl{self.gpu_layers}"
        cut = f"-{self.layers}-layers" if self.layers != model(self.model).shape.layers else ""
        slots = f"-{self.slots}-slots" if self.slots > 1 else ""
        name = f"{self.model}{cut}-{self.quant}-{self.n_ctx}-{self.kv_type}-ub{self.n_ubatch}"
        return f"{name}{flash}{where}{slots}"

    @property
    def shape(self) -> Shape:
        """The model's shape, cut to the layers that were loaded."""
        return replace(model(self.model).shape, layers=self.layers)

    @property
    def settings(self) -> EngineSettings:
        """How the engine was started."""
        return EngineSettings(
            kv_type=self.kv_type,
            n_ubatch=self.n_ubatch,
            slots=self.slots,
            flash_attn=self.flash_attn,
            runtime="llama-server" if self.slots > 1 else "in-process",
            one_cache=True,
        )


def readings() -> Iterator[Reading]:
    """All of them."""
    for row in _rows("vram_measured_h100.jsonl"):
        if row["kind"] == "memory":
            given = {name: row[name] for name in _SETTINGS if name in row}
            parts = row["breakdown"]
            card, host = parts["CUDA0"], parts["CUDA_Host"]
            yield Reading(
                **given,
                layers=model(row["model"]).shape.layers,
                gpu_layers=row["n_gpu_layers"],
                compute=card["compute"],
                host_compute=host["compute"],
                used=row.get("used_on_gpu_bytes"),
                buffers=sum(card.values()),
            )
    for row in _rows("vram_h100_more.jsonl"):
        yield reading_of(row)


def reading_of(row: Mapping[str, Any]) -> Reading:
    """One row as record_vram writes it."""
    common = {
        "n_ctx": 4096,
        **{name: row[name] for name in _SETTINGS if name in row},
        "layers": row.get("layers") or model(row["model"]).shape.layers,
        "gpu_layers": row.get("gpu_layers", 999),
    }
    if row["kind"] == "dry":
        said = row["compute_mib"]
        return Reading(**common, compute=_bytes(said["CUDA0"]), host_compute=_bytes(said["CUDA_Host"]))
    said = row["buffers_mib"]
    return Reading(
        **common,
        compute=_bytes(said["CUDA0 compute"]),
        host_compute=_bytes(said["CUDA_Host compute"]),
        used=row["used_on_gpu_bytes"],
        buffers=sum(_bytes(said[f"CUDA0 {name}"]) for name in ("model", "KV", "compute")),
        context=row["context_bytes"],
    )


def split_readings() -> Iterator[Reading]:
    """Those of two cards."""
    for row in _rows("vram_two_h100.jsonl"):
        said, on = row["compute_mib"], row["layers_on"]
        cards = ("CUDA0", "CUDA1")
        yield Reading(
            **{"n_ctx": 4096, **{name: row[name] for name in _SETTINGS if name in row}},
            layers=model(row["model"]).shape.layers,
            gpu_layers=row.get("gpu_layers", 999),
            compute=_bytes(said["CUDA0"]),
            host_compute=_bytes(said["CUDA_Host"]),
            layers_on=tuple(on[card] for card in cards),
            computes=tuple(_bytes(said[card]) for card in cards),
        )


_SETTINGS = ("model", "quant", "n_ctx", "kv_type", "n_ubatch", "flash_attn", "experts_on_cpu", "slots")


def _rows(name: str) -> Iterator[dict[str, Any]]:
    for line in (_HERE / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _bytes(mib: float) -> int:
    return round(mib * MIB)
