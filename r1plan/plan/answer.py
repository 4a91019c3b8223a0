"""How long one answer of the workload takes."""

from __future__ import annotations

from typing import NamedTuple

from r1plan.plan.plan import PlannedOption
from r1plan.plan.speed import Range
from r1plan.plan.workload import Workload


class AnswerTime(NamedTuple):
    """Seconds from the question to the end of the answer, thinking included, with nothing else running.

    `p50_s` is at the expected speeds, `p90_s` at the lowest of their ranges. `output_tokens` are what is generated: the
    workload's thinking is R1's, and a model that thinks longer generates more.
    """

    p50_s: float
    p90_s: float
    output_tokens: int


def answer_time(option: PlannedOption, workload: Workload) -> AnswerTime | None:
    """What `option` needs for one request of `workload`; None for what does not fit.

    Reading the prompt is left out where its speed is not predicted.
    """
    if not option.fits:
        return None
    speed = option.speed
    output = workload.thinking_of(option.quality.thinking_over_r1) + workload.answer_tokens
    prompt = workload.input_tokens * (1 - workload.cache_hit_share)

    def seconds(decode_tok_s: float, prefill_tok_s: float | None) -> float:
        return output / decode_tok_s + (prompt / prefill_tok_s if prefill_tok_s else 0.0)

    decode, prefill = speed.decode[0].tok_s, speed.prefill_tok_s or Range(0.0, 0.0, 0.0)
    return AnswerTime(seconds(decode.mid, prefill.mid), seconds(decode.low, prefill.low), output)
