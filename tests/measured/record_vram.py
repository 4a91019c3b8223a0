"""Records what llama.cpp takes from an NVIDIA card: `python -m tests.measured.record_vram OUT.jsonl [NAME…]`.

Two kinds of rows. `dry`: what the engine would allocate for a setting (its log; nothing is loaded). `real`: a model of
true shapes, its weights all zero, is loaded and asked; `used_on_gpu_bytes` is what the card lost from just after the
CUDA context existed until one full micro-batch and one token had been decoded, `context_bytes` what the context took
before. Each real row is a process of its own. Needs llama-cpp-python built with CUDA, and disk for sparse files only.
"""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.catalog.load import load_models
from r1plan.catalog.model import Model

if TYPE_CHECKING:
    from tests.oracle.dry_run import Buffers, DryRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One setting. `layers` keeps only so many of the model's; `gpu_layers` 999 is all."""

    model: str
    quant: str = "Q4_K_M"
    layers: int | None = None
    n_ctx: int = 4096
    kv_type: str = "f16"
    n_ubatch: int = 512
    flash_attn: bool = True
    gpu_layers: int = 999
    experts_on_cpu: bool = False
    slots: int = 1


def cut(case: Case) -> Model:
    """The model with the layers that the case keeps."""
    model = load_models()[case.model]
    return model if case.layers is None else replace(model, shape=replace(model.shape, layers=case.layers))


SMALL = ("R1-Distill-Qwen-1.5B", "R1-Distill-Qwen-7B", "R1-Distill-Llama-8B", "R1-0528-Qwen3-8B")
DENSE = (*SMALL, "R1-Distill-Qwen-14B", "R1-Distill-Qwen-32B", "R1-Distill-Llama-70B")


def dry_cases() -> Iterator[Case]:
    """Every model, with all kinds of settings; layers and experts in host memory too."""
    for model, kv, ctx, ub in product(DENSE, ("f16", "q8_0", "q4_0"), (2048, 16_384, 65_536, 131_072), (256, 1024)):
        yield Case(model=model, kv_type=kv, n_ctx=ctx, n_ubatch=ub)
    for model, ctx in product(DENSE, (8192, 32_768)):
        yield Case(model=model, n_ctx=ctx, flash_attn=False)
        yield Case(model=model, n_ctx=ctx, slots=4)
        yield Case(model=model, n_ctx=ctx, gpu_layers=14)
        yield Case(model=model, n_ctx=ctx, gpu_layers=14, quant="Q6_K", kv_type="q8_0", n_ubatch=2048)
        yield Case(model=model, n_ctx=ctx, gpu_layers=14, flash_attn=False)
        yield Case(model=model, n_ctx=ctx, kv_type="bf16")
    for quant, kv, ctx, ub in product(
        ("IQ1_S", "Q2_K", "Q4_K_M"), ("f16", "q8_0"), (2048, 16_384, 65_536, 163_840), (256, 512, 2048)
    ):
        yield Case(model="DeepSeek-R1", quant=quant, kv_type=kv, n_ctx=ctx, n_ubatch=ub, experts_on_cpu=True)
    for kv, ctx, ub in product(("f16", "q8_0"), (2048, 16_384, 65_536, 131_072), (256, 512, 2048)):
        yield Case(model="DeepSeek-R1", kv_type=kv, n_ctx=ctx, n_ubatch=ub)
    for ctx, ngl in product((4096, 32_768), (12, 40)):
        yield Case(model="DeepSeek-R1", n_ctx=ctx, gpu_layers=ngl)
        yield Case(model="DeepSeek-R1", n_ctx=ctx, flash_attn=False)
        yield Case(model="DeepSeek-R1", n_ctx=ctx, flash_attn=False, experts_on_cpu=True)
        yield Case(model="DeepSeek-R1", n_ctx=ctx, slots=4, experts_on_cpu=True)


def split_cases() -> Iterator[Case]:
    """Models over two cards."""
    for model, kv, ctx, ub in product(
        ("R1-Distill-Qwen-7B", "R1-Distill-Llama-8B", "R1-0528-Qwen3-8B", "R1-Distill-Llama-70B", "DeepSeek-R1"),
        ("f16", "q8_0"),
        (4096, 32_768, 131_072),
        (512, 2048),
    ):
        yield Case(model=model, kv_type=kv, n_ctx=ctx, n_ubatch=ub)
    for model, ctx in product(("R1-Distill-Llama-70B", "R1-Distill-Qwen-32B"), (8192, 65_536)):
        yield Case(model=model, n_ctx=ctx, gpu_layers=40)
        yield Case(model=model, n_ctx=ctx, slots=4)
        yield Case(model=model, n_ctx=ctx, flash_attn=False)
    for ctx, ub in product((4096, 65_536), (512, 2048)):
        yield Case(model="DeepSeek-R1", n_ctx=ctx, n_ubatch=ub, experts_on_cpu=True)


def real_cases() -> Iterator[Case]:
    """Settings whose overhead is least sure: small and large batches, quants, caches, experts in host memory."""
    for model, (kv, ub) in product(SMALL, (("f16", 128), ("f16", 512), ("q8_0", 512), ("f16", 2048))):
        yield Case(model=model, kv_type=kv, n_ubatch=ub, n_ctx=16_384)
    for quant in ("Q2_K", "IQ2_XXS", "IQ4_XS", "Q6_K", "Q8_0", "F16", "BF16"):
        yield Case(model="R1-Distill-Qwen-7B", quant=quant, n_ctx=8192)
    yield Case(model="R1-Distill-Qwen-7B", n_ctx=65_536, kv_type="q4_0", n_ubatch=1024)
    yield Case(model="R1-Distill-Llama-8B", n_ctx=131_072, kv_type="q8_0")
    yield Case(model="R1-Distill-Qwen-7B", n_ctx=8192, flash_attn=False)
    yield Case(model="R1-Distill-Llama-8B", n_ctx=16_384, slots=4)
    yield Case(model="R1-Distill-Qwen-7B", n_ctx=8192, gpu_layers=14)
    yield Case(model="R1-Distill-Qwen-14B", n_ctx=32_768)
    yield Case(model="R1-Distill-Qwen-32B", n_ctx=32_768, kv_type="q8_0")
    yield Case(model="R1-Distill-Qwen-32B", n_ctx=8192, gpu_layers=40)
    yield Case(model="R1-Distill-Llama-70B", n_ctx=16_384)
    for ctx, kv, ub in ((4096, "f16", 512), (32_768, "f16", 512), (131_072, "f16", 512), (32_768, "q8_0", 2048)):
        yield Case(model="DeepSeek-R1", layers=5, n_ctx=ctx, kv_type=kv, n_ubatch=ub, experts_on_cpu=True)
    yield Case(model="DeepSeek-R1", layers=5, quant="IQ1_S", n_ctx=16_384, experts_on_cpu=True)
    yield Case(model="DeepSeek-R1", layers=5, quant="Q2_K", n_ctx=65_536, experts_on_cpu=True, n_ubatch=1024)
    yield Case(model="DeepSeek-R1", layers=5, n_ctx=16_384)
    yield Case(model="DeepSeek-R1", layers=5, n_ctx=65_536, kv_type="q8_0", n_ubatch=2048)


def buffers_of(engine: DryRun, case: Case) -> Buffers:
    """What the engine says of a context so set."""
    return engine.buffers(
        case.n_ctx,
        n_ubatch=case.n_ubatch,
        kv_type=case.kv_type,
        flash_attn=case.flash_attn,
        slots=case.slots,
        outputs=case.slots if case.slots > 1 else None,
    )


def record_dry(cases: Iterator[Case], out: Path) -> None:
    """Append a row for each case."""
    from tests.oracle.dry_run import dry_run
    from tests.oracle.gguf_writer import write_header

    with tempfile.TemporaryDirectory() as folder, out.open("a") as rows:
        for number, case in enumerate(cases):
            path = write_header(Path(folder) / f"{number}.gguf", cut(case), case.quant)
            with dry_run(path, gpu_layers=case.gpu_layers, experts_on_cpu=case.experts_on_cpu) as engine:
                said = buffers_of(engine, case)
            path.unlink()
            where = {"compute_mib": said.compute_mib_on, "layers_on": said.layers_on}
            rows.write(json.dumps({"kind": "dry", **asdict(case), **where}) + "\n")
            rows.flush()


def record_real(case: Case, path: Path) -> dict[str, Any]:
    """Load `path` for real, ask it, and say what the card lost. To be called once a process."""
    import llama_cpp
    import pynvml

    from tests.oracle.dry_run import captured_log, context_parameters, model_parameters

    pynvml.nvmlInit()
    card = pynvml.nvmlDeviceGetHandleByIndex(0)

    def used() -> int:
        return int(pynvml.nvmlDeviceGetMemoryInfo(card).used)

    before = used()
    runtime = ctypes.CDLL("libcudart.so.13")
    assert runtime.cudaFree(None) == 0
    begun = used()

    def decode(context: Any, first: int, count: int) -> None:
        batch = llama_cpp.llama_batch_init(count, 0, 1)
        batch.n_tokens = count
        for i in range(count):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = 1 + i % 100, first + i, 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = int(i == count - 1)
        assert llama_cpp.llama_decode(context, batch) == 0
        llama_cpp.llama_synchronize(context)
        llama_cpp.llama_batch_free(batch)

    with captured_log() as log:
        model = llama_cpp.llama_model_load_from_file(
            str(path).encode(), model_parameters(gpu_layers=case.gpu_layers, experts_on_cpu=case.experts_on_cpu)
        )
        assert model, "".join(log)[-2000:]
        loaded = used()
        wanted = context_parameters(
            case.n_ctx,
            n_ubatch=case.n_ubatch,
            kv_type=case.kv_type,
            flash_attn=case.flash_attn,
            slots=case.slots,
            outputs=case.slots if case.slots > 1 else None,
        )
        context = llama_cpp.llama_init_from_model(model, wanted)
        assert context, "".join(log)[-2000:]
        made = used()
        decode(context, 0, case.n_ubatch)
        after_batch = used()
        decode(context, case.n_ubatch, 1)
        asked = used()
        at = case.n_ubatch + 1
        for _ in range(3):
            if at + case.n_ubatch + 8 < case.n_ctx:
                decode(context, at, case.n_ubatch)
                at += case.n_ubatch
        for i in range(4):
            decode(context, at + i, 1)
        later = used()
    named = re.findall(r"(\S+) +(model|KV|compute|output) buffer size = +([\d.]+)", "".join(log))
    return {
        "context_bytes": begun - before,
        "weights_on_gpu_bytes": loaded - begun,
        "made_bytes": made - begun,
        "after_batch_bytes": after_batch - begun,
        "used_on_gpu_bytes": asked - begun,
        "later_bytes": later - begun,
        "buffers_mib": {f"{where} {what}": float(size) for where, what, size in named},
    }


def main() -> None:
    """Record all dry rows, then all real ones, or the rows of the models named; with `split`, those for two cards."""
    out, only = Path(sys.argv[1]), set(sys.argv[2:])
    if only == {"split"}:
        record_dry(split_cases(), out)
        return
    if out.suffix == ".one":
        print("ROW", json.dumps(record_real(Case(**json.loads(sys.argv[3])), Path(sys.argv[2]))))
        return
    record_dry((case for case in dry_cases() if not only or case.model in only), out)
    from tests.oracle.gguf_writer import write_header

    with tempfile.TemporaryDirectory() as folder:
        for case in real_cases():
            if only and case.model not in only:
                continue
            path = write_header(Path(folder) / "real.gguf", cut(case), case.quant)
            command = [
                sys.executable,
                "-m",
                "tests.measured.record_vram",
                "row.one",
                str(path),
                json.dumps(asdict(case)),
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
            row = next((json.loads(line[4:]) for line in done.stdout.splitlines() if line.startswith("ROW ")), None)
            with out.open("a") as rows:
                kept = row if row is not None else {"failed": (done.stderr + done.stdout)[-300:]}
                rows.write(json.dumps({"kind": "real", **asdict(case), **kept}) + "\n")
            path.unlink()
            print(case.model, case.quant, case.n_ctx, "ok" if row else done.stderr[-200:], flush=True)


if __name__ == "__main__":
    main()
