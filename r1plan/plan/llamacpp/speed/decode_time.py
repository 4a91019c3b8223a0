"""How fast a layout generates and reads: from the work of each device and the machine's rates, with its range."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from r1plan.catalog.model import Model, Quant
from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.llamacpp.memory.cache import kv_bytes_per_cell
from r1plan.plan.llamacpp.option import option_id
from r1plan.plan.llamacpp.placement import DeviceLoads
from r1plan.plan.llamacpp.speed.cards import STREAMED_SOURCE, STREAMED_SPREAD
from r1plan.plan.llamacpp.speed.host_fitted import HOST_SOURCE
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates, MeasuredRun, of_file, prompts_of
from r1plan.plan.llamacpp.speed.rates import DISK_BANDWIDTH_GB_S, Addend, CardRates, MachineRates
from r1plan.plan.llamacpp.speed.work import TokenWork, kind_of, token_work
from r1plan.plan.pins import KvType
from r1plan.plan.speed import Bottleneck, DecodeSpeed, PrefillSpeed, Range, Speed, SpeedTerm

_EXPERT_SPREAD = 0.30
_DISK_SPREAD = 0.50


class ModelRates:
    """What all layouts of a model at one quant share on a machine; `learned` are what `on` has its factors from."""

    def __init__(
        self,
        on: MachineRates,
        model: Model,
        quant: Quant,
        weights: Weights,
        learned: LearnedRates = NOTHING_LEARNED,
    ) -> None:
        self.machine, self.learned = on, learned
        self.file = learned.file_rate(option_id(model, quant), weights.read_bytes_a_token)
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
        on = self.rates.machine
        self.addends = of_file(on, on.token(self.work), self.rates.file)
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
        spreads = [each.speed.spread for each in self.cards]
        spreads += [self.rates.machine.processor.spread] * (self.work.host is not None)
        spreads += [_EXPERT_SPREAD] * self.rates.kind.moe + [STREAMED_SPREAD] * self.rates.kind.streams
        return max(*spreads, _DISK_SPREAD) if self.work.disk_bytes else max(spreads)

    def prompt_spread(self) -> float:
        """By how large a share the time of a prompt may be off."""
        return max([self.spread() + 0.10, *(each.speed.spread_of_prompts for each in self.cards)])

    def basis(self) -> Basis:
        """Whether readings of this kind of layout stand behind the time."""
        unknown = any(
            each.gpu.bandwidth_gb_s is None
            or each.gpu.is_guessed
            or each.gpu.is_unsourced
            or each.speed.kind.basis == "assumed"
            for each in self.cards
        )
        mixed = self.rates.kind.moe or self.work.host is not None or len(self.work.cards) > 1
        return "assumed" if unknown or mixed else "calibrated"

    def source(self) -> str:
        """Where the constants come from."""
        sources = [each.speed.kind.source for each in self.cards] + [HOST_SOURCE] * (self.work.host is not None)
        sources += [STREAMED_SOURCE] * (self.rates.kind.streams and bool(self.cards))
        sources += [f"bandwidth of {each.gpu.name}: general knowledge" for each in self.cards if each.gpu.is_unsourced]
        source = "; ".join(dict.fromkeys(sources))
        return f"{source}; {disk_bandwidth(self.machine)}" if self.work.disk_bytes else source

    def prompt_parts(self) -> list[Addend] | None:
        """The parts of the time that a prompt's token takes; None when nothing is known of the card."""
        return self._prompt_parts

    @cached_property
    def _prompt_parts(self) -> list[Addend] | None:
        on, file = self.rates.machine, self.rates.file
        parts = on.prompt(self.work)
        return None if parts is None else of_file(on, parts, file and prompts_of(file))


def predicted_speed(time: DecodeTimeModel, depths: tuple[int, ...]) -> Speed:
    """The speed that follows from the time of a token, at each of `depths`."""
    learned, file = time.rates.learned, time.rates.file
    same = learned.run_of(file, time.work)
    spread = time.spread()
    decode, here = [], True
    for depth in depths:
        told = learned.token_range(time.addends, depth, file, same, spread)
        here = here and told.here
        decode.append(DecodeSpeed(depth, _range(time.a_token(depth), told.spread)))
    prompts = _prompts(time, tuple(dict.fromkeys((0, *depths))), same)
    terms = sorted(time.seconds(depths[0]).items(), key=lambda term: -term[1])
    return Speed(
        prefill_tok_s=next((each.tok_s for each in prompts if not each.depth), None),
        decode=tuple(decode),
        bottleneck=terms[0][0],
        basis="measured here" if here else time.basis(),
        terms=tuple(SpeedTerm(what, seconds) for what, seconds in terms),
        source="; ".join((*_measured(learned.sources(time.addends)), time.source())),
        prefill=prompts,
    )


def _prompts(time: DecodeTimeModel, depths: tuple[int, ...], same: MeasuredRun | None) -> tuple[PrefillSpeed, ...]:
    """The speed of a prompt at each of `depths`; none when nothing is known of the card."""
    parts, rates = time.prompt_parts(), time.rates
    if parts is None:
        return ()
    fixed, a_depth = sum([each.seconds for each in parts]), sum([each.seconds_a_depth for each in parts])
    prior, found = time.prompt_spread(), []
    for depth in depths:
        told = rates.learned.prompt_range(parts, depth, rates.file, same, prior)
        found.append(PrefillSpeed(depth, _range(fixed + a_depth * depth, told.spread)))
    return tuple(found)


def _range(seconds: float, spread: float) -> Range:
    mid = 1 / seconds
    return Range(mid * (1 - spread), mid, mid * (1 + spread))


def _measured(runs: tuple[MeasuredRun, ...]) -> Iterator[str]:
    """When and with what; of several the newest is named."""
    if runs:
        others = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        yield f"measured here on {runs[0].measured_at.date()} with {runs[0].option_id}{others}"


def disk_bandwidth(machine: Machine) -> str:
    """How fast the disk is taken to read, in words: "disk at 3 GB/s, assumed"."""
    given = machine.disk_bandwidth_gb_s
    return f"disk at {given or DISK_BANDWIDTH_GB_S:g} GB/s, {'given' if given else 'assumed'}"
