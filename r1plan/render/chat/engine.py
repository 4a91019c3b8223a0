"""How a model on this machine runs: one line for a person, fields for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from r1plan.render.chat.loading_words import MOST_HOLDERS, holder_text, load_change_document
from r1plan.render.text.units import card_name, count, gib
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.ask.local.plan import LocalPlan
    from r1plan.engine.local.settings import LoadSettings
    from r1plan.plan.llamacpp.option import Option

_USUAL_UBATCH = 512
_MUCH_BYTES = GIB


def runs_text(model: str, plan: LocalPlan) -> str:
    """Where its layers are, how long its context is, and what is set otherwise than usual; about how fast it is."""
    parts = [_where(plan), _context(plan), *_unusual(plan.settings), *_speed(plan)]
    said = f"{model}: {', '.join(parts)}."
    if plan.unused:
        names = " and ".join(dict.fromkeys(map(card_name, plan.unused)))
        said += f" This build of llama.cpp cannot use the {names}: r1plan doctor says the command that builds one."
    if plan.option is not None and not plan.option.fits:
        said += " By the plan it has no room here, and is tried all the same."
    return said + "".join(f" {each}" for each in _held(plan))


def _held(plan: LocalPlan) -> Iterator[str]:
    """Who else holds memory of the cards, where that is why not all of it is there. A change has said it already."""
    placement = None if plan.option is None else plan.option.placement
    if plan.changes or (placement and placement.gpu_layers == placement.layers + 1 and not placement.n_cpu_moe):
        return
    for gpu in plan.crowded:
        others = [each for each in gpu.processes if (each.used_bytes or 0) >= _MUCH_BYTES]
        held = gpu.total_bytes - gpu.free_bytes
        if others:
            yield f"{' and '.join(map(holder_text, others[:MOST_HOLDERS]))} of the {card_name(gpu.name)}."
        elif held >= _MUCH_BYTES and not gpu.desktop_bytes:
            yield f"Other programs hold {gib(held)} GiB of the {card_name(gpu.name)}."


def engine_rows(model: str, plan: LocalPlan) -> list[str]:
    """The same, with each device's memory by the plan, for a person who asks in a conversation."""
    rows = [runs_text(model, plan)]
    for each in () if plan.option is None else plan.option.memory:
        free = f" of {gib(each.device.free_bytes)} that were free" if each.device.kind != "disk" else ""
        rows.append(f"  {each.device.name}: {gib(each.total_bytes)} GiB{free}")
    return rows


def engine_fields(plan: LocalPlan) -> dict[str, Any]:
    """What llama.cpp was told, and the plan behind it."""
    settings, option = plan.settings, plan.option
    speed = None if option is None else option.speed.decode[0].tok_s
    return {
        "engine": "llama.cpp",
        "option": None if option is None else option.id,
        "basis": "default" if option is None else "plan",
        "fits": None if option is None else option.fits,
        "context": {"begins": settings.context_tokens, "max": plan.most_context_tokens},
        "placement": {
            "layout": None if option is None else option.placement.layout,
            "gpu_layers": settings.gpu_layers,
            "layers": None if option is None else option.placement.layers + 1,
            "tensor_split": list(settings.tensor_split),
            "n_cpu_moe": settings.experts_on_host,
            "mmap": settings.mapped,
        },
        "kv_type": settings.kv_type,
        "n_ubatch": settings.n_ubatch,
        "flash_attn": settings.flash_attn,
        "threads": settings.threads,
        "decode_tok_s": None if speed is None else {"low": speed.low, "mid": speed.mid, "high": speed.high},
        "unused_cards": list(plan.unused),
        "changes": [load_change_document(each) for each in plan.changes],
    }


def _where(plan: LocalPlan) -> str:
    if plan.option is None:
        return _where_by_bytes(plan.settings)
    option, placement, settings = plan.option, plan.option.placement, plan.settings
    layers = placement.layers + 1
    on_card = layers if settings.gpu_layers is None else settings.gpu_layers
    if not on_card:
        disk = f", {gib(option.disk_bytes)} GiB of experts read from the disk" if option.disk_bytes else ""
        return f"on the processor with {count(settings.threads or 1, 'thread')}{disk}"
    cards = _cards(plan, option)
    said = f"all {layers} layers on {cards}" if on_card == layers else f"{on_card} of {layers} layers on {cards}"
    if settings.experts_on_host:
        said += f", the experts of {count(placement.expert_layers_on_host, 'layer')} in RAM"
    return said + (f" and {gib(option.disk_bytes)} GiB of them on the disk" if option.disk_bytes else "")


def _where_by_bytes(settings: LoadSettings) -> str:
    """Of a file that r1plan does not plan for."""
    threads = count(settings.threads or 1, "thread")
    match settings.gpu_layers:
        case None:
            return "not planned for, all layers on the graphics card"
        case 0:
            return f"not planned for, on the processor with {threads}"
        case number:
            return f"not planned for, {count(number, 'layer')} on the graphics card by its size"


def _cards(plan: LocalPlan, option: Option) -> str:
    used = {each.device.gpu_index for each in option.memory if each.device.gpu_index is not None}
    names = [card_name(gpu.name) for gpu in (plan.machine.gpus if plan.machine else ()) if gpu.index in used]
    numbers = {name: names.count(name) for name in names}
    return " and ".join(f"{number} x {name}" if number > 1 else f"the {name}" for name, number in numbers.items())


def _context(plan: LocalPlan) -> str:
    begins, most = plan.settings.context_tokens, plan.most_context_tokens
    grows = f" that grows up to {most:,}" if most > begins else ""
    return f"{begins:,} tokens of context{grows}"


def _unusual(settings: LoadSettings) -> Iterator[str]:
    if settings.kv_type != "f16":
        yield f"a cache of {settings.kv_type}"
    if settings.n_ubatch != _USUAL_UBATCH:
        yield f"prompts read {count(settings.n_ubatch, 'token')} at once"
    if not settings.flash_attn:
        yield "no flash attention"
    if not settings.mapped:
        yield "the file read into memory"


def _speed(plan: LocalPlan) -> Iterator[str]:
    if plan.option is not None:
        rate = plan.option.tok_s
        yield f"about {rate:,.{0 if rate >= 10 else 1 if rate >= 0.3 else 2}f} tok/s"
