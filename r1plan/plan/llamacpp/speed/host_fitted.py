"""The constants of processors, as fit/processors.py finds them: `python -m tests.measured.fit_hosts` writes this file.

Errors are standard deviations of the logarithm. `HOST_SPREAD` is by how large a share a speed may be off: of nine in
ten machines that the fit has not seen it is less.
"""

from __future__ import annotations

from r1plan.plan.llamacpp.speed.host_constants import HostConstant, HostConstants

HOST_CONSTANTS = HostConstants(
    memory_share=HostConstant(0.629, 0.07),
    core_share=HostConstant(1.36, 0.27),
    layer_s=HostConstant(0.000105, 0.68),
    latent_layer_s=HostConstant(0.000306, 0.55),
    expert_layer_s=HostConstant(0.000318, 0.33),
    across_layer_s=HostConstant(8.79e-05, 0.67),
)
HOST_SPREAD = 0.31
HOST_SOURCE = "bench_calibration b0559-b0592, b0645-b0702; h200_verify; core_types"
