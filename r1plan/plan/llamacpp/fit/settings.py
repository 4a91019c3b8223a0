"""Which settings of the engine layouts are looked for under, the usual ones first."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.plan.llamacpp.settings import SERVER_SLOTS, SMALLER_UBATCHES, USUAL_UBATCH, EngineSettings
from r1plan.plan.pins import KvType, Pins


def usual_settings(pins: Pins) -> Iterator[EngineSettings]:
    """What is tried wherever a model may fit at all."""
    kinds: tuple[KvType, ...] = ("f16", "q8_0") if pins.flash_attn else ("f16",)
    for kind in (pins.kv_type,) if pins.kv_type else kinds:
        yield _settings(pins, kind, pins.n_ubatch or USUAL_UBATCH)


def tighter_settings(pins: Pins) -> Iterator[EngineSettings]:
    """What leaves more room at some cost, the cheapest first."""
    kinds: tuple[KvType, ...] = ("q8_0", "q4_0") if pins.flash_attn else ("f16",)
    for kind in (pins.kv_type,) if pins.kv_type else kinds:
        for n_ubatch in (USUAL_UBATCH, *SMALLER_UBATCHES) if pins.n_ubatch is None else (pins.n_ubatch,):
            if n_ubatch != USUAL_UBATCH or kind == "q4_0":
                yield _settings(pins, kind, n_ubatch)


def _settings(pins: Pins, kv_type: KvType, n_ubatch: int) -> EngineSettings:
    shared = pins.slots is None and pins.runtime == "llama-server"
    slots = pins.slots or (SERVER_SLOTS if shared else 1)
    return EngineSettings(kv_type, n_ubatch, slots, pins.flash_attn, pins.runtime, one_cache=shared)
