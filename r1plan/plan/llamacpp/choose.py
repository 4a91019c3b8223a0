"""The choice: every model, quant and layout that the machine could run, ranked by what the person wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from r1plan.hardware.machine import Machine
from r1plan.plan.choice.chosen import Chosen
from r1plan.plan.choice.standing import why_chosen
from r1plan.plan.choice.wishes import least_tok_s, slower_than_asked
from r1plan.plan.llamacpp.candidates import candidates_of
from r1plan.plan.llamacpp.fit.candidate import QuantCandidate
from r1plan.plan.llamacpp.fit.nearly import nearly_on_cards
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.fit.settle import Settled, fitted, lack_of, settled, settled_there
from r1plan.plan.llamacpp.larger import larger_model
from r1plan.plan.llamacpp.memory.devices import cards_beyond, devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.pins import check_experts, check_lengths, check_on_machine, refusal
from r1plan.plan.llamacpp.rank import (
    as_fast_as_asked,
    behind,
    beyond,
    different,
    nearest_to_fitting,
    option_merit,
    published_first,
    ranked,
    reaches,
    too_slow_from_disk,
)
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.model_set import ModelSet, check_context
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan, Rejection, nearest_first
from r1plan.plan.reasons import AsAsked, FitsHeadless, NeedsMemory, ReadsFromDisk, TooSlow
from r1plan.plan.workload import Workload


def choose(
    machine: Machine,
    models: ModelSet,
    workload: Workload,
    pins: Pins,
    learned: LearnedRates = NOTHING_LEARNED,
) -> Plan[Option]:
    """The best option for `workload` on `machine`, what else is worth a look, and what was rejected and why.

    With model and quant pinned the choice is exactly that option, fitting or not. Otherwise the choice is None when
    nothing fits. Options that read experts from disk stand behind all others, and are offered only where they are as
    fast as asked or nothing else fits. `learned` is what was measured of the machine. Raises NotFound for an unknown
    model or quant and UsageError for pins that cannot go together.
    """
    search, candidates = _begun(machine, models, workload, pins, learned)
    plan = _exactly(search, candidates[0]) if pins.one_option else _best(search, candidates)
    notes = (
        cards_beyond(machine),
        nearly_on_cards(search, candidates, plan.choice),
        _headless(plan, models, workload, pins, learned),
    )
    return replace(
        plan,
        notes=tuple(note for note in notes if note is not None),
        nearest_miss=nearest_to_fitting(plan.rejected),
    )


def choice_of(
    machine: Machine,
    models: ModelSet,
    workload: Workload,
    pins: Pins,
    learned: LearnedRates = NOTHING_LEARNED,
    *,
    quick: bool = False,
) -> Option | None:
    """The choice that `choose` makes, without all that is said beside it: why it is chosen, and the other options.

    `quick`: of what fits in memory alone, with its longest context known from above.
    """
    search, candidates = _begun(machine, models, workload, pins, learned)
    if pins.one_option:
        return _exactly(search, candidates[0]).choice
    if quick:
        options, _ = as_fast_as_asked(_Found.of(search, candidates).options, workload)
        return _quickly(search, candidates, ranked(options, workload))
    exact = Settled(search, candidates)
    best_first, _ = _in_order(_Found.of(search, candidates), exact, workload)
    return exact.of(best_first[0]) if best_first else None


def _quickly(search: Search, candidates: Sequence[QuantCandidate], best_first: Sequence[Option]) -> Option | None:
    """The first of `best_first` that fits with what the engine really reserves."""
    by_id = {each.id: each for each in candidates}
    for option in best_first:
        there = settled_there(search, by_id[option.id], option)
        if there.fits:
            return there
    return None


def _begun(
    machine: Machine, models: ModelSet, workload: Workload, pins: Pins, learned: LearnedRates
) -> tuple[Search, tuple[QuantCandidate, ...]]:
    """The search on `machine` and what it is for; raises what `choose` does."""
    candidates = tuple(candidates_of(models, pins))
    devices = devices_of(machine, learned.overhead_bytes)
    check_on_machine(pins, devices)
    check_context(pins.context, [each.model for each in candidates], one=pins.model is not None)
    check_experts(pins, candidates)
    check_lengths(pins, workload, candidates)
    return Search(machine, devices, workload, pins, learned), candidates


def _headless(
    plan: Plan[Option], models: ModelSet, workload: Workload, pins: Pins, learned: LearnedRates
) -> FitsHeadless | None:
    """That with what a desktop is assumed to hold something fits where nothing does, or the asked option is whole."""
    choice, held = plan.choice, sum(gpu.desktop_bytes for gpu in plan.machine.gpus)
    short = choice is None or not choice.fits
    mixed = choice is not None and not short and not choice.on_gpus_alone and pins.one_option
    if not held or not (short or (mixed and pins.gpu_layers is None and not pins.experts_on_cpu)):
        return None
    gpus = tuple(
        replace(gpu, free_bytes=gpu.free_bytes + gpu.desktop_bytes, desktop_bytes=0) for gpu in plan.machine.gpus
    )
    then = choice_of(replace(plan.machine, gpus=gpus), models, workload, pins, learned)
    if then is None or not then.fits or (mixed and not then.on_gpus_alone):
        return None
    return FitsHeadless(then.id, held, mixed, then.tok_s)


@dataclass(slots=True)
class _Found:
    """What was found of all candidates: options that fit in memory, those that read from disk and what they lack."""

    options: list[Option] = field(default_factory=list)
    from_disk: list[Option] = field(default_factory=list)
    lacking: dict[str, NeedsMemory] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)

    @classmethod
    def of(cls, search: Search, candidates: Sequence[QuantCandidate]) -> _Found:
        """Search each candidate that can do what is asked."""
        found = cls()
        for candidate in candidates:
            refused = refusal(search.pins, candidate)
            if refused is not None:
                found.rejected.append(Rejection(candidate.id, refused))
                continue
            result = search.of(candidate)
            if isinstance(result, Option):
                found.options.append(result)
                continue
            found.lacking[candidate.id] = result.lacking
            if result.from_disk is not None:
                found.from_disk.append(result.from_disk)
        return found


def _best(search: Search, candidates: Sequence[QuantCandidate]) -> Plan[Option]:
    """The best of all candidates, beside what differs from it."""
    workload, found = search.workload, _Found.of(search, candidates)
    exact = Settled(search, candidates)
    best_first, rejected = _in_order(found, exact, workload)
    if not best_first:
        rejected += exact.rejected
        return _plan(search, rejected=nearest_first(rejected))
    larger = larger_model(best_first[0], found.options, workload, exact)
    choice = replace(best_first[0], why=_why(best_first[0], workload, larger))
    too_long = beyond(best_first[1:], choice, workload)
    left_out = {each.id for each in too_long}
    offered = [option for option in best_first[1:] if option.id not in left_out]
    beside = [option for option in different(choice, offered, workload) if exact.fits(option)]
    shown = [exact.of(option) for option in (choice, *beside)]
    spoken_of = {option.id for option in shown} | {each.id for each in exact.rejected}
    rejected += [each for each in too_long if each.id not in spoken_of]
    rejected += exact.rejected
    rejected += [behind(option, choice, workload) for option in offered if option.id not in spoken_of]
    plan = _plan(search, shown[0], tuple(shown[1:]), nearest_first(rejected))
    return replace(plan, larger=larger)


def _in_order(found: _Found, exact: Settled, workload: Workload) -> tuple[list[Option], list[Rejection]]:
    """What may be offered, from the best that fits once it is settled on; and what was rejected before."""
    options, slower = as_fast_as_asked(found.options, workload)
    last_resort, too_large = _last_resort(workload, found, any_fits=bool(options))
    best_first = exact.first_that_fits([*ranked(options, workload), *last_resort], workload)
    return best_first, [*found.rejected, *slower, *too_large]


def _why(choice: Option, workload: Workload, larger: Option | None) -> Chosen | ReadsFromDisk:
    """Why the first option is the first."""
    if choice.disk_bytes:
        return ReadsFromDisk(choice.disk_bytes, last_resort=True)
    return why_chosen(choice, option_merit(choice, workload), workload, larger)


def _last_resort(workload: Workload, found: _Found, *, any_fits: bool) -> tuple[list[Option], list[Rejection]]:
    """The options that read from disk and may be offered, the best first; the others, with what does not fit at all.

    Where nothing else fits and no speed was asked for, all may be.
    """
    fast = ranked([option for option in found.from_disk if reaches(option, workload)], workload)
    if not (any_fits or fast) and least_tok_s(workload) is None and workload.slo_ttft_s is None:
        fast = published_first(sorted(found.from_disk, key=lambda option: -option.tok_s))
    offered = {option.id for option in fast}
    slow = {option.id: option for option in found.from_disk}
    rejected = [
        Rejection(id_, too_slow_from_disk(lacking, slow[id_], workload) if id_ in slow else lacking)
        for id_, lacking in found.lacking.items()
        if id_ not in offered
    ]
    return [replace(option, not_on_gpu=found.lacking[option.id]) for option in fast], rejected


def _exactly(search: Search, candidate: QuantCandidate) -> Plan[Option]:
    """The answer about exactly one model and quant."""
    refused = refusal(search.pins, candidate)
    if refused is not None:
        return _plan(search, rejected=(Rejection(candidate.id, refused),))
    found = search.of(candidate)
    if isinstance(found, Option):
        option = fitted(search, candidate, found)
    else:
        nearest = search.evaluator.at_least_context(candidate, found.nearest)
        option = settled(search.evaluator, candidate, nearest)
    if option.fits:
        if slow := slower_than_asked(option, search.workload):
            return _but_not(search, option, slow)
        model = option.model
        return _plan(search, replace(option, why=AsAsked(None if model.recommended else model.note)))
    lacking = lack_of(option, None if isinstance(found, Option) else found.lacking)
    from_disk = None if isinstance(found, Option) else found.from_disk
    if from_disk is not None:
        if reaches(from_disk, search.workload):
            return _plan(search, replace(from_disk, not_on_gpu=lacking, why=ReadsFromDisk(from_disk.disk_bytes)))
        lacking = too_slow_from_disk(lacking, from_disk, search.workload)
    return _but_not(search, option, lacking)


def _but_not(search: Search, option: Option, cause: NeedsMemory | TooSlow) -> Plan[Option]:
    """The answer that exactly the asked option will not do: it is shown, and rejected for `cause`."""
    return _plan(search, replace(option, why=cause), rejected=(Rejection(option.id, cause),))


def _plan(
    search: Search,
    choice: Option | None = None,
    alternatives: tuple[Option, ...] = (),
    rejected: tuple[Rejection, ...] = (),
) -> Plan[Option]:
    return Plan(
        engine="llama.cpp",
        machine=search.machine,
        workload=search.workload,
        pins=search.pins,
        choice=choice,
        alternatives=alternatives,
        rejected=rejected,
    )
