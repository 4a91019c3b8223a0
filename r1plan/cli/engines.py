"""The engines that can be planned for: each with its planner and the way its plans are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from r1plan.errors import UsageError
from r1plan.plan.plan import PlannedOption

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.plan.doubts import MeasurementDoubt
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.plan import Elsewhere, EngineName, Plan
    from r1plan.plan.planner import EngineOption, Planner
    from r1plan.plan.workload import Workload
    from r1plan.render.plan.view import EngineView

OptionT = TypeVar("OptionT", bound=PlannedOption)


class Engine(NamedTuple, Generic[OptionT]):
    """One engine."""

    planner: Planner[OptionT]
    view: EngineView[OptionT]


def _llama_cpp() -> Engine[Any]:
    from r1plan.plan.llamacpp.planner import LlamaCppPlanner
    from r1plan.render.plan.engines.llamacpp import LlamaCppView

    return Engine(LlamaCppPlanner(), LlamaCppView())


def _vllm() -> Engine[Any]:
    from r1plan.plan.vllm.planner import VllmPlanner
    from r1plan.render.plan.engines.vllm import VllmView

    return Engine(VllmPlanner(), VllmView())


# Each is imported when it is asked for.
ENGINES: dict[EngineName, Callable[[], Engine[Any]]] = {"llama.cpp": _llama_cpp, "vllm": _vllm}
_USUAL: EngineName = "llama.cpp"
# The options that say the same to every engine: the machine, the model, and what it is for.
OF_EVERY_ENGINE = (
    *("gpu", "vram", "bandwidth", "vendor", "vram_used", "unified", "ram", "ram_bandwidth", "cores", "cpu", "cpu_only"),
    *(
        "machine",
        "disk_bandwidth",
        "model",
        "family",
        "context",
        "objective",
        "min_speed",
        "requests_per_day",
        "input_tokens",
    ),
    *("cache_hit", "thinking_tokens", "answer_tokens", "power_price"),
)
_LEAST_NAMED_TOK_S = 1.0  # slower is no answer to "what else could?"


def engine_for(name: EngineName, given: Collection[EngineOption], model: str | None) -> Engine[Any]:
    """The engine, when it understands every option that was given. Raises UsageError, which names one that it does not.

    `model` is what --model says.
    """
    engine = ENGINES[name]()
    for option in given:
        if option not in engine.planner.understands:
            raise _not_understood(name, option, model)
    return engine


def with_measured(engine: Engine[Any], machine: Machine) -> tuple[Engine[Any], tuple[MeasurementDoubt, ...]]:
    """The engine's planner with what was measured of `machine`, and what speaks against some of that."""
    if engine.planner.engine != _USUAL:
        return engine, ()
    from r1plan.ask.measured import measured_here

    here = measured_here(machine)
    if here is None:
        return engine, ()
    from r1plan.plan.llamacpp.planner import LlamaCppPlanner

    return engine._replace(planner=LlamaCppPlanner(here.rates)), here.doubts


def planned(
    engine: Engine[OptionT], machine: Machine, models: ModelSet, workload: Workload, pins: Pins
) -> Plan[OptionT]:
    """The engine's plan; where it can run nothing of what was asked, with what it or the usual engine could instead."""
    if engine.planner.engine == _USUAL:
        return engine.planner.plan(machine, models, workload, pins)
    from r1plan.plan.serving.cards import NoCards

    try:
        plan = engine.planner.plan(machine, models, workload, pins)
    except NoCards as none:
        other = _elsewhere(machine, models, workload, pins)
        if other is None:
            raise
        from r1plan.render.plan.engines.serving_words import elsewhere_text

        raise NoCards(none.message, elsewhere_text(other, engine.planner.engine)) from none
    if plan.choice is None or not plan.choice.fits:
        other = _of_another_type(engine, machine, models, workload, pins)
        return replace(plan, elsewhere=other or _elsewhere(machine, models, workload, pins))
    return plan


def _of_another_type(
    engine: Engine[Any], machine: Machine, models: ModelSet, workload: Workload, pins: Pins
) -> Elsewhere | None:
    """What the same engine could of the same model, where one type of weights was asked for."""
    if pins.quant is None:
        return None
    return _chosen(engine.planner.plan(machine, models, workload, replace(pins, quant=None)))


def _elsewhere(machine: Machine, models: ModelSet, workload: Workload, pins: Pins) -> Elsewhere | None:
    from r1plan.plan.pins import Pins

    alike = Pins(model=pins.model, context=pins.context)
    other = _chosen(ENGINES[_USUAL]().planner.plan(machine, models, workload, alike))
    if other is None:
        return None
    from shlex import join

    from r1plan.cli.options.given import words_given

    words = words_given(OF_EVERY_ENGINE)
    return other._replace(command=join(["r1plan", "recommend", *words, "--engine", other.engine]))


def _chosen(plan: Plan[Any]) -> Elsewhere | None:
    """The choice in a few words; None where it is none, or so slow that nobody would take it for one."""
    from r1plan.plan.plan import Elsewhere

    choice = plan.choice
    if choice is None or not choice.fits or choice.tok_s < _LEAST_NAMED_TOK_S:
        return None
    return Elsewhere(plan.engine, choice.model.id, choice.quant_name, choice.context, round(choice.tok_s, 2))


def _not_understood(name: EngineName, option: EngineOption, model: str | None) -> UsageError:
    whose = " and ".join(each for each, made in ENGINES.items() if option in made().planner.understands)
    if option == "--model FILE.gguf":
        return UsageError(
            f"--model {model} with --engine {name}: a GGUF file is {whose}'s.",
            "name a model of the catalogue, such as DeepSeek-R1-0528",
        )
    return UsageError(f"{option} with --engine {name}: only {whose} has it.", "leave out one of the two")
