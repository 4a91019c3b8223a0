"""A plan as the JSON document `r1plan.recommend/1`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from r1plan.market.compare import ApiOffer
from r1plan.money import exact
from r1plan.plan.llamacpp.headroom import Headroom
from r1plan.plan.llamacpp.memory.parts import DeviceMemory
from r1plan.plan.llamacpp.option import Option, Plan, RunningCost
from r1plan.plan.quality import Quality
from r1plan.plan.speed import Range, Speed
from r1plan.plan.workload import Workload
from r1plan.render.plan.headroom import room_fields

SCHEMA = "r1plan.recommend/1"


def plan_document(plan: Plan, api: Iterable[ApiOffer], room: Headroom | None = None) -> dict[str, Any]:
    """The fields of the document, `schema` first."""
    return {
        "schema": SCHEMA,
        "machine": asdict(plan.machine),
        "workload": workload_fields(plan.workload),
        "choice": option_fields(plan.choice) if plan.choice else None,
        "alternatives": [option_fields(option) for option in plan.alternatives],
        "rejected": [{"id": each.id, "reason": each.reason} for each in plan.rejected],
        "api": [api_fields(offer) for offer in api],
        "break_even": None,
        "room": room_fields(room) if room is not None else None,
    }


def option_fields(option: Option) -> dict[str, Any]:
    """One option."""
    settings, placement = option.settings, option.placement
    return {
        "id": option.id,
        "model": option.model.id,
        "quant": option.quant.name,
        "engine": "llama.cpp",
        "fits": option.fits,
        "reason": option.reason,
        "context": {"chosen": option.context, "max": option.context_max},
        "kv_type": settings.kv_type,
        "n_ubatch": settings.n_ubatch,
        "slots": settings.slots,
        "flash_attn": settings.flash_attn,
        "runtime": settings.runtime,
        "placement": {
            "layout": placement.layout,
            "gpu_layers": placement.gpu_layers,
            "expert_layers_on_cpu": placement.expert_layers_on_host,
            "tensor_split": list(placement.tensor_split),
            "n_cpu_moe": placement.n_cpu_moe,
            "mmap": placement.mapped,
        },
        "memory": [_memory(device, dict(option.full_at)) for device in option.memory],
        "speed": speed_fields(option.speed),
        **quality_fields(option.quality),
        "cost": cost_fields(option.cost),
    }


def quality_fields(quality: Quality) -> dict[str, Any]:
    """The published scores, and what the quant loses."""
    return {
        "quality": {score.benchmark: {"score": score.score, "source": score.source} for score in quality.scores},
        "quant_loss": {
            "perplexity_ratio": round(quality.quant.perplexity_ratio, 4),
            "basis": quality.quant.basis,
            "source": quality.quant.source,
        },
    }


def cost_fields(cost: RunningCost) -> dict[str, Any]:
    """Electricity."""
    return {
        "usd_per_mtok_output": _decimal(cost.usd_per_mtok_output),
        "usd_per_month": _decimal(cost.usd_per_month),
        "basis": cost.basis,
    }


def workload_fields(workload: Workload) -> dict[str, Any]:
    """What was asked for."""
    return {
        "objective": workload.objective,
        "min_speed_tok_s": workload.min_tok_s,
        "requests_per_day": workload.requests_per_day,
        "input_tokens": workload.input_tokens,
        "cache_hit_share": workload.cache_hit_share,
        "thinking_tokens": workload.thinking_tokens,
        "answer_tokens": workload.answer_tokens,
        "power_usd_per_kwh": None if workload.power_usd_per_kwh is None else str(workload.power_usd_per_kwh),
    }


def _memory(memory: DeviceMemory, full_at: dict[str, int]) -> dict[str, Any]:
    device = memory.device
    return {
        "device": device.name,
        "kind": device.kind,
        "capacity_bytes": device.capacity_bytes,
        "free_bytes": device.free_bytes,
        "margin_bytes": device.margin_bytes,
        **{f"{part.term}_bytes": part.size_bytes for part in memory.parts},
        "total_bytes": memory.total_bytes,
        "full_at_context": full_at.get(device.name),
        "basis": {part.term: part.basis for part in memory.parts},
    }


def speed_fields(speed: Speed) -> dict[str, Any]:
    """The predicted speeds."""
    return {
        "prefill_tok_s": _range(speed.prefill_tok_s) if speed.prefill_tok_s else None,
        "decode_tok_s": [
            {"depth": each.depth, **_range(each.tok_s)} for each in sorted(speed.decode, key=lambda one: one.depth)
        ],
        "bottleneck": speed.bottleneck,
        "basis": speed.basis,
        "source": speed.source,
    }


def _range(speed: Range) -> dict[str, float]:
    return {"low": round(speed.low, 2), "mid": round(speed.mid, 2), "high": round(speed.high, 2)}


def api_fields(offer: ApiOffer) -> dict[str, Any]:
    """What an API asks for the same work."""
    rates = offer.price.rates
    return {
        "provider": offer.provider,
        "model": offer.model,
        "serves": offer.serves,
        "is_r1": offer.is_r1,
        "input_cache_miss_usd_per_mtok": exact(rates.input_cache_miss),
        "input_cache_hit_usd_per_mtok": _decimal(rates.input_cache_hit),
        "output_usd_per_mtok": exact(rates.output),
        "usd_per_request": exact(offer.usd_per_request),
        "usd_per_month": _decimal(offer.usd_per_month),
        "tier": offer.price.tier,
    }


def _decimal(amount: Decimal | None) -> str | None:
    return None if amount is None else exact(amount)
