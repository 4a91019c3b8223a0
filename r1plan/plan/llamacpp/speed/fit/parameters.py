"""The parameters that a fit of cards looks for, as logarithms, with what is known of each before any row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, log
from typing import NamedTuple

from r1plan.plan.llamacpp.speed.device_class import FACTORS
from r1plan.plan.llamacpp.speed.fitted import CardConstants

Name = tuple[str, str]
"""A kind of card and its constant, ("type", ggml's) or ("shared", a constant of all)."""


class Prior(NamedTuple):
    """What is known before: a value, and one deviation of its logarithm."""

    value: float
    deviation: float


# Of the widest kind, and of a narrower kind's factor on its elder's constant. Bounds of physics: no card reads faster
# than its memory, which the widths keep to.
_OF_ROOTS: dict[str, Prior] = {
    "efficiency": Prior(0.85, 0.15),
    "cache_efficiency": Prior(0.55, 0.4),
    "seconds_a_layer": Prior(40e-6, 0.7),
    "seconds_a_token": Prior(0.05e-3, 0.3),
    "unpacking": Prior(1.0, 0.5),
    "prompting": Prior(1.5, 0.5),
    "plain_prompting": Prior(1.2, 0.3),
    "prompt_seconds_a_layer": Prior(0.1e-3, 0.7),
    "attending": Prior(0.8, 0.7),
}
_OF_NARROWER: dict[str, float] = {
    "efficiency": 0.10,
    "cache_efficiency": 0.3,
    "seconds_a_layer": 0.3,
    "seconds_a_token": 0.05,
    "unpacking": 0.20,
    "prompting": 0.25,
    "plain_prompting": 0.3,
    "prompt_seconds_a_layer": 0.5,
    "attending": 0.3,
}
_ROOTS: dict[str, dict[str, Prior]] = {
    "nvidia": {},
    "amd": {"prompting": Prior(0.9, 0.5)},
    "apple": {
        "seconds_a_layer": Prior(130e-6, 0.5),
        "prompting": Prior(1.0, 0.3),
        "attending": Prior(0.5, 0.5),
    },
    "intel": {"efficiency": Prior(0.65, 0.3), "prompting": Prior(1.0, 0.6)},
    "integrated": {
        "efficiency": Prior(0.42, 0.3),
        "cache_efficiency": Prior(0.4, 0.4),
        "seconds_a_layer": Prior(60e-6, 0.5),
        "prompting": Prior(0.8, 0.6),
    },
}
NARROWER: dict[str, str] = {
    **dict.fromkeys(("gddr", "hbm", "nvidia unified"), "nvidia"),
    **dict.fromkeys(("pascal", "volta", "turing", "ampere", "ada", "blackwell"), "nvidia"),
    **dict.fromkeys(("ga100", "hopper", "blackwell hbm"), "nvidia"),
    **dict.fromkeys(("rdna2", "rdna3", "rdna4", "cdna", "amd unified"), "amd"),
    **dict.fromkeys(("apple base", "apple pro", "apple max", "apple ultra"), "apple"),
    **dict.fromkeys(("apple m1", "apple m2", "apple m3", "apple m4", "apple m5", "apple m6"), "apple"),
}
_OPERATIONS: dict[str, float] = {
    **dict.fromkeys(("F16", "BF16"), 0.3),
    "F32": 0.6,
    "Q8_0": 4.0,
    "Q4_0": 3.0,
    "Q4_1": 3.0,
    "Q5_0": 4.0,
    "Q5_1": 4.0,
    "Q2_K": 6.0,
    "Q3_K": 8.0,
    "Q4_K": 5.0,
    "Q5_K": 5.5,
    "Q6_K": 6.5,
    **dict.fromkeys(("IQ4_NL", "IQ4_XS"), 4.5),
    **dict.fromkeys(("IQ1_S", "IQ1_M"), 5.5),
    **dict.fromkeys(("IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S"), 6.5),
}
_TYPE_DEVIATION = 0.4
# Prompts of these are what the others are compared with.
_COMPARED = ("Q4_0", "F16", "BF16", "F32")
_PROMPT_DEVIATION = 0.35
_SHARED: dict[str, Prior] = {
    "overlap": Prior(6.0, 0.3),
    "expert layers": Prior(2.2, 0.4),
    "latent cache operations": Prior(0.9, 0.5),
    # A q8_0 cache costs 11 to 15 us a layer more on an H200, and 15 % at 8,192 tokens with an 8B.
    "quantised cache layer": Prior(1.35, 0.1),
    "quantised cache operations": Prior(6.5, 0.2),
    "uneven heads": Prior(0.7, 0.3),
    "latent attention": Prior(0.7, 0.3),
    "experts' prompt": Prior(0.35, 0.4),
    # Not of today's builds, and of no plan: rows of May 2024 and of Vulkan beside CUDA.
    "old layers": Prior(1.5, 0.4),
    "old cache": Prior(0.6, 0.4),
    "old apple weights": Prior(1.2, 0.2),
    "old plain weights on hbm": Prior(1.5, 0.4),
    "old prompts": Prior(1.1, 0.2),
    "vulkan": Prior(1.08, 0.1),
    "vulkan prompts": Prior(1.3, 0.2),
}


NO_SPREADS = dict.fromkeys((*_ROOTS, "unknown"), (0.2, 0.3))
"""In place of those that a fit is followed by."""


class Parameters(NamedTuple):
    """All parameters with their places: `priors` are by name."""

    priors: Mapping[Name, Prior]

    @property
    def names(self) -> list[Name]:
        """In the order of a vector's places."""
        return list(self.priors)

    def logs(self, constants: CardConstants) -> list[float]:
        """The logarithms of `constants`, and of what is known before where they do not say."""
        tables = {
            **constants.kinds,
            "type": constants.operations,
            "prompt type": constants.prompts,
            "shared": constants.shared,
        }
        return [log(tables.get(of, {}).get(name, prior.value)) for (of, name), prior in self.priors.items()]

    def constants(self, logs: Iterable[float], spreads: Mapping[str, tuple[float, float]]) -> CardConstants:
        """The constants whose logarithms these are."""
        tables: dict[str, dict[str, float]] = {}
        for (of, name), each in zip(self.priors, logs, strict=True):
            tables.setdefault(of, {})[name] = exp(each)
        operations, prompts, shared = (tables.pop(of) for of in ("type", "prompt type", "shared"))
        return CardConstants(tables, operations, prompts, shared, spreads)


def card_parameters() -> Parameters:
    """Those of every kind of card, of every type, and of all."""
    priors: dict[Name, Prior] = {}
    for root, own in _ROOTS.items():
        priors |= {(root, name): own.get(name, _OF_ROOTS[name]) for name in FACTORS}
    for kind in NARROWER:
        priors |= {(kind, name): Prior(1.0, _OF_NARROWER[name]) for name in FACTORS}
    priors |= {("type", name): Prior(value, _TYPE_DEVIATION) for name, value in _OPERATIONS.items()}
    priors |= {("prompt type", name): Prior(1.0, _PROMPT_DEVIATION) for name in _OPERATIONS if name not in _COMPARED}
    priors |= {("shared", name): prior for name, prior in _SHARED.items()}
    return Parameters(priors)


def means(parameters: Parameters) -> list[float]:
    """The logarithms of what is known before."""
    return [log(prior.value) for prior in parameters.priors.values()]
