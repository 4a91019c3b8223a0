"""Constants of servers that `python -m r1plan.plan.serving.fit` wrote; see rates.py for what they are.

Of each its value and the share by which it may be off, one standard deviation. Of the rows of a version that was left
out, one in ten is off by more than the share of `SPREADS`.
"""

from __future__ import annotations

from r1plan.plan.serving.speed.era import Era, ModelKind

CONSTANTS: dict[str, tuple[float, float]] = {
    "arithmetic": (1.538, 0.22),
    "cache": (0.469, 0.18),
    "exchanged": (2.406, 0.39),
    "exchanges dense": (3.562e-06, 0.46),
    "exchanges mixture": (4.455e-06, 0.69),
    "experts": (1.166, 0.075),
    "latent_cache": (0.6725, 0.27),
    "layers sglang dense": (8.557e-05, 0.24),
    "layers sglang mixture": (6.742e-05, 0.26),
    "layers trtllm dense": (4.988e-05, 0.1),
    "layers trtllm mixture": (6.606e-05, 0.25),
    "layers vllm dense": (4.228e-05, 0.22),
    "layers vllm mixture": (6.674e-05, 0.48),
    "prompt arithmetic": (0.9876, 0.082),
    "prompt attention": (6.706, 0.091),
    "prompt exchanged": (2.018, 0.33),
    "prompt rows": (11.22, 0.47),
    "rows": (116.6, 0.12),
    "steps sglang dense": (0.001355, 0.78),
    "steps sglang mixture": (0.001168, 0.77),
    "steps trtllm dense": (0.000132, 0.68),
    "steps trtllm mixture": (0.001159, 0.77),
    "steps vllm dense": (0.001076, 0.64),
    "steps vllm mixture": (0.001164, 0.87),
    "users sglang dense": (9.662e-06, 0.7),
    "users sglang mixture": (7.754e-06, 0.66),
    "users trtllm dense": (5.895e-06, 0.49),
    "users trtllm mixture": (9.348e-06, 0.61),
    "users vllm dense": (1.13e-05, 0.51),
    "users vllm mixture": (8.514e-06, 0.77),
    "weights": (1.11, 0.033),
}
ERAS: dict[Era, float] = {
    Era("sglang", "dense", "0.5.1.post1", ""): 0.647,
    Era("sglang", "mixture", "", "2025-11"): 1.181,
    Era("sglang", "mixture", "0.5.10.post1", "2026-04"): 1.313,
    Era("sglang", "mixture", "0.5.6", "2025-12"): 1.232,
    Era("sglang", "mixture", "0.5.9", "2026-03"): 0.976,
    Era("trtllm", "dense", "", "2025-10"): 0.917,
    Era("trtllm", "dense", "1.0.0rc3", ""): 1.026,
    Era("trtllm", "dense", "1.3.0rc1", "2026-03"): 0.974,
    Era("trtllm", "mixture", "", "2025-11"): 1.019,
    Era("trtllm", "mixture", "1.1.0rc2.post2", "2025-12"): 1.360,
    Era("trtllm", "mixture", "1.1.0rc2.post2", "2026-01"): 0.809,
    Era("trtllm", "mixture", "1.2.0rc6.post2", "2026-01"): 1.121,
    Era("trtllm", "mixture", "1.2.0rc6.post2", "2026-02"): 0.938,
    Era("trtllm", "mixture", "1.2.0rc6.post3", "2026-02"): 0.678,
    Era("vllm", "dense", "", ""): 1.000,
}
SPREADS: dict[ModelKind, float] = {
    "dense": 0.32,
    "mixture": 0.67,
}
