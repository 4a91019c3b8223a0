"""A file at an address, as it comes."""

from __future__ import annotations

from collections.abc import Callable

import httpx

_MOST_REDIRECTS = 5
_LIMITS = httpx.Timeout(30, connect=10)


class NotFetched(Exception):
    """A file was not fetched: `reason` says why in a few words, without the address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def download(url: str, write: Callable[[bytes], None]) -> None:
    """Give every piece of the file at `url` to `write`, in order. Raises NotFetched, and what `write` raises.

    Redirects are followed from https to https alone. Nothing of ours goes along: no key and no cookie.
    """
    try:
        with httpx.Client(timeout=_LIMITS, max_redirects=_MOST_REDIRECTS) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                with client.stream("GET", url) as answer:
                    if answer.next_request is not None:
                        following = str(answer.next_request.url)
                        if url.startswith("https:") and not following.startswith("https:"):
                            raise NotFetched("it leads to an address that is not https")
                        url = following
                        continue
                    if not answer.is_success:
                        raise NotFetched(f"the server answered {answer.status_code} {answer.reason_phrase}".strip())
                    # As it is stored: what is compressed for the way alone is unpacked on it.
                    for chunk in answer.iter_bytes(1 << 20):
                        write(chunk)
                    return
        raise NotFetched(f"it leads on more than {_MOST_REDIRECTS} times")
    except httpx.TimeoutException as error:
        raise NotFetched("the server did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotFetched(str(error) or type(error).__name__) from error
