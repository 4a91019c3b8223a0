"""What to say of a model that was named for a chat and is neither on this machine nor sold under that name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from r1plan.catalog.model import Model, Quant
from r1plan.catalog.provider import Provider, model_key
from r1plan.errors import EngineError, NotFound, R1PlanError, UsageError
from r1plan.models.downloads import download_of, smallest_published
from r1plan.models.names import find_models
from r1plan.models.quant_names import gguf_quant
from r1plan.models.reference import RECOMMENDED

_USUAL = "Q4_K_M"


class ModelNotHere(EngineError):
    """A model that was named and is not on this machine; `pull` is what `models pull` takes to fetch it."""

    def __init__(self, message: str, hint: str | None, pull: str) -> None:
        super().__init__(message, hint)
        self.pull = pull


def not_here(
    typed: str, models: Mapping[str, Model], providers: Mapping[str, Provider], now: datetime
) -> R1PlanError | None:
    """The error for a name of one of `models`: how its file is had, and who sells it; None where it names none."""
    try:
        found = find_models(models, typed)
    except NotFound:
        return None
    if len(found.ids) > 1:
        return UsageError(f"'{typed}' may mean {', '.join(found.ids)}.", "name one of them")
    model = models[found.ids[0]]
    called = "" if typed.casefold() == model.id.casefold() else f"'{typed}' is {model.id}, and "
    steps = [*_fetched(model, found.quant), *_sold(model, providers, now)]
    message = f"{called}{'it' if called else model.id} is not on this machine."
    wanted = _wanted(model, found.quant)
    if wanted is not None and download_of(model, wanted) is not None:
        pull = model.id if found.quant is None else f"{model.id}:{wanted.name}"
        return ModelNotHere(message, "; ".join(steps), pull)
    return EngineError(message, "; ".join(steps) or "download its GGUF and name it: --model FILE.gguf")


def hub_file_not_here(address: str) -> ModelNotHere:
    """The error for a file at Hugging Face: an engine here reads files on this disk."""
    hint = f"r1plan models pull {address} fetches it; then ask again"
    return ModelNotHere(f"{address} is not on this machine.", hint, address)


def none_here() -> ModelNotHere:
    """The error for the recommendation, where no model that fits is on this machine."""
    return ModelNotHere(
        "no model that fits is on this machine.",
        f"r1plan models pull {RECOMMENDED} fetches the one that suits it; then ask again",
        RECOMMENDED,
    )


def _fetched(model: Model, quant: str | None) -> list[str]:
    """How the model's file is had, at `quant`, else at the usual one or R1's smallest."""
    wanted = _wanted(model, quant)
    if wanted is None or download_of(model, wanted) is None:
        return []
    return [f"r1plan models pull {model.id}:{wanted.name} fetches it; then ask again"]


def _wanted(model: Model, quant: str | None) -> Quant | None:
    if quant is not None:
        quant = gguf_quant(quant, [each.name for each in model.quants])[0]
    wanted: Quant | None = next((each for each in model.quants if each.name == (quant or _USUAL)), None)
    if quant is None and model.kind == "full":
        smallest = smallest_published([model])
        wanted = smallest[1] if smallest else wanted
    return wanted


def _sold(model: Model, providers: Mapping[str, Provider], now: datetime) -> list[str]:
    """Who sells the model now, as part of a hint."""
    key = model_key(model.hf_repo)
    sellers = {
        provider.id: offer.model
        for provider in providers.values()
        if provider.can_be_asked and not provider.own_server
        for offer in reversed(provider.offers)
        if offer.is_current(now) and model_key(offer.serves) == key
    }
    if not sellers:
        return []
    first, its = next(iter(sellers.items()))
    return [f"or ask {', '.join(sellers)} (--model {first}/{its})"]
