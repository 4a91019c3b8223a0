"""The short sentences around the table: what an API asks, which larger model runs too, how much was rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from r1plan.catalog.provider import descendant_of
from r1plan.market.compare import ApiOffer
from r1plan.money import month_usd, usd
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import BeyondPatience, Chosen
from r1plan.plan.choice.patience import patience_min
from r1plan.plan.plan import Plan, Rejection
from r1plan.plan.reasons import AsAsked, Difference, OtherSharing, ReadsFromDisk, Standing, TooLate, TooSlow, kind_of
from r1plan.plan.workload import Workload
from r1plan.render.plan.choice_words import patience_taking
from r1plan.render.plan.engines.serving_words import short_sharing
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.plan.words import ability_text, against_text, cause_text, standing_text
from r1plan.render.text.units import count, duration, plain
from r1plan.units import S_A_MINUTE

_PER_CENT, _MANY_CUT_OFF = 0.01, 0.1


def short_standing_text(why: Standing | None) -> str:
    """Why an option stands where it does in a word or two, beside the figures that say the rest."""
    match why:
        case Chosen():
            if not why.usable:
                return "nothing finer"
            limit = f"{plain(why.patience_min)} min" if why.most_wh is None else f"{plain(why.most_wh)} Wh"
            return f"best in {limit}" if why.within else "fastest"
        case AsAsked():
            return "as asked"
        case ReadsFromDisk():
            return "from disk"
        case Difference():
            return against_text(why) or ability_text(why) or "as able"
        case OtherSharing():
            return short_sharing(why)
        case TooSlow() | TooLate() | BeyondPatience():
            return "too slow"
        case _:
            return standing_text(why) if why is None else "does not fit"


def api_line(api: Sequence[ApiOffer], workload: Workload) -> str:
    """What the same answers cost where they are sold by the token: full R1, and DeepSeek's own model."""
    said = []
    for offer in (next((each for each in api if each.is_r1), None), next((e for e in api if not e.is_r1), None)):
        if offer is None:
            continue
        month = f", {month_usd(offer.usd_per_month)} a month" if offer.usd_per_month is not None else ""
        longer = offer.output_tokens != workload.output_tokens
        length = f" ({offer.output_tokens:,} tokens out each)" if longer else ""
        name = offer.model.rpartition("/")[2]
        said.append(
            f"{usd(offer.usd_per_request * 1000)} for {offer.provider_name}'s {name}{length}{month}{aside_text(offer)}"
        )
    tokens = f"{count(workload.input_tokens, 'token')} in, {workload.output_tokens:,} out"
    return f"At an API instead, 1,000 answers ({tokens}): {'; '.join(said)}."


def aside_text(offer: ApiOffer) -> str:
    """What of an API's offer is not as it looks: which model answers, dear hours, answers cut off; empty for none."""
    # Of a thousand answers few cut off are no reason to say more than the price.
    counts = offer.usd_per_month is not None or offer.overrun.share >= _MANY_CUT_OFF
    cut_off = counts and cut_off_text(offer.overrun.share)
    said = [each for each in (_which_text(offer), _peak_text(offer), cut_off) if each]
    return f" ({', '.join(said)})" if said else ""


def _which_text(offer: ApiOffer) -> str:
    """Which of R1's descendants answers, where the name does not say so."""
    which = descendant_of(offer.serves) or ""
    return "" if which.casefold() in offer.model.casefold() else which


def cut_off_text(share: float) -> str:
    """How many answers are longer than a seller lets them be; empty where none is."""
    return f"cuts off {'under 1' if share < _PER_CENT / 2 else f'{share * 100:.0f}'} % of the answers" if share else ""


def _peak_text(offer: ApiOffer) -> str:
    """How much of a month an API bills above its cheapest hours; empty where all cost the same."""
    share = offer.month.peak_share
    if not share:
        return ""
    whose = ", assumed" if offer.month.basis == "assumed" else ", by the log"
    return f"{share * 100:.0f} % at peak{f' prices{whose}' if offer.usd_per_month is not None else ''}"


def larger_line(plan: Plan[OptionT]) -> str:
    """Which better model fits and takes longer than the patience, and what would take it; empty where there is none."""
    if plan.choice is None or plan.larger is None or plan.larger.id in {each.id for each in plan.options}:
        return ""
    if not plan.larger.fits:
        return ""
    seconds = answer_seconds(plan.larger, plan.workload)
    takes = f"{plan.larger.id} is better, but {duration(seconds)} an answer"
    if seconds <= patience_min(plan.workload) * S_A_MINUTE:
        return f"{takes}, and more energy than it may take."
    return f"{takes} (--patience {patience_taking(seconds):.0f})."


def rejected_line(view: EngineView[OptionT], plan: Plan[OptionT], left_out: int = 0, *, nearest: bool = True) -> str:
    """How many options were rejected and why, behind how many that the table has no room for."""
    more = f"{left_out:,} more; " if left_out else ""
    if not plan.rejected:
        return ""
    numbers = Counter(view.tally[kind_of(each.cause)] for each in plan.rejected)
    said = dict.fromkeys(view.tally.values())
    parts = ", ".join(f"{numbers[each]:,} {each[numbers[each] > 1]}" for each in said if numbers[each])
    misses = _nearest(*view.nearest(plan)) if nearest else ""
    return f"{more}{len(plan.rejected):,} rejected: {parts} (--explain).{misses}"


def _nearest(called: str, near: Sequence[Rejection]) -> str:
    examples = "; ".join(f"{each.id} {cause_text(each.cause)}" for each in near)
    return f" {called}: {examples}." if near else ""
