"""What a container allows this process: memory and processor time, from control groups v2 and v1.

A limit may stand on the process's own group or on any group above it, so each one up to the mount is asked.
Formats: Linux Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from r1plan.hardware import kernel_files


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What the groups allow; None where they set no limit.

    `memory_bytes` is the lowest limit, `memory_left_bytes` the least that any group has left: its limit less its
    use, where page cache that the kernel would drop first does not count as use. `cores` may be a fraction.
    """

    memory_bytes: int | None = None
    memory_left_bytes: int | None = None
    cores: float | None = None


def container_limits(root: Path, ram_bytes: int) -> ContainerLimits:
    """What the control groups of the process under `root` allow; a limit of `ram_bytes` or more is no limit."""
    limits: list[int] = []
    left: list[int] = []
    cores: list[float] = []
    for group, version in _groups(root, "memory"):
        limit = _memory_limit(group, version)
        if limit is not None and limit < ram_bytes:
            limits.append(limit)
            left.append(max(0, limit - _memory_used(group, version)))
        # A group above the mount, which a container cannot see, still shows here.
        above = kernel_files.key_values(group / "memory.stat").get("hierarchical_memory_limit", "")
        if above.isdigit() and int(above) < min([ram_bytes, *limits]):
            limits.append(int(above))
            left.append(max(0, int(above) - _memory_used(group, version)))
    for group, version in _groups(root, "cpu"):
        quota = _cpu_quota(group, version)
        if quota is not None:
            cores.append(quota)
    return ContainerLimits(min(limits, default=None), min(left, default=None), min(cores, default=None))


def _groups(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """The folders of this process's group for `controller` and of those above it, nearest first, with the version."""
    for line in (kernel_files.text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, own = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            version = 2
        elif controller in controllers.split(","):
            version = 1
        else:
            continue
        for mounted_group, mount_point in _mounts(root, version, controller):
            path = PurePosixPath(own)
            # A container without a namespace of its own sees the host's path, mounted from its own group down.
            inside = path.relative_to(mounted_group) if path.is_relative_to(mounted_group) else PurePosixPath()
            for relative in (inside, *inside.parents):
                folder = root / mount_point.lstrip("/") / relative
                if folder.is_dir():
                    yield folder, version


def _mounts(root: Path, version: int, controller: str) -> Iterator[tuple[str, str]]:
    """Which group is mounted where: (path in the hierarchy, mount point), from mountinfo (proc(5))."""
    for line in (kernel_files.text(root / "proc/self/mountinfo") or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        if (version == 2 and kind[0] == "cgroup2") or (
            version == 1 and kind[0] == "cgroup" and controller in kind[2].split(",")
        ):
            yield fields[3], fields[4]


def _memory_limit(group: Path, version: int) -> int | None:
    # v2 says "max" for none, which is no integer; v1 says 2^63 rounded to a page, which is above any RAM.
    return kernel_files.integer(group / ("memory.max" if version == 2 else "memory.limit_in_bytes"))


def _memory_used(group: Path, version: int) -> int:
    used = kernel_files.integer(group / ("memory.current" if version == 2 else "memory.usage_in_bytes")) or 0
    droppable = kernel_files.key_values(group / "memory.stat").get(
        "inactive_file" if version == 2 else "total_inactive_file", "0"
    )
    return max(0, used - int(droppable)) if droppable.isdigit() else used


def _cpu_quota(group: Path, version: int) -> float | None:
    if version == 2:
        quota, _, period = (kernel_files.text(group / "cpu.max") or "").partition(" ")
    else:
        quota = kernel_files.text(group / "cpu.cfs_quota_us") or ""
        period = kernel_files.text(group / "cpu.cfs_period_us") or ""
    if quota.isdigit() and period.isdigit() and int(quota) > 0 and int(period) > 0:
        return int(quota) / int(period)
    return None
