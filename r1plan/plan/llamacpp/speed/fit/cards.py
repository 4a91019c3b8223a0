"""The fit of cards: what the constants make of each row, and the constants that make the rows most likely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from r1plan.plan.llamacpp.speed.cards import CardSpeed
from r1plan.plan.llamacpp.speed.device_class import kinds_of
from r1plan.plan.llamacpp.speed.fit.least_squares import MOST_STEPS, Solution, Vector, solve
from r1plan.plan.llamacpp.speed.fit.parameters import NO_SPREADS, Name, Parameters, card_parameters, means
from r1plan.plan.llamacpp.speed.fit.rows import OLD_ERA, SpeedRow
from r1plan.plan.llamacpp.speed.fitted import CardConstants

# What rows of one machine have in common that no constant says, and what each has besides.
_NOISE = 0.06
_PROMPT_NOISE = 0.10
_OLD_NOISE, _OWN_NOISE = 1.3, 0.7
# Attention's time is not quite proportional to what it attends to, so deep rows say less of the rest.
_DEEP_NOISE, _DEEP_TOKENS = 1.8, 4096
_SHARED_BY: dict[str, Callable[[SpeedRow], bool]] = {
    "overlap": lambda row: not row.is_prompt,
    "expert layers": lambda row: row.kind.moe and not row.is_prompt,
    "latent cache operations": lambda row: row.kind.latent and not row.is_prompt,
    "quantised cache layer": lambda row: row.work.kv_type not in ("f16", "bf16", "f32") and not row.is_prompt,
    "quantised cache operations": lambda row: row.work.kv_type not in ("f16", "bf16", "f32") and not row.is_prompt,
    "uneven heads": lambda row: row.kind.heads_a_key % 2 == 1 and row.is_prompt,
    "latent attention": lambda row: row.kind.latent and row.is_prompt,
    "experts' prompt": lambda row: row.kind.moe and row.is_prompt,
    "old layers": lambda row: row.era == OLD_ERA and not row.is_prompt,
    "old cache": lambda row: row.era == OLD_ERA and not row.is_prompt,
    "old apple weights": lambda row: row.era == OLD_ERA and not row.is_prompt and row.card.vendor == "apple",
    "old plain weights on hbm": lambda row: row.era == OLD_ERA and not row.is_prompt and row.quant == "F16",
    "old prompts": lambda row: row.era == OLD_ERA and row.is_prompt,
    "vulkan": lambda row: row.backend == "vulkan" and not row.is_prompt,
    "vulkan prompts": lambda row: row.backend == "vulkan" and row.is_prompt,
}
_OF_TOKENS = ("efficiency", "cache_efficiency", "seconds_a_layer", "seconds_a_token", "unpacking")
_OF_PROMPTS = ("prompting", "plain_prompting", "prompt_seconds_a_layer", "attending")


@dataclass(frozen=True, slots=True)
class CardFit:
    """Fitted parameters with the rows and how far each is off, in logarithms of the time."""

    rows: Sequence[SpeedRow]
    parameters: Parameters
    solution: Solution

    @property
    def constants(self) -> CardConstants:
        """What was fitted."""
        return self.parameters.constants(self.solution.parameters, NO_SPREADS)

    def left_out(self, alike: Callable[[SpeedRow], object]) -> Vector:
        """How far each row is off by the constants that all rows but those `alike` to it give, to first order."""
        found = np.zeros(len(self.rows))
        for of in groups(self.rows, alike).values():
            found[of] = self.solution.without(of)
        return found

    def refitted_without(self, alike: Callable[[SpeedRow], object]) -> Vector:
        """The same by as many fits as there are groups."""
        found = np.zeros(len(self.rows))
        for of in groups(self.rows, alike).values():
            rest = [row for place, row in enumerate(self.rows) if place not in set(of)]
            logs = fit_cards(rest, self.solution.parameters, steps=4).solution.parameters
            constants = self.parameters.constants(logs, NO_SPREADS)
            found[of] = [log(predicted_seconds(self.rows[place], constants) / self.rows[place].seconds) for place in of]
        return found


def groups(rows: Sequence[SpeedRow], alike: Callable[[SpeedRow], object]) -> dict[object, list[int]]:
    """The places of the rows that are alike."""
    places: dict[object, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(alike(row), []).append(place)
    return places


def predicted_seconds(row: SpeedRow, constants: CardConstants, speed: CardSpeed | None = None) -> float:
    """What the constants say of a row."""
    speed, shared, old = speed or CardSpeed(row.card, constants), constants.shared, row.era == OLD_ERA
    vulkan = row.backend == "vulkan" and row.card.vendor == "nvidia"
    if row.is_prompt:
        prompt = speed.prompt(row.prompt, row.kind, layers=row.work.layers, share=1.0)
        if prompt is None:
            raise ValueError(f"{row.id}: nothing is known of what {row.machine} calculates")
        seconds = prompt.products + prompt.layers + prompt.attention_a_depth * row.depth
        return seconds * (shared["old prompts"] if old else 1.0) * (shared["vulkan prompts"] if vulkan else 1.0)
    token = speed.token(row.work, row.kind)
    weights, layers, cache = token.weights, token.layers, token.cache_a_depth * row.depth
    if old:
        layers, cache = layers * shared["old layers"], cache / shared["old cache"]
        if row.card.vendor == "apple" and row.quant != "F16":
            weights *= shared["old apple weights"]
        if row.quant == "F16" and "hbm" in speed.kind.kinds:
            weights *= shared["old plain weights on hbm"]
    return (weights + layers + cache) * (shared["vulkan"] if vulkan else 1.0)


def fit_cards(rows: Sequence[SpeedRow], begin: Vector | None = None, steps: int = MOST_STEPS) -> CardFit:
    """The constants of cards by `rows`, looked for from `begin` on, else from what is known before."""
    parameters = card_parameters()
    names = parameters.names
    kinds = [kinds_of(row.card) for row in rows]
    touched = [[place for place, row in enumerate(rows) if touches(name, row, kinds[place])] for name in names]

    def of(logs: Vector, which: Sequence[int]) -> Vector:
        constants = parameters.constants(logs, NO_SPREADS)
        speeds: dict[str, CardSpeed] = {}
        found = []
        for place in which:
            row = rows[place]
            speed = speeds.get(row.machine)
            if speed is None:
                speed = speeds[row.machine] = CardSpeed(row.card, constants)
            found.append(log(predicted_seconds(row, constants, speed) / row.seconds))
        return np.array(found)

    every = range(len(rows))

    def changed(logs: Vector, place: int, step: float) -> tuple[Sequence[int], Vector]:
        there = logs.copy()
        there[place] += step
        return touched[place], of(there, touched[place])

    deviation = np.array([prior.deviation for prior in parameters.priors.values()])
    mean = np.array(means(parameters))
    solution = solve(
        lambda logs: of(logs, every), changed, mean, deviation, _noise(rows), mean if begin is None else begin, steps
    )
    return CardFit(rows, parameters, solution)


def _noise(rows: Sequence[SpeedRow]) -> Vector:
    """Each row's deviation. Rows of one file on one machine say together what one would."""
    alike: dict[tuple[object, ...], int] = {}
    for row in rows:
        alike[_likeness(row)] = alike.get(_likeness(row), 0) + 1
    return np.array(
        [
            (_PROMPT_NOISE if row.is_prompt else _NOISE)
            * alike[_likeness(row)] ** 0.5
            * (_OLD_NOISE if row.era == OLD_ERA else 1.0)
            * (_OWN_NOISE if row.is_own else 1.0)
            * (_DEEP_NOISE if row.depth > _DEEP_TOKENS and not row.is_prompt else 1.0)
            for row in rows
        ]
    )


def _likeness(row: SpeedRow) -> tuple[object, ...]:
    return row.machine, row.model, row.quant, row.is_prompt


def touches(name: Name, row: SpeedRow, kinds: tuple[str, ...]) -> bool:
    """Whether a row's time depends on a parameter."""
    of, what = name
    if of == "type":
        return not row.is_prompt and any(what == type_ for type_, _ in (*row.kind.trunk_types, *row.kind.expert_types))
    if of == "prompt type":
        return row.is_prompt and any(what == type_ for type_, _ in (*row.kind.trunk_types, *row.kind.expert_types))
    if of == "shared":
        return _SHARED_BY[what](row)
    return of in kinds and what in (_OF_PROMPTS if row.is_prompt else _OF_TOKENS)
