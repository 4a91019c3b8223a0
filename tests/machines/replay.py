"""Recorded answers played back: NVML from tests/machines/*.json, trees of /proc and /sys from tables of files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent


class NVMLError(Exception):
    """As pynvml's: `value` is the code of nvml.h."""

    def __init__(self, value: int) -> None:
        super().__init__(f"NVML error {value}")
        self.value = value


class ReplayedNvml:
    """Answers as the recording does. Each missing answer is "not supported", as an older card gives it."""

    NVMLError = NVMLError
    NVML_DEVICE_MIG_ENABLE = 1
    nvmlMemory_v2 = 2  # noqa: N815  (pynvml's name)

    def __init__(self, recording: dict[str, Any]) -> None:
        self.recording = recording

    @classmethod
    def of(cls, name: str) -> ReplayedNvml:
        return cls(json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")))

    @staticmethod
    def _answer(recorded: Any) -> Any:
        if recorded is None:
            raise NVMLError(3)
        if isinstance(recorded, dict) and "error" in recorded:
            raise NVMLError(recorded["error"])
        return SimpleNamespace(**recorded) if isinstance(recorded, dict) else recorded

    def nvmlInit(self) -> None:  # noqa: N802
        self._answer(self.recording.get("init", 0))

    def nvmlShutdown(self) -> None:  # noqa: N802
        pass

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.recording["devices"])

    def nvmlSystemGetDriverVersion(self) -> Any:  # noqa: N802
        return self._answer(self.recording["driver"])

    def nvmlSystemGetProcessName(self, pid: int) -> Any:  # noqa: N802
        return self._answer(self.recording["process_names"].get(str(pid)))

    def nvmlDeviceGetHandleByIndex(self, place: int) -> Any:  # noqa: N802
        device = self.recording["devices"][place]
        self._answer(device.get("handle", 0))
        return device

    def nvmlDeviceGetMemoryInfo(self, handle: Any, version: int | None = None) -> Any:  # noqa: N802
        return self._answer(handle.get("memory_v2" if version else "memory"))

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Any, place: int) -> Any:  # noqa: N802
        found = handle["slices"][place]
        if found is None:
            raise NVMLError(6)
        return found

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Any) -> int:  # noqa: N802
        return len(handle.get("slices", ()))

    def __getattr__(self, name: str) -> Any:
        field = {
            "nvmlDeviceGetName": "name",
            "nvmlDeviceGetUUID": "uuid",
            "nvmlDeviceGetCudaComputeCapability": "compute_capability",
            "nvmlDeviceGetEnforcedPowerLimit": "power_limit_mw",
            "nvmlDeviceGetMaxPcieLinkGeneration": "pcie_generation",
            "nvmlDeviceGetCurrPcieLinkWidth": "pcie_lanes",
            "nvmlDeviceGetMigMode": "mig_mode",
            "nvmlDeviceGetAttributes": "attributes",
        }.get(name)
        if field is not None:
            return lambda handle: self._answer(handle.get(field))
        for kind in ("Compute", "Graphics"):
            if name == f"nvmlDeviceGet{kind}RunningProcesses{self.recording.get('processes_version', '_v3')}":
                return lambda handle: [self._answer(each) for each in self._answer(handle.get(kind.lower(), []))]
        raise AttributeError(name)


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """`files` (path: text) written under `root`, as a recorded file system."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root
