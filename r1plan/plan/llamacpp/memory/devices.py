"""A machine as the planner sees it: what each device can hold, with unified memory counted once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.llamacpp.memory.backend import context_of, measured_context
from r1plan.plan.llamacpp.memory.parts import Device
from r1plan.plan.reasons import CardsBeyond
from r1plan.units import MIB

# GGML_CUDA_MAX_DEVICES and llama_max_devices() at build 0c1e57098: with more cards in sight llama.cpp stops.
MOST_CARDS = 16
# The interpreter, llama.cpp's libraries and the allocator's slack.
_PROCESS_BYTES = 200 * MIB
_NONE: Mapping[int, int] = MappingProxyType({})


class Devices(NamedTuple):
    """The places for buffers. Either `gpus` with a `host` beside them, or one unified device in `gpus` and no host."""

    gpus: tuple[Device, ...]
    host: Device | None

    @property
    def unified(self) -> bool:
        """Whether CPU and GPU share one memory."""
        return self.host is None


def devices_of(machine: Machine, overhead_bytes: Mapping[int, int] = _NONE) -> Devices:
    """The devices of `machine` for one llama.cpp, which takes no more than MOST_CARDS: the first of them.

    `overhead_bytes` are what cards, by their index, were measured to lose more than is planned; negative: less.

    Discrete cards go before an integrated one, which is then left out.
    """
    discrete = [gpu for gpu in machine.gpus if not gpu.unified and gpu.free_bytes > 0][:MOST_CARDS]
    integrated = [gpu for gpu in machine.gpus if gpu.unified]
    if discrete or not integrated:
        return Devices(tuple(_card(gpu, overhead_bytes.get(gpu.index)) for gpu in discrete), _host(machine))
    return Devices((_unified(integrated[0], machine, overhead_bytes.get(integrated[0].index)),), None)


def cards_beyond(machine: Machine) -> CardsBeyond | None:
    """The cards that one llama.cpp cannot take; None when it takes all."""
    cards = sum(not gpu.unified and gpu.free_bytes > 0 for gpu in machine.gpus)
    return CardsBeyond(MOST_CARDS, cards) if cards > MOST_CARDS else None


def without_gpus(machine: Machine) -> Devices:
    """The devices of `machine` when the processor alone computes; unified memory is then host memory."""
    return Devices((), _host(machine))


def disk_of(file_bytes: int) -> Device:
    """The disk as a device that holds the model's file and nothing else."""
    return Device(
        name="disk",
        kind="disk",
        capacity_bytes=file_bytes,
        free_bytes=file_bytes,
        margin_bytes=0,
        fixed_overhead_bytes=0,
    )


def _card(gpu: GpuDevice, learned_bytes: int | None) -> Device:
    context = measured_context(context_of(gpu), learned_bytes)
    return Device(
        name=f"gpu{gpu.index}",
        kind="gpu",
        capacity_bytes=gpu.total_bytes,
        free_bytes=gpu.free_bytes,
        margin_bytes=max(256 * MIB, gpu.total_bytes // 100),
        fixed_overhead_bytes=context.size_bytes,
        gpu_index=gpu.index,
        cuda=gpu.vendor == "nvidia",
        overhead_basis=context.basis,
        overhead_why=context.why,
        uncertain_bytes=context.uncertain_bytes,
        learned_bytes=learned_bytes or 0,
        bandwidth_gb_s=gpu.bandwidth_gb_s,
    )


def _host(machine: Machine) -> Device:
    usable = machine.memory.usable_bytes
    return Device(
        name="host",
        kind="host",
        capacity_bytes=usable,
        free_bytes=min(machine.memory.available_bytes, usable),
        margin_bytes=max(256 * MIB, usable // 50),
        fixed_overhead_bytes=_PROCESS_BYTES,
    )


def _unified(gpu: GpuDevice, machine: Machine, learned_bytes: int | None) -> Device:
    # An Apple chip's total is already the share of memory that Metal offers a process.
    usable = machine.memory.usable_bytes
    free = min(gpu.free_bytes, machine.memory.available_bytes, usable)
    context = measured_context(context_of(gpu), learned_bytes)
    return Device(
        name="unified",
        kind="unified",
        capacity_bytes=usable,
        free_bytes=free,
        margin_bytes=max(256 * MIB, usable // 50) if gpu.vendor != "apple" else 256 * MIB,
        fixed_overhead_bytes=_PROCESS_BYTES + context.size_bytes,
        gpu_index=gpu.index,
        overhead_why=f"{context.why}, and the process itself",
        uncertain_bytes=context.uncertain_bytes,
        learned_bytes=learned_bytes or 0,
        bandwidth_gb_s=gpu.bandwidth_gb_s,
    )
