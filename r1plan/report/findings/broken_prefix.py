"""Turns of a conversation whose beginning was no longer in the cache: what was paid again at the full price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from r1plan.instants import from_us
from r1plan.report.database import rows
from r1plan.report.findings.changed_message import ChangedMessage
from r1plan.report.findings.finding import FindingKind, SpendFinding, finding_sql, is_much

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenTurn:
    """One turn, `id`, of `conversation`: `lost_tokens` that the turn `before_id` had sent were not in the cache.

    `changed` is the first message that was not what it had been; None where no text is kept, or nothing changed.
    """

    id: str
    before_id: str
    conversation: str
    at: datetime
    lost_tokens: int
    changed: ChangedMessage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPrefix(SpendFinding):
    """`requests` turns in `conversations` paid `lost_tokens` of input again, which a cache would have had.

    `worst` are those that lost the most.
    """

    kind: ClassVar[FindingKind] = "broken_prefix"
    conversations: int
    lost_tokens: int
    worst: tuple[BrokenTurn, ...]


def find_broken_prefix(database: DuckDBPyConnection, cost_usd: Decimal | None) -> BrokenPrefix | None:
    """None where every conversation kept its beginning, as far as the log says which requests are one conversation."""
    if not database.execute("SELECT 1 FROM entry WHERE conversation IS NOT NULL LIMIT 1").fetchall():
        return None
    database.execute(finding_sql("broken_turn"))
    ((requests, conversations, tokens, lost),) = database.execute(
        "SELECT count(*), count(DISTINCT conversation), sum(lost_tokens), sum(lost_usd) FROM broken_turn"
    ).fetchall()
    if not requests:
        return None
    worst = rows(
        database,
        "SELECT id, before_id, conversation, placed_us, lost_tokens FROM broken_turn"
        " ORDER BY lost_tokens DESC, placed_us, id LIMIT $most",
        {"most": _MOST_NAMED},
    )
    return BrokenPrefix(
        basis="estimated",
        requests=requests,
        low_usd=lost,
        high_usd=lost,
        worth_telling=is_much(lost, cost_usd),
        conversations=conversations,
        lost_tokens=int(tokens),
        worst=tuple(BrokenTurn(at=_instant(row.pop("placed_us")), **row) for row in worst),
    )


def named_changes(finding: BrokenPrefix, changes: Mapping[str, ChangedMessage]) -> BrokenPrefix:
    """`finding` with what changed in each of its worst turns, by the turn's id."""
    return replace(finding, worst=tuple(replace(each, changed=changes.get(each.id)) for each in finding.worst))


def _instant(microseconds: int) -> datetime:
    return from_us(microseconds)
