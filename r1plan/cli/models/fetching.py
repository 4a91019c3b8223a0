"""Fetches files that were chosen, with progress: what `models pull` and an offer of `chat` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.models.pull.access import HubAccess
    from r1plan.models.pull.pinned import WantedFiles
    from r1plan.models.pull.pull import PulledModel

FOLDER = "pulled"
"""Of the data directory: what is known of files that were fetched."""


def fetched(files: WantedFiles, access: HubAccess) -> PulledModel:
    """Have `files` in the cache, checked; what comes is shown on stderr. Raises what `models.pull.pull.pull` does."""
    import time

    from r1plan.models.pull.host import PullHost, disk_free_bytes
    from r1plan.models.pull.pull import pull
    from r1plan.models.pull.rate import keep_rate
    from r1plan.models.pull.record import PullRecords
    from r1plan.render.pull.progress import pull_progress
    from r1plan.settings import directories

    # The clock of the boot is late by the time that a machine slept, which costs at most another look at zeros.
    host = PullHost(time.sleep, disk_free_bytes, time.time() - time.monotonic())
    folder, begun_at = directories().data / FOLDER, time.monotonic()
    with pull_progress(time.monotonic) as progress:
        pulled = pull(files, access, PullRecords(folder), progress, host)
    keep_rate(folder, sum(each.fetched_bytes for each in pulled.files), time.monotonic() - begun_at)
    return pulled


def bytes_there(files: WantedFiles, access: HubAccess) -> int:
    """How large `files` are, as the hub says. Raises EngineError."""
    import time

    from r1plan.models.pull.reader import HubReader
    from r1plan.models.pull.transfer.client import hub_client
    from r1plan.models.pull.transfer.patience import Patience

    with hub_client(access):
        return HubReader(access, Patience(access.host, time.sleep, lambda _event: None)).pinned(files).bytes
