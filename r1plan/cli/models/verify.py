"""`r1plan models verify`: measure a model here, or a server, beside its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from r1plan.cli.options.planning import ContextOption, ExpertsOnCpuOption, GpuLayersOption, KvOption, UbatchOption

if TYPE_CHECKING:
    from pathlib import Path

    from r1plan.measurements.measurement import Measurement
    from r1plan.plan.pins import Pins
    from r1plan.verify.file import VerifyHost
    from r1plan.verify.planned import FilePlan


def verify(
    model: Annotated[
        str,
        typer.Argument(
            metavar="ID|FILE|URL",
            help="A model that is on this machine, its file, or the address of a server that runs.",
        ),
    ],
    context: ContextOption = None,
    kv: KvOption = None,
    ubatch: UbatchOption = None,
    gpu_layers: GpuLayersOption = None,
    experts_on_cpu: ExpertsOnCpuOption = False,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=512, help="Threads that calculate. Default: one a physical core."),
    ] = None,
    served: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="With URL: which of the server's models.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Measure for half a minute at most, less exactly.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Load a model as planned, measure it, and show plan and reality side by side.

    Measured are the memory of each device, how fast a prompt is read and an answer is generated at two depths of the
    cache, and the power drawn. It takes about a minute. The readings are kept for this machine, and plans use them. A
    model that is whole on graphics cards is measured once more in RAM, so that plans know the processor as well.

    Of a server (llama-server, vLLM, SGLang, Ollama, or any like OpenAI's) the context that it really gives is told, and
    how fast it answers. Its key is R1PLAN_API_KEY.
    """
    from r1plan.errors import UsageError
    from r1plan.plan.pins import Pins
    from r1plan.verify.server.verify import address_meant

    pins = Pins(context=context, kv_type=kv, n_ubatch=ubatch, gpu_layers=gpu_layers, experts_on_cpu=experts_on_cpu)
    address = address_meant(model)
    if address is None:
        if served is not None:
            raise UsageError("--model names one of a server's models.", "give the model alone, or the server's address")
        _verify_file(model, pins, threads, quick=quick, json=json)
        return
    if pins != Pins() or threads is not None:
        raise UsageError("a server has its own settings.", "leave --context, --kv and the like out")
    _verify_server(address, served, quick=quick, json=json)


def _verify_file(typed: str, pins: Pins, threads: int | None, *, quick: bool, json: bool) -> None:
    import time
    from datetime import UTC, datetime

    from r1plan.ask.measured import learned_of
    from r1plan.cli.options.machine import this_machine
    from r1plan.engine.local.llama.library import uses_gpu
    from r1plan.hardware import nvidia
    from r1plan.hardware.energy import meter
    from r1plan.render import output
    from r1plan.render.text.wrap import wrapped
    from r1plan.render.verify.document import verify_document
    from r1plan.render.verify.progress import verify_progress
    from r1plan.render.verify.terminal import verify_lines
    from r1plan.render.verify.words import beside_text, found_text
    from r1plan.verify.file import VerifyHost, verify_file
    from r1plan.verify.named import file_named
    from r1plan.verify.pace import QUICK, PaceBounds
    from r1plan.verify.planned import planned_here

    path, found = file_named(typed, datetime.now(UTC))
    if found is not None:
        output.note(found_text(found))
    machine = this_machine()
    plan = planned_here(path, machine, pins, with_cards=uses_gpu(), threads=threads, learned=learned_of)
    nvml = nvidia.library() if nvidia.driver_present() else None
    host = VerifyHost(
        look=this_machine, tick=time.monotonic, now=lambda: datetime.now(UTC), meter=meter(nvml), nvml=nvml
    )
    with verify_progress() as told:
        measurement = verify_file(plan, machine, host, QUICK if quick else PaceBounds(), told)
    stored = _kept(measurement)
    beside = None if stored is None else _measured_beside(plan, pins, host)
    if beside is not None:
        _kept(beside)
    if json:
        output.document(verify_document(measurement, stored, beside))
    else:
        output.lines(verify_lines(measurement, output.columns(), is_kept=stored is not None))
        if beside is not None:
            output.lines(wrapped(beside_text(beside), output.columns()))


def _measured_beside(plan: FilePlan, pins: Pins, host: VerifyHost) -> Measurement | None:
    """The same with the model in RAM, so that plans know the processor too; None where there is nothing to learn.

    What a card lost is left out: this process holds some of it already.
    """
    from dataclasses import replace

    from r1plan.ask.measured import learned_of
    from r1plan.errors import EngineError, NothingFits
    from r1plan.render import output
    from r1plan.render.verify.progress import verify_progress
    from r1plan.render.verify.words import not_beside_text
    from r1plan.verify.beside import BESIDE, pins_beside
    from r1plan.verify.file import verify_file
    from r1plan.verify.planned import planned_here

    beside = pins_beside(plan, pins)
    if beside is None:
        return None
    machine, threads = host.look(), plan.settings.threads
    try:
        other = planned_here(plan.path, machine, beside, with_cards=True, threads=threads, learned=learned_of)
        with verify_progress() as told:
            return replace(verify_file(other, machine, host, BESIDE, told), buffers=())
    except (NothingFits, EngineError) as error:
        output.note(not_beside_text(error))
        return None


def _kept(measurement: Measurement) -> Path | None:
    """Where the readings are kept; None, and a warning, where they cannot be."""
    from r1plan.measurements.stored import FOLDER, store
    from r1plan.render import output
    from r1plan.render.verify.words import not_kept_text
    from r1plan.settings import directories

    try:
        return store(directories().data / FOLDER, measurement)
    except OSError as error:
        output.note(not_kept_text(error))
        return None


def _verify_server(url: str, model: str | None, *, quick: bool, json: bool) -> None:
    import time
    from datetime import UTC, datetime
    from random import SystemRandom

    from r1plan.cli.options.machine import this_machine
    from r1plan.render import output
    from r1plan.render.verify.progress import stages
    from r1plan.render.verify.server import server_document, server_lines
    from r1plan.settings import directories
    from r1plan.verify.server.verify import ServerSight, verify_server

    with stages() as told:
        sight = ServerSight(
            tick=time.monotonic,
            now=lambda: datetime.now(UTC),
            look=this_machine,
            random=SystemRandom(),
            told=told,
        )
        report = verify_server(url, model, directories().config, sight, quick=quick)
    if json:
        output.document(server_document(report))
    else:
        output.lines(server_lines(report, output.columns()))
