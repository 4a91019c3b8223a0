"""Ask a server that runs what it is, and measure it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from r1plan.engine.address import server_address
from r1plan.errors import ProviderError, ProviderFault
from r1plan.verify.server.door import ANSWERS, ServerDoor
from r1plan.verify.server.identify import server_facts
from r1plan.verify.server.report import ServerReport, option_here
from r1plan.verify.server.timing import server_pace

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.verify.server.facts import ServerFacts

_BROKEN_OFF: tuple[ProviderFault, ...] = ("connection_lost", "first_token_timeout", "stalled", "timeout")
_VERSION_PATHS = ("/v1", "/api", "/v1/chat/completions", "/v1/models")

# As OLLAMA_HOST has it. A port has to be there: "deepseek-r1:7b" is a model.
_BARE_ADDRESS = re.compile(r"(?:localhost|\d+(?:\.\d+){3}|\[[0-9a-f:]+\]):\d+(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSight:
    """What a server is looked at with: a clock of seconds, the time, this machine, and where words are drawn from."""

    tick: Callable[[], float]
    now: Callable[[], datetime]
    look: Callable[[], Machine]
    random: Random
    told: Callable[[str], None]


def address_meant(typed: str) -> str | None:
    """The address that `typed` is: of this machine or of numbers it may lack its http://; None: it is no address."""
    if typed.casefold().startswith(("http://", "https://")):
        return typed
    return f"http://{typed}" if _BARE_ADDRESS.match(typed) else None


def verify_server(
    url: str, model: str | None, config: Path, sight: ServerSight, *, quick: bool = False
) -> ServerReport:
    """The server at `url`, measured with `model`, None: the one that it serves.

    Its key is R1PLAN_API_KEY, or a user and password in the address; `config` is where keys.yaml may lie. Raises
    UsageError, NotFound and ProviderError.
    """
    from r1plan.catalog.load import load_dialects
    from r1plan.engine.connect import connect
    from r1plan.engine.http.transport import Transport
    from r1plan.engine.keys import find_key
    from r1plan.engine.target import custom_target

    address = server_address(url)
    root = address.url.rstrip("/")
    for ending in _VERSION_PATHS:
        root = root.removesuffix(ending)
    target = custom_target(f"{root}/v1", model or "", load_dialects()["openai"], address.key)
    key = find_key(target.provider, os.environ, config) or address.key
    transport = Transport(target.provider, model or "", base_url=root, key=key, limits=ANSWERS)
    door = ServerDoor(transport, root)
    try:
        sight.told("asking the server what it is")
        facts = _facts(door, address.name, model)
        engine = connect(replace(target, model=facts.model or ""), os.environ, config=config, limits=ANSWERS)
        try:
            with _hinted():
                pace = server_pace(door, engine, facts, sight.tick, sight.random, sight.told, quick=quick)
        finally:
            engine.close()
        if facts.kind == "ollama":
            # Only a model that is loaded tells its context; now it is.
            facts = server_facts(door, address.name, facts.model)
    finally:
        transport.close()
    option = None
    if address.is_this_machine:
        depths = tuple(each.depth for each in pace.decode)
        option = option_here(facts, depths, sight.look, sight.now())
    return ServerReport(
        address=root,
        facts=facts,
        pace=pace,
        measured_at=sight.now(),
        option=option,
        is_here=address.is_this_machine,
    )


def _facts(door: ServerDoor, name: str, model: str | None) -> ServerFacts:
    with _hinted():
        return server_facts(door, name, model)


@contextmanager
def _hinted() -> Iterator[None]:
    """Give what the server refuses inside a hint for who measures: a chat's options are none of this command's."""
    try:
        yield
    except ProviderError as error:
        if error.fault == "unreachable":
            error.hint = "is it running? check the address and its port"
        elif error.status in (401, 403):
            error.hint = "it wants a key: set R1PLAN_API_KEY"
        elif error.status == 404:
            error.hint = "name a model that it serves: --model NAME"
        elif error.status is not None or error.fault in _BROKEN_OFF:
            error.hint = "look into the server's own log, and measure again when it answers"
        raise
