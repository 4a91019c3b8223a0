"""The errors that a server tells in its answer: where they stand, and what they say. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from r1plan.catalog.provider import Provider
from r1plan.engine.dialects.surrogates import whole
from r1plan.engine.refusal import KEPT
from r1plan.errors import ProviderError

MESSAGE_LIMIT = 300
"""Characters of what a server says of itself: its error, its model."""

_STATUS = re.compile(r"[45]\d\d")


def message_of(error: object) -> str:
    """The sentence in a server's error object, bounded; "" when there is none."""
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail") or error.get("error") or error.get("code")
        if isinstance(error, Mapping):
            return message_of(error)
    return whole(" ".join(error.split())[:MESSAGE_LIMIT]) if isinstance(error, str) else ""


def error_in(kind: str, said: object) -> object:
    """The error that an event tells, wherever it stands in it; None when it tells none.

    `kind` is the event's own name, `said` its data: the parsed JSON, or the text of what is none.
    """
    if not isinstance(said, Mapping):
        return (said or "") if kind == "error" else None
    if found := said.get("error"):
        # The status may stand beside the sentence.
        return {**said, **found} if isinstance(found, Mapping) else {**said, "message": found}
    choices = said.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and choice.get("error"):
            return choice["error"]
    return said if "error" in (kind, said.get("object"), said.get("type")) else None


def broken_off(provider: Provider, error: object) -> ProviderError:
    """The error for a server's error object in a stream that had begun with 200."""
    said = (message_of(error) or "it gave no reason").rstrip(".")
    codes = [error.get(name) for name in ("code", "status", "status_code")] if isinstance(error, Mapping) else []
    statuses = (int(code) for code in codes if isinstance(code, int | str) and _STATUS.fullmatch(str(code)))
    return ProviderError(f"{provider.name} broke off the answer: {said}.", KEPT, status=next(statuses, None))


def without_a_word(provider: Provider) -> ProviderError:
    """The error for an answer that ended well and is empty, and of which nothing was counted."""
    return broken_off(provider, "it ended without a word")
