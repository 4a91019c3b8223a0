"""The sentence of every cause and every standing."""

from __future__ import annotations

from typing import get_args

import pytest

from r1plan.plan.choice.chosen import BetterBeyond, BeyondPatience, Chosen
from r1plan.plan.reasons import (
    AsAsked,
    CapabilityUnknown,
    CardsBeyond,
    Cause,
    ContextTooLong,
    Difference,
    FitsHeadless,
    LeastFreeCounts,
    MachinesAssumed,
    NearlyOnCards,
    NeedsMemory,
    NeedsShare,
    NoExperts,
    NotComputed,
    NotComputedWhy,
    Note,
    NotSplit,
    OtherSharing,
    RanksBelow,
    ReadsFromDisk,
    ShareNotFree,
    Shortfall,
    Standing,
    TooFewUsers,
    TooLate,
    TooSlow,
    UnequalCards,
    kind_of,
)
from r1plan.render.plan.words import against_text, cause_text, note_text, standing_text
from r1plan.units import GIB, MIB

GPU = Shortfall(kind="cards", device="", cards=1, needed_bytes=24 * GIB, room_bytes=22 * GIB, context_bytes=GIB)
RAM = Shortfall(kind="host", device="host", cards=0, needed_bytes=3 * GIB, room_bytes=GIB, context_bytes=2 * GIB)
WORSE = Difference(quality_points=-1.0, speed_ratio=0.5)
SHORT = NeedsMemory(shortfalls=(GPU,), shortfall_bytes=GIB, needed_bytes=GIB)

CAUSES: list[tuple[Cause, str, str]] = [
    (SHORT, "memory", "needs 24.0 GiB on the GPU, 22.0 free"),
    (
        SHORT._replace(shortfalls=(GPU._replace(cards=8, needed_bytes=1258 * GIB),)),
        "memory",
        "needs 1,258.0 GiB on 8 GPUs, 22.0 free",
    ),
    (
        SHORT._replace(shortfalls=(RAM._replace(needed_bytes=518 * MIB, room_bytes=512 * MIB, context_bytes=0),)),
        "memory",
        "needs 518 MiB of RAM, 512 free",  # and not 0.5 GiB, 0.5 free
    ),
    (
        SHORT._replace(shortfalls=(GPU._replace(cards=2), RAM), from_disk=TooSlow(tok_s=0.31, least_tok_s=5.0)),
        "memory",
        "needs 24.0 GiB on 2 GPUs, 22.0 free; or needs 3.0 GiB of RAM, 1.0 free (the context alone takes 2.0); "
        "with experts read from disk about 0.3 tok/s, slower than 5.0",
    ),
    (
        NeedsShare(server="vLLM", gpus=8, users=2, context=4096, needed_bytes=2 * GIB, allowed_bytes=GIB),
        "memory",
        "needs 2.0 GiB on each of 8 GPUs for 2 users of 4,096 tokens, vLLM may use 1.0",
    ),
    (
        ShareNotFree(flag="--share", gpus=1, utilization=0.92, allowed_bytes=2 * GIB, free_bytes=GIB),
        "memory",
        "wants 2.0 GiB on the GPU (--share 0.92), 1.0 free",
    ),
    (
        TooFewUsers(users=3, users_wanted=2000, context=4096, shortfall_bytes=1),
        "memory",
        "holds 3 users of 4,096 tokens, 2,000 asked",
    ),
    (TooSlow(tok_s=1.0, least_tok_s=5.0), "slow", "about 1.0 tok/s, slower than 5.0"),
    (
        TooLate(tok_s=9.0, ttft_s=80.0, most_s=1.5),
        "slow",
        "about 1.3 minutes to the first token, longer than 1.5 s",
    ),
    (
        BeyondPatience(tok_s=4.25, seconds=1_270.0, patience_min=15.0),
        "slow",
        "about 21 minutes an answer (4.2 tok/s), longer than 15 minutes",
    ),
    (
        BeyondPatience(tok_s=30.0, seconds=180.0, patience_min=15.0, wh=22.5, most_wh=10.0),
        "slow",
        "about 22 Wh an answer, more than 10",
    ),
    (
        BeyondPatience(tok_s=1.0, seconds=5_400.0, patience_min=15.0, wh=22.5, most_wh=10.0),
        "slow",
        "about 90 minutes an answer (1.0 tok/s), longer than 15 minutes",
    ),
    (
        SHORT._replace(from_disk=TooSlow(tok_s=0.9, least_tok_s=1.0)),
        "memory",
        "needs 24.0 GiB on the GPU, 22.0 free; with experts read from disk about 0.9 tok/s, slower than 1.0",
    ),
    (
        SHORT._replace(from_disk=BeyondPatience(tok_s=0.5, seconds=10_800.0, patience_min=15.0)),
        "memory",
        "needs 24.0 GiB on the GPU, 22.0 free; with experts read from disk about 3 hours an answer (0.50 tok/s), "
        "longer than 15 minutes",
    ),
    (TooSlow(tok_s=1_234.5, least_tok_s=1e5), "slow", "about 1,234.5 tok/s, slower than 100,000.0"),
    (TooSlow(tok_s=0.97, least_tok_s=1.0), "slow", "about 0.97 tok/s, slower than 1.0"),
    (TooSlow(tok_s=4.9996, least_tok_s=5.0), "slow", "about 4.99 tok/s, slower than 5.0"),
    (TooSlow(tok_s=1.24, least_tok_s=1.25), "slow", "about 1.2 tok/s, slower than 1.25"),
    (ContextTooLong(131_072), "refused", "reads at most 131,072 tokens"),
    (NoExperts("R1-Distill-Qwen-7B"), "refused", "is dense: it has no experts to keep in RAM"),
    (
        NotComputed("vLLM", "NVFP4", "no nvfp4", "L4", "8.9"),
        "refused",
        "needs Blackwell cards, such as B200, to compute with it",
    ),
    (
        NotComputed("vLLM", "MXFP4", "no mxfp4", "L4", "8.9"),
        "refused",
        "needs Hopper or Blackwell cards, such as H200, or AMD's MI300 and MI350: vLLM has none of its attention for "
        "others",
    ),
    (
        NotComputed("vLLM", "FP8", "no kernels", "Tesla P40", "6.1"),
        "refused",
        "is not run by vLLM on Tesla P40 (6.1): its packages begin at compute capability 7.5",
    ),
    (
        NotComputed("vLLM", "BF16", "no bf16", "Tesla T4", "7.5"),
        "refused",
        "needs BF16, which Tesla T4 (7.5) lacks, as all below compute capability 8.0; FP16 works there",
    ),
    (
        NotComputed("vLLM", "FP8", "no fp8", "RX 7900 XTX", "gfx1100"),
        "refused",
        "needs FP8 arithmetic, which RX 7900 XTX (gfx1100) lacks",
    ),
    (
        NotComputed("vLLM", "BF16", "target", "RX 6800", "gfx1030"),
        "refused",
        "is not run by vLLM on RX 6800 (gfx1030), which its ROCm builds do not support",
    ),
    (
        NotComputed("vLLM", "AWQ", "overflows", "Tesla T4", "7.5"),
        "refused",
        "overflows in FP16, and Tesla T4 (7.5) lacks BF16",
    ),
    (
        NotComputed("vLLM", "FP8", "unknown", "card with 24 GiB", ""),
        "refused",
        "is not known to run on card with 24 GiB; --gpu NAME names a card",
    ),
    (
        NotComputed("vLLM", "BF16", "other build", "Arc B580", ""),
        "refused",
        "needs another build of vLLM on Arc B580, which is not planned for",
    ),
    (
        NotComputed("vLLM", "BF16", "no fp8 cache", "A100", "8.0"),
        "refused",
        "has no FP8 cache on A100 (8.0): that needs compute capability 8.9, gfx942, gfx950 or gfx12xx",
    ),
    (NotSplit("its 7 heads do not divide"), "refused", "its 7 heads do not divide"),
    (RanksBelow(choice_id="a", difference=WORSE), "behind", "fits, but ranks below a: less able, 0.5x the speed"),
    (
        RanksBelow(choice_id="a", difference=WORSE, tok_s=9.0, not_on_gpu=SHORT),
        "behind",
        "needs 24.0 GiB on the GPU, 22.0 free; partly in RAM it ranks below a: less able, 0.5x the speed (9.0 tok/s)",
    ),
]

CHOSEN = Chosen("balanced", 62.1, 5, as_model=True, seconds=140.0, patience_min=15.0)
STANDINGS: list[tuple[Standing | None, str]] = [
    (None, ""),
    (CHOSEN, "the best published quality (GPQA-Diamond 62.1) whose typical answer comes within 15 minutes"),
    (
        CHOSEN._replace(better=BetterBeyond("R1-Distill-Llama-70B:Q4_K_M", 1_260.0)),
        "the best published quality (GPQA-Diamond 62.1) whose typical answer comes within 15 minutes; "
        "R1-Distill-Llama-70B:Q4_K_M would take 21 minutes",
    ),
    (
        CHOSEN._replace(score=81.0, per_cent_lost=10, as_model=False, patience_min=180.0, least_tok_s=5.0),
        "the best published quality (GPQA-Diamond 81.0, though this quant loses 10 %) at 5 tok/s or more whose typical "
        "answer comes within 3 hours",
    ),
    (
        CHOSEN._replace(objective="cost", wh=9.1, most_wh=10.0, better=BetterBeyond("a:b", 150.0, 18.7)),
        "the best published quality (GPQA-Diamond 62.1) whose typical answer comes within 15 minutes and 10 Wh; "
        "a:b would take 2.5 minutes and 19 Wh",
    ),
    (
        CHOSEN._replace(within=False, seconds=1_800.0, score=None),
        "no typical answer comes within 15 minutes: the fastest, at 30 minutes",
    ),
    (
        CHOSEN._replace(within=False, seconds=150.0, objective="cost", wh=18.7, most_wh=10.0),
        "no typical answer comes within 15 minutes and 10 Wh: the least energy an answer, at 2.5 minutes and 19 Wh",
    ),
    (CHOSEN._replace(score=None), "the best quality whose typical answer comes within 15 minutes"),
    (
        CHOSEN._replace(usable=False, per_cent_lost=38, as_model=False),
        "nothing finer holds most answers: the best published quality (GPQA-Diamond 62.1, though this quant loses "
        "38 %) whose typical answer comes within 15 minutes",
    ),
    (
        CHOSEN._replace(holds_most=False),
        "no room for the longest answers: the best published quality (GPQA-Diamond 62.1) whose typical answer comes "
        "within 15 minutes",
    ),
    (AsAsked(), "as asked"),
    (AsAsked("it babbles"), "as asked, though not recommended: it babbles"),
    (ReadsFromDisk(2 * GIB), "2 GiB of experts are read from disk"),
    (ReadsFromDisk(2 * GIB, last_resort=True), "nothing fits in memory: 2 GiB of experts are read from disk"),
    (Difference(quality_points=0.4, speed_ratio=1.04), "much the same"),
    (Difference(quality_points=-0.2, speed_ratio=1.5), "slightly less able, 1.5x the speed"),
    (Difference(quality_points=-0.2, speed_ratio=0.9), "0.9x the speed"),
    (Difference(quality_points=2, speed_ratio=1.6, thinking_ratio=1.9), "better, 1.6x the speed, thinks 1.9x as long"),
    (Difference(quality_points=-2, speed_ratio=0.6, thinking_ratio=1.9), "less able, 0.6x the speed"),
    (Difference(quality_points=2, speed_ratio=1, energy_ratio=1.26), "better, 1.3x the energy"),
    (Difference(quality_points=2, speed_ratio=1, coarser_cache=True), "better, coarser cache"),
    (
        Difference(quality_points=2, speed_ratio=1, context_tokens=-1, loses_in="holds"),
        "too short for most answers, higher score",
    ),
    (
        Difference(quality_points=2, speed_ratio=1, coarser_cache=True, loses_in="fine_cache"),
        "coarser cache, higher score",
    ),
    (Difference(quality_points=2, speed_ratio=0.5, loses_in="pace"), "higher score, 0.5x the speed"),
    (Difference(quality_points=0, speed_ratio=0.8, per_cent_lost=-3), "finer quant, 0.8x the speed"),
    (Difference(quality_points=0, speed_ratio=1.3, per_cent_lost=3), "coarser quant, 1.3x the speed"),
    (Difference(quality_points=2, speed_ratio=1.3, per_cent_lost=3), "better, 1.3x the speed"),
    (
        Difference(quality_points=0.5, speed_ratio=1.06, from_disk=True, context_tokens=-1),
        "better, 1.1x the speed, reads experts from disk, shorter context",
    ),
    (
        OtherSharing("experts spread", 0.5, 8),
        "attention repeated on every card, experts divided among them: 0.5x the speed, unproven",
    ),
    (
        OtherSharing("one cache", 1.0, 8),
        "one cache for all cards: --decode-context-parallel-size 8, speed unproven",
    ),
    (OtherSharing("stages", 0.5, 8), "layers in stages, 0.5x the speed"),
    (OtherSharing("fewer cards", 0.5, 4), "fewer cards, 0.5x the speed"),
]


def test_every_reason_that_a_rule_may_give_has_its_sentence_above() -> None:
    assert {cause.why for cause, _, _ in CAUSES if isinstance(cause, NotComputed)} == set(get_args(NotComputedWhy))


def test_every_cause_and_standing_there_is_has_its_sentence_below() -> None:
    assert {type(cause) for cause, _, _ in CAUSES} == set(get_args(Cause))
    told = {type(why) for why, _ in STANDINGS if why is not None} | {type(cause) for cause, _, _ in CAUSES}
    assert told == set(get_args(Standing))


@pytest.mark.parametrize(("cause", "kind", "says"), CAUSES)
def test_a_cause_is_said_with_its_figures(cause: Cause, kind: str, says: str) -> None:
    assert cause_text(cause) == standing_text(cause) == says
    assert kind_of(cause) == kind


@pytest.mark.parametrize(("why", "says"), STANDINGS)
def test_a_standing_is_said(why: Standing | None, says: str) -> None:
    assert standing_text(why) == says


@pytest.mark.parametrize("cause", [cause for cause, _, _ in CAUSES], ids=lambda cause: type(cause).__name__)
def test_a_cause_is_never_taken_for_none(cause: Cause) -> None:
    assert cause


@pytest.mark.parametrize(
    ("note", "says"),
    [
        (CardsBeyond(16, 1_000), "llama.cpp takes at most 16 cards: the first 16 of 1,000 are planned for."),
        (UnequalCards(("a", "b")), "Tensor parallelism wants equal cards: a, b left out."),
        (
            LeastFreeCounts(least_gpu=3, least_bytes=GIB, largest_gpu=0, largest_bytes=2 * GIB),
            "The card with the least memory counts for all: 1.0 GiB free on gpu3, 2.0 on gpu0.",
        ),
        (
            MachinesAssumed(machines=2, each=8, left_over=0, assumed=True),
            "2 machines of 8 cards are assumed; --gpus-per-node sets how many stand in one.",
        ),
        (
            MachinesAssumed(machines=1, each=8, left_over=4, assumed=True),
            "1 machine of 8 cards (4 left over) is assumed; --gpus-per-node sets how many stand in one.",
        ),
        (MachinesAssumed(machines=4, each=4, left_over=0, assumed=False), "4 machines of 4 cards."),
        (
            CapabilityUnknown("card with 24 GiB"),
            "What card with 24 GiB computes is not known: only FP16 and 4 bits are planned; --gpu NAME names a card.",
        ),
        (
            NearlyOnCards("a:b", 120 * MIB, 200 * MIB, "ROCm", 65, 256, 25.9),
            "a:b lacks 120 MiB to be whole on the GPU, and what ROCm takes there is known to 200 MiB: "
            "llama.cpp's --gpu-layers 65 --ubatch-size 256 may work, at about 26 tok/s.",
        ),
        (
            FitsHeadless("a:b", GIB, False, 30.4),
            "Headless, with the 1.0 GiB that a desktop is taken to hold, a:b fits, at about 30 tok/s.",
        ),
        (
            FitsHeadless("a:b", GIB, True, 30.4),
            "Headless, with the 1.0 GiB that a desktop is taken to hold, a:b runs whole on the GPU, at about 30 tok/s.",
        ),
    ],
)
def test_what_is_to_be_said_of_the_cards_is_said(note: Note, says: str) -> None:
    assert note_text(note) == says


@pytest.mark.parametrize(
    ("needed_mib", "said"),
    [
        (22 * 1024 + 100, "needs 22.1 GiB on the GPU, 22.2 free less a margin of 256 MiB"),
        (22 * 1024 + 20, "needs 22,548 MiB on the GPU, 22,784 free less a margin of 256 MiB"),
        (22 * 1024 + 256, "needs 22.2 GiB on the GPU, 22.2 free less a margin of 256 MiB"),
        (22 * 1024 + 257, "needs 22.3 GiB on the GPU, 22.0 free"),
    ],
)
def test_a_margin_is_named_where_nothing_else_is_lacking(needed_mib: int, said: str) -> None:
    short = GPU._replace(needed_bytes=needed_mib * MIB, margin_bytes=256 * MIB)
    assert cause_text(SHORT._replace(shortfalls=(short,))) == said


@pytest.mark.parametrize(
    ("each", "says"),
    [
        (Difference(quality_points=2, speed_ratio=1.6, thinking_ratio=1.9), "thinks longer"),
        (Difference(quality_points=2, speed_ratio=1.6, energy_ratio=1.5), "more energy"),
        (Difference(quality_points=0.4, speed_ratio=1.1, coarser_cache=True), "coarser cache"),
        (Difference(quality_points=0.4, speed_ratio=1.1, coarser_cache=True, loses_in="holds"), "short context"),
        (Difference(quality_points=2, speed_ratio=0.9, loses_in="holds"), "short context"),
        (Difference(quality_points=2, speed_ratio=0.9, loses_in="pace"), "slower"),
        (Difference(quality_points=-2, speed_ratio=0.9, loses_in="quality"), ""),
        (Difference(quality_points=-9, speed_ratio=2, loses_in="offered"), "nobody offers it"),
        (Difference(quality_points=-0.2, speed_ratio=1.1), "a bit worse"),
        (Difference(quality_points=-0.5, speed_ratio=2, thinking_ratio=1.9), ""),
        (Difference(quality_points=2, speed_ratio=0.9, thinking_ratio=1.9), ""),
        (Difference(quality_points=0, speed_ratio=1.1), ""),
    ],
)
def test_what_speaks_against_a_faster_option_is_said_in_a_word(each: Difference, says: str) -> None:
    assert against_text(each) == says
