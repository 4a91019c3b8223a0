"""How a plan for vLLM is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from r1plan.deploy.vllm import ADDRESS, serve_commands
from r1plan.errors import NothingFits
from r1plan.plan.answer import answer_time
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import CauseKind, TooLate, kind_of
from r1plan.plan.serving.budget import BudgetTerm, GpuBudget
from r1plan.plan.serving.checkpoints import repository
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.serving.sharding import Parallel
from r1plan.render.plan.bars import BarTerm, MemoryBar
from r1plan.render.plan.choice_words import beginning
from r1plan.render.plan.engines.serving_words import elsewhere_text, idle_text, one_cache_text, sharing, way_out
from r1plan.render.plan.explained import answer_lines, range_text, token_time
from r1plan.render.plan.model_lines import checkpoint_document, checkpoint_to_get
from r1plan.render.plan.view import HEADLINE_LINES, Line, TableColumn
from r1plan.render.plan.words import cause_text, plan_notes, rate_text, standing_text
from r1plan.render.text.screen import Screen
from r1plan.render.text.units import card_name, count, duration, gib, memory_size
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom

_NAMES: dict[BudgetTerm, str] = {
    "weights": "weights",
    "activations": "activations",
    "cuda_graphs": "CUDA graphs",
    "outside_torch": "libraries",
    "kv_cache": "KV cache",
}
# The document's four terms of memory, and the parts that make each.
_FIELDS: dict[str, tuple[BudgetTerm, ...]] = {
    "weights": ("weights",),
    "kv_cache": ("kv_cache",),
    "compute": ("activations", "cuda_graphs"),
    "overhead": ("outside_torch",),
}


class VllmView:
    """Shows plans for vLLM."""

    tally: ClassVar[dict[CauseKind, tuple[str, str]]] = {
        "memory": ("lacks memory", "lack memory"),
        "slow": ("too slow", "too slow"),
        "refused": ("is refused by vLLM here", "are refused by vLLM here"),
        "behind": ("ranks lower", "rank lower"),
    }

    def opening(self, plan: Plan[ServingOption], columns: int) -> Iterator[Line]:
        """The sentence to act on, its command, and what is to be said of the cards."""
        if plan.choice is not None:
            yield Line(headline(plan.choice, plan, columns))
            yield from _commands(plan.choice)
            fp8 = "--kv q8_0 is FP8 in vLLM." if plan.choice.settings.kv_type == "fp8" else ""
            idle = idle_text(plan, plan.choice, plan.choice.gpu_indices)
            yield from (Line(each) for each in (idle, one_cache_text(plan), fp8) if each)
        for note in plan_notes(plan):
            yield Line(note)

    def shows_table(self, plan: Plan[ServingOption]) -> bool:
        """When there is something to start."""
        return plan.choice is not None and plan.choice.fits

    def columns(self) -> tuple[TableColumn[ServingOption], ...]:
        """How the cards share the work, and whom they serve how fast; a crowded terminal leaves the weights out."""
        return (
            TableColumn("GPUs", _gpus, leaves=10),
            TableColumn("context", _context, leaves=7),
            TableColumn("users", _users),
            TableColumn("weights", _weights, leaves=2),
            TableColumn("tok/s", _rate),
        )

    def bars(self, plan: Plan[ServingOption]) -> Iterator[MemoryBar]:
        """One: all cards hold the same."""
        choice = plan.choice
        if choice is not None and choice.fits:
            memory = choice.memory
            sizes: list[tuple[BarTerm, int]] = [
                ("weights", memory.bytes_of("weights")),
                ("kv_cache", memory.bytes_of("kv_cache")),
                ("compute", memory.bytes_of("activations") + memory.bytes_of("cuda_graphs")),
                ("overhead", memory.bytes_of("outside_torch")),
                ("free", max(memory.free_bytes - memory.used_bytes, 0)),
                ("taken", max(memory.total_bytes - memory.free_bytes, 0)),
            ]
            yield MemoryBar("GPU" if choice.parallel.gpus == 1 else "each GPU", tuple(sizes))

    def nearest(self, plan: Plan[ServingOption]) -> tuple[str, list[Rejection]]:
        """The one."""
        return "Nearest miss", [] if plan.nearest_miss is None else [plan.nearest_miss]

    def setting_fields(self, option: ServingOption) -> dict[str, Any]:
        """`n_ubatch` is vLLM's max_num_batched_tokens, `slots` the users at once of one machine."""
        parallel = option.parallel
        # DeepSeek-V4's cache has 8 bits whatever one asks for.
        cached = option.settings.kv_type if option.model.shape.windowed_attention is None else "fp8"
        return {
            "kv_type": "f16" if option.computed.half and cached == "bf16" else cached,
            "n_ubatch": option.memory.batched_tokens,
            "slots": option.users_wanted,
            "flash_attn": True,
            "runtime": "vllm",
            "placement": {
                "layout": _layout(parallel),
                "nodes": option.parallel.machines,
                "gpus_per_node": parallel.gpus // option.parallel.machines,
                "pipeline_parallel": parallel.pipeline,
                "gpu_layers": option.model.shape.layers + 1,
                "expert_layers_on_cpu": 0,
                "tensor_split": [1] * parallel.gpus,
            },
            "memory": [
                _gpu_fields(gpu.index, option.stages[place // parallel.tensor if parallel.pipeline > 1 else 0])
                for place, gpu in enumerate(option.gpus)
            ],
        }

    def download_fields(self, plan: Plan[ServingOption], option: ServingOption) -> dict[str, Any] | None:
        """The checkpoint's repository; vLLM fetches all its files."""
        command = next(iter(serve_commands(option)), None) if option.fits else None
        return checkpoint_document(repository(option.model, option.dtype), command)

    def where_to_get(self, option: ServingOption) -> str:
        """The checkpoint."""
        return checkpoint_to_get(repository(option.model, option.dtype), option.model, option.dtype)

    def own_fields(self, option: ServingOption) -> dict[str, Any]:
        """`serving`: users, the cache in blocks, how the cards share the work, and the command."""
        parallel, memory = option.parallel, option.memory
        return {
            "serving": {
                "users": option.users,
                "kv_tokens": memory.kv_tokens,
                "kv_blocks": max(memory.blocks, 0),
                "block_tokens": memory.block_tokens,
                "tensor_parallel": parallel.tensor,
                "data_parallel": parallel.data,
                "context_parallel": parallel.context,
                "pipeline_parallel": parallel.pipeline,
                "nodes": option.parallel.machines,
                "expert_parallel": parallel.data > 1,
                "gpu_memory_utilization": memory.utilization,
                "max_num_seqs": memory.sequences,
                "dtype": "half" if option.computed.half else "auto",
                "weight_only": option.computed.weight_only,
                "repository": repository(option.model, option.dtype),
                "command": next(iter(serve_commands(option)), None),
                "commands": list(serve_commands(option)),
            }
        }

    def plan_fields(self, plan: Plan[ServingOption], headroom: Headroom[ServingOption] | None) -> dict[str, Any]:
        """What is to be said of the cards, and what another engine could where this one can serve nothing."""
        return {"notes": list(plan_notes(plan)), "elsewhere": plan.elsewhere._asdict() if plan.elsewhere else None}

    def explained(
        self, plan: Plan[ServingOption], option: ServingOption, headroom: Headroom[ServingOption] | None, screen: Screen
    ) -> Iterator[str]:
        """One GPU's memory in parts, and where a token's time goes."""
        yield from _memory(option)
        yield from _time(option)
        yield from answer_lines(plan, option)

    def failure(self, plan: Plan[ServingOption]) -> NothingFits | None:
        """Names the nearest miss, or what the asked option lacks."""
        choice, miss = plan.choice, plan.nearest_miss
        if choice is None:
            if miss is None:
                return NothingFits("vLLM can serve nothing of what was asked.")
            asked = " of what was asked" if len(plan.rejected) == 1 else ""
            nearest = f"{miss.id} {cause_text(miss.cause)}"
            if kind_of(miss.cause) == "slow":
                takes = "nearest, {}, takes {}" if isinstance(miss.cause, TooLate) else "fastest, {}, makes {}"
                nearest = f"the {takes.format(miss.id, cause_text(miss.cause))}"
            said = f"vLLM can serve nothing{asked}: {nearest}."
            return NothingFits(said, way_out(miss.cause, plan.elsewhere, plan.engine))
        if choice.fits:
            return None
        said = f"{choice.id} does not fit: it {standing_text(choice.why)}."
        other = plan.elsewhere
        return NothingFits(said, elsewhere_text(other, plan.engine) if other else "leave out --quant to see what does")

    def remarks(self, plan: Plan[ServingOption]) -> Iterator[str]:
        """How the machine was taken, and what is assumed of it."""
        from r1plan.render.assumptions import machine_remarks

        return machine_remarks(plan.machine)


def headline(option: ServingOption, plan: Plan[ServingOption], columns: int) -> str:
    """The sentence to act on; what the table says too is left out where the rest takes two lines of `columns`."""
    where = f"{len(option.gpus)} x {card_name(option.gpus[0].name)}"
    what = f"{option.model.id} in {option.dtype}"
    if not option.fits:
        return f"vLLM cannot serve {what} on {where}: it {standing_text(option.why)}."
    alone = "alone" if option.users_wanted == 1 else f"all {option.users_wanted:,} are served"
    users = few = "1 user" if option.users == 1 else f"up to {count(option.users, 'user')}"
    if option.settings.sequences is not None:
        few = count(option.users_wanted, "user")
        users = few if option.users <= option.users_wanted else f"{few} (there is room for {option.users:,})"
    time = answer_time(option, plan.workload)
    minutes = f", {duration(time.typical_s)} an answer" if time is not None else ""
    rate = f"about {rate_text(option.speed.decode[0].tok_s)}"
    each = f"{rate} {'alone' if option.users_wanted == 1 else 'each'}"
    long = f"{users} of {option.context:,} tokens at once, {rate} each when {alone}{minutes}."
    serve = beginning(plan, "Serve")
    said = f"{serve}{what} with vLLM on {where}"
    sentences = [f"{said}: {long}", f"{said}: {users}, {each}{minutes}.", f"{serve}{what} on {where}: {few}, {each}"]
    sentences[-1] += f"{minutes}."
    return next((each for each in sentences if len(wrapped(each, columns)) <= HEADLINE_LINES), sentences[-1])


def _layout(parallel: Parallel) -> str:
    if parallel.data > 1:
        return "data-parallel"
    return "pipeline-parallel" if parallel.pipeline > 1 else "tensor-parallel"


def _commands(option: ServingOption) -> Iterator[Line]:
    """What to type, on each machine."""
    commands = serve_commands(option) if option.fits else ()
    if len(commands) > 1:
        yield Line(f"One command on each of {len(commands)} machines, the first one's address for {ADDRESS}:")
    for command in commands:
        yield Line(f"  {command}", verbatim=True)


def _gpus(option: ServingOption) -> str:
    return f"{option.parallel.gpus:,}"


def _context(option: ServingOption) -> str:
    return f"{option.context:,}"


def _users(option: ServingOption) -> str:
    return f"{option.users:,}"


def _weights(option: ServingOption) -> str:
    return f"{gib(option.memory.bytes_of('weights'))} GiB"


def _rate(option: ServingOption) -> str:
    return f"{option.tok_s:.0f}"


def _gpu_fields(index: int, memory: GpuBudget) -> dict[str, Any]:
    """One GPU. `margin_bytes` is what vLLM leaves to others; its cache takes all the rest."""
    basis = {part.term: part.basis for part in memory.parts}
    return {
        "device": f"gpu{index}",
        "kind": "gpu",
        "capacity_bytes": memory.total_bytes,
        "free_bytes": memory.free_bytes,
        "margin_bytes": memory.total_bytes - memory.allowed_bytes,
        **{f"{term}_bytes": sum(memory.bytes_of(each) for each in parts) for term, parts in _FIELDS.items()},
        "total_bytes": memory.used_bytes,
        "basis": {term: basis[parts[-1]] for term, parts in _FIELDS.items()},
    }


def _memory(option: ServingOption) -> Iterator[str]:
    memory = option.memory
    yield ""
    gpus, stages = option.parallel.gpus, len(option.stages)
    where = f"each of {gpus} GPUs" if gpus > 1 else "the GPU"
    which = f" of the fullest of {stages} stages" if stages > 1 else ""
    yield f"Memory of {option.id} on {where}{which}" + (f": {sharing(option)}" if gpus > 1 else "")
    yield (
        f"  {memory_size(memory.allowed_bytes)} for vLLM, {memory.utilization:.0%} of what CUDA reports, "
        f"{memory_size(memory.total_bytes)}; {memory_size(memory.free_bytes)} free before it starts"
    )
    for part in memory.parts:
        name, size = _NAMES[part.term], memory_size(part.size_bytes)
        yield f"    {name:<11} {size:>10}  {part.basis:<10}  {part.why}"
    yield (
        f"  The cache holds {memory.kv_tokens:,} tokens in all: {count(option.users, 'user')} of {option.context:,}, "
        f"or {count(option.users_wanted, 'user')} of up to {option.context_max:,}."
    )


def _time(option: ServingOption) -> Iterator[str]:
    speed = option.speed
    yield ""
    whose = "one user alone" if option.users_wanted == 1 else f"each of {option.users_wanted:,} users"
    yield f"Speed of {whose} ({speed.basis}; {speed.source})"
    for each in sorted(speed.decode, key=lambda one: one.depth):
        yield f"  {each.depth:>7,} tokens deep  {range_text(each.tok_s)}"
    yield token_time(speed)
