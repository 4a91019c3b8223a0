"""The real catalogue, and machines built by hand."""

from __future__ import annotations

from r1plan.catalog.load import load_models
from r1plan.catalog.model import Model, Quant
from r1plan.catalog.quality import load_quant_tables
from r1plan.hardware.machine import Cpu, GpuDevice, HostMemory, Machine
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan, PlannedOption, Rejection
from r1plan.plan.workload import Workload
from r1plan.render.plan.words import cause_text, standing_text
from r1plan.units import GIB

MODELS = load_models()
TABLES = load_quant_tables()
CATALOGUE = ModelSet(MODELS, TABLES)


def model(id_: str) -> Model:
    return MODELS[id_]


def quant(id_: str, name: str) -> Quant:
    return next(each for each in MODELS[id_].quants if each.name == name)


def card(
    gib: float,
    *,
    index: int = 0,
    bandwidth: float | None = 1000.0,
    gpu_class: str = "nvidia-consumer",
    unified: bool = False,
    watts: float | None = 300.0,
) -> GpuDevice:
    return GpuDevice(
        index=index,
        vendor="nvidia",
        name=f"card {gib:g}",
        profile=None,
        total_bytes=round(gib * GIB),
        free_bytes=round(gib * GIB),
        bandwidth_gb_s=bandwidth,
        fp32_tflops=80.0,
        gpu_class=gpu_class,
        unified=unified,
        power_limit_w=watts,
    )


def machine(*gpus: GpuDevice, ram: float = 64.0, limit: float | None = None, cores: int = 16) -> Machine:
    total = round(ram * GIB)
    usable = min(total, round(limit * GIB)) if limit else total
    return Machine(
        origin="described",
        system="linux",
        cpu=Cpu(model="made up", cores=cores, architecture="x86_64"),
        memory=HostMemory(
            total_bytes=total,
            available_bytes=usable,
            limit_bytes=round(limit * GIB) if limit else None,
            bandwidth_gb_s=80.0,
            bandwidth_basis="given",
        ),
        gpus=gpus,
    )


def plan(on: Machine, workload: Workload | None = None, pins: Pins | None = None) -> Plan[Option]:
    return choose(on, CATALOGUE, workload or Workload(), pins or Pins())


def reason(option: PlannedOption | Rejection) -> str:
    """What is said of an option, offered or rejected."""
    return cause_text(option.cause) if isinstance(option, Rejection) else standing_text(option.why)
