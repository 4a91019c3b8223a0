"""A server that many examples of one test share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.asking import Peer, engine_for
from tests.wire.server import Reply, serving


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """A running server and an engine for it."""
    with serving(lambda _asked: found.reply) as wire:
        found = Peer(engine_for("deepseek", wire.url), Reply(b""))
        yield found
        found.engine.close()
