"""What vLLM should serve, for a terminal: a sentence and a command, a table, and with --explain each part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from r1plan.market.compare import ApiOffer
from r1plan.plan.vllm.option import VllmOption, VllmPlan
from r1plan.render.plan.explained import rejected_and_assumed
from r1plan.render.plan.terminal import api_line
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import card_name, count, gib, memory_size

if TYPE_CHECKING:
    from rich.console import Console

_NARROW = 116
# Where the weights, which --explain shows, would leave the reasons no room.
_CROWDED = 96
_TERMS = {
    "weights": "weights",
    "activations": "activations",
    "cuda_graphs": "CUDA graphs",
    "outside_torch": "libraries",
    "kv_cache": "KV cache",
}


def show_vllm_plan(plan: VllmPlan, api: Sequence[ApiOffer], out: Console) -> None:
    """Print the plan."""
    if plan.choice is not None:
        _wrapped(headline(plan.choice), out)
        if plan.choice.fits and (command := serve_command(plan.choice)):
            out.print(printable(f"  {command}"), markup=False, soft_wrap=True)
    for note in plan.notes:
        _wrapped(note, out)
    if api:
        _wrapped(api_line(api, plan.workload), out)
    if plan.choice is not None and plan.choice.fits:
        out.print()
        _table([plan.choice, *plan.alternatives], out)
    closing = _rejected_line(plan)
    if closing and (plan.choice is None or plan.choice.fits):
        out.print()
        _wrapped(closing, out)


def headline(option: VllmOption) -> str:
    """The sentence to act on."""
    where = f"{len(option.gpus)} x {card_name(option.gpus[0].name)}"
    what = f"{option.model.id} in {option.dtype}"
    if not option.fits:
        return f"vLLM cannot serve {what} on {where}: it {option.reason}."
    alone = "alone" if option.users_wanted == 1 else f"all {option.users_wanted:,} are served"
    return (
        f"Serve {what} with vLLM on {where}: up to {count(option.users, 'user')} of {option.context:,} tokens at once, "
        f"about {_speed(option)} each when {alone}."
    )


def serve_command(option: VllmOption) -> str | None:
    """How to start it; None where the makers don't publish this type of weights."""
    own = "FP8" if option.model.shape.experts is not None else "BF16"
    if option.dtype not in (own, "FP8"):
        return None
    parallel, settings = option.parallel, option.settings
    words = ["vllm serve", option.model.hf_repo, f"--max-model-len {option.context}"]
    if option.dtype != own:
        words.append("--quantization fp8")
    if parallel.tensor > 1:
        words.append(f"--tensor-parallel-size {parallel.tensor}")
    if parallel.context > 1:
        words.append(f"--decode-context-parallel-size {parallel.context}")
    if parallel.data > 1:
        words.append(f"--data-parallel-size {parallel.data} --enable-expert-parallel")
    if settings.kv_type == "fp8":
        words.append("--kv-cache-dtype fp8")
    return " ".join(words)


def vllm_explained(plan: VllmPlan) -> Iterator[str]:
    """What `--explain` adds: one GPU's memory in parts, where a token's time goes, and all that was rejected."""
    if plan.choice is not None:
        yield from _memory(plan.choice)
        yield from _time(plan.choice)
    yield from rejected_and_assumed(plan.rejected, plan.machine.notes)


def _wrapped(line: str, out: Console) -> None:
    out.print("\n".join(wrap(printable(line), out.width, break_on_hyphens=False)), markup=False)


def _table(options: list[VllmOption], out: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    narrow = out.width < _NARROW
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("model", no_wrap=True, overflow="fold")
    table.add_column("GPUs", no_wrap=True)
    crowded = out.width < _CROWDED
    for title in ("context", "users", *(() if crowded else ("weights",)), "tok/s"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for number, option in enumerate(options):
        model = f"{option.model.id}\n  {option.dtype}" if narrow else f"{option.model.id} {option.dtype}"
        weights = () if crowded else (f"{gib(option.memory.bytes_of('weights'))} GiB",)
        table.add_row(
            model,
            sharing(option),
            f"{option.context:,}",
            f"{option.users:,}",
            *weights,
            f"{option.tok_s:.0f}",
            option.reason,
            style="bold" if number == 0 else None,
        )
    out.print(table)


def sharing(option: VllmOption) -> str:
    """How the cards share the work, in two words: "8, TP 8"."""
    parallel = option.parallel
    if parallel.data > 1:
        return f"{parallel.gpus}, DP {parallel.data}"
    if parallel.context > 1:
        return f"{parallel.gpus}, DCP {parallel.context}"
    return f"{parallel.gpus}, TP {parallel.tensor}" if parallel.gpus > 1 else "1"


def _rejected_line(plan: VllmPlan) -> str:
    """How many options were rejected, with the nearest miss in numbers."""
    whys: list[str] = [each.why for each in plan.rejected]
    if not whys:
        return ""
    said = {
        "memory": ("needs more memory", "need more memory"),
        "slow": ("would be too slow", "would be too slow"),
        "refused": ("is refused by vLLM here", "are refused by vLLM here"),
        "behind": ("fits and ranks lower", "fit and rank lower"),
    }
    numbers = {why: whys.count(why) for why in said}
    parts = ", ".join(f"{number:,} {said[why][number > 1]}" for why, number in numbers.items() if number)
    near = plan.nearest_miss
    example = f" Nearest miss: {near.id} {near.reason}." if near is not None else ""
    return f"{count(len(whys), 'other option')} rejected: {parts}.{example}"


def _memory(option: VllmOption) -> Iterator[str]:
    memory, settings = option.memory, option.settings
    yield ""
    yield f"Memory of {option.id} on each of {count(option.parallel.gpus, 'GPU')} ({sharing(option)})"
    yield (
        f"  {memory_size(memory.allowed_bytes)} for vLLM, {settings.utilization:.0%} of what CUDA reports, "
        f"{memory_size(memory.total_bytes)}; {memory_size(memory.free_bytes)} free before it starts"
    )
    for part in memory.parts:
        name, size = _TERMS[part.term], memory_size(part.size_bytes)
        yield f"    {name:<11} {size:>10}  {part.basis:<10}  {part.why}"
    yield (
        f"  The cache holds {memory.kv_tokens:,} tokens in all: {count(option.users, 'user')} of {option.context:,}, "
        f"or {count(option.users_wanted, 'user')} of up to {option.context_max:,}."
    )


def _time(option: VllmOption) -> Iterator[str]:
    speed = option.speed
    yield ""
    whose = "one user alone" if option.users_wanted == 1 else f"each of {option.users_wanted:,} users"
    yield f"Speed of {whose} ({speed.basis}; {speed.source})"
    for each in sorted(speed.decode, key=lambda one: one.depth):
        rate = each.tok_s
        yield f"  {each.depth:>7,} tokens deep  {rate.mid:,.1f} tok/s ({rate.low:,.1f} to {rate.high:,.1f})"
    total = sum(term.seconds for term in speed.terms)
    yield f"  one token takes {total * 1000:.1f} ms: " + ", ".join(
        f"{term.what} {term.seconds * 1000:.1f}" for term in speed.terms
    )


def _speed(option: VllmOption) -> str:
    rate = option.speed.decode[0].tok_s
    digits = 0 if rate.mid >= 10 else 1
    return f"{rate.mid:.{digits}f} tok/s ({rate.low:.{digits}f}-{rate.high:.{digits}f})"
