"""What was spent: the values of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from r1plan.catalog.price import Currency
from r1plan.report.explain.explanation import Explanation
from r1plan.report.findings.finding import SpendFinding
from r1plan.report.invalid_line import LineFault
from r1plan.report.pace.budget import BudgetUse
from r1plan.report.pace.forecast import SpendPace
from r1plan.report.period import Period
from r1plan.report.reconcile.result import Reconciliation
from r1plan.report.series.charges import Charge
from r1plan.report.series.series import Series
from r1plan.report.whatif.values import WhatIf

FileFault = Literal[
    "folder",
    "device",
    "broken_link",
    "silent_pipe",  # nobody writes to it
    "pipe",  # it was not named itself
    "socket",
    "compressed",  # with lz4, and what reads that is not installed
    "bomb",  # it holds far more than its size
    "no_room",  # on the disk, for what it holds
    "no_memory",  # to work out what it holds
    "damaged",  # what comes before the damage is read, where its format allows that
    "damaged_json",
    "encrypted",
    "outside",  # its name in an archive leads out of it
    "archive_in_archive",
    "archived_link",  # or a device, in an archive
    "empty_archive",
    "many_members",  # more than are read of one archive
    "busy",  # another program holds the database
    "sql_inserts",  # a dump without rows that are read
    "too_large",  # one JSON value of it is larger than what is read
    "no_records",  # it is neither text nor any table
    "unknown_fields",  # `fields` are there, of which `nearest` has most, but not `missing`
    "unknown_tables",  # `fields` are there
]

RecordFault = Literal[
    "no_instant",  # it says no moment, or one that is none
    "far_instant",  # before 1999 or after 2100
    "negative",  # a count of tokens below 0
    "columns",  # it has not as many cells as the header
    "not_text",  # its quotes or characters cannot be read
]

Detail = Literal["series", "charges"]
"""What a report can hold beside its sums: what pictures are drawn from, or what a bill has lines for."""

_NOTHING = Decimal(0)

WarningKind = Literal[
    "bad_line",  # `file`, `line` and `fault`
    "bad_record",  # `file`, and of `count` records the `record_fault`; `lines` are the numbers of the first
    "other_encoding",  # `file` is no UTF-8, and was read as Latin-1
    "unreadable_file",  # `file`, and `file_fault` or `os_error`, the system's word for it
    "duplicate_ids",  # `count` ids, of which `ids` are the first: the last row of each was taken
    "in_future",  # `count` requests that are said to have ended after the report was made
    "unknown_tokens",  # `count` requests: only their known tokens are priced
    "impossible_usage",  # `count` requests with more cached than input, or more thinking than output, tokens
    "other_currency",  # `count` requests at accounts that are billed in `currency`: they are not in the sums
    "price_caveat",  # `count` requests billed at `price_id`, of which `caveat` is a doubt
    "repeated_rows",  # `count` rows of `tool` whose id another of its rows has too: they are not counted
    "repeated_responses",  # `count` rows of `tool` of responses of which another tool knows more: they are not counted
    "sums_by_other_key",  # `count` sums of `tool` over what it sums by another key too: they are left out
    "sums_in_sums",  # `count` sums of `tool` over a time, or over parts of it, that it tells both: they are left out
    "sums_across_months",  # `count` sums of which a month's end is within: all of each is where it begins
    "sums_across_days",  # `count` sums of which a day's end is within, in the report's time zone
    "cost_file_differs",  # `count` days of models of which `tool` bills `reported_usd`, and its amounts `priced_usd`
    "sums_beside_others",  # `count` sums of `tool` over a time of which another tool tells single requests: both count
    "sums_beside_rows",  # `count` sums of `tool` over a time of which it tells single requests too: they are left out
    "unknown_requests",  # `count` rows that are sums of an unknown number of requests
    "several_prices",  # `count` requests told only as sums over a time in which several prices held: uncertain
    "currency_assumed",  # `count` bills of `tool` do not say their currency: they are taken to be in the account's
    "unknown_currency",  # `count` requests billed in `currency`, of which no price is known: they are not in the sums
    "billed_elsewhere",  # `count` requests with own keys at `tool`: who answered bills `reported_usd`, in no sum here
    "bill_differs",  # `provider` bills `reported_usd` for `count` requests to `model`; our prices come to `priced_usd`
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWarning:
    """Something the reader of a report must know; the kind says which fields are set."""

    kind: WarningKind
    count: int = 1
    file: str | None = None
    line: int | None = None
    fault: LineFault | None = None
    file_fault: FileFault | None = None
    os_error: str | None = None
    fields: tuple[str, ...] = ()
    nearest: str | None = None
    missing: tuple[str, ...] = ()
    record_fault: RecordFault | None = None
    lines: tuple[int, ...] = ()
    currency: str | None = None
    price_id: str | None = None
    caveat: str | None = None
    ids: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    tool: str | None = None
    reported_usd: Decimal | None = None
    priced_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFiles:
    """What was read of another tool's files of one kind: `rows` requests or sums of requests.

    `traps` counts by their word the records that were `left_out`, or that are `noted`. `skipped` are no
    requests.
    """

    importer: str
    files: tuple[str, ...]
    rows: int
    skipped: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over some requests. Tokens are the known ones; money is exact, and in the report's currency.

    An amount is None where it is not known for some of the requests and 0 for all others: unknown is never 0. Uncertain
    requests, of which only bounds are known, are in `uncertain_low_usd` and `uncertain_high_usd` and not in `cost_usd`,
    which is None where no other request cost anything;
    `unbounded_requests` among them have no upper bound. Unpriced ones are in none of them. Estimated requests, whose
    tokens nobody counted, are in `cost_usd`, and cost `estimated_low_usd` to `estimated_high_usd`; of
    `estimated_unbounded_requests` among them no bounds are known. `charged_usd`, a part of `cost_usd`, is what
    providers billed where no price is known; how it is split is not known either. `energy_usd`, another part, is the
    electricity of requests answered here; that of the `uncosted_requests` is not known. `cache_saving_usd` is what the
    cached input would have cost more as fresh input; that of `cache_saving_unknown_rows` in the cost is not known.
    `reported_usd` is all that providers said they bill, None where none did. `unsplit_output_tokens` are those of the
    output of which nobody says how much was thinking.
    """

    requests: int = 0
    input_tokens: int = 0
    cache_hit_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    cost_usd: Decimal | None = _NOTHING
    input_miss_usd: Decimal | None = _NOTHING
    cache_hit_usd: Decimal | None = _NOTHING
    thinking_usd: Decimal | None = _NOTHING
    answer_usd: Decimal | None = _NOTHING
    thinking_unknown_usd: Decimal | None = _NOTHING
    cache_saving_usd: Decimal | None = _NOTHING
    uncertain_low_usd: Decimal | None = _NOTHING
    uncertain_high_usd: Decimal | None = _NOTHING
    uncertain_requests: int = 0
    unpriced_requests: int = 0
    energy_usd: Decimal | None = _NOTHING
    energy_wh: Decimal | None = _NOTHING
    unbounded_requests: int = 0
    uncosted_requests: int = 0
    estimated_requests: int = 0
    estimated_low_usd: Decimal | None = _NOTHING
    estimated_high_usd: Decimal | None = _NOTHING
    estimated_unbounded_requests: int = 0
    charged_usd: Decimal | None = _NOTHING
    reported_usd: Decimal | None = None
    unsplit_output_tokens: int = 0
    cache_saving_unknown_rows: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The totals of the requests that share `keys`: each name asked for, and its value or None."""

    keys: Mapping[str, str | None]
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """Requests whose price is not known: nothing is assumed for them."""

    provider: str
    model: str
    requests: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the requests whose cost was forecast cost at most what half and nine tenths of them should."""

    requests: int
    within_p50: int
    within_p90: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierHour:
    """What ended within one hour of UTC, 0 to 23, of all days, at one tier of its price; None where it has none."""

    hour: int
    tier: str | None
    requests: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReport:
    """The answer to "what did it cost". `first_at` and `last_at` are of the requests in it, None when there is none.

    It holds the requests at accounts that are billed in `currency` and no others: currencies are never added.
    `forecast` is None where no request's cost was forecast. `usable_rows` is how many rows the logs hold, of any time.
    `series` and `charges` are there when they were asked for as its detail, and what follows `imported` when a
    `SpendInquiry` asked for it: `findings`, those with the most dollars first; `clock`, the hours of UTC by the tier of
    their price; `pace`, of a period that runs. `held_at`, where the period has no request, is when the first and the
    last of the logs were.
    """

    period: Period
    by: tuple[str, ...]
    totals: Totals
    currency: Currency = "USD"
    groups: tuple[Group, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()
    warnings: tuple[ReportWarning, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None
    forecast: Coverage | None = None
    usable_rows: int = 0
    series: Series | None = None
    charges: tuple[Charge, ...] = ()
    what_if: tuple[WhatIf, ...] = ()
    imported: tuple[ImportedFiles, ...] = ()
    findings: tuple[SpendFinding, ...] = ()
    reconcile: tuple[Reconciliation, ...] = ()
    clock: tuple[TierHour, ...] = ()
    pace: SpendPace | None = None
    budget: BudgetUse | None = None
    held_at: tuple[datetime, datetime] | None = None
    explanation: Explanation | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the period has no request and no sum of some."""
        return self.first_at is None and not self.totals.requests

    @property
    def is_nothing_usable(self) -> bool:
        """Whether something was left out of the logs and nothing else was in them, of this period or another."""
        return self.lost > 0 and self.usable_rows == 0

    @property
    def lost(self) -> int:
        """How many lines and files could not be used."""
        return sum(each.count for each in self.warnings if each.kind in ("bad_line", "bad_record", "unreadable_file"))
