"""The planner for vLLM: what any server shares, and vLLM's own memory, weights and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.errors import UsageError
from r1plan.hardware.machine import Machine
from r1plan.plan.bounds import above_zero
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import KvType, Pins
from r1plan.plan.plan import EngineName, Plan
from r1plan.plan.planner import SERVERS_ALONE, EngineOption
from r1plan.plan.serving.budget import ServedKv
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.option import ServerSettings, ServingOption, ServingPins
from r1plan.plan.vllm.memory import DEFAULT_UTILIZATION, gpu_budget
from r1plan.plan.vllm.rules import computed, refusal, types_to_try
from r1plan.plan.vllm.step import step_reads
from r1plan.plan.vllm.weights import incompatibility
from r1plan.plan.workload import Workload

if TYPE_CHECKING:
    from r1plan.plan.capacity.throughput import Throughput
    from r1plan.plan.headroom import Headroom

VLLM = ServingEngine(
    name="vllm",
    server="vllm",
    title="vLLM",
    share_flag="--gpu-memory-utilization",
    refusal=refusal,
    types_to_try=types_to_try,
    incompatibility=incompatibility,
    budget=gpu_budget,
    step_reads=step_reads,
    computed=computed,
)
# llama.cpp's names of cache types, as vLLM's nearest.
_KV_TYPES: dict[KvType | None, ServedKv] = {None: "bf16", "f16": "bf16", "bf16": "bf16", "q8_0": "fp8"}


class VllmPlanner:
    """Plans for vLLM: one option is a checkpoint in one type of weights, shared out over equal cards."""

    engine: EngineName = VLLM.name
    understands: frozenset[EngineOption] = SERVERS_ALONE

    def checked(self, pins: Pins) -> Pins:
        """`pins`, when they can be meant together; a cache that vLLM does not have is refused."""
        if pins.kv_type not in _KV_TYPES:
            raise UsageError(
                f"--kv {pins.kv_type} with --engine vllm: its cache has 16 or 8 bits.", "--kv q8_0 plans for FP8"
            )
        above_zero(("--context", pins.context), ("--slots", pins.slots), ("--gpus-per-node", pins.gpus_per_node))
        share = pins.gpu_memory_utilization
        if share is not None and not 0 < share <= 1:
            hint = f"did you mean {share / 100:g}?" if 10 <= share <= 100 else f"vLLM's own is {DEFAULT_UTILIZATION:g}."
            raise UsageError(
                f"--gpu-memory-utilization {share:g}: expected a share of each card, above 0, up to 1.", hint
            )
        return pins

    def plan(self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins) -> Plan[ServingOption]:
        """See `choose_served`. Slots are users, and quants the types of weights.

        The users of a workload choose nothing: as many machines serve them as it takes.
        """
        served = ServingPins(
            model=pins.model,
            dtype=pins.quant,
            context=pins.context,
            users=pins.slots or 1,
            cap_users=pins.slots is not None,
            cards_a_machine=pins.gpus_per_node,
            settings=ServerSettings(kv_type=_KV_TYPES[pins.kv_type], utilization=pins.gpu_memory_utilization),
        )
        return choose_served(VLLM, machine, models, workload, served)

    def choice(
        self, machine: Machine, models: ModelSet, workload: Workload, pins: Pins, *, quick: bool
    ) -> ServingOption | None:
        """The choice of the whole plan: for a server that takes little longer."""
        return self.plan(machine, models, workload, pins).choice

    def headroom(self, plan: Plan[ServingOption], models: ModelSet, pins: Pins) -> Headroom[ServingOption] | None:
        """Not worked out for servers."""
        return None

    def throughput(
        self, plan: Plan[ServingOption], option: ServingOption, models: ModelSet | None = None
    ) -> Throughput:
        """See `served_throughput`."""
        from r1plan.plan.serving.throughput import served_throughput

        return served_throughput(VLLM, plan, option)
