"""What may be pinned for llama.cpp: by itself, on this machine, and for these models."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.errors import UsageError
from r1plan.plan.bounds import above_zero, at_most, not_negative
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.memory.devices import Devices
from r1plan.plan.llamacpp.settings import CUDA_FLASH_TYPES, KV_TYPES, MOST_SLOTS, USUAL_UBATCH
from r1plan.plan.pins import Pins
from r1plan.plan.reasons import ContextTooLong, NoExperts
from r1plan.plan.workload import MOST, Workload

_MOST_UBATCH = 1e6


def checked_pins(pins: Pins) -> Pins:
    """`pins`, when they can be meant together. Raises UsageError, which names the option and its value."""
    above_zero(("--context", pins.context), ("--ubatch", pins.n_ubatch), ("--slots", pins.slots))
    not_negative(("--gpu-layers", pins.gpu_layers))
    at_most(_MOST_UBATCH, ("--ubatch", pins.n_ubatch))
    at_most(MOST, ("--gpu-layers", pins.gpu_layers))
    if pins.slots is not None and pins.slots > MOST_SLOTS:
        raise UsageError(
            f"--slots {pins.slots}: llama.cpp takes at most {MOST_SLOTS}.", "--engine vllm plans for more users"
        )
    if pins.kv_type is not None and KV_TYPES[pins.kv_type].quantised and not pins.flash_attn:
        raise UsageError(
            f"--kv {pins.kv_type} with --no-flash-attn: llama.cpp refuses a quantised V cache without flash attention.",
            "leave out one of the two",
        )
    if pins.experts_on_cpu and pins.gpu_layers == 0:
        raise UsageError(
            "--experts-on-cpu with --gpu-layers 0: then everything is on the processor.",
            "--cpu-only plans for that",
        )
    return pins


def check_on_machine(pins: Pins, devices: Devices) -> None:
    """Raises UsageError for pins that mean nothing on these devices."""
    if not devices.gpus and (pins.gpu_layers or pins.experts_on_cpu):
        asked = f"--gpu-layers {pins.gpu_layers}" if pins.gpu_layers else "--experts-on-cpu"
        raise UsageError(
            f"{asked}: the machine has no GPU that can be used.",
            "leave it out; r1plan recommend --gpu NAME plans for a card that is elsewhere",
        )
    if devices.gpus and not devices.unified and pins.flash_attn and pins.kv_type not in (None, *CUDA_FLASH_TYPES):
        raise UsageError(
            f"--kv {pins.kv_type}: on a graphics card llama.cpp's flash attention is built for "
            f"{', '.join(CUDA_FLASH_TYPES)} alone.",
            "take --kv q8_0, or plan for the processor with --cpu-only",
        )
    if devices.unified and pins.experts_on_cpu:
        raise UsageError(
            "--experts-on-cpu: processor and graphics share one memory here, so it would free none.",
            "leave it out; --gpu-layers sets how many layers the graphics part computes",
        )


def check_experts(pins: Pins, candidates: Sequence[QuantCandidate]) -> None:
    """Raises UsageError when the one model that is asked for has no experts to keep in RAM."""
    if pins.experts_on_cpu and pins.model is not None and not candidates[0].weights.expert_layers:
        raise UsageError(
            f"--experts-on-cpu: {candidates[0].model.id} is dense and has no experts.",
            "leave it out, or use --gpu-layers to keep whole layers in RAM",
        )


def check_lengths(pins: Pins, workload: Workload, candidates: Sequence[QuantCandidate]) -> None:
    """Raises UsageError for a micro-batch or a depth that the longest possible context does not hold.

    llama.cpp makes a batch no larger than its context (llama_context, n_batch), so a larger one means nothing.
    """
    most = max(candidate.model.context_max for candidate in candidates)
    if pins.n_ubatch is not None and pins.n_ubatch > most:
        raise UsageError(
            f"--ubatch {pins.n_ubatch}: llama.cpp reads no more than its context at once, at most {most:,} tokens.",
            f"its own default is {USUAL_UBATCH}; more than 4096 is seldom any faster",
        )
    longest = pins.context or most
    for depth in workload.depths:
        if depth > longest:
            whose = "the context has" if pins.context else "the longest context has"
            raise UsageError(
                f"--depth {depth}: {whose} {longest:,} tokens.", f"give a depth of at most --depth {longest}"
            )


def refusal(pins: Pins, candidate: QuantCandidate) -> ContextTooLong | NoExperts | None:
    """Why a model cannot do what is asked whatever the machine, or None."""
    if pins.context is not None and pins.context > candidate.model.context_max:
        return ContextTooLong(candidate.model.context_max)
    if pins.experts_on_cpu and not candidate.weights.expert_layers:
        return NoExperts(candidate.model.id)
    return None
