"""Plans of every kind, and their pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from r1plan.cli.offers import current_offers
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.headroom import Headroom
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from r1plan.render.page.page import page_text
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.engines.vllm import VllmView
from r1plan.render.plan.view import EngineView
from tests.plan.catalogue import CATALOGUE, card, machine

COMMAND = "r1plan recommend --format html"
POINTS = CATALOGUE.quality_indices()


class Shown(NamedTuple):
    """A plan with what its page is made of."""

    view: EngineView[Any]
    plan: Plan[Any]
    headroom: Headroom[Any] | None

    def html(self, points: Mapping[str, float] = POINTS) -> str:
        """Its page."""
        return page_text(self.view, self.plan, current_offers(self.plan.workload), self.headroom, points, COMMAND)


def llama_cpp(on: Machine, workload: Workload | None = None, **pinned: Any) -> Shown:
    """What llama.cpp would run."""
    planner = LlamaCppPlanner()
    pins = planner.checked(Pins(**pinned))
    plan = planner.plan(on, CATALOGUE, workload or Workload(), pins)
    return Shown(LlamaCppView(), plan, planner.headroom(plan, CATALOGUE, pins))


def vllm(on: Machine, **pinned: Any) -> Shown:
    """What vLLM would serve."""
    planner = VllmPlanner()
    pins = planner.checked(Pins(**pinned))
    return Shown(VllmView(), planner.plan(on, CATALOGUE, Workload(), pins), None)


@cache
def shown(name: str) -> Shown:
    """A plan by its name in NAMES."""
    match name:
        case "one card":
            return llama_cpp(machine_from_options(gpu=["rtx-4090"], ram=64))
        case "experts on disk":
            return llama_cpp(machine(card(24), ram=16), model="DeepSeek-R1")
        case "eight cards, a month":
            busy = Workload(requests_per_day=1000, power_usd_per_kwh=0.3)
            return llama_cpp(machine_from_options(gpu=["h100-sxm-80gb:8"], ram=512), busy)
        case "unified":
            return llama_cpp(machine_from_options(gpu=["m3-max-40c"], ram=64))
        case "processor":
            return llama_cpp(machine(ram=512))
        case "asked, does not fit":
            return llama_cpp(machine(card(24), ram=64), model="R1-Distill-Llama-70B", quant="Q4_K_M", gpu_layers=81)
        case "nothing fits":
            return llama_cpp(machine(ram=1))
        case "vllm":
            return vllm(machine_from_options(gpu=["h200:8"]), model="DeepSeek-R1-0528")
        case "vllm, many":
            return vllm(machine_from_options(gpu=["rtx-4090:2"]))
        case "vllm, nothing fits":
            return vllm(machine(card(1), ram=16))
    raise KeyError(name)


FITTING = ("one card", "experts on disk", "eight cards, a month", "unified", "processor", "vllm", "vllm, many")
FAILING = ("asked, does not fit", "nothing fits", "vllm, nothing fits")
NAMES = FITTING + FAILING
