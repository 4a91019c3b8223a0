"""A machine as JSON: what `r1plan detect --json` prints and `--machine FILE` reads back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from r1plan.errors import R1PlanError, UsageError
from r1plan.hardware.machine import SCHEMA, Machine

_HINT = "make one with: r1plan detect --json > machine.json"


def document(machine: Machine) -> dict[str, Any]:
    """The fields of the JSON document, `schema` first."""
    return {"schema": SCHEMA, **asdict(machine)}


def read(path: Path) -> Machine:
    """The machine in the file at `path`, equal to the one that was printed.

    Raises UsageError when it is no machine, naming the first wrong field and its value; R1PlanError when it cannot be
    read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise R1PlanError(f"{path}: cannot be read ({error.strerror}).", _HINT) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not text.", _HINT) from error
    return parse(text, str(path))


def parse(text: str, source: str) -> Machine:
    """The machine that `text` holds; `source` names it in errors (see `read`)."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source}: is not JSON ({error}).", _HINT) from error
    schema = fields.pop("schema", None) if isinstance(fields, dict) else None
    if schema != SCHEMA:
        raise UsageError(f"{source}: schema: expected '{SCHEMA}', got {_short(schema)}.", _HINT)
    return _checked(_validated(fields, source), source)


def _validated(fields: object, source: str) -> Machine:
    from pydantic import TypeAdapter, ValidationError

    try:
        # Through JSON again, because only there strict mode takes a list for a tuple.
        return TypeAdapter(Machine).validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"])
        got = "" if first["type"] == "missing" else f", got {_short(first['input'])}"
        problem = first["msg"].replace("Input should be", "expected")
        raise UsageError(f"{source}: {where}: {problem}{got}.", _HINT) from error


def _checked(machine: Machine, source: str) -> Machine:
    """`machine` when its figures can be true."""
    figures: list[tuple[str, float | None, float, float | None]] = [
        ("cpu.cores", machine.cpu.cores, 1, None),
        ("memory.total_bytes", machine.memory.total_bytes, 0, None),
        ("memory.available_bytes", machine.memory.available_bytes, 0, machine.memory.total_bytes),
        ("memory.limit_bytes", machine.memory.limit_bytes, 0, None),
        ("memory.bandwidth_gb_s", machine.memory.bandwidth_gb_s, 0, None),
        ("disk_bandwidth_gb_s", machine.disk_bandwidth_gb_s, 0, None),
    ]
    for place, gpu in enumerate(machine.gpus):
        figures += [
            (f"gpus.{place}.total_bytes", gpu.total_bytes, 1, None),
            (f"gpus.{place}.free_bytes", gpu.free_bytes, 0, gpu.total_bytes),
            (f"gpus.{place}.bandwidth_gb_s", gpu.bandwidth_gb_s, 0, None),
        ]
    for where, figure, lowest, highest in figures:
        if figure is None:
            continue
        # NaN fails every comparison, so it is asked for what must hold.
        if not (lowest <= figure < float("inf")):
            raise UsageError(f"{source}: {where}: expected {lowest:g} or more, got {figure}.", _HINT)
        if highest is not None and figure > highest:
            raise UsageError(f"{source}: {where}: expected at most the total, {highest:g}, got {figure}.", _HINT)
    return machine


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
