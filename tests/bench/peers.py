"""What other planners say R1's KV cache takes at 32,768 tokens and f16, where llama.cpp allocates 2,196 MiB.

Each formula is told in our words, from the file and version named with it; where a tool installs from PyPI, `run` also
asks the installed one. The README's table is this one, and a test compares the two.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from r1plan.catalog.load import load_models
from tests.bench.startup import PEERS as VENV
from tests.bench.startup import install_peers

MIB = 1 << 20
GIB = 1 << 30
GB = 10**9
CONTEXT = 32_768
TRUTH_MIB = 2_196  # llama.cpp's own dry run, tests/oracle/test_cpu_buffers.py

_R1 = load_models()["DeepSeek-R1"].shape
_LAYERS, _HIDDEN, _HEADS = _R1.layers, _R1.hidden_size, _R1.heads
_BYTES = 2  # f16
# What a GGUF of R1 says since April 2025: one key-value head, and a head's real widths under keys of their own.
_GGUF_KV_HEADS, _KEY_MLA, _VALUE_MLA = 1, 192, 128
# What the others' catalogues say of R1.
_TOTAL_B, _ACTIVE_B = 671, 37


@dataclass(frozen=True, slots=True)
class Peer:
    """One planner: what it computes, where, and what comes out. `case` says when, if not always."""

    name: str
    version: str
    case: str
    formula: str
    source: str
    size_bytes: Callable[[], float]

    @property
    def label(self) -> str:
        """Name, version and case."""
        return f"{self.name} {self.version}" + (f", {self.case}" if self.case else "")

    @property
    def mib(self) -> float:
        """Its figure in MiB."""
        return self.size_bytes() / MIB

    @property
    def ratio(self) -> float:
        """Its figure over the truth."""
        return self.mib / TRUTH_MIB


def _heads_of_the_file() -> float:
    return _LAYERS * _GGUF_KV_HEADS * (_KEY_MLA + _VALUE_MLA) * CONTEXT * _BYTES


def _hidden_over_heads(kv_heads: int) -> float:
    return 2 * _LAYERS * kv_heads * (_HIDDEN // _HEADS) * CONTEXT * _BYTES


PEERS = (
    Peer(
        "gguf-parser-go",
        "0.25.0",
        "",
        "layers x KV heads x (key + value width of a head)",
        "gpustack/gguf-parser-go @8dc7a622, file_estimate__llamacpp.go: MLA's widths go before the cached ones",
        _heads_of_the_file,
    ),
    Peer(
        "Ollama",
        "0.33.0-rc2",
        "before it loads",
        "2 x layers x KV heads x hidden / heads",
        "ollama/ollama @fb307609, llm/llama_server.go: PredictServerVRAM",
        lambda: _hidden_over_heads(_GGUF_KV_HEADS),
    ),
    Peer(
        "hf-mem",
        "0.5.6",
        "of a GGUF",
        "2 x layers x KV heads x hidden / heads",
        "hf-mem, hf_mem/gguf/kv_cache.py: compute_gguf_kv_cache_size",
        lambda: _hidden_over_heads(_GGUF_KV_HEADS),
    ),
    Peer(
        "llm-checker",
        "3.8.1",
        "",
        "8 kB x active billions x tokens",
        "llm-checker, src/models/deterministic-selector.js: estimateMemoryBreakdown",
        lambda: 0.000008 * GB * _ACTIVE_B * CONTEXT,
    ),
    Peer(
        "whichllm",
        "0.5.21",
        "",
        "3.5 MiB x 4 x active billions x thousands of tokens",
        "whichllm, whichllm/engine/vram.py: estimate_kv_cache",
        lambda: 3.5 * MIB * 4 * _ACTIVE_B * CONTEXT / 1024,
    ),
    Peer(
        "llmfit",
        "1.1.17",
        "",
        "2 x layers x 128 KV heads x hidden / heads",
        "AlexsJones/llmfit, llmfit-core/src/models.rs: kv_cache_gb, as in 1.1.10, with its entry of R1",
        lambda: _hidden_over_heads(_HEADS),
    ),
    Peer(
        "llmfit",
        "1.1.10",
        "of a model whose layers it does not know",
        "8 kB x all billions x tokens",
        "AlexsJones/llmfit, llmfit-core/src/models.rs: kv_cache_gb without a layer count; its GB are 2^30",
        lambda: 0.000008 * GIB * _TOTAL_B * CONTEXT,
    ),
)

# What the installed tools answer themselves, one JSON number of bytes each.
_ASK = {
    "hf-mem": """
import json
from hf_mem.gguf.kv_cache import compute_gguf_kv_cache_size
print(json.dumps(compute_gguf_kv_cache_size({"block_count": 61, "head_count_kv": 1, "head_count": 128,
    "embedding_length": 7168, "context_length": 32768})))
""",
    "whichllm": """
import json
from types import SimpleNamespace
from whichllm.engine.vram import estimate_kv_cache

r1 = SimpleNamespace(is_moe=True, parameter_count=671_000_000_000, parameter_count_active=37_000_000_000,
    sliding_window=None, sliding_window_global_ratio=None)
print(json.dumps(estimate_kv_cache(r1, 32768)))
""",
}


def markdown() -> str:
    """The README's table."""
    lines = ["| who | MiB | times | how |", "|---|--:|--:|---|"]
    lines.append(f"| llama.cpp, r1plan | {TRUTH_MIB:,} | 1 | {_LAYERS} layers x (512 + 64) elements a token |")
    lines += [f"| {peer.label} | {peer.mib:,.0f} | {_times(peer.ratio)} | {peer.formula} |" for peer in PEERS]
    return "\n".join(lines) + "\n"


def run() -> None:
    """Print the table with its sources, and what the installed ones answer themselves."""
    print(f"\n{f'R1 KV cache, {CONTEXT:,} tokens, f16':<56}{'MiB':>9}{'times':>7}")
    print(f"{'llama.cpp, its dry run':<56}{TRUTH_MIB:>9,}{1:>7}")
    for peer in PEERS:
        print(f"{peer.label:<56}{peer.mib:>9,.0f}{_times(peer.ratio):>7}  {peer.source}")
    for name, found in _asked().items():
        said = next(peer for peer in PEERS if peer.name == name)
        agrees = "the same" if abs(found - said.size_bytes()) < MIB else f"not {said.mib:,.0f}"
        print(f"{name}, asked itself: {found / MIB:,.0f} MiB, {agrees}")


def _asked() -> dict[str, float]:
    if not install_peers():
        return {}
    answers: dict[str, float] = {}
    for name, program in _ASK.items():
        done = subprocess.run([VENV / "bin" / "python", "-c", program], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            answers[name] = json.loads(done.stdout)
    with TemporaryDirectory() as home:
        words = [str(VENV / "bin" / "llmfit"), "plan", "deepseek-ai/DeepSeek-R1", "--context", str(CONTEXT), "--json"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env={"HOME": home})
    if done.returncode == 0:
        alternatives = json.loads(done.stdout)["kv_alternatives"]
        answers["llmfit"] = next(each["kv_cache_gb"] for each in alternatives if each["kv_quant"] == "fp16") * GIB
    return answers


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"


if __name__ == "__main__":
    run()
