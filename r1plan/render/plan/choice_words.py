"""The sentences of the choice: the rule with its figures, and what takes longer than the patience."""

from __future__ import annotations

from math import floor

from r1plan.plan.chosen import BeyondPatience, Chosen
from r1plan.plan.reasons import Slow
from r1plan.render.text.units import duration
from r1plan.units import S_A_MINUTE


def chosen_text(why: Chosen) -> str:
    """The rule with its figures: the best that comes within what an answer may take, and what a better one takes."""
    score = "quality" if why.score is None else f"published quality ({score_text(why)})"
    asked = "" if why.least_tok_s is None else f" at {why.least_tok_s:g} tok/s or more"
    limits = f"within {duration(why.patience_min * S_A_MINUTE)}"
    if why.most_wh is not None:
        limits += f" and {why.most_wh:g} Wh"
    if why.within:
        said = f"the best {score}{asked} whose typical answer comes {limits}"
    else:
        kind = "the fastest" if why.objective != "cost" else "the least energy an answer"
        said = f"no typical answer{asked} comes {limits}: {kind}, at {_taken(why.seconds, why.wh)}"
    if not why.usable:
        said = f"nothing finer fits: {said}"
    elif not why.holds_most:
        said = f"no room for the longest answers: {said}"
    if why.better is None:
        return said
    return f"{said}; {why.better.id} would take {_taken(why.better.seconds, why.better.wh)}"


def score_text(why: Chosen) -> str:
    """`GPQA-Diamond 81.0`, with what the quant loses where that counts."""
    if why.score is None:
        return ""
    lost = "" if why.as_model else f", though this quant loses {why.per_cent_lost} %"
    return f"GPQA-Diamond {why.score:.1f}{lost}"


def _taken(seconds: float, wh: float | None) -> str:
    energy = "" if wh is None else f" and {wh:,.0f} Wh"
    return f"{duration(seconds)}{energy}"


def too_slow_text(cause: Slow) -> str:
    """How much longer than asked it takes."""
    if isinstance(cause, BeyondPatience):
        if not cause.too_long and cause.wh is not None and cause.most_wh is not None:
            return f"about {cause.wh:,.0f} Wh an answer, more than {cause.most_wh:g}"
        least = duration(cause.patience_min * S_A_MINUTE)
        return f"about {duration(cause.seconds)} an answer ({plain_rate(cause.tok_s)} tok/s), longer than {least}"
    asked = cause.least_tok_s
    least = f"{asked:,.1f}" if round(asked, 1) == asked else f"{asked:,}"
    return f"about {_below(cause.tok_s, asked)} tok/s, slower than {least}"


def plain_rate(tok_s: float) -> str:
    """Tokens a second without their range."""
    return f"{tok_s:,.{0 if tok_s >= 10 else 1}f}"


def _below(speed: float, least: float) -> str:
    """A speed to a tenth; where that does not show that it is below `least`, the hundredths that it reaches."""
    return f"{speed:,.1f}" if round(speed, 1) < least else f"{floor(speed * 100) / 100:,.2f}"
