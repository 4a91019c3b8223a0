"""The cache and the compute buffer of DeepSeek-V4, against what llama.cpp prints.

The figures are those of a dry run of build 0c1e57098 (CPU backend, `no_alloc`, llama-cpp-python 0.3.36) on 2026-11-28
over header-only files: one slot, one row of logits, flash attention, swa_full off.
"""

from __future__ import annotations

import pytest

from r1plan.catalog.model import Model
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes
from r1plan.plan.llamacpp.compute.graph import HOST, Run
from r1plan.plan.llamacpp.memory.buffers import cpu_peaks
from r1plan.plan.llamacpp.memory.cache import cache_before, cache_line, cache_parts, kv_bytes_per_cell
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.pins import KvType
from r1plan.units import MIB
from tests.plan.deepseek4 import V4_FLASH, V4_PRO, V4_SMALL

Printed = tuple[Model, KvType, int, float, float, float, float, float]

# Type and context; window, keys of ratio 4 and 128, the indexer's, and the compute buffer at 512, in MiB as printed.
PRINTED: list[Printed] = [
    (V4_FLASH, "f16", 4_096, 32.25, 21.0, 5.0, 5.25, 261.59),
    (V4_FLASH, "f16", 8_192, 32.25, 42.0, 5.0, 10.5, 263.59),
    (V4_FLASH, "f16", 16_384, 32.25, 84.0, 5.0, 21.0, 267.59),
    (V4_FLASH, "f16", 32_768, 32.25, 168.0, 5.0, 42.0, 299.63),
    (V4_FLASH, "f16", 65_536, 32.25, 336.0, 10.0, 84.0, 347.84),
    (V4_FLASH, "f16", 131_072, 32.25, 672.0, 20.0, 168.0, 413.13),
    (V4_FLASH, "f16", 163_840, 32.25, 840.0, 25.0, 210.0, 445.34),
    (V4_FLASH, "f16", 262_144, 32.25, 1344.0, 40.0, 336.0, 574.09),
    (V4_FLASH, "f16", 393_216, 32.25, 2016.0, 60.0, 504.0, 831.84),
    (V4_FLASH, "f16", 524_288, 32.25, 2688.0, 80.0, 672.0, 1024.84),
    (V4_FLASH, "f16", 1_048_576, 32.25, 5376.0, 160.0, 1344.0, 1780.84),
    (V4_FLASH, "q8_0", 4_096, 17.13, 11.16, 2.66, 2.79, 264.59),
    (V4_FLASH, "q8_0", 8_192, 17.13, 22.31, 2.66, 5.58, 266.59),
    (V4_FLASH, "q8_0", 16_384, 17.13, 44.62, 2.66, 11.16, 270.59),
    (V4_FLASH, "q8_0", 32_768, 17.13, 89.25, 2.66, 22.31, 278.59),
    (V4_FLASH, "q8_0", 65_536, 17.13, 178.5, 5.31, 44.62, 303.63),
    (V4_FLASH, "q8_0", 131_072, 17.13, 357.0, 10.62, 89.25, 327.34),
    (V4_FLASH, "q8_0", 163_840, 17.13, 446.25, 13.28, 111.56, 416.34),
    (V4_FLASH, "q8_0", 262_144, 17.13, 714.0, 21.25, 178.5, 515.53),
    (V4_FLASH, "q8_0", 393_216, 17.13, 1071.0, 31.88, 267.75, 693.53),
    (V4_FLASH, "q8_0", 524_288, 17.13, 1428.0, 42.5, 357.0, 903.49),
    (V4_FLASH, "q8_0", 1_048_576, 17.13, 2856.0, 85.0, 714.0, 1615.49),
    (V4_FLASH, "q4_0", 4_096, 9.07, 5.91, 1.41, 1.48, 264.59),
    (V4_FLASH, "q4_0", 8_192, 9.07, 11.81, 1.41, 2.95, 266.59),
    (V4_FLASH, "q4_0", 16_384, 9.07, 23.62, 1.41, 5.91, 270.59),
    (V4_FLASH, "q4_0", 32_768, 9.07, 47.25, 1.41, 11.81, 278.59),
    (V4_FLASH, "q4_0", 65_536, 9.07, 94.5, 2.81, 23.62, 294.84),
    (V4_FLASH, "q4_0", 131_072, 9.07, 189.0, 5.62, 47.25, 327.34),
    (V4_FLASH, "q4_0", 163_840, 9.07, 236.25, 7.03, 59.06, 360.38),
    (V4_FLASH, "q4_0", 262_144, 9.07, 378.0, 11.25, 94.5, 513.09),
    (V4_FLASH, "q4_0", 393_216, 9.07, 567.0, 16.88, 141.75, 674.09),
    (V4_FLASH, "q4_0", 524_288, 9.07, 756.0, 22.5, 189.0, 839.34),
    (V4_FLASH, "q4_0", 1_048_576, 9.07, 1512.0, 45.0, 378.0, 1551.3),
    (V4_PRO, "f16", 4_096, 45.75, 30.0, 7.75, 7.5, 499.09),
    (V4_PRO, "f16", 8_192, 45.75, 60.0, 7.75, 15.0, 501.09),
    (V4_PRO, "f16", 16_384, 45.75, 120.0, 7.75, 30.0, 505.09),
    (V4_PRO, "f16", 32_768, 45.75, 240.0, 7.75, 60.0, 513.09),
    (V4_PRO, "f16", 65_536, 45.75, 480.0, 15.5, 120.0, 529.34),
    (V4_PRO, "f16", 131_072, 45.75, 960.0, 31.0, 240.0, 633.89),
    (V4_PRO, "f16", 163_840, 45.75, 1200.0, 38.75, 300.0, 650.14),
    (V4_PRO, "f16", 262_144, 45.75, 1920.0, 62.0, 480.0, 763.64),
    (V4_PRO, "f16", 393_216, 45.75, 2880.0, 93.0, 720.0, 924.64),
    (V4_PRO, "f16", 524_288, 45.75, 3840.0, 124.0, 960.0, 1086.39),
    (V4_PRO, "f16", 1_048_576, 45.75, 7680.0, 248.0, 1920.0, 1986.39),
    (V4_PRO, "q8_0", 4_096, 24.3, 15.94, 4.12, 3.98, 502.09),
    (V4_PRO, "q8_0", 8_192, 24.3, 31.88, 4.12, 7.97, 504.09),
    (V4_PRO, "q8_0", 16_384, 24.3, 63.75, 4.12, 15.94, 508.09),
    (V4_PRO, "q8_0", 32_768, 24.3, 127.5, 4.12, 31.88, 516.09),
    (V4_PRO, "q8_0", 65_536, 24.3, 255.0, 8.23, 63.75, 532.34),
    (V4_PRO, "q8_0", 131_072, 24.3, 510.0, 16.47, 127.5, 564.84),
    (V4_PRO, "q8_0", 163_840, 24.3, 637.5, 20.59, 159.38, 645.89),
    (V4_PRO, "q8_0", 262_144, 24.3, 1020.0, 32.94, 255.0, 638.64),
    (V4_PRO, "q8_0", 393_216, 24.3, 1530.0, 49.41, 382.5, 799.64),
    (V4_PRO, "q8_0", 524_288, 24.3, 2040.0, 65.88, 510.0, 1029.04),
    (V4_PRO, "q8_0", 1_048_576, 24.3, 4080.0, 131.75, 1020.0, 1741.04),
    (V4_PRO, "q4_0", 4_096, 12.87, 8.44, 2.18, 2.11, 502.09),
    (V4_PRO, "q4_0", 8_192, 12.87, 16.88, 2.18, 4.22, 504.09),
    (V4_PRO, "q4_0", 16_384, 12.87, 33.75, 2.18, 8.44, 508.09),
    (V4_PRO, "q4_0", 32_768, 12.87, 67.5, 2.18, 16.88, 516.09),
    (V4_PRO, "q4_0", 65_536, 12.87, 135.0, 4.36, 33.75, 532.34),
    (V4_PRO, "q4_0", 131_072, 12.87, 270.0, 8.72, 67.5, 564.84),
    (V4_PRO, "q4_0", 163_840, 12.87, 337.5, 10.9, 84.38, 581.09),
    (V4_PRO, "q4_0", 262_144, 12.87, 540.0, 17.44, 135.0, 638.64),
    (V4_PRO, "q4_0", 393_216, 12.87, 810.0, 26.16, 202.5, 799.64),
    (V4_PRO, "q4_0", 524_288, 12.87, 1080.0, 34.88, 270.0, 960.64),
    (V4_PRO, "q4_0", 1_048_576, 12.87, 2160.0, 69.75, 540.0, 1676.85),
]
CONTEXTS = (8_192, 32_768, 131_072, 262_144, 524_288, 1_048_576)
# Micro-batch, and the compute buffer of Flash at each of these contexts.
COMPUTE = [
    (64, 32.94, 41.69, 72.04, 123.95, 238.19, 446.69),
    (128, 65.82, 74.83, 111.76, 183.58, 348.07, 637.07),
    (256, 131.7, 149.72, 191.58, 319.08, 568.33, 1018.33),
    (512, 263.59, 299.63, 413.13, 574.09, 1024.84, 1780.84),
    (1024, 528.12, 552.12, 697.7, 1086.2, 1923.37, 3307.37),
    (2048, 1060.17, 1108.17, 1399.33, 2060.17, 3596.17, 6366.42),
]


def settings(
    kv_type: KvType = "f16", *, n_ubatch: int = 512, slots: int = 1, one_cache: bool = False
) -> EngineSettings:
    """One row of logits a slot."""
    return EngineSettings(kv_type, n_ubatch, slots, runtime="llama-server", one_cache=one_cache)


def compute_mib(model: Model, of: EngineSettings, cells: int) -> float:
    placed = PlacedRuns((Run(model.shape.layers, True, HOST, HOST),), 0, 1)
    (size,) = compute_bytes(model.architecture, model.shape, of, cells, placed)
    return size / MIB


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: f"{row[0].id}-{row[1]}-{row[2]}")
def test_every_part_is_what_the_engine_prints(
    row: Printed,
) -> None:
    model, kv_type, context, *printed, compute = row
    parts = cache_parts(model.shape, settings(kv_type), context)
    assert [size / MIB for size in parts[:4]] == pytest.approx(printed, abs=0.0051)
    assert compute_mib(model, settings(kv_type), context) == pytest.approx(compute, abs=0.0051)


@pytest.mark.parametrize("row", COMPUTE, ids=lambda row: f"ubatch-{row[0]}")
def test_the_micro_batch_decides_the_compute_buffer(row: tuple[float, ...]) -> None:
    of = settings(n_ubatch=int(row[0]))
    assert [compute_mib(V4_FLASH, of, context) for context in CONTEXTS] == pytest.approx(row[1:], abs=0.0051)


@pytest.mark.parametrize(
    ("n_ubatch", "printed"),
    [(128, 225.75), (512, 247.25), (1024, 268.75), (2048, 311.75), (4096, 397.75)],
    ids=lambda each: str(each),
)
def test_the_window_is_as_long_as_a_micro_batch_asks_for(n_ubatch: int, printed: float) -> None:
    assert cache_parts(V4_FLASH.shape, settings(n_ubatch=n_ubatch), 32_768).kv_bytes == printed * MIB


@pytest.mark.parametrize(
    ("one_cache", "context", "printed"), [(True, 32_768, 989.0), (False, 8_192, 359.0), (True, 131_072, 3_569.0)]
)
def test_every_slot_has_a_stream_of_its_own_shared_or_not(one_cache: bool, context: int, printed: float) -> None:
    of = settings(slots=4, one_cache=one_cache)
    parts = cache_parts(V4_FLASH.shape, of, context * of.caches)
    assert parts.kv_bytes == printed * MIB
    assert parts.state_bytes == 4 * 12_206_080


@pytest.mark.parametrize(
    ("model", "growth"),
    [(V4_FLASH, {"f16": 6_880, "q8_0": 3_655, "q4_0": 1_935}), (V4_PRO, {"f16": 9_848, "q8_0": 5_232, "q4_0": 2_770})],
    ids=lambda each: getattr(each, "id", ""),
)
def test_a_token_adds_what_is_compressed(model: Model, growth: dict[KvType, int]) -> None:
    assert {kv_type: kv_bytes_per_cell(model.shape, kv_type) for kv_type in growth} == growth
    assert kv_bytes_per_cell(model.shape, "f16", 1) * model.shape.layers >= growth["f16"]


@pytest.mark.parametrize("of", [settings(), settings("q8_0"), settings(slots=3), settings(slots=4, one_cache=True)])
@pytest.mark.parametrize("model", [V4_SMALL, V4_FLASH], ids=lambda model: model.id)
def test_the_searchs_lines_stay_above_and_near(model: Model, of: EngineSettings) -> None:
    layers = model.shape.layers
    for cells in (4_096, 32_768, 163_840, 1_048_576):
        exact, line = cache_before(model.shape, of, cells * of.caches), cache_line(model.shape, of, 0, layers)
        assert exact[-1] <= line.at(cells * of.caches) <= exact[-1] * 1.3
        assert cache_line(model.shape, of, 1, 3).at(cells * of.caches) >= exact[3] - exact[1]
        highest = max(peak.at(cells * of.caches) for peak in cpu_peaks(model.shape, of))
        assert compute_mib(model, of, cells) * MIB <= highest <= compute_mib(model, of, cells) * MIB * 2
