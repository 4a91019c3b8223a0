"""The recorded types are what the engine at hand says."""

from __future__ import annotations

import json

from tests.oracle.quantize_types import RECORDED, record


def test_the_recorded_types_are_what_the_quantisers_dry_run_says() -> None:
    recorded = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    assert list(record()) == recorded
