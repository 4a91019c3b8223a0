"""The compute buffers of DeepSeek-V4 on one card and on two, with layers or experts in host memory and without.

tests/measured/deepseek4_cards.jsonl is what llama.cpp's dry run (build 0c1e57098) says where its own RPC backend stands
for the cards: one server or two on the processor, changed to compute what CUDA does of what lies in host memory, and to
keep and pad what CUDA does (ggml-cuda.cu: offload_op, graph_optimize, get_alloc_size). All tensors are Q8_0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.units import MIB
from tests.plan.deepseek4 import V4_FLASH, V4_PRO

RECORDED = Path(__file__).parents[3] / "measured" / "deepseek4_cards.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
MODELS = {each.id: each for each in (V4_FLASH, V4_PRO)}


def off_by(row: dict[str, Any]) -> list[float]:
    """By which share each buffer is off, host memory's first; two decimals are printed."""
    model, cards, slots = MODELS[row["model"]], row["layers_on"], row["slots"]
    weights = stock_weights(model.architecture, model.shape, "Q8_0")
    settings = EngineSettings(
        kv_type=row["kv_type"],
        n_ubatch=row["n_ubatch"],
        slots=slots,
        flash_attn=row["flash_attn"],
        runtime="llama-server" if slots > 1 else "in-process",
        one_cache=slots > 1,
    )
    host = model.shape.layers - sum(cards)
    experts = weights.expert_layers if row["experts_on_host"] else host
    placed = PlacedRuns(
        runs_of(weights, host, cards, experts), len(cards), weights.output_bytes, len(cards) > 1 and not experts
    )
    ours = compute_bytes(model.architecture, model.shape, settings, row["n_ctx"], placed, as_dry_run=True)
    said = (row["host_mib"], *row["cards_mib"])
    return [max(abs(size / MIB - mib) - 0.006, 0) / mib for size, mib in zip(ours, said, strict=True)]


@pytest.mark.parametrize("cards", [1, 2], ids=["one-card", "two-cards"])
@pytest.mark.parametrize("name", MODELS)
def test_every_buffer_is_the_engines(name: str, cards: int) -> None:
    rows = [row for row in ROWS if row["model"] == name and len(row["layers_on"]) == cards]
    assert len(rows) == 12
    assert [row for row in rows if max(off_by(row)) > 1e-5] == []
