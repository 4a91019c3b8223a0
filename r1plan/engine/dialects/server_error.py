"""The errors that a server tells in its answer: where they stand, and what they say. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from r1plan.catalog.provider import Provider
from r1plan.engine.dialects.surrogates import whole
from r1plan.engine.refusal import KEPT, is_about_itself
from r1plan.errors import ProviderError

MESSAGE_LIMIT = 300
"""Characters of what a server says of itself: its error, its model."""

ERROR_EVENTS = ("error", "exception")
"""What the events are called that tell an error, with data or without."""

Hide = Callable[[str], str]
"""What takes the key out of a text that a server wrote and a person will read."""

_ERRORS = ("error", "errors")
_SENTENCES = ("message", "msg", "error_msg", "error_message")
_FAILED = ("error", "failed", "failure")
_CODES = ("code", "status", "status_code", "error_code")
_WELL = ("0", "200")  # how gateways say that nothing is wrong
_DEEPEST = 8  # errors in errors
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_STATUS = re.compile(r"[45]\d\d")


def as_it_is(text: str) -> str:
    """`text`, where there is no key to hide."""
    return text


def message_of(error: object, hide: Hide = as_it_is) -> str:
    """The sentence in a server's error object, bounded; "" when there is none. `hide` takes the key out of it."""
    for _ in range(_DEEPEST):
        if isinstance(error, list) and error:
            error = error[0]
        if not isinstance(error, Mapping):
            break
        names = ("message", "detail", "error", "msg", "error_msg", "error_message", "code")
        error = next((found for name in names if (found := error.get(name))), None)
    # Before it is cut to a length that may leave the half of a key.
    return whole(" ".join(hide(error).split())[:MESSAGE_LIMIT]) if isinstance(error, str) else ""


def error_in(kind: str, said: object) -> object:
    """The error that an event tells, wherever it stands in it; None when it tells none.

    `kind` is the event's own name, `said` its data: the parsed JSON, or the text of what is none.
    """
    if not isinstance(said, Mapping):
        return (said or "") if kind in ERROR_EVENTS else None
    inner = said.get("response")
    for place in (said, inner) if isinstance(inner, Mapping) else (said,):
        for name in _ERRORS:
            if found := place.get(name):
                found = found[0] if isinstance(found, list) else found
                # The status may stand beside the sentence.
                return {**place, **found} if isinstance(found, Mapping) else {**place, "message": found}
    choices = said.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and (found := _in_choice(choice)):
            return found
    if kind in ERROR_EVENTS or "error" in (said.get("object"), said.get("type")):
        return said
    return said if not choices and _tells_failure(said) else None


def _tells_failure(said: Mapping[str, object]) -> bool:
    """Whether what holds no part of an answer is an error: a sentence where one would stand, or beside a code."""
    if isinstance(said.get("detail"), str | list) and said["detail"]:  # as frameworks for servers write it
        return True
    if not message_of({name: said.get(name) for name in _SENTENCES}):
        return False
    if said.get("success") is False or said.get("status") in _FAILED:
        return True
    codes = [str(said[name]) for name in _CODES if type(said.get(name)) in (int, str)]
    return any(_NUMBER.fullmatch(code) and code not in _WELL for code in codes)


def _in_choice(choice: Mapping[str, object]) -> object:
    """The error that a choice tells, or the part of an answer in it."""
    places = (choice, choice.get("delta"), choice.get("message"))
    return next((found for each in places if isinstance(each, Mapping) and (found := each.get("error"))), None)


def status_of(error: object) -> int | None:
    """The HTTP status that a server's error object gives; None when it gives none."""
    codes = [error.get(name) for name in ("code", "status", "status_code")] if isinstance(error, Mapping) else []
    statuses = (int(code) for code in codes if isinstance(code, int | str) and _STATUS.fullmatch(str(code)))
    return next(statuses, None)


def broken_off(provider: Provider, error: object, hide: Hide = as_it_is) -> ProviderError:
    """The error for a server's error object in a stream that had begun with 200."""
    said = (message_of(error, hide) or "it gave no reason").rstrip(".")
    return ProviderError(
        f"{provider.name} broke off the answer: {said}.",
        KEPT,
        status=status_of(error),
        here_alone=is_about_itself(error),
    )


def without_a_word(provider: Provider) -> ProviderError:
    """The error for an answer that ended well and is empty, and of which nothing was counted."""
    return broken_off(provider, "it ended without a word")


def without_text(provider: Provider, form: str, hide: Hide = as_it_is) -> ProviderError:
    """The error for an answer of which nothing is text: its parts are of `form`."""
    return ProviderError(
        f"{provider.name} sent an answer that is no text, but {whole(hide(form)[:40])!r}.",
        "choose another model: this one answers in a form that r1plan cannot show.",
        fault="bad_stream",
    )
