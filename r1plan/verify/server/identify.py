"""Which server stands at an address, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace

from r1plan.errors import NotFound, ProviderError, UsageError
from r1plan.verify.server.door import ServerDoor
from r1plan.verify.server.facts import (
    ServerFacts,
    listed,
    llama_server_facts,
    ollama_facts,
    openai_facts,
    sglang_facts,
    trained_tokens,
    vllm_facts,
)

_FEW = 6


def server_facts(door: ServerDoor, name: str, wanted: str | None) -> ServerFacts:
    """What the server called `name` is. `wanted` is the model that is meant, where it has several.

    Raises ProviderError where nobody answers or it is no server of models, UsageError and NotFound for its model.
    """
    found = _facts(door, wanted)
    if found is None:
        raise ProviderError(
            f"{name} answers, and is no server of models that r1plan knows.",
            "it has neither /props, /api/tags nor /v1/models: check the address and its port",
            fault="refused",
        )
    return _of_model(found, name, wanted)


def _facts(door: ServerDoor, wanted: str | None) -> ServerFacts | None:
    props = door.fields("/props")
    models = listed(door.fields("/v1/models"))
    if props is not None and (found := llama_server_facts(props, door.get("/slots"), models)) is not None:
        return found
    info = door.fields("/server_info") or door.fields("/get_server_info")
    if info is not None and (found := sglang_facts(info, models)) is not None:
        return found
    if models and (found := vllm_facts(door.fields("/version"), models, door.text("/metrics"))) is not None:
        return found
    # The last of them: others answer in its manner too.
    if (version := door.fields("/api/version")) is not None:
        found = ollama_facts(version, door.fields("/api/tags"), door.fields("/api/ps"), wanted)
        if found is not None:
            return _with_trained(door, found)
    return openai_facts(models)


def _with_trained(door: ServerDoor, found: ServerFacts) -> ServerFacts:
    if found.model is None:
        return found
    return replace(found, trained_tokens=trained_tokens(door.post("/api/show", {"model": found.model})))


def _of_model(found: ServerFacts, name: str, wanted: str | None) -> ServerFacts:
    known = found.models
    if wanted is not None:
        if found.kind == "ollama" and found.model in known:
            return found
        if known and wanted not in known and wanted != found.model:
            raise NotFound.among("model", wanted, known, f"{name} serves {_listed(known)}.")
        # What is said of the first of several is not said of another.
        if found.model != wanted and known[:1] != (wanted,):
            return replace(found, model=wanted, path=None, context_tokens=None, trained_tokens=None)
        return replace(found, model=wanted)
    if found.model is None and not known:
        raise ProviderError(f"{name} has no model.", "give it one, and ask again", fault="refused")
    if found.model is None or (found.kind == "openai" and len(known) > 1):
        raise UsageError(f"{name} serves {len(known)} models: {_listed(known)}.", f"name one: --model {known[0]}")
    return found


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
