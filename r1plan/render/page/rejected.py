"""What a plan rejected, by model: how many of its types of weights for which kind of cause, and each with its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from r1plan.plan.plan import Plan
from r1plan.plan.reasons import kind_of
from r1plan.render.page.words import reason_text
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.text.units import count


class RejectedQuant(NamedTuple):
    """One type of weights by its `name`, and why it is not offered."""

    name: str
    value: str
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedModel:
    """A model; `tally` counts its causes in words: "3 need more memory, 1 would be too slow"."""

    model: str
    tally: str
    quants: tuple[RejectedQuant, ...]


def by_model(view: EngineView[OptionT], plan: Plan[OptionT]) -> tuple[RejectedModel, ...]:
    """The models in the order in which the plan names them first."""
    models: dict[str, list[RejectedQuant]] = {}
    causes: dict[str, Counter[tuple[str, str]]] = {}
    for each in plan.rejected:
        model, _, quant = each.id.rpartition(":")
        models.setdefault(model, []).append(RejectedQuant(quant, reason_text(each.cause)))
        causes.setdefault(model, Counter())[view.tally[kind_of(each.cause)]] += 1
    return tuple(
        RejectedModel(model=model, tally=_counted(causes[model]), quants=tuple(quants))
        for model, quants in models.items()
    )


def summary(view: EngineView[OptionT], plan: Plan[OptionT]) -> str:
    """How many were rejected in all, and how many for which kind of cause."""
    if not plan.rejected:
        return ""
    causes = Counter(view.tally[kind_of(each.cause)] for each in plan.rejected)
    return f"{count(len(plan.rejected), 'option')} rejected: {_counted(causes)}."


def _counted(causes: Counter[tuple[str, str]]) -> str:
    return ", ".join(f"{number:,} {words[number > 1]}" for words, number in causes.most_common())
