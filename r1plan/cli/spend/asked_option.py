"""What `--what-if local:…` asks for: a model on this machine, on another, or the choice of a plan that was kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from r1plan.errors import UsageError
from r1plan.plan.pins import KvType, Pins, Runtime
from r1plan.settings import expanded

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.plan.plan import EngineName

NameT = TypeVar("NameT")

_RECOMMENDED = "recommended"
_MOST_BYTES = 16 << 20
_MOST_TOKENS = 1 << 40
_HINT = "give what `r1plan recommend --json` printed"
_ANEW_HINT = "make it anew with `r1plan recommend --json`"
_BARE_SIZE = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?")
# Cards are named by four digits; that much main memory comes in whole modules.
_MOST_BARE_GIB, _MODULE_GIB = 1000, 64
_SHOWN = 80
_MACHINE_HINT = (
    "write it as local:32b@rtx-4090, local:r1@2x3090,64GB or local:32b@FILE, which `r1plan detect --json` made"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOption:
    """A model as a person types it, `typed`, None for the one that suits best, on `machine`, None for this one.

    `engine` runs it, with what `pins` fix beside the model and its quant. `where` is how `machine` was said.
    """

    typed: str | None
    quant: str | None = None
    machine: Machine | None = None
    where: str | None = None
    engine: EngineName = "llama.cpp"
    pins: Pins = field(default_factory=Pins)


def asked_option(text: str) -> AskedOption:
    """What `text`, all that follows "local:", asks for: `MODEL[:QUANT][@MACHINE]` or a file of a plan.

    Raises UsageError for a file that holds no plan or machine, NotFound for an unknown card.
    """
    if (plan := _json_file(text)) is not None:
        return _of_plan(plan, text)
    typed, at, where = text.rpartition("@")
    typed, where = (typed.strip(), where.strip()) if at else (text, "")
    if at and not (typed and where):
        raise UsageError(f"--what-if local:{text} does not say which model on which machine.", _MACHINE_HINT)
    return AskedOption(
        typed=None if typed.casefold() == _RECOMMENDED else typed,
        machine=_machine(where) if where else None,
        where=where or None,
    )


def _machine(where: str) -> Machine:
    """The machine that stands in a file, or that is named by its cards and its memory."""
    from r1plan.cli.options.machine import machine_from_options

    if (found := _json_file(where)) is not None:
        if not _is_plan(found):
            return _stored(found, where)
        _check_schema(found, where)
        return _machine_of_plan(found, where)
    parts = [part.strip() for part in where.split(",") if part.strip()]
    sizes = [size for part in parts if (size := _ram_gib(part)) is not None]
    cards = [part for part in parts if _ram_gib(part) is None]
    if not cards or len(sizes) > 1:
        raise UsageError(f"--what-if: '{where}' names no machine.", _MACHINE_HINT)
    return machine_from_options(gpu=cards, ram=sizes[0] if sizes else None)


def _ram_gib(part: str) -> float | None:
    """The GiB that `part` says, with a unit or bare as after `--ram`; None where it is the name of a card."""
    from r1plan.cli.options.quantities import size_gib

    if not _BARE_SIZE.fullmatch(part):
        return size_gib(part)
    size = float(part)
    return size if 0 < size < _MOST_BARE_GIB or (size and size % _MODULE_GIB == 0) else None


def _is_plan(document: dict[str, Any]) -> bool:
    """Whether it says that it is a plan, of whichever version."""
    from r1plan.render.plan.document import SCHEMA

    return str(document.get("schema")).startswith(SCHEMA.rpartition("/")[0] + "/")


def _check_schema(plan: dict[str, Any], file: str) -> None:
    from r1plan.render.plan.document import SCHEMA

    schema = plan.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise UsageError(f"{file}: schema: expected '{SCHEMA}', got '{str(schema)[:_SHOWN]}'.", _ANEW_HINT)


def _of_plan(plan: dict[str, Any], file: str) -> AskedOption:
    _check_schema(plan, file)
    try:
        choice = plan["choice"]
        model, quant, engine = (str(choice[name]) for name in ("model", "quant", "engine"))
        pins = Pins(context=_number(choice["context"]["chosen"]))
        if engine == "llama.cpp":
            pins = replace(
                pins,
                kv_type=_one_of(get_args(KvType), choice["kv_type"]),
                n_ubatch=_number(choice["n_ubatch"]),
                slots=_number(choice["slots"]),
                flash_attn=bool(choice["flash_attn"]),
                runtime=_one_of(get_args(Runtime), choice["runtime"]),
            )
        elif engine != "vllm":
            raise ValueError
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(f"{file}: holds no plan with a choice.", _HINT) from error
    if not choice.get("fits", True):
        raise UsageError(f"{file}: its choice, {model} {quant}, does not fit its machine.", _ANEW_HINT)
    machine = _machine_of_plan(plan, file)
    return AskedOption(
        typed=model,
        quant=quant,
        machine=machine,
        where=file,
        engine="vllm" if engine == "vllm" else "llama.cpp",
        pins=pins,
    )


def _number(value: object) -> int:
    if isinstance(value, int) and 0 < value < _MOST_TOKENS:
        return value
    raise ValueError


def _one_of(known: tuple[NameT, ...], value: object) -> NameT:
    for each in known:
        if each == value:
            return each
    raise ValueError


def _machine_of_plan(plan: dict[str, Any], file: str) -> Machine:
    from r1plan.hardware.machine import SCHEMA

    machine = plan.get("machine")
    if not isinstance(machine, dict):
        raise UsageError(f"{file}: holds no machine.", _HINT)
    return _stored({"schema": SCHEMA, **machine}, file)


def _stored(document: dict[str, Any], file: str) -> Machine:
    from r1plan.hardware.stored import parse

    return replace(parse(json.dumps(document), file), origin="file")


def _json_file(typed: str) -> dict[str, Any] | None:
    """The JSON object in the file that is meant; None where `typed` is the name of none."""
    path = expanded(Path(typed))
    ending = path.suffix.casefold()
    try:
        if ending == ".gguf" or (not path.is_file() and (ending != ".json" or "@" in typed)):
            return None
    except (OSError, ValueError):
        return None
    from r1plan.files.pipe import given_bytes
    from r1plan.files.text import decoded

    try:
        found = json.loads(decoded(given_bytes(path, _MOST_BYTES)))
    except OSError as error:
        raise UsageError(f"{typed}: cannot be read ({error.strerror or error}).", _HINT) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{typed}: holds neither a plan nor a machine.", _HINT) from error
    if not isinstance(found, dict):
        raise UsageError(f"{typed}: holds neither a plan nor a machine.", _HINT)
    return found
