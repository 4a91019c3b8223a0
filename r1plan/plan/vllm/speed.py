"""How fast each user of a vLLM server gets tokens: the bytes that one step reads, over the card's bandwidth.

    t = weights read / (eta * BW) + cache read / (eta_kv * BW) + c * layers

A step serves all users at once. It reads each dense weight once and of the routed experts those that some user's token
goes to: E * (1 - (1 - k/E)^users) of E. The constants are assumed and checked against one public sweep: R1-0528 in FP8
on 8 H200 took 12.8, 17.2, 25.6 and 34.6 ms a token at 8, 16, 32 and 64 users (SemiAnalysisAI/InferenceX issue 870, by
SGLang 0.5.7), where this gives 15.6, 20.0, 26.3 and 33.4.
"""

from __future__ import annotations

from r1plan.catalog.model import Model
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.llamacpp.memory.parts import Basis
from r1plan.plan.speed import DecodeSpeed, Range, Speed, SpeedTerm
from r1plan.plan.vllm.memory import VllmKv, kv_bytes_per_token
from r1plan.plan.vllm.weights import Dtype, Parallel, layer_matrices, matrix_bytes
from r1plan.units import GB

_EFFICIENCY = 0.75
_KV_EFFICIENCY = 0.40
_SECONDS_A_LAYER = 30e-6
_SECONDS_A_LAYER_TOGETHER = 45e-6  # two sums over NVLink more
_SECONDS_A_ROUTED_LAYER = 150e-6
_SECONDS_A_SHARED_CACHE = 20e-6  # the cards' parts of the attention joined
_PCIE_FACTOR = 2.0  # cards without a fast link of their own
_LOW, _HIGH = 0.6, 1.4
_UNKNOWN_GB_S = 300.0
_SOURCE = "bytes read over bandwidth; one public sweep within 22 %"


def vllm_speed(
    model: Model,
    dtype: Dtype,
    parallel: Parallel,
    gpu: GpuDevice,
    kv_type: VllmKv,
    users: int,
    depths: tuple[int, ...],
) -> Speed:
    """Tokens a second that each of `users` gets at each of `depths`. How fast a prompt is read is not predicted."""
    bandwidth = (gpu.bandwidth_gb_s or _UNKNOWN_GB_S) * GB
    weights = _read_bytes(model, dtype, parallel, users) / (_EFFICIENCY * bandwidth)
    fixed = _seconds_a_layer(model, parallel, gpu) * model.shape.layers
    on_each = -(-users // parallel.data) / parallel.context
    each_token = kv_bytes_per_token(model.shape, kv_type, parallel.tensor) * on_each / (_KV_EFFICIENCY * bandwidth)
    decode = []
    for depth in depths:
        mid = 1 / (weights + fixed + each_token * depth)
        decode.append(DecodeSpeed(depth, Range(mid * _LOW, mid, mid * _HIGH)))
    terms = (
        SpeedTerm("gpu bandwidth", weights),
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
        source=_SOURCE,
    )


def _read_bytes(model: Model, dtype: Dtype, parallel: Parallel, users: int) -> float:
    """Bytes of weights that each GPU reads for one step of `users` tokens."""
    shape, experts = model.shape, model.shape.experts
    share = 1.0
    dense = shape.dense_layers
    if experts is not None:
        share = 1 - (1 - experts.read_share) ** users
    read = shape.vocab_size // parallel.tensor * shape.hidden_size * 2.0
    for expert_layer, layers in ((False, dense), (True, shape.layers - dense)):
        for matrix in layer_matrices(model.architecture, shape, expert_layer=expert_layer):
            size = matrix_bytes(model, matrix, dtype, parallel)
            read += layers * size * (share if matrix.routed else 1.0)
    return read


def _seconds_a_layer(model: Model, parallel: Parallel, gpu: GpuDevice) -> float:
    if model.shape.experts is not None:
        seconds = _SECONDS_A_ROUTED_LAYER
    else:
        seconds = _SECONDS_A_LAYER if parallel.gpus == 1 else _SECONDS_A_LAYER_TOGETHER
    if parallel.context > 1:
        seconds += _SECONDS_A_SHARED_CACHE
    linked = gpu.gpu_class == "nvidia-datacentre" or gpu.vendor == "amd"
    return seconds if linked or parallel.gpus == 1 else seconds * _PCIE_FACTOR
