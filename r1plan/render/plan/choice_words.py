"""The sentences of the choice: the rule with its figures, and what takes longer than the patience."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor

from r1plan.plan.choice.chosen import BeyondPatience, Chosen
from r1plan.plan.choice.merit import is_within
from r1plan.plan.choice.patience import QUICK
from r1plan.plan.plan import OptionT_co, Plan
from r1plan.plan.quality import COARSEST, COUNTS_AS_MODEL, published_score
from r1plan.plan.reasons import Slow, TooLate
from r1plan.render.text.units import duration, plain, rate
from r1plan.units import S_A_MINUTE

_EXACT_MINUTES = 20
_PER_CENT_FREE, _PER_CENT_MOST = round(100 * (COUNTS_AS_MODEL - 1)), round(100 * (COARSEST - 1))


def chosen_text(why: Chosen) -> str:
    """The rule with its figures: the best that comes within what an answer may take, and what a better one takes."""
    score = "quality" if why.score is None else f"published quality ({score_text(why)})"
    asked = "" if why.least_tok_s is None else f" at {plain(why.least_tok_s)} tok/s or more"
    asked += "" if why.most_ttft_s is None else f" with its first token within {plain(why.most_ttft_s)} s"
    limits = f"within {duration(why.patience_min * S_A_MINUTE)}"
    if why.most_wh is not None:
        limits += f" and {plain(why.most_wh)} Wh"
    if why.within:
        said = f"the best {score}{asked} whose typical answer comes {limits}"
    else:
        kind = "the fastest" if why.objective != "cost" else "the least energy an answer"
        said = f"no typical answer{asked} comes {limits}: {kind}, at {_taken(why.seconds, why.wh)}"
    if not why.usable:
        finer = "holds most answers" if why.holds_most else "has as long a context"
        said = f"nothing finer {finer}: {said}"
    elif not why.holds_most:
        said = f"no room for the longest answers: {said}"
    if why.better is None:
        return said
    return f"{said}; {why.better.id} would take {_taken(why.better.seconds, why.better.wh)}"


def beginning(plan: Plan[OptionT_co], verb: str) -> str:
    """How the sentence to act on begins: by its `verb`, or where nothing comes within the patience, by that."""
    why = None if plan.choice is None else plan.choice.why
    if plan.workload.patience_min is None or not isinstance(why, Chosen) or why.within:
        return f"{verb} "
    kind = "the fastest is" if why.objective != "cost" else "the least energy takes"
    return f"Nothing comes within {duration(why.patience_min * S_A_MINUTE)} (--patience): {kind} "


def choice_lines(plan: Plan[OptionT_co]) -> Iterator[str]:
    """How the choice was made, so that it can be made again by hand."""
    choice = plan.choice
    if choice is None or not isinstance(choice.why, Chosen):
        return
    why = choice.why
    limit = duration(why.patience_min * S_A_MINUTE) + ("" if why.most_wh is None else f" and {plain(why.most_wh)} Wh")
    yield ""
    yield f"Choice ({why.objective}: {limit} an answer; --patience)"
    if not why.within:
        yield "  nothing comes within that, so the fastest is taken"
    elif why.score is not None:
        better = _better_successors(plan, why.score)
        whose = " of R1's family" if better else ""
        yield f"  {choice.model.id} has the best published GPQA-Diamond{whose} within that, {why.score:g}"
        yield from better
    for score, id_, cause in _better_models(plan, why):
        took = f"{cause.wh:,.0f} Wh" if not cause.too_long and cause.wh is not None else duration(cause.seconds)
        yield f"  {id_.rpartition(':')[0]} has {score:g}: {took} at the soonest ({id_.rpartition(':')[2]})"
    yield f"  a quant counts as its model up to {_PER_CENT_FREE} % of perplexity, above {_PER_CENT_MOST} % it goes last"
    quick = duration(QUICK * why.patience_min * S_A_MINUTE)
    taken = (
        "the cheapest"
        if why.objective == "cost"
        else f"the finest within {quick} that needs no RAM beside cards, else the fastest"
    )
    yield f"  of equal ones {taken}: {choice.quant_name} loses {why.per_cent_lost} %"


def _better_successors(plan: Plan[OptionT_co], score: float) -> list[str]:
    """What has a better score within the patience, of R1's successors that are shown beside it, and why it goes last.

    That is a quant that loses too much, or one that finds room only where the graphics are left out.
    """
    said = []
    for each in (*plan.successors, *plan.alternatives):
        published = published_score(each.quality.scores)
        if each.model.kind != "successor" or published is None or published <= score:
            continue
        if not is_within(each, plan.workload):
            continue
        but = ""
        if not each.quality.quant.usable:
            but = f", but loses {each.quality.quant.per_cent_lost} %"
        elif plan.machine.gpus and not each.gpu_indices:
            but = ", but fits on the processor alone, which goes last"
        said.append(f"  its successor {each.id} has {published:g}{but}")
    return said


def _better_models(plan: Plan[OptionT_co], why: Chosen) -> list[tuple[float, str, BeyondPatience]]:
    """Of each model with a better score that takes too long the soonest option, the best model first."""
    soonest: dict[str, tuple[float, str, BeyondPatience]] = {}
    for each in plan.rejected:
        cause = each.cause
        if not isinstance(cause, BeyondPatience) or cause.score is None or cause.per_cent_lost > _PER_CENT_MOST:
            continue
        if cause.score > (why.score or 0.0):
            model, known = each.id.rpartition(":")[0], soonest.get(each.id.rpartition(":")[0])
            if known is None or cause.seconds < known[2].seconds:
                soonest[model] = cause.score, each.id, cause
    return sorted(soonest.values(), key=lambda each: -each[0])


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
            return f"about {cause.wh:,.0f} Wh an answer, more than {plain(cause.most_wh)}"
        least = duration(cause.patience_min * S_A_MINUTE)
        return f"about {duration(cause.seconds)} an answer ({rate(cause.tok_s)} tok/s), longer than {least}"
    if isinstance(cause, TooLate):
        return f"about {duration(cause.ttft_s)} to the first token, longer than {plain(cause.most_s)} s"
    asked = cause.least_tok_s
    least = f"{asked:,.1f}" if round(asked, 1) == asked else f"{asked:,}"
    return f"about {_below(cause.tok_s, asked)} tok/s, slower than {least}"


def _below(speed: float, least: float) -> str:
    """A speed to a tenth; where that does not show that it is below `least`, the hundredths that it reaches."""
    return f"{speed:,.1f}" if round(speed, 1) < least else f"{floor(speed * 100) / 100:,.2f}"


def patience_taking(seconds: float) -> float:
    """The whole minutes that let an answer of `seconds` come, a few more where they are many."""
    minutes = max(ceil(seconds / S_A_MINUTE), 1)
    return minutes if minutes <= _EXACT_MINUTES else ceil(minutes / 5) * 5


def accepting(slow: Slow) -> str:
    """The option of the command that takes what is so slow."""
    if isinstance(slow, BeyondPatience):
        return f"--patience {patience_taking(slow.seconds):.0f}"
    if isinstance(slow, TooLate):
        return f"--slo-ttft {plain(slow.ttft_s * 1.01, 2).replace(',', '')}"
    return f"--min-speed {plain(slow.tok_s * 0.99, 2).replace(',', '')}"
