"""From a target to an engine that can be asked. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.engine.chat import ChatEngine
from r1plan.engine.target import LocalTarget, RemoteTarget, checked_url
from r1plan.errors import EngineError, ProviderError


def connect(target: LocalTarget | RemoteTarget, environ: Mapping[str, str], context_tokens: int) -> ChatEngine:
    """The engine for `target`. Raises EngineError (model file) or ProviderError (no key)."""
    if isinstance(target, LocalTarget):
        return _load(target, context_tokens)
    provider = target.provider
    key = _key(target, environ)
    base_url = target.base_url or environ.get(provider.base_url_variable) or provider.base_url
    if base_url is None:
        raise ProviderError(
            f"{provider.name} has no address.", f"set {provider.base_url_variable}, or give --base-url URL."
        )
    checked_url(base_url)
    from r1plan.engine.http import HttpEngine

    return HttpEngine(provider, target.model, base_url=base_url, key=key)


def _load(target: LocalTarget, context_tokens: int) -> ChatEngine:
    from r1plan.engine.local import LocalEngine

    if not target.demonstration:
        return LocalEngine(target.path, target.model, context_tokens=context_tokens)
    if not target.path.exists():
        raise EngineError(
            f"the demonstration model {target.model} is not in this installation.",
            "give a model file: --model FILE.gguf, or a provider: --provider deepseek",
        )
    # Arithmetic has one right answer: the most likely token is always taken. So small a model is no faster on two
    # threads, and on a busy machine llama.cpp's threads wait for one another, for seconds.
    return LocalEngine(target.path, target.model, context_tokens=context_tokens, threads=1, temperature=0.0)


def _key(target: RemoteTarget, environ: Mapping[str, str]) -> str | None:
    """The provider's key. A server given by its address alone may need none."""
    variable = target.provider.key_variable
    key = environ.get(variable, "").strip() if variable else ""
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise ProviderError(
            f"{variable} holds characters that no key has.", "set it again; perhaps more than the key was copied."
        )
    if variable and not key and target.provider.base_url is not None:
        raise ProviderError(f"no key for {target.provider.name}.", f"set {variable}, or ask here: --local")
    return key or None
