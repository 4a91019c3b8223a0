"""llama.cpp's own flags for a planned option."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r1plan.models.downloads import QuantDownload, download_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.settings import USUAL_UBATCH

_BATCH = 2048  # llama.cpp's own n_batch, which caps the micro-batch


def serve_command(option: Option) -> str | None:
    """The one line that fetches the file, where it isn't on this disk, and runs it as planned; None: nobody has it.

    A plain context has one slot, and llama-server would have four.
    """
    held = download_of(option.model, option.quant)
    if held is None:
        return None
    flags = list(engine_flags(option))
    if option.settings.runtime == "in-process" and option.settings.caches == 1:
        flags.insert(1, "--parallel 1")
    return " ".join(("llama-server", _source(held), *flags))


def _source(held: QuantDownload) -> str:
    if not held.repo:
        return f"--model {shlex.quote(held.first)}"
    if held.tag is None:
        return f"--hf-repo {held.repo} --hf-file {shlex.quote(held.first)}"
    return f"-hf {held.repo}:{held.tag}"


def engine_flags(option: Option) -> Iterator[str]:
    """The flags that make llama.cpp at build 0c1e57098 allocate this; its defaults are left out."""
    settings, placement = option.settings, option.placement
    yield f"--ctx-size {option.context * settings.caches}"
    if settings.caches > 1 or (settings.runtime == "llama-server" and not settings.one_cache):
        yield f"--parallel {settings.slots}"
    yield f"--gpu-layers {placement.gpu_layers}"
    if len(placement.tensor_split) > 1:
        yield f"--tensor-split {','.join(map(str, placement.tensor_split))}"
    if placement.n_cpu_moe:
        yield f"--n-cpu-moe {placement.n_cpu_moe}"
    if settings.kv_type != "f16":
        yield f"--cache-type-k {settings.kv_type} --cache-type-v {settings.kv_type}"
    if settings.n_ubatch > _BATCH:
        yield f"--batch-size {settings.n_ubatch}"
    if settings.n_ubatch != USUAL_UBATCH:
        yield f"--ubatch-size {settings.n_ubatch}"
    if not settings.flash_attn:
        yield "--flash-attn off"
    if not placement.mapped:
        yield "--no-mmap"
