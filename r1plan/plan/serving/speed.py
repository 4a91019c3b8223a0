"""How fast each user of a server gets tokens: the bytes that one step reads, over the card's bandwidth.

    t = max(weights read / (eta * BW), 2 * params * users / FLOPS) + cache read / (eta_kv * BW) + c * layers

A step serves all users at once. It reads each dense weight once and of the routed experts those that some user's token
goes to: E * (1 - (1 - k/E)^users) of E. The constants are assumed and checked against one public sweep: R1-0528 in FP8
on 8 H200 took 12.8, 17.2, 25.6 and 34.6 ms a token at 8, 16, 32 and 64 users (SemiAnalysisAI/InferenceX issue 870, by
SGLang 0.5.7), where this gives 15.6, 20.0, 26.3 and 33.4.

What is unpacked to 16 bits in the kernel costs time in every layer; that is fitted to what one user got by the model
cards of cognitivecomputations/DeepSeek-R1-AWQ and neuralmagic/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16: R1 61.5
tok/s on 8 H100, 58.4 on 4 H200, 46.8 on 8 A100 and 46.3 on 8 L40S, where this gives 56, 55, 54 and 46; the 32B in GPTQ
33 on an A6000, 58 on an A100 and 61 on an H100, where this gives 29, 65 and 92.
"""

from __future__ import annotations

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.basis import Basis
from r1plan.plan.serving.budget import ServedKv, kv_bytes_per_token
from r1plan.plan.serving.option import Computed
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.speed import DecodeSpeed, Range, Speed, SpeedTerm
from r1plan.units import GB

_EFFICIENCY = 0.75
_KV_EFFICIENCY = 0.40
_ARITHMETIC_EFFICIENCY = 0.7
_SECONDS_A_LAYER = 30e-6
_SECONDS_A_LAYER_TOGETHER = 45e-6  # two sums over NVLink more
_SECONDS_A_ROUTED_LAYER = 150e-6
_SECONDS_A_SHARED_CACHE = 20e-6  # the cards' parts of the attention joined
_SECONDS_A_LAYER_TO_UNPACK = 30e-6
_SECONDS_A_ROUTED_LAYER_UNPACKED = 270e-6
_SECONDS_A_LAYER_BETWEEN_MACHINES = 100e-6  # tokens to their experts and back, over the network
_SECONDS_A_STAGE = 100e-6  # what one stage sends the next
_PCIE_FACTOR = 2.0  # cards without a fast link of their own
_LOW, _HIGH = 0.6, 1.4
_UNKNOWN_GB_S = 300.0
_SOURCE = "bytes read over bandwidth; one public sweep within 22 %"
_UNPACKED = "; weights are unpacked to 16 bits, so that prompts and many users at once are no faster than in BF16"


def user_speed(
    model: Model,
    parallel: Parallel,
    gpu: GpuDevice,
    kv_type: ServedKv,
    users: int,
    depths: tuple[int, ...],
    step_bytes: float,
    computed: Computed,
) -> Speed:
    """Tokens a second that each user gets at each of `depths`, where a step reads `step_bytes` of weights.

    A step goes through all stages, one after the other, and serves `users`; the stages work on as many steps at once.
    How fast a prompt is read is not predicted.
    """
    bandwidth = (gpu.bandwidth_gb_s or _UNKNOWN_GB_S) * GB
    read = step_bytes / (_EFFICIENCY * bandwidth)
    arithmetic = _seconds_of_arithmetic(model, parallel, gpu, users, computed)
    weights = max(read, arithmetic)
    fixed = _seconds_a_layer(model, parallel, gpu, computed) * model.shape.layers
    fixed += (parallel.pipeline - 1) * _SECONDS_A_STAGE
    on_each = -(-users // parallel.data) / parallel.context
    each_token = kv_bytes_per_token(model.shape, kv_type, parallel.tensor) * on_each / (_KV_EFFICIENCY * bandwidth)
    decode = []
    for depth in depths:
        mid = 1 / (weights + fixed + each_token * depth)
        decode.append(DecodeSpeed(depth, Range(mid * _LOW, mid, mid * _HIGH)))
    terms = (
        SpeedTerm("gpu arithmetic" if arithmetic > read else "gpu bandwidth", weights),
        SpeedTerm("gpu layers' fixed cost", fixed),
        SpeedTerm("reading the cache", each_token * depths[0]),
    )
    basis: Basis = "assumed"
    return Speed(
        prefill_tok_s=None,
        decode=tuple(decode),
        bottleneck=max(terms, key=lambda term: term.seconds).what,
        basis=basis,
        terms=tuple(sorted(terms, key=lambda term: -term.seconds)),
        source=_SOURCE + (_UNPACKED if computed.weight_only else ""),
    )


def _seconds_of_arithmetic(model: Model, parallel: Parallel, gpu: GpuDevice, users: int, computed: Computed) -> float:
    """What the matrices of one step take to multiply, which is hidden behind reading them while users are few."""
    if gpu.fp16_tensor_tflops is None:
        return 0.0
    rate = gpu.fp16_tensor_tflops * 1e12 * computed.times_as_fast * _ARITHMETIC_EFFICIENCY
    return 2.0 * model.active_params * users / (parallel.tensor * parallel.data) / rate


def _seconds_a_layer(model: Model, parallel: Parallel, gpu: GpuDevice, computed: Computed) -> float:
    mixture, alone = model.shape.experts is not None, parallel.tensor * parallel.data == 1
    dense = _SECONDS_A_LAYER if alone else _SECONDS_A_LAYER_TOGETHER
    seconds = _SECONDS_A_ROUTED_LAYER if mixture else dense
    if parallel.context > 1:
        seconds += _SECONDS_A_SHARED_CACHE
    linked = gpu.gpu_class == "nvidia-datacentre" or gpu.vendor == "amd"
    if not (linked or alone):
        seconds *= _PCIE_FACTOR
    if computed.weight_only:
        seconds = max(seconds, _SECONDS_A_ROUTED_LAYER_UNPACKED) if mixture else seconds + _SECONDS_A_LAYER_TO_UNPACK
    if parallel.machines > 1 and parallel.data > 1:
        seconds += _SECONDS_A_LAYER_BETWEEN_MACHINES
    return seconds
