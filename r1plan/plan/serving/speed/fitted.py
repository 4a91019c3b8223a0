"""Constants of servers that `python -m r1plan.plan.serving.fit` wrote: each with its standard deviation, as a share."""

from __future__ import annotations

SHARED: dict[str, tuple[float, float]] = {
    "weights": (0.954, 0.2),
    "experts": (1.594, 0.3),
    "arithmetic": (1.672, 0.3),
    "cache": (0.573, 0.3),
    "latent_cache": (1.206, 0.3),
    "exchanged": (13.12, 0.4),
    "prompt_arithmetic": (1.075, 0.2),
    "prompt_attention": (3.66, 0.4),
    "prompt_exchanged": (3.083, 0.4),
}
BY_KIND: dict[str, dict[str, tuple[float, float]]] = {
    "dense": {"exchanges": (1.8e-6, 0.3)},
    "mixture": {"exchanges": (4.5e-6, 0.3)},
}
BY_ENGINE: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("sglang", "dense"): {"layers": (74e-6, 0.3), "steps": (1.525e-3, 0.5), "users": (11.5e-6, 0.5)},
    ("sglang", "mixture"): {"layers": (95e-6, 0.3), "steps": (1.195e-3, 0.5), "users": (12e-6, 0.5)},
    ("trtllm", "dense"): {"layers": (43e-6, 0.3), "steps": (0.155e-3, 0.5), "users": (6.2e-6, 0.5)},
    ("trtllm", "mixture"): {"layers": (113e-6, 0.3), "steps": (1.198e-3, 0.5), "users": (13.7e-6, 0.5)},
    ("vllm", "dense"): {"layers": (44e-6, 0.3), "steps": (1.036e-3, 0.5), "users": (12.3e-6, 0.5)},
    ("vllm", "mixture"): {"layers": (100e-6, 0.3), "steps": (1.2e-3, 0.5), "users": (12.3e-6, 0.5)},
}
