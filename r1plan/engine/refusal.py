"""What a server's refusal means, as one sentence and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil

from r1plan.catalog.provider import Provider
from r1plan.errors import ProviderError

KEPT = "what had come is kept; ask again."
"""The hint of an error that broke off an answer."""

_LOOKED_AT = 2000
_DEEPEST = 8  # errors in errors
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_RATE = 429
_LONGEST_S = 1e9
_EPOCH_S, _EPOCH_MS = 1e9, 1e11  # a number beyond is an instant, no wait

# What servers say of their own models, accounts and limits with a status that is meant for a wrong request.
_HERE_ALONE = re.compile(
    r"model[_ ]not[_ ](?:found|exist|available|supported)|model[_ ]decommissioned"
    r"|(?:unknown|invalid|unsupported|no[_ ]such)[_ ]model\b|not a valid model"
    r"|model:?\s+['\"`]?[\w./:@-]+['\"`]?\s+(?:(?:is|was) )?"
    r"(?:does not exist|doesn't exist|not found|not available|unavailable|not supported|(?:has been )?deprecated"
    r"|(?:has been )?decommissioned|no longer)"
    r"|context[_ ](?:length|size|window)|prompt is too long|input is too long|too many (?:input )?tokens"
    r"|reduce the length|exceed_context"
    r"|(?:credit )?balance is too low|insufficient[_ ](?:balance|quota|credits?|funds)"
    r"|api[_ ]key not valid|(?:invalid|incorrect)[_ ]api[_ ]key",
    re.IGNORECASE,
)


def is_about_itself(error: object) -> bool:
    """Whether a server's error, an object or a sentence, is about its models, accounts and limits, not the request."""
    told = [error]
    for _ in range(_DEEPEST):
        if any(isinstance(each, str) and _HERE_ALONE.search(each[:_LOOKED_AT]) for each in told):
            return True
        names = ("code", "type", "message", "detail", "error")
        told = [each.get(name) for each in told if isinstance(each, Mapping) for name in names]
    return False


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait from `now` on, from a Retry-After header: seconds, or a date as in HTTP. None for all else.

    Source: RFC 9110, section 10.2.3. A date that has passed is 0. A server that sends several means the longest.
    """
    text = (header or "").strip()
    numbers = [each.strip() for each in text.split(",")]
    if all(_SECONDS.fullmatch(each) for each in numbers):
        return min(max(float(each) for each in numbers), _LONGEST_S)
    try:
        until = parsedate_to_datetime(text)
        until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None


def asked_to_wait_s(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the `headers` of a refusal ask to wait, in whatever way; None where they do not.

    Names are in small letters. The window of a rate limit is looked at where nothing else is said, in seconds or as an
    instant of the epoch.
    """
    milliseconds = retry_after_s(headers.get("retry-after-ms"), now)
    if milliseconds is not None:
        return milliseconds / 1000
    wait_s = retry_after_s(headers.get("retry-after"), now)
    if wait_s is not None or status != _RATE:
        return wait_s
    reset = (headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or "").strip()
    if not _SECONDS.fullmatch(reset):
        return None
    number = float(reset)
    if number < _EPOCH_S:
        return number
    return min(max(number / (1000 if number > _EPOCH_MS else 1) - now.timestamp(), 0.0), _LONGEST_S)


def refusal(
    provider: Provider,
    model: str,
    status: int,
    said: str,
    headers: Mapping[str, str],
    now: datetime,
) -> ProviderError:
    """The error for an HTTP `status` that is not that of an answer. `said` is the server's own sentence, or "".

    The server's sentence is left out where it may quote a part of the key (401, 403).
    """
    message, hint = _sentences(provider, model, status, f": {said}" if said else "")
    wait_s = asked_to_wait_s(status, headers, now)
    if wait_s and (status in (408, 425, _RATE) or status >= 500):
        hint = f"it asks to wait {_duration(wait_s)}; ask again then, or choose another provider with --provider."
    return ProviderError(
        message.replace("..", "."),
        hint,
        status=status,
        # Of another good status nobody knows what was made.
        fault="bad_stream" if 200 <= status < 300 else "refused",
        retry_after_s=wait_s,
        here_alone=is_about_itself(said),
    )


def _sentences(provider: Provider, model: str, status: int, because: str) -> tuple[str, str]:
    """What happened, and what to do about it."""
    name = provider.name
    key = f"{provider.key_variable}, or" if provider.key_variable else "the key:"
    address = f"the address can be set with --base-url or {provider.base_url_variable}."
    match status:
        case 400 | 422:
            message = f"{name} did not accept the request ({status}){because}."
            hint = "check --model, --max-tokens and --temperature; the prompt may also be too long for the model."
        case 401 | 403:
            message = f"{name} did not accept the key ({status})."
            hint = (
                f"check {key} what the keyring or keys.yaml holds: it may be revoked, mistyped, or another account's."
            )
        case 402:
            message = f"the balance at {name} is used up (402){because}."
            hint = "top the account up, or choose another provider with --provider."
        case 404:
            message = f"{name} does not know the model '{model}', or its address is wrong (404){because}."
            hint = f"check --model; {address}"
        case 410:
            message = f"{name} no longer has the model '{model}' (410){because}."
            hint = f"check --model: r1plan prices list shows what is offered; {address}"
        case 413:
            message = f"the request is too long for {name} (413){because}."
            hint = "shorten the prompt, or choose another model with --model."
        case 408 | 425 | 429:
            message = f"{name} takes no more requests from this account now ({status}){because}."
            hint = "wait a little and ask again, or choose another provider with --provider."
        case 503:
            message = f"{name} is overloaded (503){because}."
            hint = "ask again later, or choose another provider with --provider."
        case _ if 300 <= status < 400:
            message = (
                f"{name} answered with a redirect ({status}), and redirects are not followed: they would carry the key."
            )
            hint = "give the final address with --base-url."
        case _ if status >= 500:
            message = f"{name} failed ({status}){because}."
            hint = "ask again later, or choose another provider with --provider."
        case _ if status < 300:
            message = f"{name} gave no answer ({status}){because}."
            hint = f"check the server, and what stands before it; {address}"
        case _:
            message = f"{name} refused the request ({status}){because}."
            hint = "check the address and the options."
    return message, hint


def _duration(seconds: float) -> str:
    """`seconds` in the largest unit that tells them well enough."""
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}" if seconds < _LONGEST_S else "for years"
    return f"{ceil(seconds)} s"
