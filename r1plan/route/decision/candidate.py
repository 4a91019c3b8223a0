"""What may be asked: every current offer of a provider whose key is there, and models on this machine. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from r1plan.catalog.model import Model
from r1plan.catalog.provider import LOCAL, Family, Provider, family_of, model_key
from r1plan.plan.quality import BENCHMARK, Quality, quality_of
from r1plan.prices.book import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a model here draws and how fast it is, as the plan or the user says; None where nobody does.

    Watts are those of the whole machine while it answers, USD a kWh what the user pays.
    """

    watts: float | None = None
    usd_per_kwh: Decimal | None = None
    decode_tok_s: float | None = None
    prefill_tok_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that may be asked. `model` is the id to ask for, `serves` what answers then.

    `model_key` is the same for one model at all its sellers. `context_tokens` is what the input and the answer can have
    together, None where nobody wrote it down. `quality_index` is the planner's, None where it has none. `power` is set
    for a model on this machine, and only there. `on_loopback`: it is a server on this machine, which people run
    themselves. `is_demonstration` marks the model in the package, which shows on any machine what a route does with a
    distill there.
    """

    provider: str
    model: str
    serves: str
    model_key: str
    family: Family
    context_tokens: int | None = None
    quality_index: float | None = None
    power: Power | None = None
    on_loopback: bool = False
    is_demonstration: bool = False

    @property
    def id(self) -> str:
        """`deepseek/deepseek-flash`, `local/R1-Distill-Qwen-7B:Q4_K_M`."""
        return f"{self.provider}/{self.model}"

    @property
    def is_r1(self) -> bool:
        """Whether it is R1 or a distill of it."""
        return self.family in ("r1", "distill")

    @property
    def is_local(self) -> bool:
        """Whether it is a model that is run by r1plan itself. The id alone does not make it one."""
        return self.provider == LOCAL and self.power is not None

    @property
    def stays_here(self) -> bool:
        """Whether the prompt stays on this machine."""
        return self.is_local or self.on_loopback

    @property
    def source(self) -> tuple[str, str]:
        """Who is asked for what, as a log row has it."""
        return self.provider, self.model


def api_candidates(
    providers: Mapping[str, Provider],
    keys: Collection[str],
    book: PriceBook,
    models: Mapping[str, Model],
    at: datetime,
) -> tuple[Candidate, ...]:
    """Every offer that is verified and current at `at`, of the providers in `keys` that r1plan can talk to.

    `keys` are ids of providers whose key is known. Anything but R1, its distills and its successors is left out.
    """
    found = []
    by_key = {model_key(each.id): each for each in models.values()}
    for provider in providers.values():
        if provider.id not in keys or not provider.can_be_asked:
            continue
        for offer in provider.offers:
            if offer.family == "other" or not (offer.verified and offer.is_current(at)):
                continue
            key = model_key(offer.serves)
            known = by_key.get(key)
            price = book.price_at(provider.id, offer.model, at)
            context = price.context_tokens if price else None
            found.append(
                Candidate(
                    provider=provider.id,
                    model=offer.model,
                    serves=offer.serves,
                    model_key=key,
                    family=offer.family,
                    context_tokens=context or (known.context_max if known else None),
                    quality_index=unquantised_index(known) if known else None,
                )
            )
    return tuple(found)


def local_candidate(
    model: str,
    serves: str,
    context_tokens: int,
    power: Power,
    quality: Quality | None = None,
    *,
    family: Family | None = None,
    is_demonstration: bool = False,
) -> Candidate:
    """A model on this machine: `model` is the name that its log rows carry, `serves` what it is, by the catalogue.

    `family` None: what the name `serves` says.
    """
    return Candidate(
        provider=LOCAL,
        model=model,
        serves=serves,
        model_key=model_key(serves),
        family=family or family_of(serves, is_r1=False),
        context_tokens=context_tokens,
        quality_index=quality.index if quality else None,
        power=power,
        is_demonstration=is_demonstration,
    )


def model_keys(providers: Iterable[Provider]) -> dict[tuple[str, str], str]:
    """The model key of every provider's ids and aliases, by provider and id: for the rows of a log.

    Of an id with several offers, that of the last one counts.
    """
    return {
        (provider.id, name): model_key(offer.serves)
        for provider in providers
        for offer in provider.offers
        if offer.answers
        for name in offer.names
    }


def unquantised_index(model: Model) -> float | None:
    """The planner's quality index of `model` as its maker runs it; None without the benchmark that it rests on."""
    if not model.quants or not any(each.benchmark == BENCHMARK for each in model.scores):
        return None
    # Without a table of losses nothing is taken off for the quant.
    return quality_of(model, model.quants[0], ()).index
