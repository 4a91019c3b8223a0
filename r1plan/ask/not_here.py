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

_USUAL = "Q4_K_M"


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
    return EngineError(
        f"{called}{'it' if called else model.id} is not on this machine.",
        "; ".join(steps) or "download its GGUF and name it: --model FILE.gguf",
    )


def hub_file_not_here(address: str) -> EngineError:
    """The error for a file at Hugging Face: an engine here reads files on this disk."""
    return EngineError(f"{address} is not on this machine.", f"r1plan models pull {address} fetches it; then ask again")


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
