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

    It looks at the program, this machine, the engine and the command that builds it for the cards here, what is slow,
    keys (their names, never what they are), folders, usage logs, the catalogue and the terminal. Nothing is sent, and
    nothing is changed. Exit code 1: something is broken; what could be better is none of that.

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
    from r1plan.doctor.build.place import build_place
    from r1plan.doctor.build.toolbox import Toolbox
    from r1plan.doctor.catalogue import catalogue
    from r1plan.doctor.engine import InstalledEngine
    from r1plan.doctor.folders import FreeDisk, folder, logs
    from r1plan.doctor.keys import Keyring, keys
    from r1plan.doctor.look import look_at_engine, look_at_speed, model_folders, nvidia_now
    from r1plan.doctor.measured import measured
    from r1plan.doctor.program import program
    from r1plan.doctor.report import Health, MachineSeen, Unknown
    from r1plan.doctor.terminal import terminal
    from r1plan.engine.keys import keyring_backend
    from r1plan.hardware.host import free_disk
    from r1plan.measurements.stored import FOLDER
    from r1plan.settings import directories

    def looked_at(topic: str, look: Callable[[], Finding]) -> Finding:
        try:
            return look()
        except R1PlanError as error:  # a wrong file of the user's is in the way of one thing, not of all
            return Unknown(topic, error)

    where = directories()
    this, tools = program(), Toolbox()
    machine = looked_at("machine", lambda: MachineSeen(this_machine(), build_place(tools)))
    seen = machine.machine if isinstance(machine, MachineSeen) else None
    now = nvidia_now(tools)
    engine = looked_at("engine", lambda: look_at_engine(seen, tools, now, this.folder))
    built = engine if isinstance(engine, InstalledEngine) else None
    found = free_disk(where.data)
    columns = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    return Health(
        (
            this,
            machine,
            engine,
            looked_at(
                "speed",
                lambda: look_at_speed(seen, built, tools, now, model_folders(where.data, os.environ, sys.platform)),
            ),
            looked_at("keys", lambda: keys(load_providers().values(), os.environ, where.config)),
            looked_at("keyring", lambda: Keyring(keyring_backend())),
            folder("config", where.config),
            folder("data", where.data),
            folder("cache", where.cache),
            looked_at("logs", lambda: logs(where.logs)),
            *measured(where.data / FOLDER),
            FreeDisk(where.data, found.free_bytes if found else None),
            looked_at("catalogue", lambda: catalogue(datetime.now(UTC))),
            terminal(sys.stdout.encoding, columns, os.environ),
        )
    )
