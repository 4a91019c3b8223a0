"""The sentences of a decision, from its causes: the same ones for people and in the documents."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from r1plan.catalog.provider import Family
from r1plan.money import small_usd
from r1plan.route.decision.cause import (
    ColderCache,
    CostOfNow,
    CostTerm,
    DecisionReason,
    DeferralRisk,
    DoubtedPrice,
    ExclusionCause,
    FirstBecause,
    Held,
    HeldHere,
    Later,
    LeavesCache,
    LeftOut,
    LesserModel,
    LocalFirst,
    LongInput,
    MayBeLate,
    MoreCost,
    NoPrice,
    NotHere,
    OtherFamily,
    OverAllowance,
    OverCost,
    OverTime,
    RankCause,
    RouteTaken,
    RuleApplied,
    ServerHere,
    ShortContext,
    StaysForCache,
    StaysHere,
)
from r1plan.route.spending.budget import shortfall_text

_FAMILIES: dict[Family, str] = {
    "r1": "R1",
    "distill": "a distill of R1",
    "successor": "a successor of R1",
    "other": "neither R1 nor of its family",
}
_TERMS: dict[CostTerm, str] = {
    "input_miss_usd": "fresh input",
    "cache_hit_usd": "cached input",
    "thinking_usd": "thinking",
    "answer_usd": "the answer",
    "electricity_usd": "electricity",
    "failure_usd": "failures",
}


def exclusion_text(cause: ExclusionCause) -> str:
    """Why a candidate must not be asked: "may cost $0.045 (p90), over the limit of $0.020"."""
    match cause:
        case Held(binding, StaysHere(), True):
            return f"this conversation is kept on this machine, since an earlier turn, by {binding.name}"
        case Held(binding, StaysHere()):
            return f"{binding.name} keeps it on this machine"
        case Held(binding, LeftOut(_, provider)):
            return f"{binding.name} leaves out {provider}"
        case Held(binding, NoPrice()):
            return f"what it may cost is not known, and {binding.name} has a limit"
        case Held(binding, limit):
            return f"{exclusion_text(limit)} of {binding.name}"
        case StaysHere(route):
            return f"{route} never leaves this machine"
        case LeftOut(route, provider):
            return f"{route} leaves out {provider}"
        case OtherFamily(route, serves, family):
            return f"{serves} is {_FAMILIES[family]}, which {route} does not accept"
        case NoPrice():
            return "no price of it in dollars is known for then"
        case ShortContext(context_tokens, wanted_tokens):
            has = "an unknown number" if context_tokens is None else f"{context_tokens:,}"
            return f"{has} of tokens of context, under the {wanted_tokens:,} that are wanted"
        case LongInput(input_tokens, context_tokens):
            return f"the input of {input_tokens:,} tokens does not fit into {context_tokens:,} of context"
        case OverCost(p90_usd, limit_usd):
            return f"may cost {small_usd(p90_usd)} (p90), over the limit of {small_usd(limit_usd)}"
        case OverTime(p90_s, limit_s):
            return f"may take {p90_s:,.0f} s (p90), over the limit of {limit_s:g} s"
        case OverAllowance(allowance, need_usd):
            return shortfall_text(allowance, need_usd)
        case _:
            assert_never(cause)


def rank_text(cause: RankCause) -> str:
    """Why a candidate stands where it does: "$0.00010 more, most of it for fresh input"."""
    match cause:
        case FirstBecause():
            return _first_text(cause)
        case LocalFirst(route):
            return f"answers here, which {route} puts first"
        case NotHere(gap_usd):
            return f"leaves the machine; {_gap_text(gap_usd)}"
        case Later(later_s, gap_usd):
            return f"{f'{later_s:,} s later' if later_s else 'as soon'}; {_gap_text(gap_usd)}"
        case LesserModel(is_same, gap_usd):
            money = _gap_text(gap_usd)
            return f"the same model for {money}" if is_same else f"not as good a model; {money}"
        case MoreCost(gap_usd, mostly):
            return _gap_text(gap_usd) + (f", most of it for {_TERMS[mostly]}" if mostly else "")
        case _:
            assert_never(cause)


def reason_text(reason: DecisionReason) -> str:
    """What decided, in a sentence without its full stop."""
    match reason:
        case RouteTaken(id_, description):
            return f"route {id_}: {description}"
        case RuleApplied(number, note, route, of):
            whose = f" of route {of}" if of else ""
            return note or f"rule {number}{whose}" + (f": as {route}" if route else "")
        case HeldHere(binding, kept):
            since = ", since an earlier turn" if kept else ""
            return f"{binding.name} keeps it on this machine{since}"
        case ServerHere(provider):
            return f"{provider} is on this machine: its address is a loopback one"
        case StaysForCache(id_, chance, saving_usd, gap_usd, rival):
            return (
                f"stays with {id_}: what it has cached ({chance * 100:.0f} % likely) is worth "
                f"{small_usd(saving_usd)}, more than the {small_usd(gap_usd)} by which {rival} is else cheaper"
            )
        case LeavesCache(id_, saving_usd, first, gap_usd):
            return (
                f"leaves {id_}: what it has cached is worth {small_usd(saving_usd)}, and {first} is still expected to "
                f"cost {small_usd(abs(gap_usd))} {'less' if gap_usd >= 0 else 'more'}"
            )
        case _:
            assert_never(reason)


def risk_text(risk: DeferralRisk) -> str:
    """What may go wrong by waiting, in a sentence without its full stop."""
    match risk:
        case MayBeLate(chance):
            return f"{chance * 100:.1f} % likely to fail, or not to be done by then"
        case ColderCache(then, now):
            return (
                f"the cached prefix is found with {then * 100:.0f} % instead of {now * 100:.0f} %, which the saving "
                "allows for"
            )
        case DoubtedPrice(caveat):
            return caveat
        case CostOfNow(usd):
            return f"at the price of now it costs {small_usd(usd)}"
        case _:
            assert_never(risk)


def _first_text(cause: FirstBecause) -> str:
    match cause:
        case FirstBecause.ONLY:
            return "the only one that may be asked"
        case FirstBecause.LEAST_COST:
            return "expected to cost least"
        case FirstBecause.BEST_KNOWN:
            return "as cheap as any, to 2 %, and the best known"
        case FirstBecause.SOONEST:
            return "expected to be done first"
        case FirstBecause.BEST_MODEL:
            return "the best model"
        case FirstBecause.BEST_MODEL_CHEAPEST:
            return "the best model, and its cheapest seller"
        case _:
            assert_never(cause)


def _gap_text(gap_usd: Decimal) -> str:
    """What it costs more than the first: "$0.0050 more"."""
    return f"{small_usd(abs(gap_usd))} {'more' if gap_usd >= 0 else 'less'}" if gap_usd else "the same cost"
