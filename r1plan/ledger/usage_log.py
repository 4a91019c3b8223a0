"""The usage log of one process: what it writes, and what guards may read of it and of every other process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import LogError
from r1plan.ledger.entry import UsageEntry
from r1plan.ledger.journal import append, append_once_decided

# What reads rows is imported when a guard wants them: an answer from here needs none.
if TYPE_CHECKING:
    from r1plan.ledger.requests import LoggedRequest, MonthRow


class UsageLog:
    """The monthly files in `logs`. With `writes` False nothing is written: the rows of this process stay in memory.

    So guards still know what this process has asked, and nobody else does.
    """

    def __init__(self, logs: Path, *, writes: bool = True) -> None:
        self._logs = logs
        self._writes = writes
        self._unwritten: list[LoggedRequest] = []

    @property
    def writes(self) -> bool:
        """Whether later runs will find the rows."""
        return self._writes

    def append(self, entry: UsageEntry) -> Path | None:
        """Write a row and say where; None when it only stays in memory. Raises LogError."""
        if self._writes:
            return append(entry, self._logs)
        from r1plan.ledger.requests import of_entry

        self._unwritten.append(of_entry(entry))
        return None

    def recent(self) -> list[LoggedRequest]:
        """The last requests of every process, a few hundred at least where there are as many."""
        from r1plan.ledger.requests import by_request, last_rows

        return by_request([*last_rows(self._logs), *self._unwritten])

    def this_month(self, at: datetime) -> list[MonthRow]:
        """The requests of the UTC month of `at`, and those of the month before that may still run.

        Raises LogError.
        """
        from r1plan.ledger.requests import by_request, rows_of_month

        try:
            return by_request([*rows_of_month(self._logs, at), *self._unwritten])
        except OSError as error:
            raise LogError(
                f"the usage log in {self._logs} cannot be read: {error.strerror or error}.",
                "the monthly budgets of budgets.yaml are kept by it; nothing was sent.",
            ) from error

    def append_once_decided(
        self, at: datetime, decide: Callable[[Sequence[MonthRow]], UsageEntry]
    ) -> tuple[UsageEntry, Path | None]:
        """Write the row that `decide` makes of this UTC month's requests. No other process writes one in between.

        What `decide` raises goes through, and nothing is written then. Raises LogError.
        """

        def decided() -> UsageEntry:
            return decide(self.this_month(at))

        if self._writes:
            return append_once_decided(at, decided, self._logs)
        from r1plan.ledger.requests import of_entry

        entry = decided()
        self._unwritten.append(of_entry(entry))
        return entry, None
