"""How Hugging Face is reached and where its files are kept, by the variables that its own programs read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from r1plan.errors import UsageError
from r1plan.files.plain import plain_bytes
from r1plan.hosts import is_near
from r1plan.models.hub.files import hub_address
from r1plan.settings import expanded

_YES = {"1", "on", "yes", "true"}
_PLAIN_HTTP = "R1PLAN_ALLOW_PLAIN_HTTP"
_STALL_S = 30.0
_METADATA_S = 15.0
_MOST_SECONDS = 3600.0
_MOST_TOKEN_BYTES = 4096


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """How slow a connection may be, and how many of them fetch one file.

    One that brings less than `least_bytes_per_s` over `slow_s` is given up for another. Of a file of which at least
    `parallel_from_bytes` are missing, parts of `part_bytes` come over up to `connections` at once: `first_connections`,
    and one more that is tried for `trial_s`. What has come of parts behind the first waits in memory.
    """

    slow_s: float = 60.0
    least_bytes_per_s: float = 1000.0
    connections: int = 4
    first_connections: int = 1
    trial_s: float = 1.0
    part_bytes: int = 4 << 20
    parallel_from_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class HubAccess:
    """The server, the key for it alone, the folder of the cache, and how long the server may be silent."""

    endpoint: str
    cache: Path
    token: str | None = field(default=None, repr=False)
    is_offline: bool = False
    stall_s: float = _STALL_S
    metadata_s: float = _METADATA_S
    limits: TransferLimits = TransferLimits()

    @property
    def host(self) -> str:
        """The server as a person knows it: huggingface.co, or 127.0.0.1:8080."""
        return urlsplit(self.endpoint).netloc


def hub_access(environ: Mapping[str, str]) -> HubAccess:
    """What HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE and their like say.

    Raises UsageError for an address that is none, and where the token would travel so that others can read it.
    """
    endpoint = hub_address(environ)
    offline = any(_is_set(environ, name) for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    token = None if offline else _token(environ)
    if token is not None:
        _check_way(endpoint, environ)
    return HubAccess(
        endpoint,
        hub_cache(environ),
        token,
        offline,
        _seconds(environ, "HF_HUB_DOWNLOAD_TIMEOUT", _STALL_S),
        _seconds(environ, "HF_HUB_ETAG_TIMEOUT", _METADATA_S),
    )


def hub_cache(environ: Mapping[str, str]) -> Path:
    """The folder that holds one folder a repository. It need not exist."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := environ.get(name):
            return _folder(value, environ)
    return _home(environ) / "hub"


def _home(environ: Mapping[str, str]) -> Path:
    if value := environ.get("HF_HOME"):
        return _folder(value, environ)
    return _folder(environ.get("XDG_CACHE_HOME") or "~/.cache", environ) / "huggingface"


def _folder(value: str, environ: Mapping[str, str]) -> Path:
    if value == "~" or value.startswith("~/"):
        home = environ.get("HOME")
        value = f"{home}{value[1:]}" if home else value
    return expanded(Path(value)).absolute()


def _token(environ: Mapping[str, str]) -> str | None:
    """The token of the environment, else of the file that `hf auth login` writes; None where there is none."""
    if _is_set(environ, "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        return None
    value = environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN")
    if value is None:
        path = environ.get("HF_TOKEN_PATH")
        try:
            value = plain_bytes(
                _folder(path, environ) if path else _home(environ) / "token", _MOST_TOKEN_BYTES
            ).decode()
        except (OSError, UnicodeDecodeError):
            return None
    value = value.strip()
    if value and not (value.isascii() and value.isprintable() and " " not in value):
        raise UsageError("HF_TOKEN holds what no token can.", "set it anew, or leave it out")
    return value or None


def _check_way(endpoint: str, environ: Mapping[str, str]) -> None:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    allowed = {each.strip().lower() for each in environ.get(_PLAIN_HTTP, "").split(",")}
    if parts.scheme == "https" or is_near(host) or {host, f"[{host}]", parts.netloc.lower()} & allowed:
        return
    raise UsageError(
        f"HF_TOKEN would go to {parts.netloc} over plain http, where others can read it.",
        f"give HF_ENDPOINT an address of https, or allow it: {_PLAIN_HTTP}={host}",
    )


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() in _YES


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        value = float(environ.get(name) or default)
    except ValueError:
        raise UsageError(f"{name}: expected seconds, got '{environ[name]}'.") from None
    if not 0 < value <= _MOST_SECONDS:
        raise UsageError(f"{name}: expected seconds between 0 and {_MOST_SECONDS:.0f}, got '{environ[name]}'.")
    return value
