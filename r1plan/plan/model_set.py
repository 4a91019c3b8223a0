"""The models to choose among, whichever engine is planned for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from r1plan.catalog.model import Model
from r1plan.catalog.quality import QuantTable
from r1plan.errors import EngineError, NotFound, UsageError
from r1plan.models.unplanned import unplanned
from r1plan.plan.month.thinking import NO_LOG, OwnThinking
from r1plan.plan.quality import Quality, published_scores, quality_at

if TYPE_CHECKING:
    from r1plan.models.weights import Weights


FamilyAsked = Literal["r1", "successors", "all"]
"""Among which models to choose where none is named: R1 and its distills, what its maker published after it, or both."""


@dataclass(frozen=True, slots=True)
class ModelSet:
    """Models by id, with what quants were measured to lose.

    `from_file` are the weights of the one model and quant that are pinned, when a file's own header tells them. `own`
    is what a log says of how long models think. `family` is what is chosen among where no model is named.
    """

    models: Mapping[str, Model]
    quant_tables: tuple[QuantTable, ...]
    from_file: Weights | None = None
    own: OwnThinking = NO_LOG
    family: FamilyAsked = "r1"

    def with_own_thinking(self, model: Model, quality: Quality) -> Quality:
        """`quality` with how long `model` thinks by one's own log, where that has enough."""
        ratio = self.own.ratio(model.id)
        return quality if ratio.basis == "assumed" else replace(quality, thinking_over_r1=ratio.over_r1)

    def quality_indices(self) -> dict[str, float]:
        """The index of quality of every model at each of its quants, by `MODEL:QUANT`."""
        return {
            f"{model.id}:{quant.name}": quality_at(scores, model, quant, self.quant_tables).index
            for model in self.models.values()
            for scores in (published_scores(model),)
            for quant in model.quants
        }

    def asked(self, id_: str | None) -> list[Model]:
        """The model of that id, whatever its case; without one, all of the family that are recommended.

        Raises NotFound, and EngineError for a named one that nothing is planned for.
        """
        if id_ is None:
            return [
                model
                for model in self.models.values()
                if model.recommended and self._is_of_family(model) and unplanned(model.architecture) is None
            ]
        by_folded = {each.casefold(): each for each in self.models}
        if id_.casefold() not in by_folded:
            raise NotFound.among("model", id_, self.models, f"known are {', '.join(self.models)}")
        model = self.models[by_folded[id_.casefold()]]
        if (why := unplanned(model.architecture)) is not None:
            raise EngineError(why.message, why.hint)
        return [model]

    def _is_of_family(self, model: Model) -> bool:
        return self.family == "all" or (model.kind == "successor") == (self.family == "successors")


def check_context(context: int | None, models: Sequence[Model], *, one: bool) -> None:
    """Raises UsageError for a context that none of `models` reads; `one`: they are the one that was asked for."""
    longest = max(models, key=lambda model: model.context_max)
    if context is not None and context > longest.context_max:
        whose = f"{longest.id} has" if one else "every model has at most"
        raise UsageError(
            f"--context {context}: {whose} {longest.context_max:,} tokens.",
            f"ask for at most --context {longest.context_max}",
        )
