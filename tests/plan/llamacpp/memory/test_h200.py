"""DeepSeek-V4 and V3.2 on an NVIDIA H200, 29 November 2026: what llama.cpp said and took (record_deepseek4.py)."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from r1plan.units import MIB

_RECORDED = Path(__file__).parents[3] / "measured" / "h200_deepseek4.jsonl"
_ROWS = [json.loads(line) for line in _RECORDED.read_text("utf-8").splitlines()]
_STEP = 3  # one of three: the others differ from it in one setting


def _planned(row: dict[str, Any]) -> dict[str, int]:
    pytest.importorskip("llama_cpp")
    from tests.measured.record_deepseek4 import planned
    from tests.measured.record_vram import Case

    case = Case(**{each.name: row[each.name] for each in fields(Case)})
    return planned(case, dry=row["kind"] == "dry")


def test_the_buffers_that_the_engine_would_take_of_a_card_are_those_planned() -> None:
    rows = [row for row in _ROWS if row["kind"] == "dry"][::_STEP]
    assert len(rows) > 25
    for row in rows:
        ours = _planned(row)
        said = {"compute": row["compute_mib"]["CUDA0"], "host compute": row["compute_mib"]["CUDA_Host"]}
        for part, mib in {**said, "all caches": row["cache_mib"]}.items():
            assert ours[part] / MIB == pytest.approx(mib, rel=0.0001, abs=0.03), (part, row)


def test_a_card_loses_what_is_planned() -> None:
    rows = [row for row in _ROWS if row["kind"] == "real"]
    assert len(rows) == 24
    for row in rows:
        ours = _planned(row)
        total = sum(ours[part] for part in ("compute", "cache", "weights", "pools"))
        assert total == pytest.approx(row["used_on_gpu_bytes"], abs=20 * MIB), row
