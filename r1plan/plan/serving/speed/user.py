"""How fast each user of a server gets tokens, and how fast prompts are read."""

from __future__ import annotations

from r1plan.plan.serving.speed.timing import ServedTime
from r1plan.plan.speed import DecodeSpeed, Range, Speed, SpeedTerm

_SOURCE = "fitted to measured servers (AIConfigurator's silicon samples)"
_UNPACKED = "; weights are unpacked to 16 bits, so that prompts and many users at once are no faster than in BF16"
# Tokens of the prompt whose speed is said.
_PROMPT_TOKENS = 2_048


def user_speed(time: ServedTime, users: float, depths: tuple[int, ...]) -> Speed:
    """Tokens a second that each of `users` gets at each of `depths`, while all of them generate."""
    parts = sorted(time.step_parts(users, depths[0]).items(), key=lambda term: -term[1])
    seconds = time.prompt_s(_PROMPT_TOKENS)
    return Speed(
        prefill_tok_s=None if seconds is None else _range(_PROMPT_TOKENS / seconds, time.spread),
        decode=tuple(DecodeSpeed(depth, _range(1 / time.step_s(users, depth), time.spread)) for depth in depths),
        bottleneck=parts[0][0],
        basis=time.basis,
        terms=tuple(SpeedTerm(what, part) for what, part in parts),
        source=_SOURCE + (_UNPACKED if time.work.computed.weight_only else ""),
    )


def _range(mid: float, spread: float) -> Range:
    return Range(mid / (1 + spread), mid, mid * (1 + spread))
