"""How vLLM is started for a planned option."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.catalog.model import Architecture
from r1plan.plan.serving.checkpoints import converted_at_start, repository
from r1plan.plan.serving.option import ServingOption
from r1plan.plan.vllm.memory import DEFAULT_UTILIZATION
from r1plan.plan.vllm.streams import BLOCK_TOKENS

# Stands where the first machine's address must: only who runs the machines knows it.
ADDRESS = "NODE0_ADDRESS"
_RPC_PORT = 13345

# Thinking apart from the answer, and with every answer what it used and what of the prompt was cached: without the
# last two a bill of it is blind.
_ALWAYS = "--enable-prompt-tokens-details --enable-force-include-usage"
# Who reads the thinking out of an answer, and what an architecture's recipe asks for (vllm-project/recipes).
_PARSERS: dict[Architecture, str] = {"deepseek32": "deepseek_v3", "deepseek4": "deepseek_v4"}
_RECIPES: dict[Architecture, str] = {
    "deepseek32": "--tokenizer-mode deepseek_v32",
    "deepseek4": f"--tokenizer-mode deepseek_v4 --kv-cache-dtype fp8 --block-size {BLOCK_TOKENS}",
}


def serve_commands(option: ServingOption) -> tuple[str, ...]:
    """One command for each machine, the first one's first; none where no checkpoint of this type is known."""
    repo = repository(option.model, option.dtype)
    if repo is None:
        return ()
    command = " ".join(["vllm serve", repo, *_words(option)])
    always = f"--reasoning-parser {_PARSERS.get(option.model.architecture, 'deepseek_r1')} {_ALWAYS}"
    return tuple(f"{command}{_node(option, rank)} {always}" for rank in range(option.parallel.machines))


def _words(option: ServingOption) -> Iterator[str]:
    """What all machines are told."""
    parallel, settings = option.parallel, option.settings
    yield f"--max-model-len {option.context}"
    if option.computed.half:
        yield "--dtype half"
    if converted_at_start(option.model, option.dtype):
        yield "--quantization fp8"
    if parallel.tensor > 1:
        yield f"--tensor-parallel-size {parallel.tensor}"
    if parallel.pipeline > 1:
        yield f"--pipeline-parallel-size {parallel.pipeline}"
    if parallel.context > 1:
        yield f"--decode-context-parallel-size {parallel.context}"
    if parallel.data > 1:
        yield f"--data-parallel-size {parallel.data} --enable-expert-parallel"
    recipe = _RECIPES.get(option.model.architecture)
    if recipe is not None:
        yield recipe
    if settings.kv_type == "fp8" and "--kv-cache-dtype" not in (recipe or ""):
        yield "--kv-cache-dtype fp8"
    if option.memory.utilization != DEFAULT_UTILIZATION:
        yield f"--gpu-memory-utilization {option.memory.utilization:g}"
    if settings.sequences is not None:
        yield f"--max-num-seqs {settings.sequences}"
    if settings.batched_tokens is not None or option.memory.batched_tokens == settings.sequences:
        yield f"--max-num-batched-tokens {option.memory.batched_tokens}"


def _node(option: ServingOption, rank: int) -> str:
    """What one of several machines is told besides: which it is, and where the first is."""
    if option.parallel.machines == 1:
        return ""
    headless = " --headless" if rank else ""
    data = option.parallel.data
    if data == 1:
        return f" --nnodes {option.parallel.machines} --node-rank {rank} --master-addr {ADDRESS}{headless}"
    here = data // option.parallel.machines
    start = f" --data-parallel-start-rank {rank * here}" if rank else ""
    where = f" --data-parallel-address {ADDRESS} --data-parallel-rpc-port {_RPC_PORT}"
    return f" --data-parallel-size-local {here}{start}{where}{headless}"
