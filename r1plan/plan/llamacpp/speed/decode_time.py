"""How fast a layout generates and reads: from the work of each device and the machine's rates, with its range."""

from __future__ import annotations

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.buffers import kv_bytes_per_cell
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.speed.device_class import GUESSED_PROMPT_SPREAD
from r1plan.plan.llamacpp.speed.processor import SOURCE
from r1plan.plan.llamacpp.speed.rates import DISK_BANDWIDTH_GB_S, CardRates, MachineRates
from r1plan.plan.llamacpp.speed.work import TokenWork, kind_of, token_work
from r1plan.plan.pins import KvType
from r1plan.plan.speed import Bottleneck, DecodeSpeed, Range, Speed, SpeedTerm

_GUESSED_SPREAD = 0.40  # figures of a card that is like it
_UNSOURCED_SPREAD = 0.30  # a bandwidth from general knowledge
_UNKNOWN_SPREAD = 0.65  # a card of which nothing is known
_EXPERT_SPREAD = 0.30
_DISK_SPREAD = 0.50


class ModelRates:
    """What all layouts of a model at one quant share on a machine."""

    def __init__(self, on: MachineRates, model: Model, quant: Quant, weights: Weights) -> None:
        self.machine = on
        self.kind = kind_of(model, quant, weights)
        self._shape = model.shape
        self._kv_bytes: dict[KvType, int] = {}

    def kv_bytes_a_layer(self, kv_type: KvType) -> int:
        """What a token leaves in one layer's cache."""
        if kv_type not in self._kv_bytes:
            self._kv_bytes[kv_type] = kv_bytes_per_cell(self._shape, kv_type, 1)
        return self._kv_bytes[kv_type]


class DecodeTimeModel:
    """One layout's time for a token, in parts, as far as it does not depend on how much the cache holds.

    `rates` are what it shares with other layouts of the model, where that is known already.
    """

    def __init__(
        self,
        machine: Machine,
        model: Model,
        quant: Quant,
        weights: Weights,
        placed: DeviceLoads,
        rates: ModelRates | None = None,
    ) -> None:
        self.rates = rates or ModelRates(MachineRates(machine), model, quant, weights)
        self.machine = machine
        kv_bytes = self.rates.kv_bytes_a_layer(placed.settings.kv_type)
        self.work: TokenWork = token_work(self.rates.kind, model, weights, placed, kv_bytes)
        self.addends = self.rates.machine.token(self.work)
        self._fixed = sum([each.seconds for each in self.addends])
        self._a_depth = sum([each.seconds_a_depth for each in self.addends])

    def seconds(self, depth: int) -> dict[Bottleneck, float]:
        """Every kind of addend above zero with `depth` tokens in the cache."""
        found: dict[Bottleneck, float] = {}
        for each in self.addends:
            if seconds := each.seconds + each.seconds_a_depth * depth:
                found[each.what] = found.get(each.what, 0.0) + seconds
        return found

    def a_token(self, depth: int) -> float:
        """All of it, in seconds."""
        return self._fixed + self._a_depth * depth

    @property
    def cards(self) -> list[CardRates]:
        """The cards in use."""
        return [self.rates.machine.cards[each.card] for each in self.work.cards]

    def spread(self) -> float:
        """By how large a share the real time may be off."""
        cards = self.cards
        spreads = [each.kind.spread for each in cards]
        spreads += [self.rates.machine.processor.spread] * (self.work.host is not None)
        spreads += [_EXPERT_SPREAD] * self.rates.kind.moe
        spreads += [_UNKNOWN_SPREAD for each in cards if each.gpu.bandwidth_gb_s is None]
        spreads += [_GUESSED_SPREAD for each in cards if each.gpu.is_guessed]
        spreads += [_UNSOURCED_SPREAD for each in cards if each.gpu.is_unsourced]
        return max(*spreads, _DISK_SPREAD) if self.work.disk_bytes else max(spreads)

    def prompt_spread(self) -> float:
        """By how large a share the time of a prompt may be off."""
        cards = self.cards
        guessed = any(not each.gpu.fp32_tflops and each.gpu.vendor != "apple" for each in cards)
        spreads = [each.kind.spread_of_prompts for each in cards] + [GUESSED_PROMPT_SPREAD] * guessed
        return max(self.spread() + 0.10, *spreads) if spreads else self.spread() + 0.10

    def basis(self) -> Basis:
        """Whether readings of this kind of layout stand behind the time."""
        unknown = any(
            each.gpu.bandwidth_gb_s is None
            or each.gpu.is_guessed
            or each.gpu.is_unsourced
            or each.kind.basis == "assumed"
            for each in self.cards
        )
        mixed = self.rates.kind.moe or self.work.host is not None or len(self.work.cards) > 1
        return "assumed" if unknown or mixed else "calibrated"

    def source(self) -> str:
        """Where the constants come from."""
        sources = [each.kind.source for each in self.cards] + [SOURCE] * (self.work.host is not None)
        sources += [f"bandwidth of {each.gpu.name}: general knowledge" for each in self.cards if each.gpu.is_unsourced]
        source = "; ".join(dict.fromkeys(sources))
        return f"{source}; {disk_bandwidth(self.machine)}" if self.work.disk_bytes else source

    def prompt_tok_s(self) -> float | None:
        """Tokens of a prompt read a second; None when nothing is known of the card."""
        addends = self.rates.machine.prompt(self.work)
        return None if addends is None else 1 / sum([each.seconds for each in addends])


def predicted_speed(time: DecodeTimeModel, depths: tuple[int, ...]) -> Speed:
    """The speed that follows from the time of a token, at each of `depths`."""
    spread = time.spread()
    low, high = 1 - spread, 1 + spread
    decode = []
    for depth in depths:
        mid = 1 / time.a_token(depth)
        decode.append(DecodeSpeed(depth, Range(mid * low, mid, mid * high)))
    prefill, off = time.prompt_tok_s(), time.prompt_spread()
    terms = sorted(time.seconds(depths[0]).items(), key=lambda term: -term[1])
    return Speed(
        prefill_tok_s=Range(prefill * (1 - off), prefill, prefill * (1 + off)) if prefill else None,
        decode=tuple(decode),
        bottleneck=terms[0][0],
        basis=time.basis(),
        terms=tuple(SpeedTerm(what, seconds) for what, seconds in terms),
        source=time.source(),
    )


def disk_bandwidth(machine: Machine) -> str:
    """How fast the disk is taken to read, in words: "disk at 3 GB/s, assumed"."""
    given = machine.disk_bandwidth_gb_s
    return f"disk at {given or DISK_BANDWIDTH_GB_S:g} GB/s, {'given' if given else 'assumed'}"
