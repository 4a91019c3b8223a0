"""What any server shares follows the engine's own functions, so that another engine is a folder of them."""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Model
from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import GpuDevice
from r1plan.plan.plan import Plan
from r1plan.plan.reasons import NeedsShare
from r1plan.plan.serving.checkpoints import Dtype
from r1plan.plan.serving.choose import choose_served
from r1plan.plan.serving.engine import ServingEngine
from r1plan.plan.serving.option import ServingOption, ServingPins
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.causes import StepReads
from r1plan.plan.vllm.planner import VLLM
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, reason


def plan(engine: ServingEngine, card: str = "h100-sxm-80gb:8") -> Plan[ServingOption]:
    return choose_served(engine, machine_from_options(gpu=[card]), CATALOGUE, Workload(), ServingPins())


def test_an_engine_that_splits_nothing_is_planned_for_one_card() -> None:
    def whole(model: Model, dtype: Dtype, parallel: Parallel, gpu: GpuDevice) -> str | None:
        return None if parallel.gpus == 1 else "is never split"

    alone = plan(replace(VLLM, incompatibility=whole))
    assert {option.parallel for option in alone.options} == {Parallel()}
    assert max(option.parallel.gpus for option in plan(VLLM).options) > 1


def test_an_engine_that_reads_twice_as_much_is_slower() -> None:
    def twice(model: Model, dtype: Dtype, parallel: Parallel) -> StepReads:
        reads = VLLM.step_reads(model, dtype, parallel)
        return reads._replace(whole_bytes=2 * reads.whole_bytes)

    usual, slower = plan(VLLM), plan(replace(VLLM, step_reads=twice))
    by_id = {(option.id, option.parallel): option.tok_s for option in usual.options}
    both = [option for option in slower.options if (option.id, option.parallel) in by_id]
    assert both
    assert all(option.tok_s < by_id[option.id, option.parallel] for option in both)


def test_sentences_name_the_engine_that_was_planned_for() -> None:
    answer = plan(replace(VLLM, title="Another"))
    short = [each for each in answer.rejected if isinstance(each.cause, NeedsShare)]
    assert short
    assert all("Another may use" in reason(each) for each in short)
