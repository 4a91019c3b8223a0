"""What a hub's refusals and lost connections mean: errors for a person, or trouble that passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from r1plan.errors import EngineError, R1PlanError
from r1plan.models.pull.transfer.trouble import ConnectionCut, NotAtServer, ServerBusy, retry_after_s

if TYPE_CHECKING:
    import httpx2

    from r1plan.models.pull.access import HubAccess

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_MOST_SAID = 160

T = TypeVar("T")


def answered(ask: Callable[[], T], access: HubAccess, repo: str, file: str | None) -> T:
    """What `ask` gives, which asks the hub for `file` of `repo`, or for its listing.

    Raises ServerBusy and ConnectionCut for what may pass, EngineError for what does not.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return ask()
    except HfHubHTTPError as error:
        raise refusal(error.response.status_code, error.response.headers, access, repo, file) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise lost(error, access) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EngineError(
            f"{access.host} did not answer as Hugging Face does for {repo}.", "check HF_ENDPOINT, and the proxy"
        ) from error


def lost(error: httpx2.HTTPError | httpx2.InvalidURL, access: HubAccess) -> ConnectionCut | EngineError:
    """What a failed connection is: one to try again, or one that will never do."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return ConnectionCut(
            f"nothing came for {access.stall_s:g} s", was_reached=not isinstance(error, httpx2.ConnectTimeout)
        )
    words = " ".join(str(error).split())[:_MOST_SAID].rstrip(".") or type(error).__name__
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return ConnectionCut(_without_number(words), was_reached=False)
    if isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol):
        return ConnectionCut(words)
    return EngineError(f"cannot fetch from {access.host}: {words}.", "check HF_ENDPOINT, and the proxy")


def refusal(
    status: int, headers: Mapping[str, str], access: HubAccess, repo: str, file: str | None
) -> R1PlanError | ServerBusy:
    """What the hub's own refusal means."""
    if status in _PASSING:
        return ServerBusy(status, retry_after_s(headers, datetime.now(UTC)))
    code = headers.get("X-Error-Code", "")
    page = f"{access.endpoint}/{repo}"
    what = f"{file} of {repo}" if file else repo
    if code == "GatedRepo" or (status == 403 and code != "RepoNotFound"):
        held = "with the account of HF_TOKEN" if access.token else "and set HF_TOKEN to a token of your account"
        return EngineError(f"{repo} is given only to those who accept its terms.", f"accept them at {page} {held}")
    if code == "RevisionNotFound":
        return EngineError(f"{repo} has no such revision.", f"leave out --revision, or look at {page}")
    if code == "EntryNotFound" or (status == 404 and code != "RepoNotFound" and file):
        return NotAtServer(f"{repo} has no {file}.", None, repo_is_there=True)
    if status in (401, 404) or code == "RepoNotFound":
        if status == 401 and access.token and code != "RepoNotFound":
            return EngineError(f"{access.host} does not take the token of HF_TOKEN.", "set a new one, or none")
        hint = "check the owner and the name" + ("" if access.token else "; a private one needs HF_TOKEN")
        return NotAtServer(f"{access.host} has no public repository {repo}.", hint, repo_is_there=False)
    said = " ".join((headers.get("X-Error-Message") or "").split())[:_MOST_SAID].rstrip(".")
    return EngineError(
        f"{access.host} refused {what} (HTTP {status}{': ' if said else ''}{said}).", f"look at {page}, or try later"
    )


def _without_number(words: str) -> str:
    """Without the system's number: "[Errno 111] Connection refused"."""
    return words.partition("] ")[2] if words.startswith("[Errno") else words
