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
from r1plan.errors import NothingFits

if TYPE_CHECKING:
    from datetime import datetime

    from r1plan.market.compare import ApiOffer
    from r1plan.plan.llamacpp.headroom import Headroom
    from r1plan.plan.llamacpp.option import Plan
    from r1plan.plan.workload import Workload


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
    from datetime import UTC, datetime

    from r1plan.catalog.quality import load_quant_tables
    from r1plan.models.reference import named_model
    from r1plan.plan.llamacpp.choose import choose
    from r1plan.plan.workload import Pins, Workload, checked_pins, checked_workload

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
    if engine == "vllm":
        from r1plan.cli.recommend_vllm import recommend_vllm, vllm_pins

        llamas = {
            "--ubatch": ubatch is not None,
            "--gpu-layers": gpu_layers is not None,
            "--experts-on-cpu": experts_on_cpu,
            "--no-flash-attn": not flash_attn,
            "--no-mmap": not mmap,
            "--disk-bandwidth": disk_bandwidth is not None,
            "--runtime": runtime != "in-process",
        }
        of_vllm = vllm_pins(model, quant, context, kv, slots, [option for option, given in llamas.items() if given])
        cards = machine_from_options(gpu, vram, bandwidth, ram, ram_bandwidth, cpu_only, machine)
        offers = _api(workload, datetime.now(UTC))
        recommend_vllm(cards, workload, of_vllm, offers, explain=explain, as_json=json)
        return
    named = named_model(model, quant)
    if named.old_cache:
        from r1plan.render.model_file import OLD_CACHE
        from r1plan.render.output import note

        note(OLD_CACHE)
    pins = checked_pins(
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
    tables = load_quant_tables()
    plan = choose(described, named.models, tables, workload, pins, named.from_file)
    room = None
    if explain or json:
        from r1plan.plan.llamacpp.headroom import headroom_of

        room = headroom_of(plan, named.models, tables, pins, named.from_file)
    _show(plan, _api(workload, datetime.now(UTC)), room, explain=explain, as_json=json)


def _api(workload: Workload, at: datetime) -> tuple[ApiOffer, ...]:
    from r1plan.catalog.load import load_holidays, load_prices, load_providers
    from r1plan.market.compare import api_offers
    from r1plan.prices.book import PriceBook

    book = PriceBook(load_prices(), load_holidays())
    return api_offers(load_providers(), book, workload.usage, workload.requests_per_day, at)


def _show(plan: Plan, api: tuple[ApiOffer, ...], room: Headroom | None, *, explain: bool, as_json: bool) -> None:
    from r1plan.plan.llamacpp.option import nearest_to_fitting
    from r1plan.render import output

    if as_json:
        from r1plan.render.plan.document import plan_document

        output.document(plan_document(plan, api, room))
    elif plan.choice is not None or explain:
        from r1plan.render.plan.terminal import show_plan

        show_plan(plan, api, output.console())
    if explain and not as_json:
        from r1plan.render.plan.explained import explained

        console = output.console()
        for line in explained(plan, room, console.width if console.is_terminal else None):
            print(line)
    if plan.choice is None:
        least = nearest_to_fitting(plan.rejected)
        if least is None:
            raise NothingFits("nothing fits what was asked.", "--explain says why each option was rejected")
        which = "smallest" if least.tok_s is None else "fastest"
        does = least.reason if least.tok_s is None else f"makes {least.reason}"
        raise NothingFits(f"nothing fits: the {which}, {least.id}, {does}.", "--explain says why for each option")
    if not plan.choice.fits:
        from_disk = plan.rejected[0].disk_tok_s
        hint = "leave out --quant to see what does"
        if from_disk is not None:
            hint += f"; --min-speed {from_disk * 0.99:.2g} accepts experts on disk"
        raise NothingFits(f"{plan.choice.id} does not fit: {plan.choice.reason}.", hint)
    if not as_json and not explain:
        from r1plan.hardware.described import assumed_ram

        if assumed := assumed_ram(plan.machine):
            output.note(assumed)
        output.note("r1plan recommend --explain shows the memory of each part and every rejected option.")
