"""A vLLM plan as the JSON document `r1plan.recommend/1`, with what only vLLM has under `serving`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from r1plan.market.compare import ApiOffer
from r1plan.plan.vllm.memory import GpuBudget, VllmTerm
from r1plan.plan.vllm.option import VllmOption, VllmPlan
from r1plan.render.plan.document import SCHEMA, api_fields, cost_fields, quality_fields, speed_fields, workload_fields
from r1plan.render.plan.vllm import serve_command

# The document's four terms of memory, and the parts that make each.
_TERMS: dict[str, tuple[VllmTerm, ...]] = {
    "weights": ("weights",),
    "kv_cache": ("kv_cache",),
    "compute": ("activations", "cuda_graphs"),
    "overhead": ("outside_torch",),
}


def vllm_plan_document(plan: VllmPlan, api: Iterable[ApiOffer]) -> dict[str, Any]:
    """The fields of the document, `schema` first."""
    return {
        "schema": SCHEMA,
        "machine": asdict(plan.machine),
        "workload": workload_fields(plan.workload),
        "choice": vllm_option_fields(plan.choice) if plan.choice else None,
        "alternatives": [vllm_option_fields(option) for option in plan.alternatives],
        "rejected": [{"id": each.id, "reason": each.reason} for each in plan.rejected],
        "api": [api_fields(offer) for offer in api],
        "break_even": None,
        "notes": list(plan.notes),
    }


def vllm_option_fields(option: VllmOption) -> dict[str, Any]:
    """One option. `n_ubatch` is vLLM's max_num_batched_tokens, `slots` the users at once that were asked for."""
    parallel, memory = option.parallel, option.memory
    return {
        "id": option.id,
        "model": option.model.id,
        "quant": option.dtype,
        "engine": "vllm",
        "fits": option.fits,
        "reason": option.reason,
        "context": {"chosen": option.context, "max": option.context_max},
        "kv_type": option.settings.kv_type,
        "n_ubatch": memory.batched_tokens,
        "slots": option.users_wanted,
        "flash_attn": True,
        "runtime": "vllm",
        "placement": {
            "layout": "data-parallel" if parallel.data > 1 else "tensor-parallel",
            "gpu_layers": option.model.shape.layers + 1,
            "expert_layers_on_cpu": 0,
            "tensor_split": [1] * parallel.gpus,
        },
        "memory": [_gpu(gpu.index, memory) for gpu in option.gpus],
        "speed": speed_fields(option.speed),
        **quality_fields(option.quality),
        "cost": cost_fields(option.cost),
        "serving": {
            "users": option.users,
            "kv_tokens": memory.kv_tokens,
            "kv_blocks": max(memory.blocks, 0),
            "block_tokens": memory.block_tokens,
            "tensor_parallel": parallel.tensor,
            "data_parallel": parallel.data,
            "context_parallel": parallel.context,
            "expert_parallel": parallel.data > 1,
            "gpu_memory_utilization": option.settings.utilization,
            "max_num_seqs": memory.sequences,
            "command": serve_command(option),
        },
    }


def _gpu(index: int, memory: GpuBudget) -> dict[str, Any]:
    """One GPU. `margin_bytes` is what vLLM leaves to others; its cache takes all the rest."""
    basis = {part.term: part.basis for part in memory.parts}
    return {
        "device": f"gpu{index}",
        "kind": "gpu",
        "capacity_bytes": memory.total_bytes,
        "free_bytes": memory.free_bytes,
        "margin_bytes": memory.total_bytes - memory.allowed_bytes,
        **{f"{term}_bytes": sum(memory.bytes_of(each) for each in parts) for term, parts in _TERMS.items()},
        "total_bytes": memory.used_bytes,
        "basis": {term: basis[parts[-1]] for term, parts in _TERMS.items()},
    }
