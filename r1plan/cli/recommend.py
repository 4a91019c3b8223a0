"""`r1plan recommend`: which R1 a machine should run."""

from __future__ import annotations

from r1plan.cli.options import machine as machines
from r1plan.cli.options import planning


def command(
    gpu: machines.GpuOption = None,
    vram: machines.VramOption = None,
    bandwidth: machines.BandwidthOption = None,
    vendor: machines.VendorOption = None,
    vram_used: machines.VramUsedOption = None,
    unified: machines.UnifiedOption = None,
    ram: machines.RamOption = None,
    ram_bandwidth: machines.RamBandwidthOption = None,
    cores: machines.CoresOption = None,
    cpu: machines.CpuOption = None,
    disk_bandwidth: machines.DiskBandwidthOption = None,
    cpu_only: machines.CpuOnlyOption = False,
    machine: machines.MachineOption = None,
    model: planning.ModelOption = None,
    family: planning.FamilyOption = "r1",
    quant: planning.QuantOption = None,
    context: planning.ContextOption = None,
    kv: planning.KvOption = None,
    ubatch: planning.UbatchOption = None,
    slots: planning.SlotsOption = None,
    gpu_layers: planning.GpuLayersOption = None,
    experts_on_cpu: planning.ExpertsOnCpuOption = False,
    flash_attn: planning.FlashAttentionOption = True,
    mmap: planning.MmapOption = True,
    engine: planning.EngineNameOption = "llama.cpp",
    gpu_memory_utilization: planning.UtilizationOption = None,
    gpus_per_node: planning.GpusPerNodeOption = None,
    runtime: planning.RuntimeOption = "in-process",
    depth: planning.DepthOption = None,
    objective: planning.ObjectiveOption = "balanced",
    min_speed: planning.MinSpeedOption = None,
    patience: planning.PatienceOption = None,
    requests_per_day: planning.RequestsPerDayOption = None,
    input_tokens: planning.InputTokensOption = 1000,
    cache_hit: planning.CacheHitOption = 0.0,
    thinking_tokens: planning.ThinkingTokensOption = 4700,
    answer_tokens: planning.AnswerTokensOption = 700,
    from_logs: planning.FromLogsOption = None,
    users: planning.UsersOption = None,
    slo_ttft: planning.SloTtftOption = None,
    slo_tok_s: planning.SloTokSOption = None,
    power_price: planning.PowerPriceOption = None,
    gpu_hour: planning.GpuHourOption = None,
    purchase: planning.PurchaseOption = None,
    years: planning.YearsOption = None,
    explain: planning.ExplainOption = False,
    format: planning.FormatOption = None,  # noqa: A002 -- the option's name
    json: planning.JsonOption = False,
    output: planning.OutputOption = None,
) -> None:
    """Say which R1 this machine, or one you describe, should run, and what was rejected and why.

    With --model and --quant it answers for exactly that option, and exits with 3 when it does not fit.

    --gpu, --vram, --unified, --cpu, and --cpu-only with --ram, describe a machine from nothing but what is said;
    without them --ram, --ram-bandwidth, --cores and --vram-used change this one.

    Sizes are GiB and bandwidths GB/s; 24GB, 0.5TB and 1.8TB/s are understood, and GB of memory are taken as GiB. A k of
    tokens is 1,000, but 1,024 for the usual contexts: 8k, 16k, 32k, 64k, 128k, 160k.

    Example: r1plan recommend --gpu rtx-4090 --ram 64 --objective quality
    """
    from dataclasses import replace

    from r1plan.catalog.load import load_models
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.cli.engines import engine_for, planned, with_measured
    from r1plan.cli.offers import current_offers, dollar_book
    from r1plan.cli.outlook.asked_month import asked_month
    from r1plan.models.reference import named_model
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.r1_beside import r1_beside
    from r1plan.plan.successors import successors_beside, with_successors
    from r1plan.plan.workload import Workload, checked_workload
    from r1plan.render.assumptions import changed_remark
    from r1plan.render.model_names import name_remarks
    from r1plan.render.output import note, screen
    from r1plan.render.plan.show import show

    form = planning.plan_form(format, json=json, explain=explain, file=output)
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
            users=users,
            slo_ttft_s=slo_ttft,
            slo_tok_s=slo_tok_s,
            patience_min=patience,
        )
    )
    planning.check_tokens(context, ubatch, depth)
    in_full = explain or form.kind != "text"
    if wants_month := in_full or planning.asks_for_a_month():
        from r1plan.plan.cost.checks import SaidPrices, checked_prices

        prices = checked_prices(SaidPrices(power_price, gpu_hour, purchase, years))
    asked = asked_month(workload, from_logs)
    workload = asked.workload
    pins = Pins(
        context=context,
        kv_type=kv,
        n_ubatch=ubatch,
        slots=slots,
        gpu_layers=gpu_layers,
        experts_on_cpu=experts_on_cpu,
        flash_attn=flash_attn,
        mapped=mmap,
        gpu_memory_utilization=gpu_memory_utilization,
        gpus_per_node=gpus_per_node,
        runtime=runtime,
    )
    planned_for = engine_for(engine, planning.engine_options_given(pins, disk_bandwidth, model), model)
    planner = planned_for.planner
    named = named_model(model, quant, engine)
    if named.old_cache:
        from r1plan.render.model_file import OLD_CACHE

        note(OLD_CACHE)
    for remark in name_remarks(named.taken, named.quant_taken):
        note(remark)
    pins = planner.checked(replace(pins, model=named.model, quant=named.quant))
    described = machines.machine_from_options(
        gpu=gpu,
        vram=vram,
        bandwidth=bandwidth,
        vendor=vendor,
        vram_used=vram_used,
        unified=unified,
        ram=ram,
        ram_bandwidth=ram_bandwidth,
        cores=cores,
        cpu=cpu,
        cpu_only=cpu_only,
        machine=machine,
        disk_bandwidth=disk_bandwidth,
    )
    if other := changed_remark(described):  # before the answer, which may be another's than was thought
        note(other)
    if wants_month:
        from r1plan.catalog.load import load_hardware
        from r1plan.plan.cost.option_draw import with_sheet_power

        described = with_sheet_power(described, load_hardware().gpus)
    of_family = "all" if model is not None else family  # a name may mean several, of whichever family
    models = ModelSet(named.models, load_quant_tables(), named.from_file, asked.own, of_family)
    planned_for, doubts = with_measured(planned_for, described)
    plan = planned(planned_for, described, models, workload, pins)
    beside = successors_beside(planned_for.planner, plan, models, pins, quick=not in_full)
    plan = replace(with_successors(plan, beside), r1=r1_beside(plan, load_models().values()), doubts=doubts)
    headroom = planned_for.planner.headroom(plan, models, pins) if in_full else None
    book = dollar_book()
    api, outlook = current_offers(workload, asked.own, book), None
    if wants_month:
        from r1plan.cli.outlook.inquiry import MonthInquiry

        outlook = MonthInquiry(asked, prices, api, book).outlook(planned_for, plan, models, in_full=in_full)
    show(planned_for.view, plan, api, headroom, form, models, outlook)
    if asked.said:  # behind the answer
        from r1plan.render.text.wrap import wrapped

        for line in wrapped(asked.said, screen().columns):
            note(line)
