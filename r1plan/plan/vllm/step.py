"""What one GPU of a vLLM server reads of the weights for one step, which serves all users at once."""

from __future__ import annotations

from r1plan.catalog.model import Model
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.vllm.weights import layer_matrices, matrix_bytes


def step_bytes(model: Model, dtype: Dtype, parallel: Parallel, users: int) -> float:
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
