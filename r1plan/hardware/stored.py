"""A machine as JSON: what `r1plan detect --json` prints and `--machine FILE` reads back."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.errors import R1PlanError, UsageError
from r1plan.files.pipe import WRITER_PATIENCE_S, given_bytes
from r1plan.files.text import decoded
from r1plan.hardware.machine import LEAST_RATE, MOST_CARDS, MOST_MEMORY_BYTES, MOST_RATE, SCHEMA, GpuDevice, Machine

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_MOST_BYTES = 1 << 20  # eight cards with their processes have 5 kB
_MOST_DIGITS = 20
_MOST_CORES = 1 << 16
_MOST_DISK_BYTES = 1 << 63
_MOST_PCIE = 1_000
_MOSTS = (_MOST_CORES, MOST_MEMORY_BYTES, MOST_RATE, _MOST_DISK_BYTES, MOST_CARDS - 1, _MOST_PCIE)
_Figure = tuple[str, float | None, float, float]
_HINT = "make one with: r1plan detect --json > machine.json"


def document(machine: Machine) -> dict[str, Any]:
    """The fields of the JSON document, `schema` first."""
    return {"schema": SCHEMA, **asdict(machine)}


def read(path: Path, writer_patience_s: float = WRITER_PATIENCE_S) -> Machine:
    """The machine in the file at `path`, or in what comes out of a pipe there, equal to the one that was printed.

    Raises UsageError when it is no machine, naming the first wrong field and its value; R1PlanError when it cannot be
    read.
    """
    try:
        text = decoded(given_bytes(path, _MOST_BYTES, writer_patience_s))
    except OSError as error:
        raise R1PlanError(f"{path}: cannot be read ({error.strerror}).", _HINT) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not text.", _HINT) from error
    return parse(text, str(path))


def parse(text: str, source: str) -> Machine:
    """The machine that `text` holds; `source` names it in errors (see `read`)."""
    try:
        fields = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source}: is not JSON{_where(text, error)}.", _HINT) from error
    schema = fields.pop("schema", None) if isinstance(fields, dict) else None
    if schema != SCHEMA:
        raise UsageError(f"{source}: schema: expected '{SCHEMA}', got {_short(schema)}.", _HINT)
    return _checked(_validated(fields, source), source)


def _where(text: str, error: Exception) -> str:
    """Where it ceases to be JSON, in words."""
    if not isinstance(error, json.JSONDecodeError):
        return ""
    if not text.strip():
        return ": it is empty"
    if error.pos >= len(text.rstrip()):
        return ": it ends before it is complete"
    return f": line {error.lineno}, character {error.colno} is wrong"


def _whole(digits: str) -> int | float:
    """A whole number; one beyond every bound as the infinity that no figure may be."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(f"{digits[0]}inf" if digits[0] == "-" else "inf")


def _validated(fields: object, source: str) -> Machine:
    from pydantic import ValidationError

    try:
        # Through JSON again, because only there strict mode takes a list for a tuple.
        return _adapter().validate_json(json.dumps(fields), strict=True)
    except RecursionError as error:
        raise UsageError(f"{source}: is nested too deep.", _HINT) from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":  # what JSON can say and text cannot be: half a character
            raise UsageError(f"{source}: holds what is no text: {first['msg'].partition(': ')[2]}.", _HINT) from error
        where = ".".join(_name(each) for each in first["loc"])
        got = "" if first["type"] == "missing" else f", got {_short(first['input'])}"
        problem = first["msg"].replace("Input should be", "expected")
        raise UsageError(f"{source}: {where}: {problem}{got}.", _HINT) from error


@cache
def _adapter() -> TypeAdapter[Machine]:
    from pydantic import TypeAdapter

    return TypeAdapter(Machine)


def _checked(machine: Machine, source: str) -> Machine:
    """`machine` when its figures can be true."""
    memory, limit = machine.memory, machine.memory.limit_bytes
    _refuse_crowds(machine, source)
    figures: list[_Figure] = [
        ("cpu.cores", machine.cpu.cores, 1, _MOST_CORES),
        ("cpu.physical_cores", machine.cpu.physical_cores, 0, _MOST_CORES),
        ("cpu.sockets", machine.cpu.sockets, 1, _MOST_CORES),
        ("memory.total_bytes", memory.total_bytes, 0, MOST_MEMORY_BYTES),
        ("memory.available_bytes", memory.available_bytes, 0, memory.total_bytes),
        # A container without a limit says the largest number that it has.
        ("memory.limit_bytes", None if limit is None else min(limit, MOST_MEMORY_BYTES), 0, MOST_MEMORY_BYTES),
        ("memory.bandwidth_gb_s", memory.bandwidth_gb_s, 0, MOST_RATE),
        ("disk.free_bytes", machine.disk.free_bytes if machine.disk else None, 0, _MOST_DISK_BYTES),
        ("disk_bandwidth_gb_s", machine.disk_bandwidth_gb_s, 0, MOST_RATE),
    ]
    figures += [
        (f"assumptions.{place}.figure", each.figure, 0, MOST_RATE) for place, each in enumerate(machine.assumptions)
    ]
    for place, gpu in enumerate(machine.gpus):
        figures += _card_figures(f"gpus.{place}.", gpu)
    for where, figure, lowest, highest in figures:
        # NaN fails every comparison, so it is asked for what must hold.
        if figure is not None and not lowest <= figure:
            raise UsageError(f"{source}: {where}: expected {lowest:g} or more, got {figure}.", _HINT)
        if figure is not None and highest == MOST_RATE and 0 < figure < LEAST_RATE:
            raise UsageError(f"{source}: {where}: expected 0, or {LEAST_RATE:g} or more, got {figure}.", _HINT)
        if figure is not None and not figure <= highest:
            most = f"{highest:,}" if highest in _MOSTS else f"the total, {highest:,}"
            raise UsageError(f"{source}: {where}: expected at most {most}, got {figure}.", _HINT)
    return machine


def _card_figures(at: str, gpu: GpuDevice) -> list[_Figure]:
    held = [each.used_bytes or 0 for each in gpu.processes]
    return [
        (f"{at}index", gpu.index, 0, MOST_CARDS - 1),
        (f"{at}total_bytes", gpu.total_bytes, 1, MOST_MEMORY_BYTES),
        (f"{at}free_bytes", gpu.free_bytes, 0, gpu.total_bytes),
        (f"{at}desktop_bytes", gpu.desktop_bytes, 0, gpu.total_bytes),
        (f"{at}bandwidth_gb_s", gpu.bandwidth_gb_s, 0, MOST_RATE),
        (f"{at}fp32_tflops", gpu.fp32_tflops, 0, MOST_RATE),
        (f"{at}fp16_tensor_tflops", gpu.fp16_tensor_tflops, 0, MOST_RATE),
        (f"{at}power_limit_w", gpu.power_limit_w, 0, MOST_RATE),
        (f"{at}multiprocessors", gpu.multiprocessors, 1, _MOST_CORES),
        (f"{at}pcie_generation", gpu.pcie_generation, 0, _MOST_PCIE),
        (f"{at}pcie_lanes", gpu.pcie_lanes, 0, _MOST_PCIE),
        (f"{at}processes.used_bytes", min(held, default=0), 0, MOST_MEMORY_BYTES),
        (f"{at}processes.used_bytes", max(held, default=0), 0, MOST_MEMORY_BYTES),
    ]


def _refuse_crowds(machine: Machine, source: str) -> None:
    if len(machine.gpus) > MOST_CARDS:
        raise UsageError(f"{source}: gpus: expected at most {MOST_CARDS:,}, got {len(machine.gpus):,}.", _HINT)
    indices = [gpu.index for gpu in machine.gpus]
    if len(set(indices)) < len(indices):
        twice = next(each for each in indices if indices.count(each) > 1)
        raise UsageError(f"{source}: gpus: two cards have the index {_short(twice)}.", _HINT)


def _name(step: int | str) -> str:
    """A field's name as a message shows it: whoever wrote the file may have made it up."""
    name = str(step)
    return name if len(name) <= 60 and name.isprintable() else _short(name)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
