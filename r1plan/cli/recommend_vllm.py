"""`r1plan recommend --engine vllm`: which R1 a machine should serve with vLLM, and to how many users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.errors import NothingFits, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from r1plan.hardware.machine import Machine
    from r1plan.market.compare import ApiOffer
    from r1plan.plan.vllm.option import VllmPins, VllmPlan
    from r1plan.plan.workload import Workload


def vllm_pins(
    model: str | None, quant: str | None, context: int | None, kv: str | None, slots: int | None, llamas: list[str]
) -> VllmPins:
    """What the options pin for vLLM. `llamas` are those given that only llama.cpp has.

    Raises UsageError for these, for a GGUF file, a cache that vLLM does not have, and numbers that cannot be.
    """
    from r1plan.models.reference import is_file
    from r1plan.plan.vllm.memory import VllmSettings
    from r1plan.plan.vllm.option import VllmPins

    if llamas:
        raise UsageError(f"{llamas[0]} with --engine vllm: only llama.cpp has it.", "leave out one of the two")
    if model is not None and is_file(model):
        raise UsageError(
            f"--model {model} with --engine vllm: a GGUF file is llama.cpp's.",
            "name a model of the catalogue, such as DeepSeek-R1-0528",
        )
    if kv not in (None, "f16", "bf16", "q8_0"):
        raise UsageError(f"--kv {kv} with --engine vllm: its cache has 16 or 8 bits.", "--kv q8_0 plans for FP8")
    for option, value in (("--context", context), ("--slots", slots)):
        if value is not None and value <= 0:
            raise UsageError(f"{option} {value}: expected a number above zero.")
    return VllmPins(
        model=model,
        dtype=quant,
        context=context,
        users=slots or 1,
        settings=VllmSettings(kv_type="fp8" if kv == "q8_0" else "bf16"),
    )


def recommend_vllm(
    machine: Machine,
    workload: Workload,
    pins: VllmPins,
    api: Sequence[ApiOffer],
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Choose and print. Raises NothingFits when vLLM can serve nothing of what was asked."""
    from r1plan.catalog.load import load_hardware, load_models
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.plan.vllm.choose import choose_vllm

    if workload.power_usd_per_kwh is not None:
        from r1plan.plan.energy import with_sheet_power

        machine = with_sheet_power(machine, load_hardware().gpus)
    plan = choose_vllm(machine, load_models(), load_quant_tables(), workload, pins)
    _show(plan, api, explain=explain, as_json=as_json)


def _show(plan: VllmPlan, api: Sequence[ApiOffer], *, explain: bool, as_json: bool) -> None:
    from r1plan.render import output

    if as_json:
        from r1plan.render.plan.vllm_document import vllm_plan_document

        output.document(vllm_plan_document(plan, api))
    elif plan.choice is not None or explain:
        from r1plan.render.plan.vllm import show_vllm_plan, vllm_explained

        show_vllm_plan(plan, api, output.console())
        if explain:
            for line in vllm_explained(plan):
                print(line)
    if plan.choice is None:
        least = plan.nearest_miss
        if least is None:
            raise NothingFits("vLLM can serve nothing of what was asked.")
        raise NothingFits(f"vLLM can serve nothing: {least.id} {least.reason}.", "--explain says why for each option")
    if not plan.choice.fits:
        raise NothingFits(
            f"{plan.choice.id} does not fit: it {plan.choice.reason}.", "leave out --quant to see what does"
        )
    if not as_json and not explain:
        output.note("r1plan recommend --explain shows the memory of each part and every rejected option.")
