"""`r1plan doctor`: what works here, what does not, and what mends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.errors import R1PlanError

if TYPE_CHECKING:
    from r1plan.doctor.report import Finding, Health


def command(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what works here, what does not, and the command that mends it.

    It looks at the program, this machine, the engine, keys (their names, never what they are), folders, usage logs, the
    catalogue and the terminal. Nothing is sent, and nothing is changed. Exit code 1: something is broken; what could
    be added is none of that.

    Example: r1plan doctor --json
    """
    from r1plan.render import output

    health = _health()
    if json:
        from r1plan.render.doctor.document import health_document

        output.document(health_document(health))
    else:
        from r1plan.render.doctor.terminal import health_lines

        output.lines(health_lines(health, output.columns()))
    if health.is_broken:
        raise typer.Exit(1)


def _health() -> Health:
    from r1plan.catalog.load import load_providers
    from r1plan.cli.options.machine import this_machine
    from r1plan.doctor.catalogue import catalogue
    from r1plan.doctor.engine import InstalledEngine
    from r1plan.doctor.folders import FreeDisk, folder, logs
    from r1plan.doctor.keys import Keyring, keys
    from r1plan.doctor.program import program
    from r1plan.doctor.report import Health, MachineSeen, Unknown
    from r1plan.doctor.terminal import terminal
    from r1plan.engine.keys import keyring_backend
    from r1plan.engine.local.build import installed_build
    from r1plan.hardware.host import free_disk
    from r1plan.settings import directories

    def looked_at(topic: str, look: Callable[[], Finding]) -> Finding:
        try:
            return look()
        except R1PlanError as error:  # a wrong file of the user's is in the way of one thing, not of all
            return Unknown(topic, error)

    where = directories()
    machine = looked_at("machine", lambda: MachineSeen(this_machine()))
    cards = machine.machine.gpus if isinstance(machine, MachineSeen) else ()
    found = free_disk(where.data)
    columns = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    return Health(
        (
            program(),
            machine,
            looked_at("engine", lambda: InstalledEngine(installed_build(), cards)),
            looked_at("keys", lambda: keys(load_providers().values(), os.environ, where.config)),
            looked_at("keyring", lambda: Keyring(keyring_backend())),
            folder("config", where.config),
            folder("data", where.data),
            folder("cache", where.cache),
            looked_at("logs", lambda: logs(where.logs)),
            FreeDisk(where.data, found.free_bytes if found else None),
            looked_at("catalogue", lambda: catalogue(datetime.now(UTC))),
            terminal(sys.stdout.encoding, columns, os.environ),
        )
    )
