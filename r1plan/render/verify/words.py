"""The sentences of a verified model."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.ask.notes import FoundOnDisk
from r1plan.errors import R1PlanError
from r1plan.measurements.measurement import Disturbance, Measurement
from r1plan.render.model_names import taken_text
from r1plan.render.models.words import STORE_NAMES
from r1plan.render.text.units import card_name, gib, memory_size, short_duration
from r1plan.units import GIB
from r1plan.verify.pace import PaceStage
from r1plan.verify.terms import Verdict, VerifyTerm, VerifyUnit, VerifyWhat, terms_of, verdict_of, whole_bytes

TERM_NAMES: dict[VerifyWhat, str] = {
    "weights": "weights",
    "kv_cache": "KV cache",
    "compute": "compute buffer",
    "output": "outputs",
    "overhead": "besides buffers",
    "total": "in all",
    "prefill": "prompt",
    "decode": "generating",
    "load": "loading",
    "power": "power drawn",
}
_VERDICTS: dict[Verdict, str] = {
    "as planned": "runs here as planned",
    "faster": "runs here faster than planned",
    "slower": "runs here slower than planned",
    "larger": "takes more memory here than planned",
    "slower and larger": "is slower here than planned, and takes more memory",
}
_DISTURBED: dict[Disturbance, str] = {
    "other-process": "another process on a card came, went or changed meanwhile",
    "thermal": "a card slowed itself down for its heat: see to its cooling",
    "power-limit": "a card ran at its power limit; nvidia-smi -q -d POWER shows it",
    "power-brake": "a card was slowed down by its board, which lacks power",
    "swap": "the system swapped meanwhile: free memory, or take a smaller quant or context",
    "busy-processor": "other processes took much of the processor's time",
    "unsteady": "the readings did not settle",
    "no-gpu-build": "this build of llama.cpp cannot use the card: r1plan doctor says the command that builds one",
}


def verdict_text(measurement: Measurement) -> str:
    """The answer in one sentence."""
    terms = terms_of(measurement)
    planned, measured = whole_bytes(terms)
    verdict = verdict_of(terms)
    first = next(each for each in terms if each.what == "decode")
    expected = "" if first.planned is None else f" where {speed(first.planned)} were expected"
    slow = [each for each in terms if each.unit == "tok/s" and each.is_below]
    if slow and not first.is_below:  # what is slower is something else
        worst = min(slow, key=lambda each: each.off_share or 0)
        expected = (
            f"; {term_label(worst)}: {speed(worst.measured or 0)} where {speed(worst.planned or 0)} were expected"
        )
    name = f"{measurement.file.model} {measurement.file.quant}"
    memory = _both(planned, measured)
    return f"{name} {_VERDICTS[verdict]}: {memory}, {speed(first.measured or 0)} tok/s{expected}."


def found_text(found: FoundOnDisk) -> str:
    """Which file is measured, where a name was given."""
    taken = "" if found.taken is None else f" {taken_text(found.taken)}"
    return f"{found.model} is measured, from {STORE_NAMES[found.store]}: {found.path}.{taken}"


def _both(planned: float, measured: float) -> str:
    if planned < GIB:
        return f"{memory_size(round(measured)).removesuffix(' MiB')} of {memory_size(round(planned))}"
    return f"{gib(round(measured))} of {gib(round(planned))} GiB"


def speed(tok_s: float) -> str:
    """Tokens a second to two or three digits."""
    return f"{tok_s:,.0f}" if tok_s >= 20 else f"{tok_s:.1f}" if tok_s >= 2 else f"{tok_s:.2f}"


def disturbance_text(each: Disturbance) -> str:
    """One reason why the readings say less than they would."""
    return _DISTURBED[each]


def disturbed_text(measurement: Measurement) -> str | None:
    """All of them, as a sentence; None where nothing disturbed."""
    if not measurement.disturbances:
        return None
    return f"Meanwhile {'; '.join(map(disturbance_text, measurement.disturbances))}."


def off_texts(terms: tuple[VerifyTerm, ...], disturbances: tuple[Disturbance, ...]) -> Iterator[str]:
    """A sentence for each figure beyond the range that the plan gave it, with the likely cause."""
    for each in terms:
        if not (each.is_below or each.is_above) or each.what == "total":
            continue
        measured = value_text(each.measured or 0, each.unit)
        low, high = value_text(each.low or 0, each.unit), value_text(each.high or 0, each.unit)
        label = term_label(each)
        yield (
            f"{label[0].upper()}{label[1:]}: {measured}, where {low.removesuffix(' tok/s')} to {high} were expected; "
            f"{_cause(each, disturbances)}."
        )


def _cause(each: VerifyTerm, disturbances: tuple[Disturbance, ...]) -> str:
    if each.unit == "bytes":
        if "other-process" in disturbances and each.what == "overhead":
            return "another process on the card moved meanwhile"
        if each.is_below:
            return "this build of llama.cpp needs less"
        return "this build of llama.cpp needs more, or lays the model out otherwise"
    if each.is_above:
        return "the plan's figures for this machine are cautious"
    slowing = [each for each in disturbances if each not in ("unsteady", "other-process")]
    if slowing:
        return disturbance_text(slowing[0])
    return "the plan's figures for this machine are hopeful, or its settings are not the best"


def term_label(each: VerifyTerm) -> str:
    """What a figure is of, such as "generating, 4,096 tokens in the cache"."""
    name = TERM_NAMES[each.what]
    if each.depth is not None:
        return f"{name}, {each.depth:,} tokens in the cache"
    return name if each.device is None else f"{name} on {each.device}"


def value_text(value: float, unit: VerifyUnit) -> str:
    """A figure with its unit."""
    match unit:
        case "bytes":
            return memory_size(round(value))
        case "tok/s":
            return f"{speed(value)} tok/s"
        case "s":
            return short_duration(value)
        case "W":
            return f"{value:,.0f} W"


def device_name(measurement: Measurement, device: str, card: int | None) -> str:
    """How people call a device."""
    if card is None:
        return "RAM"
    cards = measurement.machine.cards
    if card >= len(cards):
        return device
    name = card_name(cards[card].name)
    return f"{name} #{card}" if sum(each.name == cards[card].name for each in cards) > 1 else name


def kept_text(measurement: Measurement) -> str:
    """What is done with it."""
    if any(each in measurement.disturbances for each in ("busy-processor", "unsteady", "swap", "thermal")):
        return "Kept for this machine; measure again when it is at rest for better readings."
    return "Kept for this machine: plans use it from now on."


def beside_text(measurement: Measurement) -> str:
    """What it does with the model in RAM beside the cards."""
    held = "its experts" if measurement.file.is_mixture else "all layers"
    return (
        f"With {held} in RAM it generates {measurement.decode[0].tok_s:,.1f} tok/s: plans know the processor by that."
    )


def not_beside_text(error: R1PlanError) -> str:
    """Why the processor was not measured beside the cards."""
    return f"the processor was not measured: {error.message}"


def not_kept_text(error: OSError) -> str:
    """Why plans will not use what was measured."""
    return f"warning: the readings could not be kept ({error.strerror or error})."


def stage_text(stage: PaceStage, depth: int) -> str:
    """What is measured now."""
    behind = f" after {depth:,} tokens" if depth else ""
    match stage:
        case "warming":
            return "warming up"
        case "prefill":
            return f"reading a prompt{behind}"
        case "decode":
            return f"generating{behind}"
        case "filling":
            return f"filling the cache with {depth:,} tokens"


def loading_text(share: float) -> str:
    """How far loading is."""
    return f"loading {share * 100:.0f} %"
