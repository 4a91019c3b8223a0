"""`--reconcile`: the bills that a report is held against, and the account that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from r1plan.catalog.price import Currency
from r1plan.errors import LogError, UsageError

if TYPE_CHECKING:
    from r1plan.cli.spend.options import SpendOptions
    from r1plan.prices.book import PriceBook
    from r1plan.report.reconcile.against import ReconcileQuestion
    from r1plan.report.spend import ReportWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBills:
    """What is asked of bills, None: nothing; and in which currency they say that accounts are billed."""

    question: ReconcileQuestion | None = None
    currency: Currency = "USD"
    accounts: Mapping[str, Currency] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[ReportWarning, ...] = ()


def asked_bills(options: SpendOptions, book: PriceBook) -> AskedBills:
    """The bills that `options` ask for, read. Where all are in yuan, so is the report.

    Raises UsageError for --tolerance alone, LogError where no file of them can be read as a bill.
    """
    if not options.reconcile:
        if options.tolerance_usd is not None:
            raise UsageError(
                "--tolerance says how far --reconcile may be off, and there is none.", "add --reconcile EXPORT"
            )
        return AskedBills(currency=options.currency)
    from r1plan.cli.spend.sellers import sellers_by_name
    from r1plan.render.spend.warnings import reason
    from r1plan.report.reconcile.against import ReconcileQuestion
    from r1plan.report.reconcile.bills.exports import read_exports
    from r1plan.report.reconcile.compare import TOLERANCE_USD

    read = read_exports(options.reconcile, book, sellers_by_name)
    if not read.bills:
        why = next((f"{each.file}: {reason(each)}" for each in read.warnings if each.file), "nothing was billed there")
        raise LogError(
            f"no bill in what --reconcile is given: {why}.",
            "give a provider's export, such as DeepSeek's zip or OpenRouter's activity",
        )
    known: dict[str | None, Currency] = {each: each for each in get_args(Currency)}
    accounts = {bill.provider: known[bill.currency] for bill in read.bills if bill.currency in known}
    is_yuan = all(bill.currency == "CNY" for bill in read.bills if bill.lines) and bool(accounts)
    tolerance_usd = TOLERANCE_USD if options.tolerance_usd is None else options.tolerance_usd
    return AskedBills(
        question=ReconcileQuestion(bills=read.bills, tolerance_usd=tolerance_usd),
        currency="CNY" if is_yuan else options.currency,
        accounts=accounts,
        warnings=read.warnings,
    )
