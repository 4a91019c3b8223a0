"""What to give up where a device has no room for what was planned: the least loss first. Pure.

A smaller micro-batch costs time to read prompts, and makes room beside the cache alone. A quantised cache costs a
little exactness, a shorter context nothing until it is needed; layers in main memory cost speed with every token. None
of it is done to what a person has fixed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from r1plan.engine.local.settings import LoadSettings

if TYPE_CHECKING:
    from r1plan.hardware.machine import GpuProcess

LackDuring = Literal["weights", "cache", "context", "working"]
"""What found no room: the file's weights, the cache of tokens, what is beside it in a context, the first prompt."""

_WIDE_CACHES = ("f16", "bf16", "f32")
_SMALLER_CACHE = "q8_0"
_MICRO_BATCHES = (256, 128)
_ENOUGH_CONTEXT = 4096  # R1's thinking alone is often longer than half of it
_LEAST_CONTEXT = 1024
_SHARE_A_STEP = 8  # an eighth of the layers, where nothing tells how many are too much
_HOST = re.compile(r"CPU|device CPU|.*_Host", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)\s*$")


class Lack(NamedTuple):
    """That there was no room on `device`, as the engine calls it; None: it does not say.

    Of `asked_bytes` there were `free_bytes`, where that is known.
    """

    during: LackDuring
    device: str | None = None
    asked_bytes: int | None = None
    free_bytes: int | None = None

    @property
    def missing_bytes(self) -> int | None:
        """How much more was asked than there is."""
        if self.asked_bytes is None or self.free_bytes is None:
            return None
        return max(self.asked_bytes - self.free_bytes, 0)


class FileLayers(NamedTuple):
    """What a file's header says of its layers, `number` without the output head; 0: nothing.

    `bytes_a_layer` is the mean. `small_cache`: what it keeps of a token is compressed already.
    """

    number: int = 0
    bytes_a_layer: int = 0
    has_experts: bool = False
    small_cache: bool = False


@dataclass(frozen=True, slots=True)
class LoadChange:
    """That a file was loaded by `after`, as there was no room for `before`.

    `lacks` are what found none, in order; `layers` those of the file with its head, 0: not known. `holders` are other
    programs that hold memory on that device, `speed` what is left of the tokens a second, None: not known.
    """

    before: LoadSettings
    after: LoadSettings
    lacks: tuple[Lack, ...]
    layers: int = 0
    holders: tuple[GpuProcess, ...] = ()
    speed: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFallback:
    """How loading may give way. `pinned` are fields of LoadSettings that stay as they are.

    `replan` plans anew with the free bytes of each card, in the engine's order: None where nothing fits. `tok_s` is
    what it writes a second by the plan. `reserve_bytes` are what a card needs after its context is there, None: what is
    usual for the engine's backend. `holders` are who else holds memory on a card of that name; `smaller` what would fit
    instead, as a hint. `changed` is told once what was changed.
    """

    pinned: frozenset[str] = frozenset()
    reserve_bytes: int | None = None
    replan: Callable[[Sequence[int]], LoadSettings | None] = lambda _free: None
    tok_s: Callable[[LoadSettings], float | None] = lambda _settings: None
    holders: Callable[[str], tuple[GpuProcess, ...]] = lambda _name: ()
    smaller: Callable[[], str | None] = lambda: None
    changed: Callable[[LoadChange], object] = lambda _change: None


@dataclass(slots=True)
class Ladder:
    """The settings that are tried one after another, with `file`, from those that were planned.

    `refused` are fields whose other values this model or build did not take. A context that is `growing` has its model
    already, and keeps it.
    """

    fallback: LoadFallback
    file: FileLayers
    growing: bool = False
    refused: set[str] = field(default_factory=set)

    def next(self, settings: LoadSettings, lack: Lack) -> LoadSettings | None:
        """What to try after `settings`; None: nothing is left that may be given up."""
        return next(self._steps(settings, lack), None)

    def _steps(self, now: LoadSettings, lack: Lack) -> Iterator[LoadSettings]:
        on_card = now.uses_cards and not (lack.device is not None and _HOST.fullmatch(lack.device))
        has_layers = on_card and now.gpu_layers != 0
        if lack.during == "weights":
            yield from self._fewer_on_card(now, lack) if has_layers else self._mapped(now)
            return
        if on_card and not has_layers and lack.device is not None and not self.growing:
            yield from self._without_cards(now)
        if lack.during != "cache":
            yield from self._smaller_batch(now)
        yield from self._smaller_cache(now)
        if self.growing:
            return
        yield from self._shorter(now, _ENOUGH_CONTEXT)
        if has_layers:
            yield from self._fewer_on_card(now, lack)
        yield from self._shorter(now, _LEAST_CONTEXT)
        if has_layers and lack.device is not None and self._may("gpu_layers", "experts_on_host"):
            yield from self._without_cards(now)

    def _without_cards(self, now: LoadSettings) -> Iterator[LoadSettings]:
        """A card without layers only reads prompts, and is the first that is given up."""
        if self._may("uses_cards"):
            yield replace(now, gpu_layers=0, tensor_split=(), experts_on_host=0, uses_cards=False)

    def _may(self, *names: str) -> bool:
        return self.fallback.pinned.isdisjoint(names) and self.refused.isdisjoint(names)

    def _smaller_cache(self, now: LoadSettings) -> Iterator[LoadSettings]:
        if now.kv_type in _WIDE_CACHES and now.flash_attn and not self.file.small_cache and self._may("kv_type"):
            yield replace(now, kv_type=_SMALLER_CACHE)

    def _smaller_batch(self, now: LoadSettings) -> Iterator[LoadSettings]:
        if self._may("n_ubatch"):
            used = min(now.n_ubatch, now.n_batch, now.context_tokens)
            yield from (replace(now, n_ubatch=each) for each in _MICRO_BATCHES if each < used)

    def _shorter(self, now: LoadSettings, least: int) -> Iterator[LoadSettings]:
        if now.context_tokens > least and self._may("context_tokens"):
            yield replace(now, context_tokens=max(now.context_tokens // 2, least))

    def _mapped(self, now: LoadSettings) -> Iterator[LoadSettings]:
        if not now.mapped and self._may("mapped"):
            yield replace(now, mapped=True)

    def _fewer_on_card(self, now: LoadSettings, lack: Lack) -> Iterator[LoadSettings]:
        """Experts leave a card before whole layers: a token needs few of them."""
        count = self.file.number
        on_card = count + 1 if now.gpu_layers is None else min(now.gpu_layers, count + 1 if count else now.gpu_layers)
        if self.file.has_experts and now.experts_on_host < count and self._may("experts_on_host"):
            step = min(max(self._too_many(count, lack), 1), count - now.experts_on_host)
            yield replace(now, experts_on_host=now.experts_on_host + step)
        elif on_card > 0 and self._may("gpu_layers"):
            step = min(max(self._too_many(on_card, lack), 1), on_card)
            if not count and now.gpu_layers is None:
                step = on_card
            left = on_card - step
            yield replace(now, gpu_layers=left, tensor_split=_split_without(now.tensor_split, lack, step, left))

    def _too_many(self, on_card: int, lack: Lack) -> int:
        """How many layers have to leave the card for what was asked."""
        missing, of_one = lack.missing_bytes, self.file.bytes_a_layer
        if missing is None or not of_one:
            return on_card // _SHARE_A_STEP
        return -(-missing // of_one)


def _split_without(split: tuple[int, ...], lack: Lack, step: int, left: int) -> tuple[int, ...]:
    """The layers a card without `step` of those of the card that is too full, or of the fullest."""
    if not split or not left:
        return ()
    layers = list(split)
    found = _NUMBER.search(lack.device or "")
    card = int(found[1]) if found and int(found[1]) < len(layers) else layers.index(max(layers))
    while step > 0 and any(layers):
        taken = min(step, layers[card])
        layers[card] -= taken
        step -= taken
        card = layers.index(max(layers))
    return tuple(layers)
