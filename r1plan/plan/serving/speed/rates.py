"""How long what a step takes of a card really takes: factors and times by engine, fitted to measured servers.

Fitted are those of fitted.py, which `python -m r1plan.plan.serving.fit` writes. What no measured server tells is set
by hand below.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from r1plan.plan.serving.speed.causes import PromptCauses, StepCauses
from r1plan.plan.serving.speed.fitted import BY_ENGINE, BY_KIND, SHARED

ServerName = Literal["vllm", "sglang", "trtllm"]
ModelKind = Literal["dense", "mixture"]

# Unpacking to 16 bits in the kernel costs time in every layer: fitted to what one user got by the model cards of
# cognitivecomputations/DeepSeek-R1-AWQ and neuralmagic/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16.
_UNPACKED_LAYER_S: dict[ModelKind, float] = {"dense": 30e-6, "mixture": 120e-6}
_BETWEEN_MACHINES_S = 100e-6  # tokens to their experts and back, over the network; assumed
_STAGE_S = 100e-6  # what one stage sends the next; assumed


class Estimate(NamedTuple):
    """A fitted value, and by how large a share it may be off: one standard deviation."""

    value: float
    error: float


class ServerRates(NamedTuple):
    """The rate of each cause of a step, and of each of a prompt, for one engine and kind of model."""

    step: StepCauses
    prompt: PromptCauses


def rates_of(server: ServerName, kind: ModelKind) -> ServerRates:
    """The rates of `server`."""
    shared, of_kind, of_engine = SHARED, BY_KIND[kind], BY_ENGINE[server, kind]
    step = StepCauses(
        weights=shared["weights"][0],
        experts=shared["experts"][0],
        arithmetic=shared["arithmetic"][0],
        cache=shared["cache"][0],
        latent_cache=shared["latent_cache"][0],
        exchanges=of_kind["exchanges"][0],
        exchanged=shared["exchanged"][0],
        layers=of_engine["layers"][0],
        unpacked_layers=_UNPACKED_LAYER_S[kind],
        between_machines=_BETWEEN_MACHINES_S,
        stages=_STAGE_S,
        steps=of_engine["steps"][0],
        users=of_engine["users"][0],
    )
    prompt = PromptCauses(
        arithmetic=shared["prompt_arithmetic"][0],
        attention=shared["prompt_attention"][0],
        exchanged=shared["prompt_exchanged"][0],
    )
    return ServerRates(step, prompt)
