"""What the constants of a processor's speed are; host_fitted.py has their values."""

from __future__ import annotations

from typing import NamedTuple


class HostConstant(NamedTuple):
    """`error` is one standard deviation of the logarithm of `value`, after the fit."""

    value: float
    error: float


class HostConstants(NamedTuple):
    """All that the speed of processors rests on beside their data sheets. Shares have no unit.

    `memory_share` of the peak bandwidth reads weights, and `core_share` of what a core was measured to do
    (core_types.py) each does where all work at once. `layer_s` is what a layer costs besides, `latent_layer_s` one with
    latent attention more, `expert_layer_s` its routed experts, and `across_layer_s` handing those over from a card and
    back.
    """

    memory_share: HostConstant
    core_share: HostConstant
    layer_s: HostConstant
    latent_layer_s: HostConstant
    expert_layer_s: HostConstant
    across_layer_s: HostConstant
