"""What several requests at once get of llama.cpp: its slots share each step, which reads the weights once.

    step(n) = weights of n + what a token more costs (n - 1 times) + fixed + n * cache,                 up to 8
    step(n) = max(weights of n, weights of 1 + n * arithmetic + c * layers) + fixed + n * cache,        beyond

Dense weights are read once for all, of the routed experts those that any token goes to. Up to 8 tokens CUDA multiplies
a matrix with each vector, beyond that with all at once (ggml-cuda.cu, MMVQ_MAX_BATCH_SIZE), which takes about as long
a token as when prompts are read. 9 may then really be faster than 8; they are taken to be as slow.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING

from r1plan.hardware.machine import Machine
from r1plan.models.weights import Weights
from r1plan.plan.basis import Basis
from r1plan.plan.capacity.throughput import held_tokens
from r1plan.plan.llamacpp.memory.devices import devices_of, without_gpus
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.placement import DeviceLoads, device_loads
from r1plan.plan.llamacpp.settings import MOST_SLOTS
from r1plan.plan.llamacpp.speed.decode_time import DecodeTimeModel, ModelRates
from r1plan.plan.llamacpp.speed.learned import NOTHING_LEARNED, LearnedRates
from r1plan.plan.llamacpp.speed.rates import HOST, Addend, MachineRates
from r1plan.plan.llamacpp.weights.layers import weights_of
from r1plan.plan.plan import Plan
from r1plan.plan.speed import Bottleneck

if TYPE_CHECKING:
    from r1plan.plan.model_set import ModelSet

# The most tokens that CUDA multiplies one by one.
MOST_VECTORS = 8
# On an H200 (tests/measured/h200_batched.jsonl) a vector more takes an 8B 0.71 ms and a 32B 2.4 at Q4_K_M, where a
# token of a prompt takes 0.10 and 0.41; of what reading the weights takes, 0.42 at most. By matrices a token takes
# about what it does of a prompt, and a layer 65 to 83 us that neither explains.
_VECTOR_OVER_A_PROMPT, _VECTOR_OVER_READING = 6.5, 0.42
_MATRIX_OVER_A_PROMPT = 1.3
_SECONDS_A_LAYER_OF_MATRICES = 70e-6
# What batches add to how far a single request's time may be off; assumed.
_BATCH_SPREAD = 0.15


class SlotsThroughput:
    """See `Throughput`: several requests at once to `option`. `most` are its slots, or what one shared cache holds."""

    def __init__(
        self, machine: Machine, option: Option, weights: Weights, placed: DeviceLoads, rates: ModelRates, most: int
    ) -> None:
        self.most = most
        self._machine, self._option, self._weights, self._placed = machine, option, weights, placed
        self._alone = DecodeTimeModel(machine, option.model, option.quant, weights, placed, rates)
        self._readings = _readings(self._alone.addends)
        # Each token's own experts are read for it, so that what a token more costs beside them is the dense part's.
        self._dense = _readings(self._with_experts(0.0)) if weights.expert_bytes else self._readings
        self._arithmetic = _arithmetic_of(self._alone)
        self._addends = lru_cache(maxsize=MOST_SLOTS)(self._addends_of)

    @property
    def spread(self) -> float:
        """By how large a share the real times may be off."""
        return self._alone.spread() + (_BATCH_SPREAD if self.most > 1 else 0.0)

    @property
    def basis(self) -> Basis:
        """That of a single request's time; what many get at once is assumed."""
        return self._option.speed.basis if self.most == 1 else "assumed"

    def step_s(self, at_once: int, depth: float) -> float:
        """Seconds of one step; for one request it is what the plan says of a token."""
        return sum(self._parts(at_once, depth).values())

    def prompt_s(self, tokens: float, depth: float = 0.0) -> float | None:
        """Seconds to read a prompt as the plan says; what lies in the cache counts as in the middle of it."""
        parts = self._alone.prompt_parts()
        if parts is None:
            return None
        middle = depth + tokens / 2
        return tokens * sum(each.seconds + each.seconds_a_depth * middle for each in parts)

    def bottleneck(self, at_once: int, depth: float) -> Bottleneck:
        """What most of such a step goes to."""
        parts = self._parts(at_once, depth)
        return max(parts, key=lambda what: parts[what])

    def _parts(self, at_once: int, depth: float) -> dict[Bottleneck, float]:
        found: dict[Bottleneck, float] = {}
        device = 0
        for each in self._addends(at_once):
            seconds = each.seconds + at_once * depth * each.seconds_a_depth
            found[each.what] = found.get(each.what, 0.0) + seconds
            if _reads_weights(each):
                what, more = self._more(each, device, at_once)
                found[what] = found.get(what, 0.0) + more
                device += 1
        return found

    def _more(self, reading: Addend, device: int, at_once: int) -> tuple[Bottleneck, float]:
        """What the tokens beside the first add on a device, whose weights are read in that time."""
        alone, a_token = self._readings[device], min(self._arithmetic[device], self._readings[device])
        if at_once == 1:
            return reading.what, 0.0
        if reading.rates[0].place == HOST:
            return "processor cores", max(at_once * a_token - reading.seconds, 0.0)
        dense = self._dense[device]
        a_vector = min(_VECTOR_OVER_A_PROMPT * a_token * dense / alone, _VECTOR_OVER_READING * dense)
        if at_once <= MOST_VECTORS:
            return "gpu arithmetic", (at_once - 1) * a_vector
        by_vectors = _readings(self._addends(MOST_VECTORS))[device] + (MOST_VECTORS - 1) * a_vector
        layers = self._alone.work.cards[device].layers
        by_matrices = alone + layers * _SECONDS_A_LAYER_OF_MATRICES + at_once * _MATRIX_OVER_A_PROMPT * a_token
        most = by_vectors * at_once / MOST_VECTORS
        seconds = max(by_vectors, min(max(by_matrices, reading.seconds), most))
        return "gpu arithmetic", seconds - reading.seconds

    def _addends_of(self, at_once: int) -> list[Addend]:
        """The parts of a step with the experts that any of so many tokens goes to."""
        if at_once == 1 or not self._weights.expert_bytes:
            return self._alone.addends
        return self._with_experts(1 - (1 - self._weights.experts_read_share) ** at_once)

    def _with_experts(self, share: float) -> list[Addend]:
        """The parts of a token's time where that share of all experts is read."""
        option, weights = self._option, replace(self._weights, experts_read_share=share)
        rates = self._alone.rates
        return DecodeTimeModel(self._machine, option.model, option.quant, weights, self._placed, rates).addends


def slots_throughput(
    plan: Plan[Option], option: Option, models: ModelSet | None, learned: LearnedRates = NOTHING_LEARNED
) -> SlotsThroughput:
    """What several requests at once get of an option of `plan`, which `learned` was measured for."""
    machine, model = plan.machine, option.model
    weights = (models.from_file if models else None) or weights_of(model, option.quant)
    devices = devices_of(machine, learned.overhead_bytes)
    if devices.unified and option.placement.layout == "cpu":
        devices = without_gpus(machine)
    placed = device_loads(option.placement, devices, model.shape, weights, option.settings, model.context_max)
    rates = ModelRates(MachineRates(machine, learned.factors), model, option.quant, weights, learned)
    return SlotsThroughput(machine, option, weights, placed.at_context(option.context), rates, _most(plan, option))


def _most(plan: Plan[Option], option: Option) -> int:
    """Each slot has a context of its own; of one that all share each request takes what it is long."""
    slots = option.settings.slots
    if not option.settings.one_cache:
        return slots
    tokens = min(held_tokens(plan.workload, option.quality.thinking_over_r1), option.context)
    return max(min(slots, int(option.context / max(tokens, 1))), 1)


def _readings(addends: list[Addend]) -> list[float]:
    """The seconds to read the weights of each device in turn."""
    return [each.seconds for each in addends if _reads_weights(each)]


def _reads_weights(addend: Addend) -> bool:
    return addend.rates[0].what == "weights"


def _arithmetic_of(time: DecodeTimeModel) -> list[float]:
    """Seconds that a token's products take on each card, and then the host, where many are multiplied at once."""
    work, on = time.work, time.rates.machine
    read = sum(each.weights_bytes for each in work.cards) + (work.host.weights_bytes if work.host else 0.0)
    parts = time.prompt_parts() or []
    of_prompt = sum(each.seconds for each in parts if each.what == "gpu arithmetic")
    found = [(of_prompt or inf) * each.weights_bytes / read for each in work.cards]
    if work.host is not None:
        products = work.host.weights_bytes * 8 / work.kind.bits_per_weight
        found.append(2 * products / on.host_prompt_flops(work.kind))
    return found
