"""A model file as it is to be run here: planned once, when that is first wanted, and then loaded so."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, R1PlanError, UsageError
from r1plan.units import MIB

if TYPE_CHECKING:
    from r1plan.ask.local.cards import EngineMachine
    from r1plan.ask.local.fallback import Replanner
    from r1plan.ask.local.plan import LocalPlan, PlanKnowledge, PlannedFile, UnplannedFile
    from r1plan.ask.question import AskOptions
    from r1plan.engine.chat import ChatEngine
    from r1plan.engine.local.room.step_down import LoadChange
    from r1plan.engine.local.settings import LoadSettings
    from r1plan.engine.target import LocalTarget
    from r1plan.hardware.machine import GpuDevice, Machine
    from r1plan.models.gguf.file import Gguf
    from r1plan.models.gguf.model import ModelFile


_LEAST_USABLE_BYTES = 256 * MIB  # with less beside CUDA's own part, nothing can be calculated on a card


class LocalRun:
    """The file of `target`, as `options` want it. `file` is its header where somebody has read it.

    `changes` are what its loading gave up for want of room.
    """

    def __init__(self, target: LocalTarget, options: AskOptions, file: ModelFile | None = None) -> None:
        self.target = target
        self._options = options
        self._file = file
        self._replanner: Replanner | None = None
        self.changes: list[LoadChange] = []

    @cached_property
    def plan(self) -> LocalPlan | None:
        """How it is loaded; None for the demonstration model, which answers sooner than a plan takes.

        Raises UsageError for what was pinned and cannot be meant for it, CatalogError.
        """
        if self.target.demonstration:
            return None
        from r1plan.ask.local.fallback import Replanner
        from r1plan.ask.local.plan import local_plan
        from r1plan.engine.local.threads import engine_threads

        options, machine = self._options, this_machine()
        planned, unplanned = self._read()
        threads = options.threads or engine_threads(machine.cpu)
        here = as_engine_sees(machine)
        known = knowledge_of(here.machine or machine)
        plan = local_plan(planned, unplanned, here, options.pins, threads, known)
        self._replanner = Replanner(
            plan=plan,
            planned=planned,
            unplanned=unplanned,
            pins=options.pins,
            threads=threads,
            known=known,
            here=lambda: as_engine_sees(this_machine()),
        )
        return plan

    def load(self) -> ChatEngine:
        """The engine, with the file in memory. Ctrl-C ends the loading. Raises EngineError and what `plan` does."""
        from r1plan.engine.local.chat import LocalEngine
        from r1plan.engine.local.room.step_down import LoadFallback

        target, plan = self.target, self.plan
        if plan is None:
            if not target.path.exists():
                raise EngineError(
                    f"the demonstration model {target.model} is not in this installation.",
                    "give a model file: --model FILE.gguf, or a provider: --provider deepseek",
                )
            # Arithmetic has one right answer: the most likely token is always taken.
            return LocalEngine(
                target.path,
                target.model,
                self._demonstrated(),
                temperature=0.0,
                chat_template=self._options.chat_template,
                kept=self._options.kept,
            )
        with self._options.load_progress(target.model) as moved:
            return LocalEngine(
                target.path,
                target.model,
                plan.settings,
                most_context_tokens=plan.most_context_tokens,
                chat_template=self._options.chat_template,
                progress=moved,
                fallback=LoadFallback() if self._replanner is None else self._replanner.fallback(self._changed),
                kept=self._options.kept,
            )

    def _changed(self, change: LoadChange) -> None:
        """Have what is carried out as the plan, once the file is loaded otherwise."""
        self.changes.append(change)
        if self._replanner is not None:
            self.plan = self._replanner.changed(change)
            self._replanner = replace(self._replanner, plan=self.plan)

    def _demonstrated(self) -> LoadSettings:
        """The demonstration model's settings, with what is pinned.

        So small a model is no faster on two threads, and on a busy machine llama.cpp's threads wait for one another,
        for seconds.
        """
        from r1plan.engine.local.settings import DEFAULT_CONTEXT_TOKENS, LoadSettings

        pins = self._options.pins
        if pins.experts_on_cpu:
            raise UsageError(f"--experts-on-cpu: {self.target.model} is dense and has no experts.", "leave it out")
        if pins.gpu_layers:
            from r1plan.ask.local.plan import check_cards

            check_cards(pins, as_engine_sees(this_machine()))
        usual = LoadSettings()
        return LoadSettings(
            context_tokens=pins.context or DEFAULT_CONTEXT_TOKENS,
            gpu_layers=pins.gpu_layers,
            kv_type=pins.kv_type or usual.kv_type,
            flash_attn=pins.flash_attn,
            n_batch=max(usual.n_batch, pins.n_ubatch or 0),
            n_ubatch=pins.n_ubatch or usual.n_ubatch,
            mapped=pins.mapped,
            threads=self._options.threads or 1,
        )

    def _read(self) -> tuple[PlannedFile | None, UnplannedFile]:
        """What the header tells the planner, and what it tells without one."""
        from r1plan.ask.local.plan import UnplannedFile
        from r1plan.catalog.load import load_models
        from r1plan.models.gguf.file import read_gguf
        from r1plan.models.gguf.model import model_file
        from r1plan.models.gguf.source import LocalFile

        if self._file is not None:
            return as_planned(self._file), _unplanned_model(self._file)
        try:
            gguf = read_gguf(LocalFile(self.target.path))
        except R1PlanError:  # the engine says what is wrong with it
            return None, UnplannedFile()
        try:
            return as_planned(model_file(gguf, load_models().values())), _unplanned_file(gguf)
        except R1PlanError:
            return None, _unplanned_file(gguf)


def as_planned(file: ModelFile) -> PlannedFile:
    """What the planner is told of a file."""
    from r1plan.ask.local.plan import PlannedFile

    return PlannedFile(
        models={file.model.id: file.model}, model=file.model.id, quant=file.quant.name, weights=file.weights
    )


def _unplanned_model(file: ModelFile) -> UnplannedFile:
    from r1plan.ask.local.plan import UnplannedFile

    model, size = file.model, file.weights.total_bytes
    return UnplannedFile(bytes=size, layers=model.shape.layers, context_tokens=model.context_max)


def _unplanned_file(gguf: Gguf) -> UnplannedFile:
    from r1plan.ask.local.plan import UnplannedFile

    architecture = gguf.text("general.architecture") or ""
    return UnplannedFile(
        bytes=gguf.file_bytes,
        layers=gguf.whole(f"{architecture}.block_count"),
        context_tokens=gguf.whole(f"{architecture}.context_length"),
    )


def this_machine() -> Machine:
    """The machine that this runs on, with what its cards draw by their data sheets."""
    from r1plan.catalog.load import load_hardware
    from r1plan.hardware.detect import detect
    from r1plan.plan.cost.option_draw import with_sheet_power
    from r1plan.settings import directories

    machine = detect(load_hardware, directories().data)
    return with_sheet_power(machine, load_hardware().gpus) if machine.gpus else machine


def as_engine_sees(machine: Machine) -> EngineMachine:
    """`machine` with the cards that llama.cpp uses here. It is asked only where there is a card, and room to ask it."""
    from r1plan.ask.local.cards import EngineMachine, machine_of_engine

    if not machine.gpus:
        return EngineMachine(machine)
    from r1plan.engine.local.llama.library import devices

    crowded = tuple(gpu for gpu in machine.gpus if not gpu.unified)
    if _hides_full_cards(machine):
        machine = this_machine()
    try:
        found = machine_of_engine(machine, devices())
    except EngineError:  # there is none, which opening it says
        found = EngineMachine(machine, len(machine.gpus), sum(gpu.free_bytes for gpu in machine.gpus))
    return replace(found, crowded=crowded)


def _hides_full_cards(machine: Machine) -> bool:
    """Whether cards are so full that CUDA could not even begin on them, which would end this process: they are hidden.

    That has to be before llama.cpp is loaded, which looks at all that it sees.
    """
    from r1plan.plan.llamacpp.memory.backend import context_of

    def needed_bytes(gpu: GpuDevice) -> int:
        return context_of(gpu).size_bytes + _LEAST_USABLE_BYTES

    cards = [gpu for gpu in machine.gpus if gpu.vendor == "nvidia" and not gpu.unified]
    if all(gpu.free_bytes >= needed_bytes(gpu) for gpu in cards) or "llama_cpp.llama_cpp" in sys.modules:
        return False
    from r1plan.hardware.nvidia import library, visible_with_room

    seen = visible_with_room(library(), os.environ, needed_bytes)
    if seen is None:
        return False
    os.environ["CUDA_VISIBLE_DEVICES"] = seen
    return True


def knowledge_of(machine: Machine) -> PlanKnowledge:
    """What a plan for `machine` takes beside it."""
    from r1plan.ask.local.plan import PlanKnowledge
    from r1plan.ask.measured import learned_of
    from r1plan.catalog.quality import load_quant_tables

    return PlanKnowledge(load_quant_tables(), learned_of(machine))


def engine_machine() -> Machine:
    """The machine with the cards that the engine uses; as it is where the engine uses some that are not known here."""
    machine = this_machine()
    return as_engine_sees(machine).machine or machine
