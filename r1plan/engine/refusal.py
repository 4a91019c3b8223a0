"""What a server's refusal means, as one sentence and what to do about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from r1plan.catalog.provider import Provider
from r1plan.errors import ProviderError

KEPT = "what had come is kept; ask again."
"""The hint of an error that broke off an answer."""

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait from `now` on, from a Retry-After header: seconds, or a date as in HTTP. None for all else.

    Source: RFC 9110, section 10.2.3. A date that has passed is 0.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max((until - now).total_seconds(), 0.0)


def refusal(
    provider: Provider, model: str, status: int, said: str, retry_after: str | None, now: datetime
) -> ProviderError:
    """The error for an HTTP `status` that is not 200. `said` is the server's own sentence, or "".

    The server's sentence is left out where it may quote a part of the key (401, 403).
    """
    name = provider.name
    because = f": {said}" if said else ""
    key = f"{provider.key_variable}, or" if provider.key_variable else "the key:"
    wait_s = retry_after_s(retry_after, now)
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
            hint = f"check --model; the address can be set with --base-url or {provider.base_url_variable}."
        case 408 | 429:
            message = f"{name} takes no more requests from this account now ({status}){because}."
            wait = "wait a little" if wait_s is None else f"wait {wait_s:.0f} s"
            hint = f"{wait} and ask again, or choose another provider with --provider."
        case _ if 300 <= status < 400:
            message = (
                f"{name} answered with a redirect ({status}), and redirects are not followed: they would carry the key."
            )
            hint = "give the final address with --base-url."
        case 503:
            message = f"{name} is overloaded (503){because}."
            hint = "ask again later, or choose another provider with --provider."
        case _ if status >= 500:
            message = f"{name} failed ({status}){because}."
            hint = "ask again later, or choose another provider with --provider."
        case _:
            message = f"{name} refused the request ({status}){because}."
            hint = "check the address and the options."
    return ProviderError(message.replace("..", "."), hint, status=status, fault="refused", retry_after_s=wait_s)
