"""Constants of servers that `python -m r1plan.plan.serving.fit` wrote; see rates.py for what they are.

Of each its value and the share by which it may be off, one standard deviation. Of the rows of a version that was left
out, one in ten is off by more than the share of `SPREADS`.
"""

from __future__ import annotations

from r1plan.plan.serving.speed.era import Era, ModelKind

CONSTANTS: dict[str, tuple[float, float]] = {
    "arithmetic": (2.536, 0.13),
    "cache": (0.4883, 0.17),
    "exchanged": (17.78, 0.092),
    "exchanges dense": (3.094e-06, 0.49),
    "exchanges mixture": (4.461e-06, 0.69),
    "experts": (1.164, 0.075),
    "latent_cache": (0.6505, 0.27),
    "layers sglang dense": (8.818e-05, 0.23),
    "layers sglang mixture": (6.773e-05, 0.26),
    "layers trtllm dense": (4.931e-05, 0.098),
    "layers trtllm mixture": (6.784e-05, 0.25),
    "layers vllm dense": (4.505e-05, 0.19),
    "layers vllm mixture": (6.778e-05, 0.48),
    "prompt arithmetic": (1.058, 0.064),
    "prompt attention": (6.85, 0.088),
    "prompt exchanged": (3.442, 0.066),
    "steps sglang dense": (0.001357, 0.78),
    "steps sglang mixture": (0.001168, 0.77),
    "steps trtllm dense": (0.0001173, 0.68),
    "steps trtllm mixture": (0.001165, 0.77),
    "steps vllm dense": (0.0009407, 0.67),
    "steps vllm mixture": (0.001166, 0.87),
    "users sglang dense": (9.408e-06, 0.71),
    "users sglang mixture": (7.325e-06, 0.68),
    "users trtllm dense": (5.831e-06, 0.49),
    "users trtllm mixture": (9.059e-06, 0.62),
    "users vllm dense": (1.033e-05, 0.54),
    "users vllm mixture": (8.146e-06, 0.79),
    "weights": (1.11, 0.033),
}
ERAS: dict[Era, float] = {
    Era("sglang", "dense", "0.5.1.post1", ""): 0.640,
    Era("sglang", "mixture", "", "2025-11"): 1.178,
    Era("sglang", "mixture", "0.5.10.post1", "2026-04"): 1.309,
    Era("sglang", "mixture", "0.5.6", "2025-12"): 1.229,
    Era("sglang", "mixture", "0.5.9", "2026-03"): 0.974,
    Era("trtllm", "dense", "", "2025-10"): 0.929,
    Era("trtllm", "dense", "1.0.0rc3", ""): 1.049,
    Era("trtllm", "dense", "1.3.0rc1", "2026-03"): 0.985,
    Era("trtllm", "mixture", "", "2025-11"): 1.009,
    Era("trtllm", "mixture", "1.1.0rc2.post2", "2025-12"): 1.347,
    Era("trtllm", "mixture", "1.1.0rc2.post2", "2026-01"): 0.799,
    Era("trtllm", "mixture", "1.2.0rc6.post2", "2026-01"): 1.109,
    Era("trtllm", "mixture", "1.2.0rc6.post2", "2026-02"): 0.924,
    Era("trtllm", "mixture", "1.2.0rc6.post3", "2026-02"): 0.668,
    Era("vllm", "dense", "", ""): 1.000,
}
SPREADS: dict[ModelKind, float] = {
    "dense": 0.33,
    "mixture": 0.68,
}
