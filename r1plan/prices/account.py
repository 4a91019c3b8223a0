"""The currency in which the account at a provider is billed: the user says so, nothing is guessed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

from r1plan.catalog.price import Currency
from r1plan.errors import UsageError


def account_currencies(providers: Collection[str], environ: Mapping[str, str]) -> dict[str, Currency]:
    """The currency of each of `providers` that `environ` names one for, as in R1PLAN_DEEPSEEK_CURRENCY=CNY.

    Raises UsageError for a currency that no price list is in.
    """
    variables = {provider: currency_variable(provider) for provider in providers}
    return {
        provider: currency_named(environ[variable], variable)
        for provider, variable in variables.items()
        if environ.get(variable)
    }


def currency_variable(provider: str) -> str:
    """The environment variable that names the currency of the account at `provider`."""
    return f"R1PLAN_{provider.upper().replace('-', '_')}_CURRENCY"


def currency_named(text: str, where: str) -> Currency:
    """The currency called `text`, which `where` (an option, a variable) gave. Raises UsageError."""
    known: tuple[Currency, ...] = get_args(Currency)
    for each in known:
        if text.upper() == each:
            return each
    raise UsageError(f"{where}: unknown currency '{text}'.", f"prices are known in {' and '.join(known)}")
