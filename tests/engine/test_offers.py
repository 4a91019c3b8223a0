"""Every offer of every provider is sold within its dates alone, and refused outside them before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from r1plan.catalog.load import load_providers
from r1plan.catalog.provider import Offer, Provider
from r1plan.engine.target import offered, remote_target
from r1plan.errors import ProviderError

PROVIDERS = load_providers()
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKABLE = [(p, offer) for p in PROVIDERS.values() if p.can_be_asked for offer in p.offers]
IDS = [f"{provider.id}-{offer.model}" for provider, offer in ASKABLE]


def ask(provider: Provider, offer: Offer, at: datetime) -> None:
    assert remote_target(offer.model, provider.id, PROVIDERS, at).model == offer.model


@pytest.mark.parametrize(("provider", "offer"), ASKABLE, ids=IDS)
def test_an_offer_is_sold_within_its_dates(provider: Provider, offer: Offer) -> None:
    if offer.retired:
        with pytest.raises(ProviderError, match="no longer serves"):
            ask(provider, offer, NOW)
        return
    ask(provider, offer, offer.offered_from or min(NOW, (offer.offered_until or NOW) - SECOND))
    if offer.offered_until is not None:
        ask(provider, offer, offer.offered_until - SECOND)


@pytest.mark.parametrize(("provider", "offer"), ASKABLE, ids=IDS)
def test_after_its_end_an_id_is_refused_with_its_successor_and_who_sells_r1(provider: Provider, offer: Offer) -> None:
    if offer.offered_until is None and not offer.retired:
        assert offer.is_current(NOW)
        return
    at = offer.offered_until or NOW
    if (other := offered(provider, offer.model, at)) and other.is_current(at):
        assert offer.model in other.aliases  # it goes on as another's alias
        return
    with pytest.raises(ProviderError) as raised:
        ask(provider, offer, at)
    error = raised.value
    assert error.message.startswith(f"{provider.name} no longer serves '{offer.model}'")
    assert (error.fault, error.worth_failing_over) == ("refused", False)
    assert error.hint is not None
    if offer.successor is not None:
        assert f"'{offer.successor}' is its successor" in error.hint
    assert "real R1 is still sold by deepinfra, novita, openrouter (--model deepinfra/" in error.hint


@pytest.mark.parametrize(
    ("provider", "offer"),
    [each for each in ASKABLE if each[1].offered_from],
    ids=[name for name, each in zip(IDS, ASKABLE, strict=True) if each[1].offered_from],
)
def test_before_its_beginning_an_id_is_refused_with_what_may_be_asked_meanwhile(
    provider: Provider, offer: Offer
) -> None:
    assert offer.offered_from is not None
    at = offer.offered_from - SECOND
    if (other := offered(provider, offer.model, at)) and other.is_current(at):
        return  # it was sold under another offer's dates
    with pytest.raises(ProviderError) as raised:
        ask(provider, offer, at)
    assert raised.value.message == (
        f"{provider.name} does not serve '{offer.model}' yet (from {offer.offered_from:%Y-%m-%d %H:%M} UTC on)."
    )
    assert raised.value.hint is not None


def test_an_id_that_is_to_come_names_the_one_of_today() -> None:
    deepseek = PROVIDERS["deepseek"]
    coming = Offer(model="r3", serves="R3", is_r1=False, offered_from=NOW + timedelta(days=9))
    providers = {**PROVIDERS, "deepseek": replace(deepseek, offers=(*deepseek.offers, coming))}
    with pytest.raises(ProviderError, match="does not serve 'r3' yet") as raised:
        remote_target("deepseek/r3", None, providers, NOW)
    assert "until then 'deepseek-flash' can be asked; real R1 is still sold by" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("at", "model"),
    [
        (datetime(2026, 4, 23, tzinfo=UTC), "deepseek-v4-flash"),
        (datetime(2026, 6, 1, tzinfo=UTC), "deepseek-v4-flash"),
        (datetime(2026, 9, 10, 3, 59, tzinfo=UTC), "deepseek-v4-flash"),
        (datetime(2026, 9, 10, 4, 0, tzinfo=UTC), "deepseek-flash"),
        (NOW, "deepseek-flash"),
    ],
)
def test_one_name_is_one_offer_at_each_time(at: datetime, model: str) -> None:
    found = offered(PROVIDERS["deepseek"], "deepseek-v4-flash", at)
    assert found is not None
    assert found.model == model


def test_an_id_of_nobodys_list_is_left_to_the_provider() -> None:
    assert offered(PROVIDERS["deepseek"], "deepseek-v9", NOW) is None
    assert remote_target("deepseek/deepseek-v9", None, PROVIDERS, NOW).model == "deepseek-v9"


def test_replicate_can_be_asked() -> None:
    assert remote_target(None, "replicate", PROVIDERS, NOW).model == "deepseek-ai/deepseek-r1"
