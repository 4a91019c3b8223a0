"""Sentences on who may answer, from the facts of it."""

from __future__ import annotations

from typing import assert_never

from r1plan.ask.notes import (
    BilledIn,
    Demonstration,
    FoundOnDisk,
    InTheOpen,
    ResolutionNote,
    RunsHere,
    ThroughProxy,
    UnusableKey,
)
from r1plan.engine.target import UnlistedModel
from r1plan.render.model_names import taken_text
from r1plan.render.models.words import STORE_NAMES


def resolution_text(note: ResolutionNote) -> str:
    """What is to be known of who may answer."""
    match note:
        case Demonstration(surely):
            return (
                f"r1-tiny {'answers' if surely else 'may answer'}: the built-in demonstration model, not R1; it does "
                "small arithmetic. For a real one: r1plan models pull recommended, then --local; "
                "or --provider deepseek."
            )
        case FoundOnDisk():
            return _found_text(note)
        case RunsHere(model, plan):
            from r1plan.render.chat.engine import runs_text

            return runs_text(model, plan)
        case BilledIn(currency):
            return f"This account is billed in {currency}: cost-report --currency {currency} says what it cost."
        case UnusableKey(error):
            return f"warning: {error.message} {error.hint or ''}".rstrip()
        case UnlistedModel(provider, model, near):
            meant = f" Did you mean '{near}'?" if near else ""
            return f"'{model}' is not among what is known of {provider}: it is asked for as it is, unpriced.{meant}"
        case ThroughProxy(providers, proxy):
            return f"Asked through the proxy {proxy}: {', '.join(providers)}."
        case InTheOpen(server):
            return f"{server} is asked over plain http: others on the way can read what is sent."
        case _:
            assert_never(note)


def _found_text(found: FoundOnDisk) -> str:
    """Which file answers to a name, whose it is, and what else of that model is here."""
    best = "" if found.typed is not None else ", the best that is here"
    said = [f"{found.model} answers{best}, from {STORE_NAMES[found.store]}: {found.path}."]
    if found.taken is not None:
        said.append(taken_text(found.taken))
    if found.others:
        said.append(f"Also here: {', '.join(found.others)}.")
    return " ".join(said)
