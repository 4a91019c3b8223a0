"""How long a decision takes, and what a simulated month costs routed by list price and by our policy.

The month is made up; `tests/bench/month.py` says how. Both routers see the same requests and the same luck: how long
each answer would be, which attempts fail, which prefixes are still cached. Ours starts with an empty log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from r1plan.catalog.load import load_holidays, load_models, load_prices, load_providers, load_routes
from r1plan.catalog.priors import load_priors
from r1plan.ledger.history import read_history
from r1plan.ledger.past_request import PastRequest
from r1plan.prices.book import PriceBook
from r1plan.route.decision.candidate import Candidate, Power, api_candidates, local_candidate, model_keys
from r1plan.route.decision.decide import decide
from r1plan.route.decision.defer import defer
from r1plan.route.forecast.statistics import log_statistics
from tests.bench.month import BEGINS, Request, World, ask_of, log_lines, requests

ROUNDS = 15
LOG_ROWS = 10_000

PROVIDERS = load_providers()
BOOK = PriceBook(load_prices(), load_holidays())
ROUTES = load_routes()
PRIORS = load_priors()
KEYS = model_keys(PROVIDERS.values())
APIS = tuple(
    each for each in api_candidates(PROVIDERS, PROVIDERS, BOOK, load_models(), BEGINS) if each.family != "distill"
)

Router = Callable[[Request, list[PastRequest]], tuple[list[Candidate], timedelta, tuple[Decimal, Decimal] | None]]
"""The candidates in the order in which they are asked, how long to wait first, and the expected cost and p90."""


def run() -> None:
    """Print the time of a decision, and the dollars of the month by each router."""
    _time()
    month = list(requests())
    print(
        f"simulated month       {len(month):,} requests in {len({each.conversation for each in month}):,} conversations"
    )
    listed, _ = _spent("by list price", month, by_list_price)
    ours, coverage = _spent("by our policy", month, by_policy)
    waiting, _ = _spent("  and waiting", month, by_policy_and_hour)
    print(f"saved                 {1 - ours / listed:.1%}, with waiting {1 - waiting / listed:.1%}")
    print(f"                      {coverage}")


def by_list_price(request: Request, _log: list[PastRequest]) -> tuple[list[Candidate], timedelta, None]:
    """The least sum of what a token in and a token out cost by the list, whatever the hour, the cache and the length.

    So does litellm's cost-based routing (BerriAI/litellm, router_strategy/lowest_cost.py). Where two are equal the one
    that the catalogue names first is taken; the base price is the off-peak one.
    """

    def listed(each: Candidate) -> Decimal:
        base = BOOK.schedules(*each.source)[0].base.rates
        return base.input_cache_miss + base.output

    return sorted(_accepted(request), key=listed), timedelta(0), None


def by_policy(
    request: Request, log: list[PastRequest]
) -> tuple[list[Candidate], timedelta, tuple[Decimal, Decimal] | None]:
    """The route "cheapest", with the log so far."""
    found = decide(
        ask_of(request), _accepted(request), log_statistics(log[::-1], KEYS, PRIORS), BOOK, ROUTES["cheapest"], ROUTES
    )
    first = found.ranked[0]
    return [each.candidate for each in found.ranked], timedelta(0), (first.expected_usd, first.cost.p90_usd)


def by_policy_and_hour(
    request: Request, log: list[PastRequest]
) -> tuple[list[Candidate], timedelta, tuple[Decimal, Decimal] | None]:
    """The same; what may wait is sent at the cheapest hour."""
    if request.may_wait is None:
        return by_policy(request, log)
    until = request.at + request.may_wait
    past = log_statistics(log[::-1], KEYS, PRIORS)
    found = defer(ask_of(request), until, _accepted(request), past, BOOK, ROUTES["cheapest"], ROUTES)
    if found is None:
        return by_policy(request, log)
    return [each.candidate for each in found.decision.ranked], found.send_at - request.at, None


def _accepted(request: Request) -> list[Candidate]:
    return [each for each in APIS if each.family == "r1" or not request.only_r1]


def _spent(name: str, month: list[Request], router: Router) -> tuple[float, str]:
    """Dollars of the month by `router`, printed with where they went; and how its forecasts did."""
    world = World(BOOK)
    by_model: dict[str, Decimal] = {}
    only_r1 = Decimal(0)
    forecasts: list[tuple[Decimal, Decimal, Decimal]] = []
    for request in month:
        order, wait, forecast = router(request, world.log)
        bills = world.send(replace(request, at=request.at + wait), order)
        for each, usd in bills:
            by_model[each.id] = by_model.get(each.id, Decimal(0)) + usd
            only_r1 += usd if request.only_r1 else 0
        if forecast is not None and bills:
            forecasts.append((*forecast, bills[-1][1]))
    total = sum(by_model.values(), Decimal(0))
    shares = sorted(by_model.items(), key=lambda item: -item[1])[:3]
    split = ", ".join(f"{each.split('/')[0]} {each.rsplit('/', 1)[-1]} ${usd:.2f}" for each, usd in shares)
    print(f"{name:<20}  ${total:8.4f}, ${only_r1:.4f} of it where only R1 will do: {split}")
    coverage = ""
    if forecasts:
        late = forecasts[len(forecasts) // 5 :]
        within = sum(cost <= p90 for _, p90, cost in late) / len(late)
        off = float(sum(expected for expected, _, _ in late) / sum(cost for _, _, cost in late)) - 1
        coverage = (
            f"after a fifth of it, {within:.1%} cost at most their p90; the sum of the forecasts is {off:+.1%} off"
        )
    return float(total), coverage


def _time() -> None:
    here = local_candidate(
        "R1-Distill-Qwen-7B:Q4_K_M", "R1-Distill-Qwen-7B", 32_768, Power(watts=200.0, decode_tok_s=60.0)
    )
    candidates = [*APIS, here, *([] if len(APIS) > 10 else [replace(here, model=f"other-{len(APIS)}")])][:12]
    route = replace(ROUTES["local-first"], accepts=("r1", "successor", "distill", "other"))
    ask = ask_of(list(requests())[-1])

    def decision(past: Sequence[PastRequest]) -> object:
        return decide(ask, candidates, log_statistics(past, KEYS, PRIORS), BOOK, route, ROUTES)

    with TemporaryDirectory() as folder:
        logs = Path(folder)
        (logs / "2026-11.jsonl").write_text("".join(log_lines(BOOK, APIS, LOG_ROWS + 100)))
        for rows in (LOG_ROWS, LOG_ROWS // 2):
            past = read_history(logs, rows)
            deciding = _measured(partial(decision, past))
            reading = _measured(partial(read_history, logs, rows))
            print(
                f"decision              {deciding} over {len(candidates)} candidates and {rows:,} requests (at most 30)"
            )
            print(f"  reading them        {reading} more, {2 * rows:,} lines of the log")


def _measured(work: Callable[[], object]) -> str:
    """The median on the clock, and the least that the processor was busy: the same on a machine that is idle."""
    on_the_clock, busy = [], []
    for _ in range(ROUNDS):
        clock, processor = time.perf_counter(), time.thread_time()
        work()
        busy.append(time.thread_time() - processor)
        on_the_clock.append(time.perf_counter() - clock)
    return f"{median(on_the_clock) * 1e3:6.1f} ms ({min(busy) * 1e3:.1f} of the processor)"


if __name__ == "__main__":
    run()
