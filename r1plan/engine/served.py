"""What is to be told of a model that answers under another's name. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from r1plan.catalog.provider import Provider
from r1plan.engine.target import offered

_LATELY = timedelta(days=60)


def served_sentence(
    provider: Provider, asked: str, served: str | None, at: datetime, before: str | None = None
) -> str | None:
    """One sentence for the person who asked for `asked` at `at`, or None when there is nothing to tell.

    `served` is what the stream said answered, None when it did not say; `before` what answered under this id the last
    time, as far as anyone knows. Told are: a change since the last time, another model than the one asked for, and an
    alias, and an id that a new model took over lately.
    """
    offer = offered(provider, asked, at)
    if served is not None and before is not None and not _same(served, before):
        return f"'{asked}' at {provider.name} is answered by {served} now; it was {before} before."
    if served is not None and not _same(served, asked) and not (offer and _same(served, offer.model)):
        return f"{provider.name} was asked for '{asked}'; {served} answered."
    if offer is None:
        return None
    if not _same(asked, offer.model):
        since = f" since {offer.offered_from:%Y-%m-%d %H:%M} UTC" if offer.offered_from else ""
        return f"'{asked}' is an alias at {provider.name}: {offer.model} ({offer.serves}) answers{since}."
    if before is None and offer.served_since is not None and offer.served_since <= at < offer.served_since + _LATELY:
        return f"'{asked}' at {provider.name} is {offer.serves} since {offer.served_since:%Y-%m-%d}."
    return None


def _same(one: str, other: str) -> bool:
    """Whether two ids mean one model: `deepseek-ai/DeepSeek-R1` and `deepseek-r1` do."""
    return _bare(one) == _bare(other)


def _bare(model: str) -> str:
    return model.casefold().rpartition("/")[2]
