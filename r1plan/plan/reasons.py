"""Why an option stands where it does, as facts; render/plan/words.py makes the sentences.

A Cause says why an option is not offered, a Standing why one is: what it was chosen for, how it differs from the chosen
one, or, of what was asked for and does not fit, its Cause. They are named tuples because a program that starts has
twenty of them made, and a dataclass takes eight times as long.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, assert_never

from r1plan.plan.choice.chosen import BeyondPatience, Chosen, MeritField

CauseKind = Literal["memory", "slow", "refused", "behind"]


class Shortfall(NamedTuple):
    """Where memory is short: all `cards` together, or the one `device` of its kind.

    `room_bytes` of it may be filled, and `margin_bytes` beside them are left alone. Of `needed_bytes`, `context_bytes`
    are the cache, and `overhead_bytes` what any program loses there.
    """

    kind: Literal["cards", "gpu", "host", "unified", "disk"]
    device: str
    cards: int
    needed_bytes: int
    room_bytes: int
    context_bytes: int
    margin_bytes: int = 0
    overhead_bytes: int = 0

    @property
    def margin_decides(self) -> bool:
        """Whether only what is left alone is lacking."""
        return self.needed_bytes <= self.room_bytes + self.margin_bytes

    @property
    def place(self) -> tuple[str, str, int]:
        """What is short, whatever the figures."""
        return self.kind, self.device, self.cards


class TooSlow(NamedTuple):
    """Fewer tokens a second than were asked for."""

    tok_s: float
    least_tok_s: float


class TooLate(NamedTuple):
    """The first token comes after `ttft_s` even with nothing else running, later than was asked for."""

    tok_s: float
    ttft_s: float
    most_s: float


Slow = TooSlow | TooLate | BeyondPatience


class NeedsMemory(NamedTuple):
    """No layout fits. `shortfalls` are those of the most natural layout and, where it lacks another, the nearest miss.

    `shortfall_bytes` and `needed_bytes` are the nearest miss's over all devices. `from_disk` is set when experts could
    be read from disk, and that is too slow.
    """

    shortfalls: tuple[Shortfall, ...]
    shortfall_bytes: int
    needed_bytes: int
    from_disk: Slow | None = None


class NeedsShare(NamedTuple):
    """The share of each of `gpus` cards that `server` may use holds too little for `users` of `context` tokens."""

    server: str
    gpus: int
    users: int
    context: int
    needed_bytes: int
    allowed_bytes: int

    @property
    def shortfall_bytes(self) -> int:
        """What all cards together lack."""
        return (self.needed_bytes - self.allowed_bytes) * self.gpus


class ShareNotFree(NamedTuple):
    """The server refuses to start, because its share of each card, `utilization` of it by its `flag`, is not free."""

    flag: str
    gpus: int
    utilization: float
    allowed_bytes: int
    free_bytes: int

    @property
    def shortfall_bytes(self) -> int:
        """What all cards together lack."""
        return (self.allowed_bytes - self.free_bytes) * self.gpus


class TooFewUsers(NamedTuple):
    """One user of `context` tokens fits, and not as many as asked; `shortfall_bytes` are all cards' together."""

    users: int
    users_wanted: int
    context: int
    shortfall_bytes: int


class ContextTooLong(NamedTuple):
    """The model reads at most so many tokens."""

    context_max: int


class NoExperts(NamedTuple):
    """A dense model was asked to keep its experts in RAM."""

    model_id: str


# Below vLLM's compiled kernels, none for BF16, FP8, NVFP4 or MXFP4, a target of ROCm that is not supported, a model
# that overflows in FP16, a card of which nothing is known, another build than is planned for, no cache in 8 bits.
NotComputedWhy = Literal[
    "no kernels",
    "no bf16",
    "no fp8",
    "no nvfp4",
    "no mxfp4",
    "target",
    "overflows",
    "unknown",
    "other build",
    "no fp8 cache",
]


class NotComputed(NamedTuple):
    """`server` does not compute with this type of weights on cards such as `card`, of `capability` (8.9, gfx1100)."""

    server: str
    dtype: str
    why: NotComputedWhy
    card: str
    capability: str


class NotSplit(NamedTuple):
    """The engine's own rule says why the model is not split so."""

    rule: str


class Difference(NamedTuple):
    """How an option differs from the chosen one: in points of the quality index, times its speed, tokens of context.

    `thinking_ratio` are its tokens of thinking over the chosen one's, `energy_ratio` its energy an answer where that is
    what counts. `per_cent_lost` is what its quant loses beyond the chosen one's, in whole per cent of perplexity.
    `coarser_cache`: its cache has less than 8 bits, and the chosen one's not. `loses_in` is the first field of the
    rule in which it falls behind, whatever it has more of in later ones; None where the rule has nothing against it.
    """

    quality_points: float
    speed_ratio: float
    from_disk: bool = False
    context_tokens: int = 0
    thinking_ratio: float = 1.0
    energy_ratio: float | None = None
    per_cent_lost: int = 0
    coarser_cache: bool = False
    loses_in: MeritField | None = None


class RanksBelow(NamedTuple):
    """It fits and is not shown. `not_on_gpu` is why part of it would be in host memory although there are cards."""

    choice_id: str
    difference: Difference
    tok_s: float | None = None
    from_disk: bool = False
    not_on_gpu: NeedsMemory | None = None


MemoryCause = NeedsMemory | NeedsShare | ShareNotFree | TooFewUsers
Cause = MemoryCause | Slow | ContextTooLong | NoExperts | NotComputed | NotSplit | RanksBelow


class AsAsked(NamedTuple):
    """Exactly what was asked for; `caution` is why we would not recommend it."""

    caution: str | None = None


class ReadsFromDisk(NamedTuple):
    """So many bytes of experts are read from disk, as a `last_resort` because nothing fits in memory."""

    disk_bytes: int
    last_resort: bool = False


class OtherSharing(NamedTuple):
    """Another way to share the `cards` than the chosen one, and how fast it is over that."""

    how: Literal["experts spread", "one cache", "stages", "fewer cards", "more cards"]
    speed_ratio: float
    cards: int


def kind_of(cause: Cause) -> CauseKind:
    """Whether memory, speed or a rule is the cause, or that others are better."""
    match cause:
        case NeedsMemory() | NeedsShare() | ShareNotFree() | TooFewUsers():
            return "memory"
        case TooSlow() | TooLate() | BeyondPatience():
            return "slow"
        case ContextTooLong() | NoExperts() | NotComputed() | NotSplit():
            return "refused"
        case RanksBelow():
            return "behind"
        case _:
            assert_never(cause)


Standing = Chosen | AsAsked | ReadsFromDisk | Difference | OtherSharing | Cause


class CardsBeyond(NamedTuple):
    """The engine takes only the first `taken` of `cards`."""

    taken: int
    cards: int


class UnequalCards(NamedTuple):
    """Cards of these names are left out, because those that work together must be equal."""

    left_out: tuple[str, ...]


class LeastFreeCounts(NamedTuple):
    """Of equal cards the one with the least memory free counts for all."""

    least_gpu: int
    least_bytes: int
    largest_gpu: int
    largest_bytes: int


class MachinesAssumed(NamedTuple):
    """So many cards do not stand in one machine: `machines` with `each` cards are planned for, and `left_over` not."""

    machines: int
    each: int
    left_over: int
    assumed: bool


class CapabilityUnknown(NamedTuple):
    """Nothing is known of what `card` computes with, so that only what all cards do is planned for."""

    card: str


class NearlyOnCards(NamedTuple):
    """An option with a part in host memory lacks less to be whole on its cards than is known of what they lose.

    What `backend` takes there is known to `uncertain_bytes`. With `gpu_layers` and `n_ubatch`, if that works, it does
    `tok_s`.
    """

    option_id: str
    lacking_bytes: int
    uncertain_bytes: int
    backend: str | None
    gpu_layers: int
    n_ubatch: int
    tok_s: float


class FitsHeadless(NamedTuple):
    """With the `desktop_bytes` that a desktop is assumed to hold, an option fits, or runs `whole` on its cards."""

    option_id: str
    desktop_bytes: int
    whole: bool
    tok_s: float


Note = CardsBeyond | UnequalCards | LeastFreeCounts | MachinesAssumed | CapabilityUnknown | NearlyOnCards | FitsHeadless
