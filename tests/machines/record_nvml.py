"""Print what NVML says of this machine as JSON, for tests/machines/<name>.json: python tests/machines/record_nvml.py.

Standard output holds the document and nothing else. UUIDs and process names are the machine's own, as they are.
"""

from __future__ import annotations

import json
from typing import Any

import pynvml


def asked(question: Any, *arguments: Any, **named: Any) -> Any:
    """The answer in plain JSON, or {"error": NVML code}."""
    try:
        answer = question(*arguments, **named)
    except pynvml.NVMLError as error:
        return {"error": error.value}
    return answer


def fields(answer: Any, *names: str) -> Any:
    return answer if isinstance(answer, dict) else {name: getattr(answer, name) for name in names}


def processes(kind: str, handle: Any) -> Any:
    running = asked(getattr(pynvml, f"nvmlDeviceGet{kind}RunningProcesses_v3"), handle)
    if isinstance(running, dict):
        return running
    return [{"pid": each.pid, "usedGpuMemory": each.usedGpuMemory} for each in running]


def device(handle: Any) -> dict[str, Any]:
    recorded = {
        "name": asked(pynvml.nvmlDeviceGetName, handle),
        "uuid": asked(pynvml.nvmlDeviceGetUUID, handle),
        "memory_v2": fields(
            asked(pynvml.nvmlDeviceGetMemoryInfo, handle, version=pynvml.nvmlMemory_v2),
            "total",
            "reserved",
            "free",
            "used",
        ),
        "memory": fields(asked(pynvml.nvmlDeviceGetMemoryInfo, handle), "total", "free", "used"),
        "compute_capability": asked(pynvml.nvmlDeviceGetCudaComputeCapability, handle),
        "power_limit_mw": asked(pynvml.nvmlDeviceGetEnforcedPowerLimit, handle),
        "pcie_generation": asked(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, handle),
        "pcie_lanes": asked(pynvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
        "compute": processes("Compute", handle),
        "graphics": processes("Graphics", handle),
        "mig_mode": asked(pynvml.nvmlDeviceGetMigMode, handle),
        "attributes": fields(asked(pynvml.nvmlDeviceGetAttributes, handle), "gpuInstanceSliceCount", "memorySizeMB"),
        "slices": [],
    }
    count = asked(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle)
    if isinstance(count, int):
        handles = [asked(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, place) for place in range(count)]
        recorded["slices"] = [None if isinstance(each, dict) else device(each) for each in handles]
    return recorded


def main() -> None:
    pynvml.nvmlInit()
    devices = [device(pynvml.nvmlDeviceGetHandleByIndex(place)) for place in range(pynvml.nvmlDeviceGetCount())]
    pids = {
        each["pid"]
        for card in devices
        for kind in ("compute", "graphics")
        if isinstance(card[kind], list)
        for each in card[kind]
    }
    print(
        json.dumps(
            {
                "origin": "recorded by tests/machines/record_nvml.py",
                "driver": asked(pynvml.nvmlSystemGetDriverVersion),
                "process_names": {str(pid): asked(pynvml.nvmlSystemGetProcessName, pid) for pid in sorted(pids)},
                "devices": devices,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
