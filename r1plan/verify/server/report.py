"""What a server was found to be, beside the plan of its model where it runs on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from r1plan.measurements.measurement import PlannedRange, SpeedReading
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.plan.llamacpp.option import Option
    from r1plan.plan.speed import Range
    from r1plan.verify.server.facts import ServerFacts
    from r1plan.verify.server.timing import ServerPace

ServerTrap = Literal[
    "short-context",  # a request gets much less context than the model takes, and nobody says so
    "partly-on-processor",  # not all of the model is on cards
    "busy",  # others' requests run besides
    "less-context-than-planned",
]
# A request's context is short where the model takes four times as much.
_SHORT_SHARE = 4
_LITTLE_TOKENS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """The server at `address`, measured.

    `option` is what is planned of its model here, None where nothing is; `is_here`: it runs on this machine.
    """

    address: str
    facts: ServerFacts
    pace: ServerPace
    measured_at: datetime
    option: Option | None = None
    is_here: bool = True

    @property
    def traps(self) -> tuple[ServerTrap, ...]:
        """What people do not expect of it."""
        facts, found = self.facts, list[ServerTrap]()
        context, trained = facts.context_tokens, facts.trained_tokens
        if context is not None and trained is not None and context * _SHORT_SHARE <= trained:
            if facts.kind == "ollama" or context <= _LITTLE_TOKENS:
                found.append("short-context")
        elif context is not None and self.option is not None and context < self.option.context:
            found.append("less-context-than-planned")
        if facts.loaded_bytes and facts.on_cards_bytes is not None and facts.on_cards_bytes < facts.loaded_bytes:
            found.append("partly-on-processor")
        if facts.busy:
            found.append("busy")
        return tuple(found)

    @property
    def prefill(self) -> tuple[SpeedReading, ...]:
        """The prompt's readings, with what is planned of them."""
        expected = None if self.option is None else self.option.speed.prefill_tok_s
        return tuple(_with(each, expected) for each in self.pace.prefill)

    @property
    def decode(self) -> tuple[SpeedReading, ...]:
        """The answer's readings, with what is planned of them."""
        speed = None if self.option is None else self.option.speed
        return tuple(_with(each, None if speed is None else speed.at(each.depth)) for each in self.pace.decode)


def _with(each: SpeedReading, planned: Range | None) -> SpeedReading:
    if planned is None:
        return each
    return replace(each, planned=PlannedRange(low=planned.low, mid=planned.mid, high=planned.high))


def option_here(
    facts: ServerFacts, depths: tuple[int, ...], look: Callable[[], Machine], now: datetime
) -> Option | None:
    """What is planned of the server's model on this machine, were it at rest; None where its file is not found here.

    llama-server says where its file lies; Ollama's is found in its store by its name.
    """
    from r1plan.errors import R1PlanError
    from r1plan.verify.named import file_named

    try:
        if facts.kind == "llama-server" and facts.path and Path(facts.path).is_absolute():
            path = Path(facts.path)
        elif facts.kind == "ollama" and facts.model:
            path = file_named(facts.model, now)[0]
        else:
            return None
        return _planned(path, facts, depths, at_rest(look()))
    except (R1PlanError, OSError, ValueError):  # the path is what a server said
        return None


def _planned(path: Path, facts: ServerFacts, depths: tuple[int, ...], machine: Machine) -> Option | None:
    from r1plan.catalog.load import load_models
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.models.gguf.file import read_gguf
    from r1plan.models.gguf.model import model_file
    from r1plan.models.gguf.source import LocalFile
    from r1plan.plan.llamacpp.choose import choose
    from r1plan.plan.llamacpp.pins import checked_pins
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.workload import Workload

    file = model_file(read_gguf(LocalFile(path)), load_models().values())
    models = ModelSet({file.model.id: file.model}, load_quant_tables(), file.weights)
    pins = Pins(model=file.model.id, quant=file.quant.name, runtime="llama-server", slots=facts.slots)
    context = min(facts.context_tokens or file.model.context_max, file.model.context_max)
    within = tuple(each for each in depths if each <= context)
    option = choose(machine, models, Workload(min_tok_s=1e-3, depths=within), checked_pins(pins)).choice
    return option if option is not None and option.fits else None


def at_rest(machine: Machine) -> Machine:
    """`machine` with its memory free: what the server itself holds of it must not count against its own plan."""
    gpus = tuple(
        replace(each, free_bytes=max(each.free_bytes, round(each.total_bytes * 0.98)), processes=())
        for each in machine.gpus
    )
    memory = machine.memory
    free = max(memory.available_bytes, memory.usable_bytes - 2 * GIB)
    return replace(machine, gpus=gpus, memory=replace(memory, available_bytes=free))
