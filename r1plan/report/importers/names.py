"""What other tools call a provider or a model, in the words of the price book."""

from __future__ import annotations

import re
from collections.abc import Mapping

from r1plan.prices.book import PriceBook

LOCAL = "local"
_UNKNOWN = "unknown"


class OurNames:
    """The ids that the price book has for the names of other tools.

    `sellers` are the providers by every name that tools have for them, spelled by `name_key`.
    """

    def __init__(self, sellers: Mapping[str, str], book: PriceBook) -> None:
        self._sellers = sellers
        self._models: dict[str, dict[str, str]] = {}
        for provider, model in book.names():
            self._models.setdefault(provider, {}).setdefault(model.casefold(), model)

    def provider(self, name: str | None) -> str:
        """Our id of a provider; the name itself where we have none, "unknown" where there is none."""
        if not name or not name.strip():
            return _UNKNOWN
        # LiteLLM's "bedrock_converse" and the conventions' "aws.bedrock" are listed; "deepseek-prod" is nobody's.
        return self._sellers.get(name_key(name), name.strip())

    def model(self, provider: str, name: str | None) -> str:
        """The model id that `provider`, in our words, has a price for; the name itself where none is meant for sure."""
        if not name or not name.strip():
            return _UNKNOWN
        name = name.strip()
        models = self._models.get(provider, {})
        spelled = name.casefold()
        while True:
            if spelled in models:
                return models[spelled]
            head, slash, rest = spelled.partition("/")
            if not slash or self._sellers.get(name_key(head)) != provider:
                break
            spelled = rest
        # "deepseek-r1" is "accounts/fireworks/models/deepseek-r1" where one such name alone ends so.
        found = {model for key, model in models.items() if key.endswith(f"/{spelled}")}
        return next(iter(found)) if len(found) == 1 else name


def name_key(name: str) -> str:
    """A provider's name without what its spellings differ in: "Together AI", "together_ai" and "togetherai" are one."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())
