"""`--what-if`: what is asked of other worlds, with what the catalogue says of those who answer there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from r1plan.errors import UsageError

if TYPE_CHECKING:
    from r1plan.cli.spend.options import SpendOptions
    from r1plan.prices.book import PriceBook
    from r1plan.report.whatif.target import WhatIfQuestion


def what_if_question(options: SpendOptions, book: PriceBook) -> WhatIfQuestion | None:
    """What `options` ask of other worlds; None: nothing.

    Raises UsageError for what is no world and for --as-of alone, NotFound for a provider or model without a price.
    """
    if not options.what_if:
        if options.as_of is not None:
            raise UsageError("--as-of says at whose prices --what-if is, and there is none.", "add --what-if all")
        return None
    from r1plan.catalog.load import load_providers
    from r1plan.cli.from_logs import served
    from r1plan.cli.prices.options import first_days
    from r1plan.report.whatif.target import WhatIfQuestion, parse_targets

    providers = load_providers().values()
    targets = parse_targets(options.what_if, book)
    local = None
    if any(each.kind == "local" for each in targets):
        from r1plan.cli.spend.local_world import local_question

        local = local_question(options.period.timezone)
    start, until = options.period.start, options.period.until
    return WhatIfQuestion(
        targets=targets,
        as_of=options.as_of,
        serves=served(providers),
        released=first_days(),
        finds_prefixes=frozenset(each.id for each in providers if each.finds_prefixes),
        local=local,
        within=None if start is None or until is None else (start, max(start, min(until, options.now))),
    )
