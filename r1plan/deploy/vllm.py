"""How vLLM is started for a planned option."""

from __future__ import annotations

from r1plan.plan.serving.checkpoints import trained_in
from r1plan.plan.serving.option import ServingOption


def serve_command(option: ServingOption) -> str | None:
    """The whole command; None where the makers don't publish this type of weights."""
    own = trained_in(option.model)
    if option.dtype not in (own, "FP8"):
        return None
    parallel, settings = option.parallel, option.settings
    words = ["vllm serve", option.model.hf_repo, f"--max-model-len {option.context}"]
    if option.dtype != own:
        words.append("--quantization fp8")
    if parallel.tensor > 1:
        words.append(f"--tensor-parallel-size {parallel.tensor}")
    if parallel.context > 1:
        words.append(f"--decode-context-parallel-size {parallel.context}")
    if parallel.data > 1:
        words.append(f"--data-parallel-size {parallel.data} --enable-expert-parallel")
    if settings.kv_type == "fp8":
        words.append("--kv-cache-dtype fp8")
    return " ".join(words)
