"""What of the engine's build makes it slow here."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.doctor.engine import InstalledEngine
from r1plan.doctor.slow.cause import CardIdle, PlainBuild, SlowCause
from r1plan.hardware.machine import Machine


def slow_engine(engine: InstalledEngine, machine: Machine | None, *, has_avx2: bool) -> Iterator[SlowCause]:
    """What a build that does not fit this machine costs. `has_avx2` is the processor's."""
    card = engine.unused_card
    memory_gb_s = machine.memory.bandwidth_gb_s if machine else None
    if card is not None and card.bandwidth_gb_s and memory_gb_s and not card.unified:
        yield CardIdle(name=card.name, card_gb_s=card.bandwidth_gb_s, memory_gb_s=memory_gb_s)
    # A build says what it was made for only where it says anything of the processor.
    if has_avx2 and "CPU : " in engine.build.features and "AVX2 = 1" not in engine.build.features:
        yield PlainBuild()
