"""Speeds as they are planned and as other planners have them, beside what was measured (tests/measured/speed_rows.py).

Each peer's formula is told in our words, from the file and commit named with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from statistics import median
from typing import NamedTuple

from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel, predicted_speed
from r1plan.plan.llamacpp.speed.fit.cards import fit_cards
from r1plan.plan.llamacpp.speed.fit.rows import measured_rows
from tests.measured.fit_hosts import host_fit
from tests.measured.speed_rows import GROUPS, MeasuredSpeed, speed_rows


class Told(NamedTuple):
    """One row's speeds over the measured ones; `inside`: the range holds it. None where none is told."""

    row: MeasuredSpeed
    decode: float
    inside: bool
    prompt: float | None
    peers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SpeedPeer:
    """A planner's formula of tokens a second."""

    name: str
    formula: str
    source: str
    tok_s: Callable[[MeasuredSpeed], float]


def _constant_efficiency(row: MeasuredSpeed) -> float:
    return 0.55 * row.bandwidth_gb_s * 1e9 / row.weights.total_bytes


# What llmfit takes a weight to be in bytes, and how it ranks quants where it does not know the bandwidth.
_LLMFIT_BYTES = {"F16": 2.0, "Q8_0": 1.0, "Q6_K": 0.75, "Q5_K": 0.625, "Q4_": 0.5, "Q3_K": 0.375, "Q2_K": 0.25}
_LLMFIT_FASTER = {"F16": 0.6, "Q8_0": 0.8, "Q6_K": 0.95, "Q5_K": 1.0, "Q4_": 1.15, "Q3_K": 1.25, "Q2_K": 1.35}


def _llmfit(row: MeasuredSpeed) -> float:
    billions = row.model.active_params / 1e9
    if row.group == "processor":
        arm = row.machine.cpu.architecture == "aarch64"
        many = 1.1 if row.machine.cpu.cores >= 8 else 1.0
        return (90.0 if arm else 70.0) / billions * _of_quant(_LLMFIT_FASTER, row.quant.name, 1.0) * many
    # The card's bandwidth, wherever the experts are.
    gb = billions * _of_quant(_LLMFIT_BYTES, row.quant.name, 0.5)
    return (
        0.55 * min(gpu.bandwidth_gb_s or 0.0 for gpu in row.machine.gpus) / gb * (0.8 if row.group == "hybrid" else 1)
    )


def _of_quant(table: Mapping[str, float], quant: str, other: float) -> float:
    return next((value for name, value in table.items() if quant.removeprefix("UD-").startswith(name)), other)


SPEED_PEERS = (
    SpeedPeer(
        "constant efficiency",
        "0.55 x bandwidth / file size",
        "what most planners do: llmfit's below without its exceptions, with the size of the file",
        _constant_efficiency,
    ),
    SpeedPeer(
        "llmfit",
        "0.55 x the card's bandwidth / (active billions x bytes a weight), 0.8 of it with experts in RAM; on a "
        "processor 70 / active billions x the quant's factor, 90 on ARM",
        "AlexsJones/llmfit @00c461ff, llmfit-core/src/fit.rs: estimate_tps; models.rs: quant_bytes_per_param",
        _llmfit,
    ),
)


@cache
def told() -> tuple[Told, ...]:
    """Every measured row with what is said of it."""
    return tuple(_told(row) for row in speed_rows())


def _told(row: MeasuredSpeed) -> Told:
    time = DecodeTimeModel(row.machine, row.model, row.quant, row.weights, row.loads)
    speed = predicted_speed(time, (row.depth, row.prompt_depth))
    decode, prompt = speed.at(row.depth), speed.prefill_at(row.prompt_depth)
    return Told(
        row,
        decode.mid / row.tok_s,
        decode.low <= row.tok_s <= decode.high,
        prompt.mid / row.prompt_tok_s if prompt and row.prompt_tok_s else None,
        tuple(peer.tok_s(row) / row.tok_s for peer in SPEED_PEERS),
    )


def _cards_held_back() -> dict[str, float]:
    """The rows of cards, by constants fitted without the row's card."""
    fit = fit_cards(measured_rows())
    off = fit.left_out(lambda row: row.machine)
    return {row.id: exp(-float(each)) for row, each in zip(fit.rows, off, strict=True) if not row.is_prompt}


class Off(NamedTuple):
    """By how large a share ratios are off 1: half of them less, nine in ten less."""

    median: float
    p90: float

    def __str__(self) -> str:
        return f"{self.median:>7.1%}{self.p90:>7.1%}"


def off(ratios: Sequence[float]) -> Off:
    """Of speeds over measured ones."""
    shares = sorted(abs(each - 1) for each in ratios)
    return Off(median(shares), shares[min(round(0.9 * len(shares)), len(shares) - 1)])


_NONE = f"{'-':>7}{'-':>7}"


def run() -> None:
    """Print, a kind of machine a line, how far each is off: the median and the 90th percentile."""
    held_back = {**host_fit().held_back, **_cards_held_back()}
    names = [f"{peer.name:>20}" for peer in SPEED_PEERS]
    print("\nspeed: off what was measured, median and 90th percentile")
    print(f"{'':<12}{'rows':>5}{'decode':>14}{'inside':>8}{'left out':>14}{'prompts':>14}" + "".join(names))
    for group in (*GROUPS, "all"):
        found = [each for each in told() if group in (each.row.group, "all")]
        left_out = [held_back[each.row.row] for each in found if each.row.row in held_back]
        prompts = [each.prompt for each in found if each.prompt is not None]
        print(
            f"{group:<12}{len(found):>5}{off([each.decode for each in found])!s}"
            f"{sum(each.inside for each in found) / len(found):>8.0%}"
            f"{off(left_out) if left_out else _NONE}{off(prompts) if prompts else _NONE}"
            + "".join(f"{off([each.peers[n] for each in found])!s:>20}" for n in range(len(SPEED_PEERS)))
        )
    print("left out: by constants fitted without the row's machine. No peer says how fast a prompt is read.")
    for peer in SPEED_PEERS:
        print(f"{peer.name}: {peer.formula} ({peer.source})")


if __name__ == "__main__":
    run()
