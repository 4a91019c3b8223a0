"""`r1plan recommend`: which R1 a machine should run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import typer

from r1plan.cli.options.machine import (
    BandwidthOption,
    CpuOnlyOption,
    DiskBandwidthOption,
    GpuOption,
    MachineOption,
    RamBandwidthOption,
    RamOption,
    VramOption,
    machine_from_options,
)

if TYPE_CHECKING:
    from r1plan.plan.planner import EngineOption


def command(
    gpu: GpuOption = None,
    vram: VramOption = None,
    bandwidth: BandwidthOption = None,
    ram: RamOption = None,
    ram_bandwidth: RamBandwidthOption = None,
    disk_bandwidth: DiskBandwidthOption = None,
    cpu_only: CpuOnlyOption = False,
    machine: MachineOption = None,
    model: str | None = typer.Option(
        None, metavar="ID|FILE", help="Only this model, such as R1-Distill-Qwen-32B, x.gguf or hf:OWNER/REPO/x.gguf."
    ),
    quant: str | None = typer.Option(None, metavar="NAME", help="Only this quant, such as Q4_K_M."),
    context: int | None = typer.Option(None, metavar="TOKENS", help="Context of each slot. Default: up to 32,768."),
    kv: Literal["f16", "q8_0", "q4_0", "bf16", "f32", "q5_1", "q5_0", "q4_1", "iq4_nl"] | None = typer.Option(
        None, help="Type of the KV cache."
    ),
    ubatch: int | None = typer.Option(
        None, metavar="TOKENS", help="llama.cpp's micro-batch. Default: 512, or less where that makes it fit."
    ),
    slots: int | None = typer.Option(
        None, metavar="N", help="Contexts at once, with vLLM users. Default: 1; llama-server's 4 share it."
    ),
    gpu_layers: int | None = typer.Option(None, metavar="N", help="Layers on the GPU, with the output head as one."),
    experts_on_cpu: bool = typer.Option(False, "--experts-on-cpu", help="Keep all experts in main memory."),
    flash_attn: bool = typer.Option(True, "--flash-attn/--no-flash-attn", help="Flash attention."),
    mmap: bool = typer.Option(
        True, "--mmap/--no-mmap", help="Map the file, so that experts may stay on disk, or read all into RAM."
    ),
    engine: Literal["llama.cpp", "vllm"] = typer.Option(
        "llama.cpp", help="Which engine to plan for; vLLM's quants are BF16, FP8, NVFP4."
    ),
    runtime: Literal["in-process", "llama-server"] = typer.Option("in-process", help="A plain context or the server."),
    depth: list[int] | None = typer.Option(None, metavar="TOKENS", help="Predict decoding at this depth. Repeatable."),
    objective: Literal["balanced", "quality", "speed", "cost"] = typer.Option("balanced", help="What matters most."),
    min_speed: float | None = typer.Option(None, metavar="TOK_S", help="Nothing slower. Default: 5 where possible."),
    requests_per_day: float | None = typer.Option(None, metavar="N", help="For the cost of a month."),
    input_tokens: int = typer.Option(1000, metavar="N", help="Tokens of a typical prompt."),
    cache_hit: float = typer.Option(0.0, metavar="0..1", help="Share of the prompt that a cache holds."),
    thinking_tokens: int = typer.Option(4700, metavar="N", help="Tokens of thinking in a typical answer."),
    answer_tokens: int = typer.Option(700, metavar="N", help="Tokens after the thinking."),
    power_price: float | None = typer.Option(None, metavar="USD_PER_KWH", help="For the cost of electricity."),
    explain: bool = typer.Option(False, "--explain", help="Show each part of the memory and all that was rejected."),
    json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> None:
    """Say which R1 this machine, or one you describe, should run, and what was rejected and why.

    With --model and --quant it answers for exactly that option, and exits with 3 when it does not fit.

    Example: r1plan recommend --gpu rtx-4090 --ram 64 --objective quality
    """
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.cli.engines import engine_for
    from r1plan.cli.offers import current_offers
    from r1plan.models.reference import GgufFile, HubFile, model_reference, named_model
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.workload import Workload, checked_workload
    from r1plan.render.plan.show import show

    workload = checked_workload(
        Workload(
            objective=objective,
            min_tok_s=min_speed,
            requests_per_day=requests_per_day,
            input_tokens=input_tokens,
            cache_hit_share=cache_hit,
            thinking_tokens=thinking_tokens,
            answer_tokens=answer_tokens,
            power_usd_per_kwh=power_price,
            depths=tuple(depth or ()),
        )
    )
    given: dict[EngineOption, bool] = {
        "--ubatch": ubatch is not None,
        "--gpu-layers": gpu_layers is not None,
        "--experts-on-cpu": experts_on_cpu,
        "--no-flash-attn": not flash_attn,
        "--no-mmap": not mmap,
        "--disk-bandwidth": disk_bandwidth is not None,
        "--runtime": runtime != "in-process",
        "--model FILE.gguf": model is not None and isinstance(model_reference(model), GgufFile | HubFile),
    }
    planned_for = engine_for(engine, [option for option, said in given.items() if said], model)
    planner = planned_for.planner
    named = named_model(model, quant)
    if named.old_cache:
        from r1plan.render.model_file import OLD_CACHE
        from r1plan.render.output import note

        note(OLD_CACHE)
    pins = planner.checked(
        Pins(
            model=named.model,
            quant=named.quant,
            context=context,
            kv_type=kv,
            n_ubatch=ubatch,
            slots=slots,
            gpu_layers=gpu_layers,
            experts_on_cpu=experts_on_cpu,
            flash_attn=flash_attn,
            mapped=mmap,
            runtime=runtime,
        )
    )
    described = machine_from_options(gpu, vram, bandwidth, ram, ram_bandwidth, cpu_only, machine, disk_bandwidth)
    if power_price is not None:
        from r1plan.catalog.load import load_hardware
        from r1plan.plan.energy import with_sheet_power

        described = with_sheet_power(described, load_hardware().gpus)
    models = ModelSet(named.models, load_quant_tables(), named.from_file)
    plan = planner.plan(described, models, workload, pins)
    headroom = planner.headroom(plan, models, pins) if explain or json else None
    show(planned_for.view, plan, current_offers(workload), headroom, explain=explain, as_json=json)
