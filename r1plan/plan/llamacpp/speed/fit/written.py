"""The module that holds the fitted constants, written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp, sqrt

import numpy as np

from r1plan.plan.llamacpp.speed.device_class import FACTORS, kinds_of
from r1plan.plan.llamacpp.speed.fit.cards import CardFit, touches
from r1plan.plan.llamacpp.speed.fitted import Fitted

_NUISANCES = ("old ", "vulkan")
_STILL = 0.02
# A card of no known maker: between those of the kinds that it may be of.
_BETWEEN = {
    "unknown": (("nvidia", "gddr"), ("amd",), ("intel",)),
    "unknown hbm": (("nvidia", "hbm"), ("amd", "cdna")),
}


def constants_module(fit: CardFit, spreads: Mapping[str, tuple[float, float]], sources: Mapping[str, str]) -> str:
    """The text of constants.py."""
    return "\n".join(_lines(fitted(fit), spreads, sources)) + "\n"


def fitted(fit: CardFit) -> dict[str, dict[str, Fitted]]:
    """Every constant with its error and its rows, by kind of card, `type`, `prompt type` and `shared`."""
    kinds = [kinds_of(row.card) for row in fit.rows]
    tables: dict[str, dict[str, Fitted]] = {}
    errors = fit.solution.errors
    for name, log, error in zip(fit.parameters.names, fit.solution.parameters, errors, strict=True):
        rows = sum(touches(name, row, of) for row, of in zip(fit.rows, kinds, strict=True))
        tables.setdefault(name[0], {})[name[1]] = Fitted(exp(float(log)), float(error), rows)
    return tables | {name: _between(tables, of, tables.get(of[0][0], {})) for name, of in _BETWEEN.items()}


def _between(
    tables: Mapping[str, Mapping[str, Fitted]], of: tuple[tuple[str, ...], ...], names: Mapping[str, Fitted]
) -> dict[str, Fitted]:
    found = {}
    for name in names:
        logs = [sum(float(np.log(tables[kind][name].value)) for kind in kinds) for kinds in of]
        mean = sum(logs) / len(logs)
        found[name] = Fitted(exp(mean), sqrt(sum((each - mean) ** 2 for each in logs) / len(logs)), 0)
    return found


def _lines(
    tables: Mapping[str, Mapping[str, Fitted]],
    spreads: Mapping[str, tuple[float, float]],
    sources: Mapping[str, str],
) -> Iterator[str]:
    yield '"""Constants of cards, each with its error as a share of it and the rows that it rests on.'
    yield ""
    yield "Written by `python -m r1plan.plan.llamacpp.speed.fit --write`; change the fit or its rows, and not this."
    yield '"""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield "from r1plan.plan.llamacpp.speed.fitted import Fitted, card_constants"
    yield ""
    yield "KINDS: dict[str, dict[str, Fitted]] = {"
    for kind, of in tables.items():
        if kind in ("type", "prompt type", "shared"):
            continue
        own = [name for name in FACTORS if name in of and _says(kind, of[name])]
        if own:
            yield f'    "{kind}": {{'
            yield from (f'        "{name}": {_figure(of[name])},' for name in own)
            yield "    },"
    yield "}"
    for variable, table in (("OPERATIONS", "type"), ("PROMPTS", "prompt type"), ("SHARED", "shared")):
        yield f"{variable} = {{"
        for name, each in tables[table].items():
            if not name.startswith(_NUISANCES):
                yield f'    "{name}": {_figure(each)},'
        yield "}"
    yield "# By how large a share a token's speed and a prompt's may be off: nine of ten rows of machines left out."
    yield "SPREADS = {"
    yield from (f'    "{kind}": ({token:.2f}, {prompt:.2f}),' for kind, (token, prompt) in spreads.items())
    yield "}"
    yield "SOURCES = {"
    yield from (f'    "{kind}": "{each}",' for kind, each in sources.items())
    yield "}"
    yield "CONSTANTS = card_constants(KINDS, OPERATIONS, PROMPTS, SHARED, SPREADS)"


_ASSUMED = ("nvidia", "amd", "apple", "intel", "integrated")


def _says(kind: str, each: Fitted) -> bool:
    """Whether a constant is worth a line: a factor that its rows leave at 1 is not."""
    return kind in _ASSUMED or kind in _BETWEEN or (each.rows > 0 and abs(each.value - 1) >= _STILL)


def _figure(each: Fitted) -> str:
    return f"Fitted({each.value:.4g}, {each.error:.2f}, {each.rows})"
