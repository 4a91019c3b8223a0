"""The memory model against the engine's own dry run on the processor, and against the readings of an H100."""

from __future__ import annotations

import tempfile
from pathlib import Path

from r1plan.catalog.load import load_models
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.memory.buffers import cells_of
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.units import MIB
from tests.measured.vram import readings
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.oracle.test_cpu_buffers import NAMES, cases
from tests.plan.llamacpp.memory.test_exact import LOADS, on_h100


def run() -> None:
    """Print, a model a line, the largest error of each term over all settings."""
    print("\nmemory: largest error against llama.cpp's own dry run (CPU), in % of the term")
    print(f"{'model':<24}{'settings':>9}{'weights':>9}{'KV cache':>10}{'compute':>9}")
    models = load_models()
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            model = models[name]
            weights = stock_weights(model.architecture, model.shape, "Q4_K_M")
            runs = runs_of(weights, model.shape.layers, (), weights.expert_layers)
            worst = {"weights": 0.0, "kv": 0.0, "compute": 0.0}
            settings_tried = list(cases())
            with dry_run(write_header(Path(folder) / "model.gguf", model, "Q4_K_M")) as engine:
                said_weights = engine.weights_bytes()
                worst["weights"] = abs(weights.total_bytes - said_weights) / said_weights
                for n_ctx, settings in settings_tried:
                    said = engine.buffers(
                        n_ctx * settings.caches,
                        n_ubatch=settings.n_ubatch,
                        kv_type=settings.kv_type,
                        flash_attn=settings.flash_attn,
                        slots=settings.slots,
                        one_cache=settings.one_cache or settings.slots == 1,
                        outputs=settings.slots if settings.slots > 1 else None,
                    )
                    cells = cells_of(n_ctx, 1)
                    kv = kv_bytes_per_cell(model.shape, settings.kv_type) * cells * settings.caches / MIB
                    (compute,) = compute_bytes(model.architecture, model.shape, settings, cells, PlacedRuns(runs, 0, 1))
                    worst["kv"] = max(worst["kv"], _off(kv, said.kv_cache_mib))
                    worst["compute"] = max(worst["compute"], _off(compute / MIB, said.compute_mib))
            print(
                f"{name:<24}{len(settings_tried):>9}" + "".join(f"{worst[term]:>{wide}.3%}" for term, wide in _COLUMNS)
            )
    allocator = sum(1 for _ in readings())
    off = [(on_h100(each).memory_at(each.n_ctx)[0], each) for each in LOADS if each.flash_attn]
    errors = [
        (card.total_bytes - card.device.fixed_overhead_bytes - each.used) / MIB
        for card, each in off
        if each.used is not None
    ]
    print(f"H100: {allocator} settings of the allocator are compared in tests/plan/llamacpp/compute, to 0.1 %")
    print(
        f"H100: {len(errors)} loads lost between {-max(errors):+.0f} and {-min(errors):+.0f} MiB of what was predicted"
    )


_COLUMNS = (("weights", 9), ("kv", 10), ("compute", 9))
_PRINTED_MIB = 0.006  # the log rounds to two decimals


def _off(ours: float, said: float) -> float:
    return max(abs(ours - said) - _PRINTED_MIB, 0.0) / said


if __name__ == "__main__":
    run()
