"""The wishes that are hard: an option that misses one of them even alone is not chosen, whatever else it has.

Nine requests in ten are to get their tokens a second and their first token in time, as plan/capacity has it.
"""

from __future__ import annotations

from r1plan.plan.answer import Timed, prompt_seconds, quantile, token_seconds, typical_length
from r1plan.plan.plan import PlannedOption
from r1plan.plan.reasons import TooLate, TooSlow
from r1plan.plan.workload import SERVED_SHARE, Workload

_SLACK = 1e-9


def missed_wish(option: PlannedOption, workload: Workload) -> TooSlow | TooLate | None:
    """Which of the speeds that were asked for `option` misses; None where it keeps all, or none was.

    Of an option that serves several at once, its speed is what each gets beside the others.
    """
    least, first_s = workload.slo_tok_s, workload.slo_ttft_s
    if (slow := slower_than_asked(option, workload)) is not None:
        return slow
    if least is not None and (tok_s := _kept_tok_s(option, workload)) < least * (1 - _SLACK):
        return TooSlow(tok_s, least)
    if first_s is not None and (ttft_s := _first_token_s(option, workload)) > first_s:
        return TooLate(option.tok_s, ttft_s, first_s)
    return None


def slower_than_asked(option: PlannedOption, workload: Workload) -> TooSlow | None:
    """That `option` misses --min-speed; None where it does not, or none was asked for."""
    if workload.min_tok_s is None or option.tok_s >= workload.min_tok_s:
        return None
    return TooSlow(tok_s=option.tok_s, least_tok_s=workload.min_tok_s)


def least_tok_s(workload: Workload) -> float | None:
    """The most that is asked for in tokens a second; None where nothing is."""
    return max((each for each in (workload.min_tok_s, workload.slo_tok_s) if each is not None), default=None)


def _kept_tok_s(option: PlannedOption, workload: Workload) -> float:
    """The tokens a second that most requests get."""
    return 1 / quantile(_tokens(option, workload), SERVED_SHARE)


def _first_token_s(option: PlannedOption, workload: Workload) -> float:
    """What most first tokens take with nothing before them: the prompt is read, and a token made."""
    lengths = workload.demand.lengths if workload.demand is not None else (typical_length(workload),)
    tokens = _tokens(option, workload)
    times = [
        Timed(prompt_seconds(option.speed, each) + token.seconds, each.share)
        for each, token in zip(lengths, tokens, strict=True)
    ]
    return quantile(times, SERVED_SHARE)


def _tokens(option: PlannedOption, workload: Workload) -> list[Timed]:
    """What a token takes in the middle of each length of answer."""
    lengths = workload.demand.lengths if workload.demand is not None else (typical_length(workload),)
    longer, decode = option.quality.thinking_over_r1, option.speed.decode
    depths = [each.input_tokens + (each.thinking_tokens * longer + each.answer_tokens) / 2 for each in lengths]
    return [Timed(token_seconds(decode, depth), each.share) for each, depth in zip(lengths, depths, strict=True)]
