"""Both sides of a day and a model beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from r1plan.report.reconcile.days import DayCut
from r1plan.report.reconcile.sides import BillLine, Kind, LoggedRequests, LoggedTokens, Rated

_ZERO = Decimal(0)


@dataclass(slots=True)
class Cell:
    """One day of one model on both sides. `model` is the name of the bill, else of the log.

    `billed` and `logged` count tokens by kind and price. `is_priced`: the price of every token of the bill and of the
    log is known; else only sums can be compared. `has_tokens`: the bill tells tokens. `figures`: how many amounts of
    money may have been rounded into `billed_usd`. `by_key`: the bill's own figures of each key.
    """

    day: int
    model: str
    billed: dict[Rated, int] = field(default_factory=lambda: defaultdict(int))
    logged: dict[Rated, int] = field(default_factory=lambda: defaultdict(int))
    billed_requests: int | None = None
    billed_usd: Decimal | None = None
    lines_usd: Decimal | None = None
    figures: int = 0
    has_tokens: bool = False
    is_priced: bool = True
    is_billed: bool = False
    requests: list[LoggedRequests] = field(default_factory=list)
    by_key: dict[str, dict[Rated | None, int]] = field(default_factory=dict)

    @property
    def logged_requests(self) -> int:
        """Requests in the log that have tokens and have ended."""
        return sum(each.requests for each in self.requests)

    @property
    def empty_requests(self) -> int:
        """Those without tokens, which a bill may count or not."""
        return sum(each.empty for each in self.requests)

    @property
    def logged_usd(self) -> Decimal:
        """What the log says that they cost."""
        return sum((each.usd for each in self.requests), _ZERO)

    @property
    def difference_usd(self) -> Decimal:
        """What was billed less what was logged."""
        return (self.billed_usd or _ZERO) - self.logged_usd

    def residual(self) -> dict[Rated, int]:
        """Tokens of the bill less those of the log, where they differ."""
        rated = {*self.billed, *self.logged}
        found = {each: self.billed.get(each, 0) - self.logged.get(each, 0) for each in sorted(rated, key=_order)}
        return {each: tokens for each, tokens in found.items() if tokens}

    def by_kind(self, side: Mapping[Rated, int]) -> dict[Kind, int]:
        """The tokens of one side by kind alone."""
        found: dict[Kind, int] = {}
        for (kind, _), tokens in side.items():
            found[kind] = found.get(kind, 0) + tokens
        return found


def _order(rated: Rated) -> tuple[str, Decimal]:
    return rated[0], -1 if rated[1] is None else rated[1]  # type: ignore[return-value]


def cells_of(
    lines: Iterable[BillLine],
    tokens: Iterable[LoggedTokens],
    requests: Iterable[LoggedRequests],
    declared: DayCut,
    cut: DayCut,
    days: Collection[int],
    name: Callable[[str], str],
) -> dict[tuple[str, int], Cell]:
    """The cells of `days` by model, as `name` calls it, and day: the bill's by `declared`, the log's by `cut`."""
    cells: dict[tuple[str, int], Cell] = {}

    def cell(model: str, day: int) -> Cell:
        return cells.setdefault((name(model), day), Cell(day, name(model)))

    for line in lines:
        day = (cut if line.is_single else declared).day_of(line.start_us)
        if day in days:
            _bill(cell(line.model, day), line)
    for each in tokens:
        if (day := cut.day_of(each.slot_us)) in days:
            cell(each.model, day).logged[each.kind, each.price] += each.tokens
    for some in requests:
        if (day := cut.day_of(some.slot_us)) in days:
            cell(some.model, day).requests.append(some)
    for each_cell in cells.values():
        _settle(each_cell)
    return dict(sorted(cells.items()))


def _bill(cell: Cell, line: BillLine) -> None:
    cell.is_billed = True
    if line.item == "money":
        cell.billed_usd = (cell.billed_usd or _ZERO) + (line.usd or _ZERO)
        cell.figures += line.figures
        return
    keyed = cell.by_key.setdefault(line.key, {}) if line.key is not None else {}
    if line.item == "requests":
        if line.amount is not None:
            cell.billed_requests = (cell.billed_requests or 0) + line.amount
            keyed[None] = keyed.get(None, 0) + line.amount
        return
    if line.amount is None:
        return
    cell.has_tokens = True
    if line.usd is not None:
        cell.lines_usd = (cell.lines_usd or _ZERO) + line.usd
    rated = (line.item, line.price)
    cell.billed[rated] += line.amount
    keyed[rated] = keyed.get(rated, 0) + line.amount
    if line.price is None and line.amount:
        cell.is_priced = False


def _settle(cell: Cell) -> None:
    """What only the whole cell shows: whether prices are known on both sides, and what the bill comes to."""
    if not cell.is_billed:
        # What a bill does not name it bills nothing for; it says so for tokens and requests alike.
        cell.billed_usd, cell.billed_requests, cell.has_tokens = _ZERO, 0, True
    if any(each.has_unknown_number for each in cell.requests):
        cell.billed_requests = None
    if cell.billed_usd is None:
        cell.billed_usd = cell.lines_usd
    elif cell.lines_usd is not None and not cell.is_priced and cell.lines_usd == 0:
        cell.lines_usd = None
    charged = any(each.charged_usd for each in cell.requests)
    whole_input = any(kind == "input" for kind, _ in cell.billed)
    if charged or whole_input or not cell.is_priced or not cell.has_tokens:
        cell.is_priced = False
        cell.billed = _summed(cell.billed, whole_input)
        cell.logged = _summed(cell.logged, whole_input)


def _summed(side: Mapping[Rated, int], whole_input: bool) -> dict[Rated, int]:
    found: dict[Rated, int] = defaultdict(int)
    for (kind, _), tokens in side.items():
        merged: Kind = "input" if whole_input and kind != "output" else kind
        found[merged, None] += tokens
    return found
