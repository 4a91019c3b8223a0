"""A pull in this process: what it told, how long it would have waited, and what the cache holds afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from r1plan.models.pull.access import TransferLimits, hub_access
from r1plan.models.pull.host import PullHost
from r1plan.models.pull.pinned import PinnedModel, WantedFiles
from r1plan.models.pull.pull import PulledModel, pull
from r1plan.models.pull.record import PullRecords
from r1plan.models.pull.watcher import PullEvent
from tests.models.pull.hub import HubDouble


@dataclass
class Telling:
    """Keeps what a pull tells."""

    begun: list[tuple[PinnedModel, int]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    told: list[PullEvent] = field(default_factory=list)

    def begins(self, model: PinnedModel, here_bytes: int) -> None:
        self.begun.append((model, here_bytes))

    def moves(self, done_bytes: int) -> None:
        self.moved.append(done_bytes)

    def tells(self, event: PullEvent) -> None:
        self.told.append(event)


@dataclass
class Pulling:
    """Pulls from `hub` into a cache of its own."""

    hub: HubDouble
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    free_bytes: int = 1 << 40
    booted_at_s: float = 0.0
    limits: TransferLimits = field(default_factory=TransferLimits)
    telling: Telling = field(default_factory=Telling)
    slept: list[float] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        return self.folder / "hub"

    @property
    def records(self) -> PullRecords:
        return PullRecords(self.folder / "records")

    def __call__(
        self, *files: str, quant: str | None = None, revision: str = "main", repo: str | None = None
    ) -> PulledModel:
        environ = {"HF_ENDPOINT": self.hub.url, "HF_HOME": str(self.folder), **self.environ}
        wanted = WantedFiles(repo or self.hub.repo, files or None, quant, revision)
        host = PullHost(self.slept.append, lambda _: self.free_bytes, self.booted_at_s)
        return pull(wanted, replace(hub_access(environ), limits=self.limits), self.records, self.telling, host)

    def partials(self) -> list[Path]:
        """What is left half done in the cache."""
        return sorted(self.cache.rglob("*.incomplete"))
