"""With an NVIDIA card and an engine built for it: the memory model against the card itself."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import llama_cpp
import pytest

from r1plan.units import MIB
from tests.measured.record_vram import Case, cut, record_dry
from tests.measured.vram import reading_of
from tests.oracle.gguf_writer import write_header
from tests.plan.llamacpp.compute.test_buffers import predicted
from tests.plan.llamacpp.memory.test_exact import on_h100

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not llama_cpp.llama_supports_gpu_offload(), reason="llama-cpp-python is not built for a GPU"),
]

CASES = [
    Case(model="R1-Distill-Qwen-1.5B", n_ctx=8192),
    Case(model="R1-Distill-Qwen-1.5B", n_ctx=8192, kv_type="q8_0", n_ubatch=256),
    Case(model="R1-0528-Qwen3-8B", n_ctx=16_384, gpu_layers=20),
    Case(model="R1-Distill-Llama-8B", quant="Q6_K", n_ctx=32_768, slots=4),
    Case(model="DeepSeek-R1", n_ctx=16_384, experts_on_cpu=True),
    Case(model="DeepSeek-R1", n_ctx=16_384, kv_type="q8_0", n_ubatch=1024),
]


def test_the_cards_allocator_says_what_the_memory_model_says(tmp_path: Path) -> None:
    record_dry(iter(CASES), tmp_path / "rows.jsonl")
    wrong = []
    for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines():
        reading = reading_of(json.loads(line))
        host, card = predicted(reading)
        # Layers in host memory count as if all were as wide as the widest: off by one hidden state at most.
        partial = reading.gpu_layers <= reading.layers
        state = 4 * reading.shape.hidden_size * reading.n_ubatch if partial else 0
        for said, ours in ((reading.compute, card), (reading.host_compute, host)):
            if abs(ours - said) > max(said * 0.001, 0.01 * MIB) + state:
                wrong.append((reading.id, said / MIB, ours / MIB))
    assert wrong == []


@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: f"{case.model}-{case.kv_type}")
def test_the_card_loses_what_was_predicted(case: Case, tmp_path: Path) -> None:
    path = write_header(tmp_path / "model.gguf", cut(case), case.quant)
    command = [sys.executable, "-m", "tests.measured.record_vram", "row.one", str(path), json.dumps(asdict(case))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    row = next(json.loads(line[4:]) for line in done.stdout.splitlines() if line.startswith("ROW "))
    card, _host = on_h100(reading_of({"kind": "real", **asdict(case), **row})).memory_at(case.n_ctx)
    lost = row["used_on_gpu_bytes"]
    assert abs(card.total_bytes - card.device.fixed_overhead_bytes - lost) <= max(100 * MIB, 0.015 * lost)
