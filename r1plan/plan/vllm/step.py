"""What one GPU of a vLLM server reads of the weights for one step, which serves all users at once, and computes."""

from __future__ import annotations

from collections import Counter

from r1plan.catalog.model import Model
from r1plan.plan.serving.checkpoints import Dtype, packing
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.causes import StepReads
from r1plan.plan.vllm.weights import is_low, layer_matrices, matrix_bytes, share_of

_BF16_BYTES = 2


def step_reads(model: Model, dtype: Dtype, parallel: Parallel) -> StepReads:
    """What each GPU reads in one step, and computes for each token of it.

    Where groups of GPUs repeat the attention, each computes it for its own tokens alone.
    """
    shape, experts = model.shape, model.shape.experts
    read_share = shape.read_share
    packed = packing(model, dtype)
    head = shape.vocab_size // parallel.tensor * shape.hidden_size
    whole, routed = head * float(_BF16_BYTES), 0.0
    flop = {False: 2.0 * head / parallel.data, True: 0.0}
    kinds = Counter(shape.kind_of(layer)[:2] for layer in range(shape.layers))
    for (expert_layer, ratio), layers in kinds.items():
        for matrix in layer_matrices(model.architecture, shape, expert_layer=expert_layer, compress_ratio=ratio):
            size = layers * matrix_bytes(model, matrix, dtype, parallel)
            rows, columns, copies = share_of(matrix, shape, parallel)
            products = 2.0 * layers * rows * columns * copies
            low = is_low(matrix, packed)
            if matrix.routed and experts is not None:
                routed += size
                flop[low] += products * read_share
            else:
                whole += size
                flop[low] += products / parallel.data
    return StepReads(whole, routed, read_share, low_flop=flop[True], half_flop=flop[False])
