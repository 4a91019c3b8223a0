"""Compares plans of DeepSeek-V4 and V3.2 with an NVIDIA card: `python -m tests.measured.record_deepseek4 OUT.jsonl`.

As record_vram.py has it: `dry` rows are true shapes of which nothing is loaded, `real` ones are cut-down models (eight
layers, 32 experts a layer, all other widths true, weights all zero) that are loaded and asked, each in a process of its
own. Prints what is off by more than 0.1 %, and of real rows by more than 1.5 % or 100 MiB. Needs llama-cpp-python built
with CUDA, pynvml, and disk for sparse files only; `dry` or `real` after the file does half of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from r1plan.catalog.model import Model
from r1plan.plan.llamacpp.compute.buffers import PlacedRuns, compute_bytes, runs_of
from r1plan.plan.llamacpp.memory.cache import cache_before
from r1plan.plan.llamacpp.memory.pools import pools_line
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights
from r1plan.plan.pins import KvType
from r1plan.units import MIB, pad
from tests.measured.record_vram import Case, buffers_of
from tests.oracle.dry_run import dry_run
from tests.oracle.gguf_writer import write_header
from tests.plan.deepseek4 import V4_FLASH, V4_PRO
from tests.plan.deepseek32 import V32

_CUT_LAYERS, _CUT_EXPERTS = 8, 32


def _cut(model: Model) -> Model:
    windowed, experts = model.shape.windowed_attention, model.shape.experts
    assert experts is not None
    if windowed is not None:
        windowed = replace(windowed, compress_ratios=windowed.compress_ratios[:_CUT_LAYERS])
    shape = replace(
        model.shape,
        layers=_CUT_LAYERS,
        windowed_attention=windowed,
        experts=replace(experts, routed=_CUT_EXPERTS),
        nextn_layers=0,
    )
    return replace(model, id=f"{model.id}-cut", shape=shape)


MODELS = {each.id: each for each in (V4_FLASH, V4_PRO, V32, _cut(V4_FLASH), _cut(V4_PRO), _cut(V32))}
WHOLE, CUT = tuple(MODELS)[:3], tuple(MODELS)[3:]


def dry_cases() -> Iterator[Case]:
    """Whole models on the card, with their experts in host memory, and with some layers there."""
    types: tuple[KvType, ...] = ("f16", "q8_0", "q4_0", "bf16")
    for model, kv, ctx in product(WHOLE, types, (4096, 32_768, 131_072)):
        yield Case(model=model, quant="Q8_0", kv_type=kv, n_ctx=ctx, experts_on_cpu=True)
    for model, ub, ctx in product(WHOLE, (128, 2048), (8192, 163_840)):
        yield Case(model=model, quant="Q8_0", n_ubatch=ub, n_ctx=ctx, experts_on_cpu=True)
        yield Case(model=model, quant="Q8_0", n_ubatch=ub, n_ctx=ctx)
        yield Case(model=model, quant="Q4_K_M", n_ubatch=ub, n_ctx=ctx, kv_type="q8_0", gpu_layers=20)
    for model in WHOLE:
        yield Case(model=model, quant="Q8_0", n_ctx=32_768)
        yield Case(model=model, quant="Q8_0", n_ctx=16_384, slots=4, experts_on_cpu=True)
        yield Case(model=model, quant="Q8_0", n_ctx=16_384, flash_attn=False, experts_on_cpu=True)
        yield Case(model=model, quant="Q8_0", n_ctx=8192, gpu_layers=12)
    for model, ctx in product(WHOLE[:2], (262_144, 1_048_576)):
        yield Case(model=model, quant="Q8_0", n_ctx=ctx, experts_on_cpu=True)


def real_cases() -> Iterator[Case]:
    """What is loaded and asked."""
    for model in CUT:
        for kv, ub, ctx in (("f16", 512, 16_384), ("q8_0", 512, 65_536), ("f16", 2048, 32_768)):
            yield Case(model=model, quant="Q8_0", kv_type=kv, n_ubatch=ub, n_ctx=ctx)
            yield Case(model=model, quant="Q8_0", kv_type=kv, n_ubatch=ub, n_ctx=ctx, experts_on_cpu=True)
        yield Case(model=model, quant="Q4_K_M", n_ctx=131_072, slots=4)
        yield Case(model=model, quant="Q2_K", n_ctx=16_384, gpu_layers=5)


def planned(case: Case, *, dry: bool) -> dict[str, int]:
    """Bytes of each part on the card, of the compute buffer in host memory, and of all caches."""
    model = MODELS[case.model]
    shape, settings = model.shape, _settings(case)
    weights = stock_weights(model.architecture, shape, case.quant)
    on_card = min(case.gpu_layers - 1, shape.layers)
    host, cells = shape.layers - on_card, pad(case.n_ctx, 256)
    all_experts = weights.expert_layers
    experts = all_experts if case.experts_on_cpu else min(max(host - weights.dense_layers, 0), all_experts)
    placed = PlacedRuns(runs_of(weights, host, (on_card,), experts), 1, weights.output_bytes)
    in_host, card = compute_bytes(model.architecture, shape, settings, cells, placed, as_dry_run=dry)
    caches = cache_before(shape, settings, cells * settings.caches)
    held = weights.trunk_of(host, shape.layers) + weights.output_bytes
    held += weights.experts_of(max(host, weights.dense_layers + experts), shape.layers)
    pools = pools_line(shape, settings, plain=weights.plain).at(cells * settings.caches)
    return {
        "compute": card,
        "host compute": in_host,
        "all caches": caches[-1],
        "cache": caches[-1] - caches[host],
        "weights": held,
        "pools": pools,
    }


def _settings(case: Case) -> EngineSettings:
    kv_type: KvType = case.kv_type  # type: ignore[assignment]
    return EngineSettings(
        kv_type=kv_type,
        n_ubatch=case.n_ubatch,
        slots=case.slots,
        flash_attn=case.flash_attn,
        runtime="llama-server" if case.slots > 1 else "in-process",
        one_cache=case.slots > 1,
    )


def compare_dry(out: Path) -> None:
    """Appends a row for each case, and prints what differs."""
    with tempfile.TemporaryDirectory() as folder, out.open("a", encoding="utf-8") as rows:
        for case in dry_cases():
            path = write_header(Path(folder) / "dry.gguf", MODELS[case.model], case.quant)
            with dry_run(path, gpu_layers=case.gpu_layers, experts_on_cpu=case.experts_on_cpu) as engine:
                said = buffers_of(engine, case)
            ours, on = planned(case, dry=True), said.compute_mib_on
            found = {
                "compute": on.get("CUDA0", 0.0),
                "host compute": on.get("CUDA_Host", 0.0),
                "all caches": said.kv_cache_mib + said.state_mib,
            }
            row = {"kind": "dry", **asdict(case), "compute_mib": on, "cache_mib": found["all caches"]}
            rows.write(json.dumps({**row, "planned_mib": {name: size / MIB for name, size in ours.items()}}) + "\n")
            rows.flush()
            for name, mib in found.items():
                if abs(ours[name] / MIB - mib) > max(mib * 0.001, 0.03):
                    print("DIFFERS", name, f"{ours[name] / MIB:.2f} planned, {mib:.2f} said:", case, flush=True)


def compare_real(out: Path) -> None:
    """Appends a row for each case, and prints what differs."""
    with tempfile.TemporaryDirectory() as folder, out.open("a", encoding="utf-8") as rows:
        for case in real_cases():
            path = write_header(Path(folder) / "real.gguf", MODELS[case.model], case.quant)
            command = [sys.executable, "-m", "tests.measured.record_vram", "row.one", str(path)]
            command.append(json.dumps(asdict(case)))
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
            row = next((json.loads(line[4:]) for line in done.stdout.splitlines() if line.startswith("ROW ")), None)
            if row is None:
                print("FAILED", case, (done.stderr + done.stdout)[-800:], flush=True)
                continue
            ours = planned(case, dry=False)
            total = sum(ours[name] for name in ("compute", "cache", "weights", "pools"))
            lost = row["used_on_gpu_bytes"]
            words = "WITHIN" if abs(total - lost) <= max(100 * MIB, 0.015 * lost) else "DIFFERS"
            print(words, f"{total / MIB:.1f} planned, {lost / MIB:.1f} MiB lost:", case, row["buffers_mib"], flush=True)
            rows.write(json.dumps({"kind": "real", **asdict(case), **row, "planned": ours}) + "\n")
            rows.flush()


def main() -> None:
    """Both halves, or the one that is named."""
    out, only = Path(sys.argv[1]), set(sys.argv[2:])
    if not only or "dry" in only:
        compare_dry(out)
    if not only or "real" in only:
        compare_real(out)


if __name__ == "__main__":
    main()
