"""How long what a step takes of a card really takes: factors and times by engine, fitted to measured servers.

The fitted ones are in fitted.py, which `python -m r1plan.plan.serving.fit` writes. What no measured server tells is
set by hand below.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

from r1plan.plan.serving.speed.causes import PromptCauses, StepCauses
from r1plan.plan.serving.speed.era import Era, ModelKind, ServerName
from r1plan.plan.serving.speed.fitted import CONSTANTS, ERAS

# Unpacking to 16 bits in the kernel costs time in every layer: fitted to what one user got by the model cards of
# cognitivecomputations/DeepSeek-R1-AWQ and neuralmagic/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16.
_UNPACKED_LAYER_S: dict[ModelKind, float] = {"dense": 30e-6, "mixture": 120e-6}
_BETWEEN_MACHINES_S = 100e-6  # tokens to their experts and back, over the network; assumed
_STAGE_S = 100e-6  # what one stage sends the next; assumed


class ServerRates(NamedTuple):
    """The rate of each cause of a step, and of each of a prompt, for one engine and kind of model."""

    step: StepCauses
    prompt: PromptCauses


def rates_of(server: ServerName, kind: ModelKind) -> ServerRates:
    """The rates of `server` as its versions have them in common."""
    factor = era_factor(Era(server, kind))

    def rate(name: str) -> float:
        return CONSTANTS[name][0] * factor

    step = StepCauses(
        weights=rate("weights"),
        experts=rate("experts"),
        arithmetic=rate("arithmetic"),
        cache=rate("cache"),
        latent_cache=rate("latent_cache"),
        exchanges=rate(f"exchanges {kind}"),
        exchanged=rate("exchanged"),
        layers=rate(f"layers {server} {kind}"),
        unpacked_layers=_UNPACKED_LAYER_S[kind],
        between_machines=_BETWEEN_MACHINES_S,
        stages=_STAGE_S,
        steps=rate(f"steps {server} {kind}"),
        users=rate(f"users {server} {kind}"),
        rows=rate("rows"),
    )
    return ServerRates(
        step,
        PromptCauses(
            rate("prompt arithmetic"), rate("prompt attention"), rate("prompt exchanged"), rate("prompt rows")
        ),
    )


def era_factor(era: Era) -> float:
    """By how much longer a server of that version takes than the constants say."""
    return factor_among(era, ERAS)


def factor_among(era: Era, eras: Mapping[Era, float]) -> float:
    """What `eras` have for that version; else the middle of what they have for the server's, or for all servers'."""
    if era in eras:
        return eras[era]
    own = [factor for each, factor in eras.items() if each[:2] == era[:2]]
    known = sorted(own or [factor for each, factor in eras.items() if each.kind == era.kind])
    return sqrt(known[(len(known) - 1) // 2] * known[len(known) // 2]) if known else 1.0
