"""What measurements of this machine teach of its rates: factors beside the constants, and how far they are known.

A measured file has a factor of its own beside those of the devices, so that it keeps what is its alone, and others
learn what is the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from math import exp
from typing import NamedTuple

from r1plan.hardware.machine import Machine
from r1plan.plan.cost.power import DrawReading
from r1plan.plan.llamacpp.speed.posterior import Parts, Posterior, TimeReading, posterior
from r1plan.plan.llamacpp.speed.rates import HOST, Addend, MachineRates, Rate, RateName
from r1plan.plan.llamacpp.speed.work import TokenWork

# How far each rate of a device may be from its constant, as the standard deviation of the logarithm. What a card does
# with weights is known as well as its class says; the others are assumed.
_CARD_SD: dict[RateName, float] = {
    "layers": 0.5,
    "expert layers": 0.5,
    "cache": 0.4,
    "latent cache": 0.6,
    "experts' prompt": 0.4,
    "prompt layers": 0.5,
    "prompt's attention": 0.4,
}
_HOST_SD: dict[RateName, float] = {
    "weights": 0.4,
    "layers": 0.7,
    "expert layers": 0.7,
    "handing over": 0.7,
    "cache": 0.5,
    "latent cache": 0.7,
    "prompt": 0.4,
    "experts' prompt": 0.4,
    "copying": 0.3,
    "pinned copying": 0.4,
    "disk": 0.5,
}
# What a file does that its bytes, layers and types do not tell.
_FILE_SD = 0.05
# Main memory gives one file more than another, by where its pages lie: 65 to 80 GB/s to a processor, 6.7 to 9 to a card
# in an hour on one machine (h200_verify.jsonl).
_FILE_ON_HOST_SD = 0.12
_FILE_SDS: dict[RateName, float] = {
    "file": _FILE_SD,
    "file's prompt": _FILE_SD,
    "file on host": _FILE_ON_HOST_SD,
    "file's prompt on host": _FILE_ON_HOST_SD,
}
_ON_HOST: dict[RateName, RateName] = {"file": "file on host", "file's prompt": "file's prompt on host"}
_OF_PAGES = ("weights", "copying", "pinned copying")
# A file that was read has the bytes of the plan's, but for a type here and there.
_SAME_BYTES = 0.01
# No range is narrower: of what was measured itself, of the same file laid out otherwise, of another on cards. What a
# processor makes of another type differs more: b0645-b0673 are one file's and another's of the same machines. Main
# memory gives more and less within the hour (h200_verify.jsonl).
_LEAST_SAME_RUN, _LEAST_SAME_FILE, _LEAST_OTHER, _LEAST_OTHER_ON_HOST = 0.03, 0.05, 0.08, 0.15
_LEAST_SAME_RUN_ON_HOST = 0.08
_NOISES = 2.0
# A range that is narrower than this share of what it was rests on what was measured.
_MOSTLY_MEASURED = 0.65


class MeasuredTime(NamedTuple):
    """Seconds a token after `depth` in the cache, give or take the share `noise`."""

    depth: int
    seconds: float
    noise: float


class MeasuredRun(NamedTuple):
    """One model file under one setting, as it ran on this machine. `option_id` is what a plan calls it.

    `places` are those of the rates that took part, `drawn` what it drew; None: nothing counted it.
    """

    option_id: str
    measured_at: datetime
    places: tuple[str, ...]
    work: TokenWork
    decode: tuple[MeasuredTime, ...] = ()
    prompt: tuple[MeasuredTime, ...] = ()
    drawn: DrawReading | None = None

    @property
    def read_bytes(self) -> float:
        """The weights that a token reads, wherever they are."""
        return read_bytes(self.work)

    @property
    def noise(self) -> float:
        """Of its most certain reading."""
        return min((each.noise for each in (*self.decode, *self.prompt)), default=0.0)


class KnownTo(NamedTuple):
    """How wide a range is that rests on measurements, as a share of the middle; `here`: mostly on them."""

    spread: float
    here: bool


@dataclass(frozen=True, slots=True)
class LearnedRates:
    """The rates of a machine after `runs` on it. Without runs nothing is learned.

    `overhead_bytes` are what each card, by its index, was found to lose more than is planned; negative: less.
    `layouts` are the newest run of each file laid out in each way.
    """

    runs: tuple[MeasuredRun, ...] = ()
    decode: Posterior = field(default_factory=Posterior)
    prompt: Posterior = field(default_factory=Posterior)
    factors: Mapping[Rate, float] = field(default_factory=dict)
    overhead_bytes: Mapping[int, int] = field(default_factory=dict)
    layouts: Mapping[tuple[Rate, tuple[object, ...]], MeasuredRun] = field(default_factory=dict)

    def file_rate(self, option_id: str, weights_bytes: float) -> Rate | None:
        """The file that a plan's option would run, where it was measured: it reads as many bytes a token."""
        for each in self.runs:
            if each.option_id == option_id and abs(each.read_bytes - weights_bytes) <= _SAME_BYTES * weights_bytes:
                return _file_rate(each)
        return None

    def run_of(self, file: Rate | None, work: TokenWork) -> MeasuredRun | None:
        """What was measured of the same file laid out the same way."""
        return None if file is None else self.layouts.get((file, _layout(work)))

    def token_range(
        self, parts: Sequence[Addend], depth: int, file: Rate | None, same: MeasuredRun | None, prior: float
    ) -> KnownTo:
        """How far the time of a token at `depth` is known, that was known to the share `prior`."""
        if not self.decode.told:
            return KnownTo(prior, here=False)
        return _known_to(self.decode, _parts(parts, depth, file or _ANOTHER_FILE), file, same, prior)

    def prompt_range(
        self, parts: Sequence[Addend], depth: int, file: Rate | None, same: MeasuredRun | None, prior: float
    ) -> KnownTo:
        """The same of a prompt."""
        if not self.prompt.told:
            return KnownTo(prior, here=False)
        return _known_to(self.prompt, _parts(parts, depth, prompts_of(file or _ANOTHER_FILE)), file, same, prior)

    def sources(self, parts: Sequence[Addend]) -> tuple[MeasuredRun, ...]:
        """The runs that inform any rate of `parts`, the newest first."""
        places = {rate.place for each in parts for rate in each.rates}
        return tuple(each for each in self.runs if not places.isdisjoint(each.places))


def _known_to(known: Posterior, parts: Parts, file: Rate | None, same: MeasuredRun | None, prior: float) -> KnownTo:
    before, after = known.deviations(parts)
    share = after / before if before else 1.0
    on_host = any(rate.place == HOST for rates, _ in parts for rate in rates)
    least = _LEAST_SAME_FILE
    if file is None:
        least = _LEAST_OTHER_ON_HOST if on_host else _LEAST_OTHER
    if same is not None:
        least = max(_LEAST_SAME_RUN_ON_HOST if on_host else _LEAST_SAME_RUN, _NOISES * same.noise)
    return KnownTo(min(max(prior * share, least), prior), here=share <= _MOSTLY_MEASURED)


NOTHING_LEARNED = LearnedRates()


def learned_rates(
    machine: Machine, runs: Sequence[MeasuredRun], overhead_bytes: Mapping[int, int] | None = None
) -> LearnedRates:
    """What `runs` on `machine` teach; the order in which they are given changes nothing."""
    runs = tuple(sorted(runs, key=lambda each: (-each.measured_at.timestamp(), each.option_id, repr(each))))
    constants = MachineRates(machine)
    decode, prompts = [], []
    for run in runs:
        file = _file_rate(run)
        of_token, of_prompt = constants.token(run.work), constants.prompt(run.work) or []
        decode += [TimeReading(each.seconds, each.noise, _parts(of_token, each.depth, file)) for each in run.decode]
        prompts += [
            TimeReading(each.seconds, each.noise, _parts(of_prompt, each.depth, prompts_of(file)))
            for each in run.prompt
            if of_prompt
        ]

    @cache
    def prior_sd(rate: Rate) -> float:
        return _prior_sd(constants, rate)

    of_tokens, of_prompts = posterior(decode, prior_sd), posterior(prompts, prior_sd)
    factors = {rate: exp(each) for rate, each in (*of_tokens.logs.items(), *of_prompts.logs.items())}
    layouts = {(_file_rate(run), _layout(run.work)): run for run in reversed(runs)}
    return LearnedRates(runs, of_tokens, of_prompts, factors, dict(overhead_bytes or {}), layouts)


def read_bytes(work: TokenWork) -> float:
    """The weights that a token reads of all devices."""
    return sum(each.weights_bytes for each in work.cards) + (work.host.weights_bytes if work.host else 0.0)


def of_file(on: MachineRates, addends: Sequence[Addend], file: Rate | None) -> list[Addend]:
    """What `addends` take with a file that was measured."""
    if file is None:
        return list(addends)
    found = []
    for each in addends:
        factor = on.factor(*_with_file(each.rates, file)[len(each.rates) :])
        found.append(each._replace(seconds=each.seconds * factor, seconds_a_depth=each.seconds_a_depth * factor))
    return found


def _with_file(rates: tuple[Rate, ...], file: Rate) -> tuple[Rate, ...]:
    on_host = any(each.place == HOST and each.what in _OF_PAGES for each in rates)
    return (*rates, file, Rate(file.place, _ON_HOST[file.what])) if on_host else (*rates, file)


def _parts(addends: Sequence[Addend], depth: int, file: Rate) -> Parts:
    timed = ((_with_file(each.rates, file), each.seconds + each.seconds_a_depth * depth) for each in addends)
    return tuple(each for each in timed if each[1] > 0)


_ANOTHER_FILE = Rate("another file", "file")


def _file_rate(run: MeasuredRun) -> Rate:
    return Rate(f"{run.option_id} {run.read_bytes:.0f}", "file")


def prompts_of(file: Rate) -> Rate:
    """What a file does to the time of a prompt, by what it does to that of a token."""
    return Rate(file.place, "file's prompt")


def _prior_sd(constants: MachineRates, rate: Rate) -> float:
    if rate.what in _FILE_SDS:
        return _FILE_SDS[rate.what]
    if rate.place == HOST:
        return _HOST_SD[rate.what]
    card = next(each for each in constants.cards.values() if each.gpu.name == rate.place)
    if rate.what == "weights":
        return card.speed.spread
    return card.speed.spread_of_prompts if rate.what == "prompt" else _CARD_SD[rate.what]


def _layout(work: TokenWork) -> tuple[object, ...]:
    """Where what lies, and how a prompt is cut."""
    host = work.host and (work.host.layers, work.host.expert_layers, work.host.cache_bytes)
    cards = tuple((each.card, each.layers, each.cache_bytes) for each in work.cards)
    return cards, host, work.prompt.n_ubatch
