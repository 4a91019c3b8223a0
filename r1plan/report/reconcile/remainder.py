"""What is not explained yet of a day and a model, and the lines that explain the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from r1plan.report.reconcile.cells import Cell
from r1plan.report.reconcile.result import BillDifference, Cause
from r1plan.report.reconcile.sides import Kind, Rated, TokenPrices

_ZERO = Decimal(0)
KINDS: tuple[Kind, ...] = ("input_miss", "cache_hit", "output")


@dataclass(slots=True)
class Remainder:
    """`tokens` and `requests`: the bill's less the log's, less what `lines` explain; requests are None where not told.

    `rates`: those that held at some moment of the day. `explained_usd`: how much of the cell's money is explained.
    """

    cell: Cell
    day: str
    rates: tuple[TokenPrices, ...]
    tokens: dict[Rated, int] = field(default_factory=dict)
    requests: int | None = None
    explained_usd: Decimal = _ZERO
    lines: list[BillDifference] = field(default_factory=list)

    @classmethod
    def of(cls, cell: Cell, day: str, rates: tuple[TokenPrices, ...]) -> Remainder:
        """All that differs."""
        requests = cell.billed_requests
        return cls(
            cell=cell,
            day=day,
            rates=rates,
            tokens=cell.residual() if cell.has_tokens else {},
            requests=None if requests is None else requests - cell.logged_requests,
        )

    @property
    def unexplained_usd(self) -> Decimal:
        """The money of the cell that nothing explains; 0 where the bill tells none."""
        return _ZERO if self.cell.billed_usd is None else self.cell.difference_usd - self.explained_usd

    @property
    def is_open(self) -> bool:
        """Whether something differs that nothing explains."""
        return bool(self.tokens or self.requests or self.unexplained_usd)

    def hides_requests(self, moved: Mapping[Kind, int], requests: int) -> bool:
        """Whether as many requests were missing as extra, had so many tokens and requests moved here from elsewhere.

        Tokens then differ in sum, and the number of requests does not: what moved was itself missing, or extra.
        """
        if self.requests is None or self.requests != requests:
            return False
        sums = {"input": 0, "output": 0}
        for kind, number in (*((kind, number) for (kind, _), number in self.tokens.items()), *_negative(moved)):
            sums["output" if kind == "output" else "input"] += number
        return any(sums.values())

    def rated(self, kind: Kind, rates: TokenPrices | None) -> Rated:
        """Where tokens of `kind` at `rates` stand in `tokens`."""
        return kind, rates.of(kind) if rates is not None and self.cell.is_priced else None

    def at(self, kind: Kind, rates: TokenPrices | None) -> int:
        """How many tokens of `kind` at `rates` differ."""
        return self.tokens.get(self.rated(kind, rates), 0)

    def take(self, kind: Kind, rates: TokenPrices | None, tokens: int) -> None:
        """Call so many of them explained."""
        rated = self.rated(kind, rates)
        if left := self.tokens.get(rated, 0) - tokens:
            self.tokens[rated] = left
        else:
            self.tokens.pop(rated, None)

    def worth(self, tokens: Mapping[Rated, int]) -> Decimal | None:
        """What tokens cost; None where no price is known.

        Where only sums are known it is as much of the difference as they can cost at the prices of the day.
        """
        low = high = _ZERO
        for (kind, price), number in tokens.items():
            if price is not None:
                prices = {price}
            elif self.cell.is_priced:
                prices = {_ZERO}  # of the log alone, which counts nothing for them
            elif kind == "input":
                prices = {price for each in self.rates for price in (each.miss, each.hit)}
            else:
                prices = {each.of(kind) for each in self.rates}
            if not prices:
                return self.unexplained_usd if self.cell.billed_usd is not None else None
            low += min(number * each for each in prices)
            high += max(number * each for each in prices)
        if low == high:
            return low
        return None if self.cell.billed_usd is None else min(max(low, self.unexplained_usd), high)

    def explain(
        self,
        cause: Cause,
        usd: Decimal | None,
        *,
        tokens: Mapping[Kind, int] | None = None,
        requests: int | None = None,
        ids: tuple[str, ...] = (),
        key: str | None = None,
        is_whole: bool = False,
    ) -> None:
        """Add a line of `usd`, all of which belongs to this day and model."""
        self.add(
            BillDifference(
                cause=cause,
                day=self.day,
                model=self.cell.model,
                usd=usd,
                requests=requests,
                tokens=tokens or {},
                ids=ids,
                key=key,
                is_whole=is_whole,
            )
        )

    def add(self, line: BillDifference) -> None:
        """Add a line, all of whose money belongs to this day and model."""
        self.lines.append(line)
        self.explained_usd += line.usd or _ZERO


def _negative(tokens: Mapping[Kind, int]) -> list[tuple[Kind, int]]:
    return [(kind, -number) for kind, number in tokens.items()]
