"""A routing decision for a person: the answer first, then every candidate with every term of its expected cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from r1plan.catalog.provider import Family
from r1plan.money import small_usd as usd
from r1plan.render.decision.grounds import cache_text, input_text, lengths_text, speed_text, tariff_text, watts_text
from r1plan.render.decision.words import exclusion_text, rank_text, reason_text, risk_text
from r1plan.render.prices.words import instant
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count, tokens
from r1plan.render.text.width import shortened
from r1plan.render.text.wrap import wrapped
from r1plan.route.decision.cause import CostTerm
from r1plan.route.decision.decide import Decision
from r1plan.route.decision.defer import Deferral
from r1plan.route.decision.ranked import RankedCandidate
from r1plan.route.forecast.cost import CostForecast
from r1plan.route.forecast.forecast import Forecast

_TERMS: dict[CostTerm, str] = {
    "input_miss_usd": "fresh in",
    "cache_hit_usd": "cached in",
    "thinking_usd": "thinking",
    "answer_usd": "answer",
    "electricity_usd": "power",
    "failure_usd": "failures",
}
_TOPICS = ("model", "input", "output", "cache", "power", "speed", "failures", "end")
_FAMILIES: dict[Family, str] = {
    "r1": "R1 itself",
    "distill": "a distill of R1",
    "successor": "a successor of R1",
    "other": "not of R1's family",
}
_WIDE = 110


def decision_lines(decision: Decision, width: int, deferral: Deferral | None = None) -> Iterator[str]:
    """What `--explain` prints for a terminal of `width` columns. The first line is the answer."""
    yield from _wrapped(headline(decision), width)
    if deferral is not None:
        yield from _wrapped(deferral_text(deferral), width)
        for risk in deferral.risks:
            yield from _wrapped(f"risk: {risk_text(risk)}.", width, "  ")
    for reason in decision.reasons:
        yield from _wrapped(f"{reason_text(reason).rstrip('.')}.", width)
    if decision.ranked:
        yield ""
        yield from _table(decision.ranked, width)
        yield ""
        yield from _grounds(decision.ranked, width)
    if decision.refused:
        yield ""
        yield f"Not asked ({len(decision.refused):,})"
        for each in decision.refused:
            yield from _wrapped(f"{each.id}: {exclusion_text(each.cause)}.", width, "  ")


def headline(decision: Decision) -> str:
    """The answer in one sentence."""
    chosen = decision.chosen
    if chosen is None:
        return f"Nobody may be asked by route {decision.policy.name}: every candidate is ruled out."
    return (
        f"{chosen.id} is expected to cost {usd(chosen.expected_usd)} (p90 {usd(chosen.cost.p90_usd)}) and to take "
        f"{_seconds(chosen.forecast.p50_s)} (p90 {_seconds(chosen.forecast.p90_s)}): {rank_text(chosen.cause)}."
    )


def deferral_text(deferral: Deferral) -> str:
    """When to send instead, and what that saves."""
    if not deferral.is_worth_it:
        return f"Send it now: {no_cheaper_hour(deferral)}."
    chosen = deferral.decision.chosen
    who = f" to {chosen.id}" if chosen else ""
    return (
        f"Sent{who} at {instant(deferral.send_at)} it is expected to cost {usd(deferral.saving_usd)} less, "
        f"with the answer there by {instant(deferral.by)}."
    )


def no_cheaper_hour(deferral: Deferral) -> str:
    """Why waiting saves nothing."""
    return f"no hour before {instant(deferral.by)} is cheaper"


def _table(ranked: tuple[RankedCandidate, ...], width: int) -> Iterator[str]:
    """A row a candidate where there is room for every term, else two lines each."""
    used = [name for name in _TERMS if any(getattr(each.cost.terms, name) for each in ranked)]
    if width < _WIDE:
        for number, each in enumerate(ranked, start=1):
            yield from _block(number, each, width)
        return
    lines = [["", "", "expected", *(_TERMS[name] for name in used), "p50", "p90", "takes"]]
    for number, each in enumerate(ranked, start=1):
        terms = [_part(getattr(each.cost.terms, name)) for name in used]
        cost = each.cost
        figures = [usd(cost.p50_usd), usd(cost.p90_usd), _seconds(each.forecast.p50_s)]
        lines.append([f"{number}", printable(each.id), usd(cost.expected_usd), *terms, *figures])
    widths = column_widths(lines)
    widths[1] = max(16, widths[1] + min(0, width - table_width(widths)))
    for number, line in enumerate(lines):
        place, name, *figures = line
        texts = [place, shortened(name, widths[1], (widths[1] - 1) // 3), *figures]
        yield table_row(texts, widths, "><" + ">" * len(figures))
        if number:
            yield from _wrapped(f"{rank_text(ranked[number - 1].cause)}.", width, " " * (widths[0] + 2), first=True)


def _block(number: int, each: RankedCandidate, width: int) -> Iterator[str]:
    cost = each.cost
    yield from _wrapped(
        f"{number}. {each.id}  {usd(cost.expected_usd)}  (p50 {usd(cost.p50_usd)}, p90 {usd(cost.p90_usd)}, "
        f"{_seconds(each.forecast.p50_s)})",
        width, "   ",
    )  # fmt: skip
    yield from _wrapped(f"{terms_text(cost)}: {rank_text(each.cause)}.", width, "   ", first=True)


def terms_text(cost: CostForecast) -> str:
    """The terms of the expected cost that are not nothing: "thinking $0.0012 + answer $0.0004"."""
    parts = [f"{text} {usd(getattr(cost.terms, name))}" for name, text in _TERMS.items() if getattr(cost.terms, name)]
    return " + ".join(parts) or "nothing"


def _grounds(ranked: tuple[RankedCandidate, ...], width: int) -> Iterator[str]:
    """What the figures rest on; what several candidates share is said once, with their numbers."""
    yield "What this rests on"
    numbers: dict[tuple[str, str], list[int]] = {}
    for number, each in enumerate(ranked, start=1):
        serves = (("model", f"{each.candidate.serves}, {_FAMILIES[each.candidate.family]}"),)
        for topic, phrase in (*serves, *grounds(each.forecast, each.cost)):
            numbers.setdefault((topic, phrase), []).append(number)
    for (topic, phrase), of in sorted(numbers.items(), key=lambda item: _TOPICS.index(item[0][0])):
        whose = "" if len(of) == len(ranked) else f" of {', '.join(map(str, of))}"
        yield from _wrapped(f"{topic}{whose}: {phrase}.", width, "  ")


def grounds(each: Forecast, cost: CostForecast) -> Iterator[tuple[str, str]]:
    """The parts of a forecast by topic, with what each is based on."""
    unit = "token" if each.input_tokens == 1 else "tokens"
    yield "input", f"about {tokens(each.input_tokens)} {unit} (estimated, {input_text(each)})"
    yield "output", f"{_tokens(each, 'thinking')}, {_tokens(each, 'answer')} ({lengths_text(each.lengths)})"
    power, cache, failures = each.electricity, each.cache, each.failures
    if power is not None:
        watts, tariff = watts_text(power.watts_ground), tariff_text(power.tariff_ground)
        yield "power", f"{power.watts:,.0f} W ({watts}) at ${power.usd_per_kwh} a kWh ({tariff})"
    elif cache.hit_tokens:
        yield (
            "cache",
            f"{tokens(cache.hit_tokens)} tokens, {_percent(cache.chance)} likely ({cache_text(cache.ground)})",
        )
    else:
        yield "cache", f"empty ({cache_text(cache.ground)})"
    speed = each.speed
    yield "speed", f"{speed.decode_tok_s:,.0f} tok/s after {_seconds(speed.first_token_s)} ({speed_text(speed)})"
    yield (
        "failures",
        f"{failures.chance * 100:.1f} % likely ({count(failures.rows, 'own request')}, drawn towards what is assumed)",
    )
    if len(cost.periods) > 1:
        hours = (f"{_percent(one.chance)} in {one.price.tier.replace('_', '-')} hours" for one in cost.periods)
        yield "end", f"{', '.join(hours)}"


def _tokens(each: Forecast, part: Literal["thinking", "answer"]) -> str:
    mean = each.lengths.thinking if part == "thinking" else each.lengths.answer
    p90 = each.lengths.quantile(0.9, part)
    return f"{tokens(round(mean))} {part} on average" + ("" if p90 is None else f" (p90 {tokens(round(p90))})")


def _percent(chance: float) -> str:
    return f"{chance * 100:.0f} %"


def _part(amount: Decimal) -> str:
    return usd(amount) if amount else "-"


def _seconds(value: float) -> str:
    if value >= 90:
        return f"{value / 60:,.0f} min"
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"


def _wrapped(text: str, width: int, indent: str = "", *, first: bool = False) -> Iterator[str]:
    """`text` in lines; the first is indented too where it begins no paragraph of its own."""
    paragraph = indent if first or indent == "  " else ""
    yield from wrapped(text, width, first=paragraph, later=indent + ("  " if indent == "  " else ""))
