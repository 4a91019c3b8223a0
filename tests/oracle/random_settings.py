"""Compares plans with the engine's dry run under random settings: `python -m tests.oracle.random_settings 300 [seed]`.

Weights, each part of the cache, the compressors' state and the compute buffer, on the processor; of DeepSeek-V4 (Flash,
Pro and a small one of other widths) and DeepSeek-V3.2. Prints what differs by more than the log's rounding, and the
largest difference of each part.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from r1plan.catalog.model import Model
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.memory.cache import cache_before, cache_parts
from r1plan.plan.llamacpp.settings import KV_TYPES, EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.pins import KvType
from r1plan.units import MIB, pad
from tests.oracle.dry_run import DryRun, dry_run
from tests.oracle.gguf_writer import write_header
from tests.plan.deepseek4 import V4_FLASH, V4_PRO, V4_SMALL
from tests.plan.deepseek32 import V32, V32_SMALL

MODELS = (V4_FLASH, V4_PRO, V4_SMALL, V32, V32_SMALL)
PLAIN: tuple[KvType, ...] = ("f16", "bf16", "f32")
# The log has two decimals of a MiB, and prints a cache in up to five lines.
PRINTED, PRINTED_CACHE = 0.0051, 0.026


def differences(engine: DryRun, model: Model, settings: EngineSettings, context: int) -> dict[str, tuple[float, float]]:
    """Of each part what we say and what the engine says, in MiB, at a context of each slot."""
    cells = pad(context, 256)
    said = engine.buffers(
        cells * settings.caches,
        n_ubatch=settings.n_ubatch,
        kv_type=settings.kv_type,
        flash_attn=settings.flash_attn,
        slots=settings.slots,
        one_cache=settings.one_cache or settings.slots == 1,
        outputs=settings.slots if settings.slots > 1 else None,
    )
    weights = stock_weights(model.architecture, model.shape, "Q8_0")
    runs = runs_of(weights, model.shape.layers, (), weights.expert_layers)
    (compute,) = compute_bytes(model.architecture, model.shape, settings, cells, PlacedRuns(runs, 0, 1))
    cache, state = cache_before(model.shape, settings, cells * settings.caches)[-1], 0
    if model.shape.windowed_attention is not None:
        parts = cache_parts(model.shape, settings, cells * settings.caches)
        assert parts.total_bytes == cache
        cache, state = parts.kv_bytes, parts.state_bytes
    return {
        "cache": (cache / MIB, said.kv_cache_mib),
        "state": (state / MIB, said.state_mib),
        "compute": (compute / MIB, said.compute_mib),
    }


def wrong(found: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The parts that differ by more than rounding."""
    limits = {"cache": PRINTED_CACHE, "state": PRINTED_CACHE, "compute": PRINTED}
    return {part: both for part, both in found.items() if abs(both[0] - both[1]) > limits[part]}


def some_settings(random: Random, number: int, most_context: int) -> Iterator[tuple[EngineSettings, int]]:
    """Settings with a context of each slot; powers of two and numbers between them."""
    for _ in range(number):
        flash_attn, slots = random.random() < 0.8, random.choice((1, 1, 2, 3, 4, 8))
        exponent = random.uniform(8, 20)
        context = round(2 ** (round(exponent) if random.random() < 0.5 else exponent))
        n_ubatch = random.choice((16, 32, 64, 128, 256, 512, 1024, 2048, 4096, random.randrange(1, 3000)))
        settings = EngineSettings(
            kv_type=random.choice(tuple(KV_TYPES) if flash_attn else PLAIN),
            n_ubatch=n_ubatch,
            slots=slots,
            flash_attn=flash_attn,
            runtime="llama-server" if slots > 1 else "in-process",
            one_cache=slots > 1 and random.random() < 0.5,
        )
        yield settings, min(context, most_context)


def main() -> None:
    """Compares as many settings of each model as are asked for."""
    number, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    random, worst = Random(seed), dict[str, float]()
    with TemporaryDirectory() as folder:
        for model in MODELS:
            with dry_run(write_header(Path(folder) / "model.gguf", model, "Q8_0")) as engine:
                for settings, context in some_settings(random, number, model.context_max):
                    found = differences(engine, model, settings, context)
                    for part, (ours, said) in found.items():
                        worst[part] = max(worst.get(part, 0.0), abs(ours - said))
                    for part, (ours, said) in wrong(found).items():
                        print(f"{model.id} {part} {ours:.2f} MiB, the engine says {said:.2f}: {context}, {settings}")
    print(f"{number} settings of each of {len(MODELS)} models, the largest differences in MiB: {worst}")


if __name__ == "__main__":
    main()
