"""What is to be told of a model that answers under another's name. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from r1plan.catalog.provider import Offer, Provider, model_key
from r1plan.engine.target import offered

_LATELY = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedNotice:
    """That `asked`, an id at `provider` (its name), stands for another model than it seems to.

    `why` says which: "changed": `served` answers, and `before` did the last time. "other": `served` answers. "alias":
    the provider's own word is that `served`, which is `serves`, answers under this id, `since` then where that is
    known. "renewed": the id is the model's own, which is `serves` `since` lately.
    """

    why: Literal["changed", "other", "alias", "renewed"]
    provider: str
    asked: str
    served: str
    before: str | None = None
    serves: str | None = None
    since: datetime | None = None


def served_notice(
    provider: Provider, asked: str, served: str | None, at: datetime, before: str | None = None
) -> ServedNotice | None:
    """What to tell the person who asked for `asked` at `at`, or None when there is nothing to tell.

    `served` is what the stream said answered, None when it did not say; `before` what answered under this id the last
    time, as far as anyone knows. What the provider's offer says it serves is no other model.
    """
    offer = offered(provider, asked, at)
    if served is not None and before is not None and not _same(served, before):
        return ServedNotice(why="changed", provider=provider.name, asked=asked, served=served, before=before)
    if served is not None and not _same(served, asked) and not (offer and _is_of(offer, served)):
        return ServedNotice(why="other", provider=provider.name, asked=asked, served=served)
    if offer is None:
        return None
    as_told = ServedNotice(
        why="alias",
        provider=provider.name,
        asked=asked,
        served=offer.model,
        serves=offer.serves,
        since=offer.offered_from,
    )
    if not _same(asked, offer.model):
        return as_told
    if before is None and offer.served_since is not None and offer.served_since <= at < offer.served_since + _LATELY:
        return replace(as_told, why="renewed", since=offer.served_since)
    return None


def _is_of(offer: Offer, served: str) -> bool:
    """Whether `served` is what `offer` says it serves: by its id, or by name, as "DeepSeek-V4.1-Flash (1017)" is."""
    return _same(served, offer.model) or _bare(served) == model_key(offer.serves)


def _same(one: str, other: str) -> bool:
    """Whether two ids mean one model: `deepseek-ai/DeepSeek-R1` and `deepseek-r1` do."""
    return _bare(one) == _bare(other)


def _bare(model: str) -> str:
    return model.casefold().rpartition("/")[2]
