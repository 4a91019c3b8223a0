"""Which stored measurements are of this machine as it is now, and what they teach.

A measurement says nothing of a card that is not here or has another power limit, nor of another processor. One with
another driver or engine says less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import hypot, isfinite, log

from r1plan.hardware.machine import Machine
from r1plan.measurements.identity import CardIdentity, ProcessorIdentity, machine_identity
from r1plan.measurements.measurement import Disturbance, Measurement, SpeedReading
from r1plan.plan.cost.power import DrawReading
from r1plan.plan.doubts import DamagedMeasurement, Doubt, DoubtedMeasurement, MeasurementDoubt
from r1plan.plan.llamacpp.speed.learned import (
    NOTHING_LEARNED,
    LearnedRates,
    MeasuredRun,
    MeasuredTime,
    learned_rates,
)
from r1plan.plan.llamacpp.speed.measured_work import measured_work
from r1plan.plan.llamacpp.speed.rates import HOST, MachineRates
from r1plan.units import GIB, MIB

# More would tell little and take time at each start.
_MOST_RUNS = 8
# What a reading is off by at least, whatever its repetitions say; and how much more when the machine has changed since,
# or something disturbed it. Assumed. A card at its power limit, or that the build does not use, is as it always is.
_LEAST_NOISE = 0.01
_CHANGED_NOISE = 0.10
_DISTURBED: dict[Disturbance, float] = {
    "thermal": 0.10,
    "other-process": 0.15,
    "power-brake": 0.20,
    "unsteady": 0.20,
    "busy-processor": 0.30,
    "swap": 0.50,
}
# No machine is so many times faster or slower than the constants say; such a reading is wrong.
_IMPLAUSIBLE = 30.0
_SAME_LIMIT = 0.02
_SAME_RAM = 0.10
_MOST_CORES_SHARE = 0.7  # of the cores: with so many threads or more the memory decides as it does with all
_MOST_OVERHEAD_BYTES = 4 * GIB
# What of a token's weights lies in a processor's or a card's own cache says nothing of memory: an H200's has 60 MB.
_LEAST_READ_BYTES = 256 * MIB
# Prompts at a greater depth are read more slowly, and older readings do not say by what: 3 % at 2,048 tokens on an
# H200. Copies of weights differ more from each other: two of one file by 9 % within a minute, 12 within half an hour.
_SHALLOW_TOKENS, _NOT_DEEP_TOKENS = 512, 2048
_COPY_NOISE = 0.08


@dataclass(frozen=True, slots=True)
class LearnedHere:
    """What this machine's measurements teach, and those that do not count or count less."""

    rates: LearnedRates = NOTHING_LEARNED
    doubts: tuple[MeasurementDoubt, ...] = ()


class _Unusable(Exception):
    """A measurement says nothing of this machine."""

    def __init__(self, doubt: Doubt, was: str = "", now: str = "") -> None:
        self.doubt, self.was, self.now = doubt, was, now


def learned_here(
    machine: Machine,
    found: Iterable[Measurement],
    engine_version: str | None = None,
    damaged: Iterable[tuple[str, str]] = (),
) -> LearnedHere:
    """What the measurements `found` teach of `machine`.

    `engine_version` is that of the engine that is installed now, and `damaged` are files that hold none, with why. Of
    several measurements of one file under the same settings the newest counts.
    """
    here = _Here(machine, engine_version)
    runs: list[MeasuredRun] = []
    overheads: dict[int, list[int]] = {}
    seen: set[tuple[object, ...]] = set()
    for each in sorted(found, key=lambda one: -one.measured_at.timestamp()):
        key = (each.file.digest, each.settings)
        if key in seen or len(runs) == _MOST_RUNS:
            continue
        seen.add(key)
        doubts = len(here.doubted)
        try:
            run, cards = here.run(each)
        except _Unusable as why:
            del here.doubted[doubts:]
            here.doubt(each, why.doubt, why.was, why.now, is_used=False)
            continue
        runs.append(run)
        for card, lost in _overheads(each, cards):
            overheads.setdefault(card, []).append(lost)
    rates = learned_rates(
        machine, runs, {card: sorted(lost)[len(lost) // 2] for card, lost in sorted(overheads.items())}
    )
    return LearnedHere(rates, (*here.doubted, *(DamagedMeasurement(*each) for each in damaged)))


class _Here:
    """The machine as it is, to which measurements are held."""

    def __init__(self, machine: Machine, engine_version: str | None) -> None:
        self.machine, self.engine_version = machine, engine_version
        self.identity = machine_identity(machine)
        self.constants = MachineRates(machine)
        self.doubted: list[DoubtedMeasurement] = []

    def doubt(self, of: Measurement, doubt: Doubt, was: object, now: object, *, is_used: bool) -> None:
        """Keep why `of` is not used, or is trusted less."""
        self.doubted.append(DoubtedMeasurement(_option_id(of), of.measured_at, doubt, is_used, str(was), str(now)))

    def run(self, of: Measurement) -> tuple[MeasuredRun, dict[int, int]]:
        """What of a measurement holds here, with the index that each of its cards has here. Raises _Unusable."""
        standing = self._cards(of)
        read = sum(each.weights_read_bytes for each in of.work)
        if read < _LEAST_READ_BYTES:
            raise _Unusable("too-small", f"{read / MIB:.0f} MiB", f"{_LEAST_READ_BYTES / MIB:.0f} MiB")
        disturbed = [each for each in of.disturbances if each in _DISTURBED]
        noise = hypot(*(_DISTURBED[each] for each in disturbed))
        if disturbed:
            self.doubt(of, "disturbed", ", ".join(disturbed), "", is_used=True)
        for place, here in standing.items():
            noise = hypot(noise, self._changed_card(of, of.machine.cards[place], self.identity.cards[here]))
        on_host = any(each.card is None for each in of.work) or of.streamed_bytes
        if on_host:
            noise = hypot(noise, self._changed_processor(of, of.machine.processor))
            _refuse_few_threads(of)
        now = self.engine_version
        if now is not None and of.engine.version != now:
            self.doubt(of, "another-engine", of.engine.version, now, is_used=True)
            noise = hypot(noise, _CHANGED_NOISE)
        cards = {place: self.machine.gpus[here].index for place, here in standing.items()}
        places = tuple(dict.fromkeys(self.machine.gpus[here].name for here in standing.values()))
        run = MeasuredRun(
            option_id=_option_id(of),
            measured_at=of.measured_at,
            places=(*places, HOST) if on_host else places,
            work=measured_work(of, cards),
            decode=tuple(_time(each, noise) for each in of.decode),
            prompt=tuple(_time(each, hypot(noise, _COPY_NOISE * bool(of.streamed_bytes))) for each in _of_plans(of)),
            drawn=DrawReading(of.power.watts, of.power.source) if of.power is not None else None,
        )
        self._check(run)
        return run, cards

    def _cards(self, of: Measurement) -> dict[int, int]:
        """Where each card that took part stands here, by where it stood there."""
        places = dict.fromkeys(each.card for each in of.work if each.card is not None)
        found: dict[int, int] = {}
        for place in places:
            was = of.machine.cards[place] if place < len(of.machine.cards) else None
            alike = (
                here
                for here, card in enumerate(self.identity.cards)
                if was is not None and here not in found.values() and card.is_same_card(was)
            )
            here = next(alike, None)
            if here is None:
                raise _Unusable("another-card", was.name if was else "", "")
            found[place] = here
        return found

    def _changed_card(self, of: Measurement, was: CardIdentity, now: CardIdentity) -> float:
        """How much less a reading says for what is other of a card. Raises _Unusable for another power limit."""
        limits = was.power_limit_w, now.power_limit_w
        if limits[0] and limits[1] and abs(limits[0] - limits[1]) > _SAME_LIMIT * limits[0]:
            raise _Unusable("another-power-limit", f"{limits[0]:g} W", f"{limits[1]:g} W")
        if was.driver == now.driver:
            return 0.0
        self.doubt(of, "another-driver", was.driver or "unknown", now.driver or "unknown", is_used=True)
        return _CHANGED_NOISE

    def _changed_processor(self, of: Measurement, was: ProcessorIdentity) -> float:
        """The same of the processor and its memory. Raises _Unusable for another one."""
        now = self.identity.processor
        if (was.model, was.architecture, was.cores, was.physical_cores) != (
            now.model,
            now.architecture,
            now.cores,
            now.physical_cores,
        ):
            raise _Unusable("another-processor", f"{was.model}, {was.cores} cores", f"{now.model}, {now.cores} cores")
        if abs(was.ram_gib - now.ram_gib) <= _SAME_RAM * max(was.ram_gib, now.ram_gib):
            return 0.0
        self.doubt(of, "another-ram", f"{was.ram_gib} GiB", f"{now.ram_gib} GiB", is_used=True)
        return _CHANGED_NOISE

    def _check(self, run: MeasuredRun) -> None:
        """Raises _Unusable for times that cannot be true."""
        token = self.constants.token(run.work)
        prompt = self.constants.prompt(run.work) or []
        if not token:
            raise _Unusable("implausible")
        for each in run.decode:
            _refuse_far(each.seconds, sum(part.seconds + part.seconds_a_depth * each.depth for part in token))
        for each in run.prompt if prompt else ():
            _refuse_far(each.seconds, sum(part.seconds + part.seconds_a_depth * each.depth for part in prompt))


def _refuse_few_threads(of: Measurement) -> None:
    """Raises _Unusable where fewer threads were asked for than the processor has cores: it could do more."""
    threads, processor = of.settings.threads, of.machine.processor
    usual = min(processor.physical_cores or processor.cores, processor.cores)
    if threads is not None and threads < _MOST_CORES_SHARE * usual:
        raise _Unusable("few-threads", "1 thread" if threads == 1 else f"{threads} threads", str(usual))


def _refuse_far(seconds: float, by_constants: float) -> None:
    far = not (isfinite(seconds) and seconds > 0 and by_constants > 0)
    if far or abs(log(seconds / by_constants)) > log(_IMPLAUSIBLE):
        was = f"{1 / seconds:.3g} tok/s" if seconds > 0 else ""
        raise _Unusable("implausible", was, f"{1 / by_constants:.3g} tok/s" if by_constants > 0 else "")


def _option_id(of: Measurement) -> str:
    return f"{of.file.model}:{of.file.quant}"


def _time(reading: SpeedReading, noise: float) -> MeasuredTime:
    off = hypot(max(reading.spread, _LEAST_NOISE), noise)
    return MeasuredTime(reading.depth, reading.seconds_a_token, off)


def _of_plans(of: Measurement) -> tuple[SpeedReading, ...]:
    """The prompts that can be held against a plan: how often they read the disk is not known."""
    if not of.file.active_params or of.disk_bytes:
        return ()
    if of.file.attention_flop_a_depth and not of.streamed_bytes:
        return of.prefill
    most = _NOT_DEEP_TOKENS if of.streamed_bytes else _SHALLOW_TOKENS
    return tuple(each for each in of.prefill if each.depth <= most)


def _overheads(of: Measurement, cards: dict[int, int]) -> Iterator[tuple[int, int]]:
    """What each card was found to lose beside what is planned without earlier measurements."""
    if "other-process" in of.disturbances:
        return
    for each in of.buffers:
        if each.term != "overhead" or each.card not in cards:
            continue
        if each.planned_bytes is None or each.measured_bytes is None:
            continue
        # What the engine did not tell of is among what the card lost beside what it told of.
        untold = sum(
            other.planned_bytes or 0
            for other in of.buffers
            if other.card == each.card and other.term != "overhead" and not other.measured_bytes
        )
        lost = each.measured_bytes - untold
        if 0 <= lost <= _MOST_OVERHEAD_BYTES:
            yield cards[each.card], lost - (each.planned_bytes - each.learned_bytes)
