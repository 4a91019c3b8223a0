"""A hub and a cache of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from tests.models.pull.hub import HubDouble, running_hub, some_bytes
from tests.models.pull.pulling import Pulling

NAME = "R1-Q4_K_M.gguf"


@pytest.fixture
def hub() -> Iterator[HubDouble]:
    """A hub of one model."""
    with running_hub({NAME: some_bytes(3_000_000)}) as running:
        yield running


@pytest.fixture
def pulling(hub: HubDouble, tmp_path: Path) -> Pulling:
    """Pulls from it."""
    return Pulling(hub, tmp_path / "hf")
