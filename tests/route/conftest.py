"""Engines are closed after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.route.providers import ENGINES


@pytest.fixture(autouse=True)
def closed_engines() -> Iterator[None]:
    """Nothing stays open."""
    yield
    ENGINES.close()
