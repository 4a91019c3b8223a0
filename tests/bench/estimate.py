"""How long the planner itself takes: one pinned estimate with the engine's exact buffers, and a whole choice."""

from __future__ import annotations

import time
from collections.abc import Callable

from r1plan.catalog.load import load_models
from r1plan.catalog.quality import load_quant_tables
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.compute.buffers import compute_bytes
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.memory.exact import exactly
from r1plan.plan.llamacpp.placement import Layout, Placement, device_loads
from r1plan.plan.llamacpp.settings import EngineSettings
from r1plan.plan.llamacpp.weights.layers import stock_weights, weights_of
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.workload import Workload
from tests.plan.catalogue import card, machine

CONTEXT = 32_768
ROUNDS, CHOICES = 100, 5

# Label, model, quant, cards, layers on each card, expert layers in host memory.
ESTIMATES: tuple[tuple[str, str, str, int, tuple[int, ...], int], ...] = (
    ("dense, one card", "R1-Distill-Qwen-32B", "Q4_K_M", 1, (64,), 0),
    ("dense, two cards", "R1-Distill-Qwen-32B", "Q4_K_M", 2, (32, 32), 0),
    ("R1, one card", "DeepSeek-R1-0528", "UD-Q4_K_XL", 1, (61,), 0),
    ("R1, eight cards", "DeepSeek-R1-0528", "UD-Q4_K_XL", 8, (8, 8, 8, 8, 8, 8, 8, 5), 0),
    ("R1, experts in RAM", "DeepSeek-R1-0528", "UD-Q4_K_XL", 1, (61,), 58),
)


def h100s(number: int) -> Machine:
    """A machine of so many cards of 80 GiB."""
    cards = (card(80, gpu_class="nvidia-datacentre", index=index) for index in range(number))
    return machine(*cards, ram=1024)


def fastest(work: Callable[[], object], rounds: int, forget: Callable[[], None]) -> float:
    """Milliseconds of the fastest of `rounds` runs, each without what the one before left behind."""
    best = float("inf")
    for _ in range(rounds):
        forget()
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1000


def run() -> None:
    """Print the milliseconds of each estimate and of a choice over the catalogue, the fastest of several."""
    models = load_models()
    catalogue = ModelSet(models, load_quant_tables())
    print(f"\n{'planner, in process':<32}{'fastest ms':>12}")
    for label, name, quant_name, number, layers, experts in ESTIMATES:
        model, settings = models[name], EngineSettings()
        weights = weights_of(model, next(each for each in model.quants if each.name == quant_name))
        devices = devices_of(h100s(number))
        kind: Layout = "experts-in-ram" if experts else "gpu" if number == 1 else "gpu-split"
        where = Placement(kind, model.shape.layers, layers, experts, weights.dense_layers)

        def estimate() -> object:
            there = device_loads(where, devices, model.shape, weights, settings, model.context_max)  # noqa: B023
            return exactly(there, model, weights, CONTEXT).memory_at(CONTEXT)  # noqa: B023

        print(f"{'estimate: ' + label:<32}{fastest(estimate, ROUNDS, compute_bytes.cache_clear):>12.2f}")
    for number in (1, 8):
        on = h100s(number)

        def forget() -> None:
            compute_bytes.cache_clear()
            stock_weights.cache_clear()

        took = fastest(lambda: choose(on, catalogue, Workload(), Pins()), CHOICES, forget)  # noqa: B023
        print(f"{f'choice: catalogue, {number} x 80 GiB':<32}{took:>12.0f}")
