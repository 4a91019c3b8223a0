"""What a command line asks for: a model file here, or a model of a provider. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from r1plan.catalog.provider import Dialect, Offer, Provider
from r1plan.engine.address import ServerAddress, server_address
from r1plan.engine.keys import ApiKey
from r1plan.errors import NotFound, ProviderError, UsageError
from r1plan.models.reference import TINY

# A server of one's own without a parser of thinking gives it as the model writes it: R1 as <think>, others otherwise.
_ANY_TAGS = ("think", "thinking", "thought")


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A model file. `demonstration` is true for the model inside the package."""

    path: Path
    model: str
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class RemoteTarget:
    """A model at a provider. `base_url` None: the provider's own, or the one set in the environment.

    `key` is what `base_url` held as user and password, which are no part of it.
    """

    provider: Provider
    model: str
    base_url: str | None = None
    key: ApiKey | None = None

    def address(self, environ: Mapping[str, str]) -> ServerAddress | None:
        """Where the model is asked; None: nobody says. Raises UsageError for what is no address."""
        provider = self.provider
        text = self.base_url or environ.get(provider.base_url_variable) or provider.base_url
        if not text:
            return None
        address = server_address(text)
        return replace(address, key=self.key) if self.base_url and self.key else address

    def stays_here(self, environ: Mapping[str, str]) -> bool:
        """Whether what is sent stays on this machine: at a loopback address, to a server that people run themselves.

        What stands on loopback in a provider's stead sends it on.
        """
        if not self.provider.own_server:
            return False
        try:
            address = self.address(environ)
        except UsageError:
            return False
        return address is not None and address.is_this_machine


def custom_target(base_url: str, model: str | None, dialect: Dialect, key: ApiKey | None = None) -> RemoteTarget:
    """A server of that dialect that no catalogue knows; its log rows carry its host and port as the provider.

    `key` was taken out of the address before.
    """
    if model is None:
        raise UsageError("--base-url needs --model.", "example: --base-url http://127.0.0.1:8080/v1 --model r1")
    address = server_address(base_url)
    server = Provider(
        id=address.name,
        name=address.name,
        dialect=dialect.id,
        usage=dialect.usage,
        own_server=True,
        key_variable="R1PLAN_API_KEY",
        needs_key=False,
        first_token_s=1800,
        inline_thinking=_ANY_TAGS,
    )
    return RemoteTarget(server, model, address.url, address.key or key)


def remote_target(
    model: str | None,
    provider: str | None,
    providers: Mapping[str, Provider],
    now: datetime,
    base_url: str | None = None,
    key: ApiKey | None = None,
) -> RemoteTarget:
    """The provider and model that are meant. Raises NotFound, UsageError; ProviderError for an id no longer offered.

    `model` is `PROVIDER/MODEL`, or a provider's own id when `provider` is given or only one provider offers it.
    `key` was taken out of `base_url` before.
    """
    chosen, wanted = _provider_and_model(model, provider, providers, now)
    if not chosen.can_be_asked:
        raise UsageError(
            f"r1plan cannot chat with {chosen.name} yet.",
            f"these can be asked: {', '.join(each for each, p in providers.items() if p.can_be_asked)}.",
        )
    offer = offered(chosen, wanted, now)
    if offer is not None and not offer.has_begun(now):
        raise _not_yet(chosen, wanted, offer, providers, now)
    if offer is not None and not offer.is_current(now):
        raise _retired(chosen, wanted, offer, providers, now)
    if base_url is None:
        return RemoteTarget(chosen, wanted)
    address = server_address(base_url)
    return RemoteTarget(chosen, wanted, address.url, address.key or key)


@dataclass(frozen=True, slots=True)
class UnlistedModel:
    """That nothing is known of `model` at `provider`, which is its name; `near` is an id of it that may be meant."""

    provider: str
    model: str
    near: str | None


def unlisted(target: RemoteTarget, at: datetime) -> UnlistedModel | None:
    """What to say before an id is asked for that the catalogue does not have; None where it has it, or has none."""
    provider, model = target.provider, target.model
    if target.base_url is not None or not provider.offers or offered(provider, model, at) is not None:
        return None
    from difflib import get_close_matches

    near = get_close_matches(model, [each.model for each in provider.offers if each.is_current(at)], n=1)
    return UnlistedModel(provider.name, model, near[0] if near else None)


def offered(provider: Provider, model: str, at: datetime) -> Offer | None:
    """The offer of that id or alias at `at`: the one of that time, else the last that ended, else the next to begin.

    None: the provider's file names no such model.
    """
    found = provider.named(model)
    current = [each for each in found if each.is_current(at)]
    ended = sorted((each for each in found if each.has_begun(at)), key=lambda each: each.offered_until or at)
    early = sorted((each for each in found if not each.has_begun(at)), key=lambda each: each.offered_from or at)
    return next(iter((*current, *reversed(ended), *early)), None)


def _provider_and_model(
    model: str | None, provider: str | None, providers: Mapping[str, Provider], now: datetime
) -> tuple[Provider, str]:
    if provider is not None:
        if provider not in providers:
            askable = [each for each, its in providers.items() if its.can_be_asked]
            raise NotFound.among("provider", provider, providers, f"there are {', '.join(askable)}.")
        chosen = providers[provider]
        wanted = model.removeprefix(f"{provider}/") if model else chosen.default_model
        if wanted is None:
            raise UsageError(f"{chosen.name} has no default model.", f"name one: --model {provider}/MODEL")
        return chosen, wanted
    if model is None:
        raise UsageError("no model was named.", "name one: --model PROVIDER/MODEL, or a file: --model FILE.gguf")
    first, _, rest = model.partition("/")
    sellers = [each for each in providers.values() if offered(each, model, now)]
    asked = [each for each in sellers if each.can_be_asked]
    sellers = asked or (sellers if len(sellers) == 1 else [])  # of one that cannot be asked that is said
    if rest and first in providers and (offered(providers[first], rest, now) or not sellers):
        return providers[first], rest
    if len(sellers) == 1:
        return sellers[0], model
    if sellers:
        names = ", ".join(each.id for each in sellers)
        raise UsageError(f"'{model}' is sold by {names}.", f"choose one: --provider {sellers[0].id}")
    known = [TINY, *(each.model for p in providers.values() for each in p.offers)]
    raise NotFound.among("model", model, known, "give PROVIDER/MODEL, or the path of a GGUF file: --model FILE.gguf")


def _retired(
    chosen: Provider, model: str, offer: Offer, providers: Mapping[str, Provider], now: datetime
) -> ProviderError:
    until = offer.offered_until
    since = f" (refused since {until:%Y-%m-%d %H:%M} UTC)" if until else ""
    parts = [f"'{offer.successor}' is its successor"] if offer.successor else []
    parts += _who_sells_r1(providers, now)
    return ProviderError(f"{chosen.name} no longer serves '{model}'{since}.", _joined(parts), fault="refused")


def _not_yet(
    chosen: Provider, model: str, offer: Offer, providers: Mapping[str, Provider], now: datetime
) -> ProviderError:
    default = offered(chosen, chosen.default_model, now) if chosen.default_model else None
    parts = [f"until then '{default.model}' can be asked"] if default and default.is_current(now) else []
    parts += _who_sells_r1(providers, now)
    return ProviderError(
        f"{chosen.name} does not serve '{model}' yet (from {offer.offered_from:%Y-%m-%d %H:%M} UTC on).",
        _joined(parts),
        fault="refused",
    )


def _who_sells_r1(providers: Mapping[str, Provider], now: datetime) -> list[str]:
    """Who, of those that can be asked, is known to sell the full R1 now, as part of a hint."""
    sellers = {
        each.id: current[0].model for each in providers.values() if each.can_be_asked and (current := each.full_r1(now))
    }
    if not sellers:
        return []
    first, its_model = next(iter(sellers.items()))
    return [f"real R1 is still sold by {', '.join(sellers)} (--model {first}/{its_model})"]


def _joined(parts: list[str]) -> str | None:
    return "; ".join(parts) + "." if parts else None
