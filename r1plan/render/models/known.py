"""The catalogue's models with their quants: what each takes on the disk, what fits here, and what is here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from r1plan.catalog.model import Model, Quant
from r1plan.render.models.here import SCHEMA
from r1plan.render.text.units import count, memory_size, parameters
from r1plan.render.text.wrap import labelled, wrapped

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.option import Option

_KINDS: dict[bool | None, str] = {True: "fits", False: "too large", None: "elsewhere"}  # in another engine
_MOST_UNUSABLE = 4


@dataclass(frozen=True, slots=True)
class KnownQuant:
    """A quant of the catalogue. `option` is how it would run, None for one that llama.cpp does not run.

    `is_chosen`: it is what `recommend` takes for this machine.
    """

    quant: Quant
    option: Option | None
    is_here: bool
    is_chosen: bool

    @property
    def fits(self) -> bool | None:
        """Whether it fits into memory; None where llama.cpp does not run it."""
        return None if self.option is None else self.option.in_memory


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the catalogue with its quants, the smallest first."""

    model: Model
    quants: tuple[KnownQuant, ...]


def known_lines(models: Sequence[KnownModel], width: int) -> Iterator[str]:
    """The catalogue for a terminal of `width` columns."""
    fitting = [each for each in models if any(quant.fits for quant in each.quants)]
    quants = sum(len(each.quants) for each in models)
    yield from wrapped(
        f"{count(len(models), 'model')} in {count(quants, 'quant')}; {len(fitting)} of the models fit this machine.",
        width,
    )
    for each in models:
        model = each.model
        yield ""
        yield from wrapped(
            f"{model.id}: {parameters(model.params)} parameters, context {model.context_max:,}, {model.licence}", width
        )
        for fits, label in _KINDS.items():
            texts = [_quant_text(quant) for quant in each.quants if quant.fits is fits]
            if fits is not True and len(texts) > _MOST_UNUSABLE:
                texts = [f"{count(len(texts), 'quant')}, the smallest {texts[0]}"]
            if texts:
                yield from labelled(label, ", ".join(texts), width)


def _quant_text(each: KnownQuant) -> str:
    remarks = [*(["recommended"] * each.is_chosen), *(["here"] * each.is_here)]
    return f"{each.quant.name} {memory_size(each.quant.file_bytes)}" + (f" ({', '.join(remarks)})" if remarks else "")


def known_document(models: Sequence[KnownModel]) -> dict[str, Any]:
    """The catalogue for a program."""
    return {
        "schema": SCHEMA,
        "known": [
            {
                "id": each.model.id,
                "kind": each.model.kind,
                "recommended": each.model.recommended,
                "params": each.model.params,
                "active_params": each.model.active_params,
                "context_max": each.model.context_max,
                "licence": each.model.licence,
                "hf_repo": each.model.hf_repo,
                "quants": [
                    {
                        "name": quant.quant.name,
                        "engine": quant.quant.engine,
                        "bytes": quant.quant.file_bytes,
                        "fits": quant.fits,
                        "here": quant.is_here,
                        "chosen": quant.is_chosen,
                    }
                    for quant in each.quants
                ],
            }
            for each in models
        ],
    }
