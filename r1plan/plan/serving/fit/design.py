"""What each measured row is made of: the causes of a token's time under load, by the constant that each goes with.

A request that has been answered is followed by another, whose prompt is read while the others generate. Of the
`output` steps that a request takes, the prompts of the others are read in as many as they are, so that a token takes

    step(at_once, prompt + output / 2) + at_once / output * prompt
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from r1plan.catalog.hardware import Gpu
from r1plan.catalog.model import Model
from r1plan.hardware.assumed.card import named_card
from r1plan.plan.serving.budget import ServedKv
from r1plan.plan.serving.fit.rows import ServerRow
from r1plan.plan.serving.speed.causes import ServedWork, StepCauses
from r1plan.plan.serving.speed.era import ModelKind, ServerName
from r1plan.plan.vllm.rules import computed
from r1plan.plan.vllm.step import step_reads

# Whose cache has 8 bits where the weights do: vLLM's recipe for Llama 70B sets kv-cache-dtype: fp8, and TensorRT-LLM
# takes what the checkpoint says.
_SMALL_CACHES: tuple[ServerName, ...] = ("vllm", "trtllm")
# Of a step's causes these have a constant of their own for each engine and kind of model, these for each kind.
_BY_ENGINE, _BY_KIND = ("layers", "steps", "users"), ("exchanges",)
_BY_HAND = ("unpacked_layers", "between_machines", "stages")


class Made(NamedTuple):
    """The causes of a row's token, and of its prompt alone, each by the name of its constant."""

    row: ServerRow
    causes: Mapping[str, float]
    prompt: Mapping[str, float]


def made_of(rows: Iterable[ServerRow], models: Mapping[str, Model], cards: Mapping[str, Gpu]) -> list[Made]:
    """The causes of each of `rows`."""
    works: dict[tuple[object, ...], ServedWork] = {}
    found = []
    for row in rows:
        key = (row.model, row.card, row.dtype, row.parallel, row.era.server)
        if key not in works:
            works[key] = _work(row, models, cards)
        found.append(_made(row, works[key]))
    return found


def constant_of(cause: str, server: ServerName, kind: ModelKind) -> str | None:
    """The name of the constant of a step's cause; None for one that is set by hand."""
    if cause in _BY_HAND:
        return None
    if cause in _BY_ENGINE:
        return f"{cause} {server} {kind}"
    return f"{cause} {kind}" if cause in _BY_KIND else cause


def _work(row: ServerRow, models: Mapping[str, Model], cards: Mapping[str, Gpu]) -> ServedWork:
    model, gpu = _model(row.model, models), named_card(cards[row.card])
    kv_type: ServedKv = "fp8" if row.era.server in _SMALL_CACHES and row.dtype != "BF16" else "bf16"
    reads = step_reads(model, row.dtype, row.parallel)
    return ServedWork(model, row.parallel, gpu, kv_type, reads, computed(row.dtype, gpu))


def _model(name: str, models: Mapping[str, Model]) -> Model:
    """Ours of that name; Qwen3-32B by its config.json, which nobody distilled R1 to."""
    if name != "Qwen3-32B":
        return models[name]
    near = models["R1-0528-Qwen3-8B"]
    shape = replace(near.shape, layers=64, hidden_size=5120, heads=64, kv_heads=8, head_dim=128, ffn_size=25_600)
    return replace(near, id=name, shape=shape)


def _made(row: ServerRow, work: ServedWork) -> Made:
    era = row.era
    step = work.step(row.at_once, row.prompt + row.output / 2)
    causes: dict[str, float] = {}
    for cause, size in zip(StepCauses._fields, step, strict=True):
        name = constant_of(cause, era.server, era.kind)
        if name is not None and size:
            causes[name] = size
    read = work.prompt(row.prompt, 0.0)
    prompt = {} if read is None else {f"prompt {cause}": size for cause, size in read._asdict().items()}
    causes |= {name: size * row.at_once / row.output for name, size in prompt.items()}
    return Made(row, causes, prompt)


def names_of(made: Sequence[Made]) -> list[str]:
    """The constants that any row needs."""
    return sorted({name for each in made for name in each.causes})
