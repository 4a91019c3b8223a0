"""What `--explain` adds: each device's memory in parts, where the time of a token goes, and everything rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from r1plan.plan.llamacpp.headroom import Headroom
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option, Plan, Rejection
from r1plan.plan.speed import Range
from r1plan.plan.vllm.option import VllmRejection
from r1plan.plan.workload import USUAL_UBATCH
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count, memory_size
from r1plan.units import GIB

_BATCH = 2048  # llama.cpp's own n_batch, which caps the micro-batch
_TERMS = {"weights": "weights", "kv_cache": "KV cache", "compute": "compute", "overhead": "overhead"}


def explained(plan: Plan, room: Headroom | None = None, width: int | None = None) -> Iterator[str]:
    """The lines, an empty one before each part; broken at `width`, with what follows indented further."""
    for line in _lines(plan, room):
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        if width is None or len(line) <= width or width < 2 * len(indent):
            yield line
        else:
            yield from wrap(line, width, subsequent_indent=indent, break_on_hyphens=False, replace_whitespace=False)


def rejected_and_assumed(rejected: Sequence[Rejection | VllmRejection], notes: Sequence[str]) -> Iterator[str]:
    """Every rejected option with its reason, and what was assumed of the machine; a part that is empty is left out."""
    if rejected:
        yield ""
        yield f"Rejected ({len(rejected):,})"
        width = max(len(each.id) for each in rejected)
        for each in rejected:
            yield printable(f"  {each.id:<{width}}  {each.reason}")
    if notes:
        yield ""
        yield "Assumed of the machine"
        for note in notes:
            yield printable(f"  {note}")


def _lines(plan: Plan, room: Headroom | None) -> Iterator[str]:
    if plan.choice is not None:
        yield from _memory(plan.choice)
        if room is not None:
            yield from _room(plan.choice, room)
        yield from _speed(plan.choice)
        yield from _quality(plan.choice)
    yield from rejected_and_assumed(plan.rejected, plan.machine.notes)


def _memory(option: Option) -> Iterator[str]:
    settings = option.settings
    yield ""
    attention = "on" if settings.flash_attn else "off"
    yield (
        f"Memory of {option.id} at {option.context:,} tokens ({settings.kv_type} cache, n_ubatch {settings.n_ubatch}, "
        f"slots {settings.slots}, flash attention {attention}, {settings.runtime})"
    )
    yield f"  largest context that fits: {option.context_max:,} tokens"
    yield f"  {' '.join(engine_flags(option))}"
    for device in option.memory:
        yield from _device(device)


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


def _device(memory: DeviceMemory) -> Iterator[str]:
    device = memory.device
    if device.kind == "disk":
        yield (
            f"  {device.name}: {memory_size(memory.total_bytes)} of the file's {memory_size(device.capacity_bytes)} "
            "are experts that find no room in memory and are read when a token needs them"
        )
        return
    yield (
        f"  {device.name}: {memory_size(memory.total_bytes)} of {memory_size(device.free_bytes)} free "
        f"({memory_size(device.capacity_bytes)} in all), {memory_size(device.margin_bytes)} kept as a margin"
    )
    for part in memory.parts:
        if not part.size_bytes:
            continue
        yield f"    {_TERMS[part.term]:<9} {memory_size(part.size_bytes):>11}  {part.basis:<10}  {part.why}"


def _room(option: Option, room: Headroom) -> Iterator[str]:
    yield ""
    yield "Room"
    if room.full_first is None:
        yield f"  the model's own limit comes first: it reads at most {option.model.context_max:,} tokens"
    else:
        device, context = room.full_first
        yield f"  as the context grows in this layout, {device} is full first: at {context:,} tokens"
    if room.most_slots is not None:
        still = "still fits" if room.most_slots == 1 else "still fit"
        yield f"  as slots grow, {count(room.most_slots, 'slot')} of {option.context:,} tokens {still}"
    for gain in room.gains:
        if gain.process is not None:
            name = gain.process.name or "a process"
            freed = f"closing {name} (pid {gain.process.pid}), which holds {memory_size(gain.extra_bytes)} of"
            what = f"{freed} {gain.device}"
        else:
            what = f"{gain.extra_bytes // GIB} GiB more on {gain.device}"
        yield printable(f"  {what}: {gain.says or 'would change nothing'}")


def _speed(option: Option) -> Iterator[str]:
    speed = option.speed
    yield ""
    yield f"Speed ({speed.basis}; {speed.source})"
    for each in sorted(speed.decode, key=lambda one: one.depth):
        yield f"  decoding {each.depth:>7,} tokens deep  {_range(each.tok_s)}"
    if speed.prefill_tok_s is not None:
        yield f"  reading the prompt          {_range(speed.prefill_tok_s)}"
    total = sum(term.seconds for term in speed.terms)
    yield f"  one token takes {total * 1000:.1f} ms: " + ", ".join(
        f"{term.what} {term.seconds * 1000:.1f}" for term in speed.terms
    )


def _quality(option: Option) -> Iterator[str]:
    quality = option.quality
    yield ""
    yield "Quality (published scores of the unquantised model)"
    ratio = f"{option.quant.name}: perplexity {quality.quant.perplexity_ratio:.3f} times that of the full model"
    yield printable(f"  {ratio} ({quality.quant.basis}; {quality.quant.source})")
    for score in quality.scores:
        yield printable(f"  {score.benchmark:<22} {score.score:>7g}  {score.source}")


def _range(speed: Range) -> str:
    return f"{speed.mid:,.1f} tok/s ({speed.low:,.1f} to {speed.high:,.1f})"
