"""A measurement for tests, as one of a split layout with experts in host memory would be."""

from __future__ import annotations

from datetime import UTC, datetime

from r1plan.engine.local.settings import LoadSettings
from r1plan.measurements.identity import CardIdentity, FileIdentity, MachineIdentity, ProcessorIdentity
from r1plan.measurements.measurement import (
    BufferReading,
    DeviceWork,
    EngineIdentity,
    Measurement,
    PlannedRange,
    PlannedTerm,
    PowerReading,
    SpeedReading,
)
from r1plan.units import GIB

CARD = CardIdentity(
    vendor="nvidia",
    name="NVIDIA GeForce RTX 4090",
    profile="rtx-4090",
    total_bytes=24564 << 20,
    multiprocessors=128,
    mig=False,
    unified=False,
    driver="580.65.06",
    power_limit_w=450.0,
    pcie_generation=4,
    pcie_lanes=16,
)
EXAMPLE = Measurement(
    measured_at=datetime(2026, 11, 28, 20, 0, tzinfo=UTC),
    r1plan="0.1.0",
    machine=MachineIdentity(
        system="linux",
        processor=ProcessorIdentity(
            model="AMD Ryzen 9 7950X", architecture="x86_64", cores=32, physical_cores=16, ram_gib=62
        ),
        cards=(CARD,),
    ),
    engine=EngineIdentity(version="0.3.36", backends=("CUDA", "CPU")),
    file=FileIdentity(
        model="R1-Distill-Llama-70B",
        is_known=True,
        quant="Q4_K_M",
        architecture="llama",
        name="DeepSeek-R1-Distill-Llama-70B-Q4_K_M.gguf",
        file_bytes=42_520_395_584,
        digest="ab" * 32,
    ),
    settings=LoadSettings(context_tokens=8192, gpu_layers=42, tensor_split=(42,), threads=16),
    layout="partial",
    buffers=(
        BufferReading(
            device="RTX 4090",
            card=0,
            term="weights",
            planned_bytes=20 * GIB,
            measured_bytes=20 * GIB + 4096,
            basis="exact",
        ),
        BufferReading(device="host memory", card=None, term="kv_cache", planned_bytes=GIB, measured_bytes=None),
    ),
    prefill=(SpeedReading(depth=0, tokens=512, repeats=3, seconds_a_token=1 / 400, spread=0.01),),
    decode=(
        SpeedReading(
            depth=32,
            tokens=32,
            repeats=5,
            seconds_a_token=1 / 3.2,
            spread=0.004,
            planned=PlannedRange(low=2.0, mid=3.0, high=4.0),
        ),
    ),
    speed_terms=(PlannedTerm(what="host bandwidth", seconds=0.25),),
    work=(
        DeviceWork(
            device="RTX 4090",
            card=0,
            layers=41,
            expert_layers=0,
            weights_read_bytes=20 * GIB,
            cache_read_bytes=167_936,
        ),
    ),
    load_s=12.5,
    host_resident_bytes=2 * GIB,
    power=PowerReading(watts=310.5, seconds=41.0, source="nvml"),
    disturbances=("power-limit",),
)
