"""The checkpoints that a model is served from: repository, type of weights, and what that costs in quality.

The makers publish FP8 for the mixture and BF16 for its distills; of DeepSeek-V4 experts in MXFP4, and around them FP8
(deepseek_v4/quant_config.py of vLLM 0.33.0). The others' are those with a model card that says how
they were made: FP8 with a scale a row (Red Hat AI's), AutoAWQ with zero points in groups of 64 (R1) or 128
(casperhansen), GPTQ without in groups of 128 in the compressed-tensors format (Red Hat AI's and IST-DASLab's; of the
mixture only the routed experts, whose card gives 98.8 % of R1's reasoning scores where all layers in 4 bits keep 96.5 %
and AWQ 94.3 %).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from r1plan.catalog.model import Architecture, Model, Quant
from r1plan.catalog.quality import QuantTable
from r1plan.plan.quality import Quality, QuantQuality, index_of, quality_of

Dtype = Literal["BF16", "FP16", "FP8", "AWQ", "GPTQ", "NVFP4", "MXFP4"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
Low = Literal["none", "linear", "linear but attention", "routed experts"]


@dataclass(frozen=True, slots=True)
class Packing:
    """How a type stores a weight: `bits` each, `group_bits` more for each `group` of them. `low`: which layers."""

    bits: int
    group: int
    group_bits: int
    low: Low

    @property
    def bits_per_weight(self) -> float:
        """With the share of the group's scale and zero point."""
        return self.bits + self.group_bits / self.group


_PLAIN = Packing(16, 1, 0, "none")
# A scale of 16 bits a group, with AWQ a zero point of 4 more. FP8 has one scale a row or block, which is not counted
# here; NVFP4 an FP8 scale for each 16 (modelopt).
_AWQ, _AWQ_FINE = Packing(4, 128, 20, "linear"), Packing(4, 64, 20, "linear")
_GPTQ, _GPTQ_EXPERTS = Packing(4, 128, 16, "linear"), Packing(4, 128, 16, "routed experts")

# Architectures whose checkpoints are not planned for.
_UNPLANNED: frozenset[Architecture] = frozenset({"deepseek41"})

# What 4 bits of R1 lose: GPQA-Diamond in FP8 and in the type, on model cards that measured both. The ratio of the two
# stands for that of perplexities.
_MIXTURE_LOST: dict[Dtype, tuple[float, float, str]] = {
    "GPTQ": (73.38, 71.92, "GPQA-Diamond on the model card of ISTA-DASLab/DeepSeek-R1-GPTQ-4b-128g"),
    "AWQ": (73.38, 70.46, "GPQA-Diamond on the model card of ISTA-DASLab/DeepSeek-R1-GPTQ-4b-128g"),
    "NVFP4": (69.7, 69.2, "GPQA-Diamond on the model card of nvidia/DeepSeek-R1-FP4"),
}

# The repositories besides the makers' own, by model and type.
_OTHERS: dict[tuple[str, Dtype], str] = {
    ("DeepSeek-R1", "BF16"): "unsloth/DeepSeek-R1-BF16",
    ("DeepSeek-R1", "AWQ"): "cognitivecomputations/DeepSeek-R1-AWQ",
    ("DeepSeek-R1", "GPTQ"): "ISTA-DASLab/DeepSeek-R1-GPTQ-4b-128g-experts",
    ("DeepSeek-R1", "NVFP4"): "nvidia/DeepSeek-R1-NVFP4",
    ("DeepSeek-R1-Zero", "BF16"): "unsloth/DeepSeek-R1-Zero-BF16",
    ("DeepSeek-R1-0528", "BF16"): "unsloth/DeepSeek-R1-0528-BF16",
    ("DeepSeek-R1-0528", "AWQ"): "cognitivecomputations/DeepSeek-R1-0528-AWQ",
    ("DeepSeek-R1-0528", "GPTQ"): "RedHatAI/DeepSeek-R1-0528-quantized.w4a16",
    ("DeepSeek-R1-0528", "NVFP4"): "nvidia/DeepSeek-R1-0528-NVFP4-v2",
    ("R1-0528-Qwen3-8B", "AWQ"): "stelterlab/DeepSeek-R1-0528-Qwen3-8B-AWQ",
}
for _name in ("Llama-70B", "Qwen-32B", "Qwen-14B", "Llama-8B", "Qwen-7B", "Qwen-1.5B"):
    _OTHERS[f"R1-Distill-{_name}", "FP8"] = f"RedHatAI/DeepSeek-R1-Distill-{_name}-FP8-dynamic"
    _OTHERS[f"R1-Distill-{_name}", "AWQ"] = f"casperhansen/deepseek-r1-distill-{_name.casefold()}-awq"
    _OTHERS[f"R1-Distill-{_name}", "GPTQ"] = f"RedHatAI/DeepSeek-R1-Distill-{_name}-quantized.w4a16"


def repository(model: Model, dtype: Dtype) -> str | None:
    """Where the checkpoint is; None where none is known. The makers' own serves a dense model in FP16 and FP8 too."""
    if dtype == trained_in(model) or (model.shape.experts is None and dtype == "FP16"):
        return model.hf_repo
    return _OTHERS.get((model.id, dtype)) or (model.hf_repo if converted_at_start(model, dtype) else None)


def caution(model: Model, dtype: Dtype) -> str | None:
    """Why this checkpoint is not recommended, or None."""
    if model.shape.experts is not None and dtype == "AWQ":
        # vllm-project/vllm issue 23530, which nobody has closed
        return "vLLM since 0.10 was reported not to load R1 in AWQ; GPTQ is of the same size and loses less"
    return None


def converted_at_start(model: Model, dtype: Dtype) -> bool:
    """Whether the server itself makes the weights of the checkpoint's, as it does FP8 of BF16 where nobody did."""
    return dtype == "FP8" and trained_in(model) == "BF16" and (model.id, dtype) not in _OTHERS


def published_in(model: Model) -> tuple[Dtype, ...]:
    """The types that `model` is served in; none where its matrices on a server are not known."""
    if model.architecture in _UNPLANNED:
        return ()
    return tuple(each for each in DTYPES if repository(model, each) is not None)


def trained_in(model: Model) -> Dtype:
    """The type that the makers trained in and publish: FP8 for the mixture, BF16 for its distills."""
    if model.shape.windowed_attention is not None:
        return "MXFP4"
    return "FP8" if model.shape.experts is not None else "BF16"


def packing(model: Model, dtype: Dtype) -> Packing:
    """How the checkpoint of `model` in `dtype` stores its weights."""
    mixture = model.shape.experts is not None
    match dtype:
        case "BF16" | "FP16":
            return _PLAIN
        case "FP8":
            return Packing(8, 1, 0, "linear")
        case "AWQ":
            return _AWQ_FINE if mixture else _AWQ
        case "GPTQ":
            return _GPTQ_EXPERTS if mixture else _GPTQ
        case "NVFP4":
            return Packing(4, 16, 8, "linear but attention")
        case "MXFP4":
            return Packing(4, 32, 8, "linear")


def served_quality(model: Model, dtype: Dtype, tables: tuple[QuantTable, ...]) -> Quality:
    """As published for the type that the makers trained in, or a finer one; else with what the type loses."""
    bits = packing(model, dtype).bits_per_weight
    quant = Quant(
        name=dtype, bits_per_weight=bits, tensor_bytes=max(round(model.params * bits / 8), 1), metadata_bytes=0
    )
    quality = quality_of(model, quant, tables)
    if bits >= packing(model, trained_in(model)).bits_per_weight:
        own = QuantQuality(1.0, "exact", "the type that the scores were published for")
        return replace(quality, quant=own, index=index_of(quality.scores, own))
    if model.shape.experts is not None and dtype in _MIXTURE_LOST:
        full, coarse, source = _MIXTURE_LOST[dtype]
        lost = QuantQuality(full / coarse, "assumed", source)
        return replace(quality, quant=lost, index=index_of(quality.scores, lost))
    return quality
