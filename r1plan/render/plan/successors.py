"""What is said of R1's open successors beside the R1 that was chosen: one line, and fields for a program."""

from __future__ import annotations

from typing import Any

from r1plan.plan.answer import answer_time
from r1plan.plan.plan import OptionT_co, Plan, PlannedOption, difference
from r1plan.plan.quality import BENCHMARK, PublishedScore, known_thinking_over_r1
from r1plan.plan.reasons import Difference
from r1plan.render.plan.words import difference_text
from r1plan.render.text.units import duration, plain
from r1plan.units import GIB

_EFFORTS = {"none": "without thinking", "think": "thinking"}


def successor_text(plan: Plan[OptionT_co]) -> str:
    """Which successor fits and what it changes: quality with its score, minutes an answer, memory.

    Empty where none is better, what its quant loses counted.
    """
    if plan.choice is None or not plan.successors:
        return ""
    first, chosen = plan.successors[0], plan.choice
    if first.quality.index <= chosen.quality.index:
        return ""
    said = [_quality_text(_score(first.quality.scores), _score(chosen.quality.scores))]
    if not first.quality.quant.counts_as_model:
        said.append(f"its quant loses {first.quality.quant.per_cent_lost} %")
    if (time := answer_time(first, plan.workload)) is not None:
        said.append(f"{duration(time.typical_s)} an answer{_if_it_thinks(first)}")
    memory = _memory_text(first)
    said += [memory] if memory else []
    return f"R1's successor {short_id(first.id)} fits too: {', '.join(each for each in said if each)}."


def short_id(option_id: str) -> str:
    """An option's id without the maker's name where `--model` needs none: V4-Flash:UD-IQ1_S, but DeepSeek-R1:Q4_K_M."""
    return option_id.removeprefix("DeepSeek-") if option_id.startswith("DeepSeek-V") else option_id


def successor_fields(plan: Plan[OptionT_co]) -> dict[str, Any] | None:
    """The same for a program; None where none fits, or none was looked for."""
    if not plan.successors:
        return None
    first = plan.successors[0]
    score, before = _score(first.quality.scores), _score(plan.choice.quality.scores) if plan.choice else None
    time = answer_time(first, plan.workload)
    return {
        "id": first.id,
        "benchmark": BENCHMARK,
        "score": None if score is None else score.score,
        "effort": None if score is None else score.effort,
        "score_of_choice": None if before is None else before.score,
        "seconds": None if time is None else round(time.typical_s, 1),
        "thinking_over_r1": known_thinking_over_r1(first.model.id),
        "decode_tok_s": round(first.tok_s, 2),
        "released": first.model.released.isoformat(),
    }


def successor_standing(each: Difference) -> str:
    """How one of R1's successors differs from the chosen option, which it stands beside."""
    return f"R1's successor: {difference_text(each)}"


def successor_reason(plan: Plan[OptionT_co], option: PlannedOption) -> str:
    """How `option` differs from the choice that it stands beside."""
    return "" if plan.choice is None else successor_standing(difference(option, plan.choice))


def _quality_text(score: PublishedScore | None, before: PublishedScore | None) -> str:
    if score is None:
        return "no published GPQA-Diamond"
    against = "" if before is None else f" against {plain(before.score)}"
    effort = "" if score.effort is None else f" ({_EFFORTS.get(score.effort, f'{score.effort} effort')})"
    return f"GPQA {plain(score.score)}{effort}{against}"


def _if_it_thinks(option: PlannedOption) -> str:
    """What the time of an answer takes for granted, where nobody measured how long the model thinks."""
    if known_thinking_over_r1(option.model.id) is not None:
        return ""
    longer = option.quality.thinking_over_r1
    return f" if it thinks {'as long' if longer == 1 else f'{longer:.1f}x as long'} as R1"


def _memory_text(option: Any) -> str:
    needed = getattr(option, "needed_bytes", None)
    return "" if needed is None else f"{needed / GIB:,.0f} GiB"


def _score(scores: tuple[PublishedScore, ...]) -> PublishedScore | None:
    return next((each for each in scores if each.benchmark == BENCHMARK), None)
