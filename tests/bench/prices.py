"""How many dated calls are priced as they were billed, here and by genai-prices, and how fast."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from r1plan.catalog.load import load_holidays, load_prices
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from tests.prices.dated import CALLS

PEERS = Path(__file__).parents[2] / ".venv-bench" / "bin" / "python"
MILLION = 1_000_000
CALL = Usage(input_tokens=2 * MILLION, cache_hit_tokens=MILLION, output_tokens=MILLION)
ROUNDS = 200

# What the peer's own interpreter runs: the calls come as JSON on stdin, the totals go out as JSON.
GENAI_PRICES = """
import json, sys, time
from datetime import datetime
from genai_prices import Usage, calc_price
calls = json.load(sys.stdin)
usage = Usage(input_tokens=2_000_000, cache_read_tokens=1_000_000, output_tokens=1_000_000)
def price(provider, model, at):
    try:
        found = calc_price(usage, model, provider_id=provider, genai_request_timestamp=datetime.fromisoformat(at))
    except LookupError:
        return None
    return str(found.total_price)
totals = [price(*call) for call in calls]
begun = time.perf_counter()
for _ in range(20):
    for call in calls:
        price(*call)
print(json.dumps([totals, (time.perf_counter() - begun) / 20 / len(calls)]))
"""


def run() -> None:
    """Print the right answers of each, and the time of one lookup and one bill."""
    book = PriceBook(load_prices(), load_holidays())
    calls = [(provider, model, datetime.fromisoformat(f"{at}+00:00")) for provider, model, at, _ in CALLS]
    expected = [None if usd is None else Decimal(usd) for *_, usd in CALLS]

    def ours() -> list[Decimal | None]:
        prices = [book.price_at(*call, CALL.input_tokens) for call in calls]
        return [None if price is None else cost_of(CALL, price.per_token).total_usd for price in prices]

    seconds = _best(5, lambda: [ours() for _ in range(ROUNDS)]) / ROUNDS / len(calls)
    print(f"dated calls, r1plan        {_right(ours(), expected)}, {seconds * 1e6:6.2f} us a lookup and bill")
    if not PEERS.exists():
        print("dated calls, genai-prices  not installed in .venv-bench")
        return
    asked = json.dumps([(provider, model, f"{at.isoformat()}") for provider, model, at in calls])
    done = subprocess.run([PEERS, "-c", GENAI_PRICES], input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"dated calls, genai-prices  could not run: {done.stderr.strip().splitlines()[-1]}")
        return
    totals, seconds = json.loads(done.stdout)
    found = [None if total is None else Decimal(total) for total in totals]
    print(f"dated calls, genai-prices  {_right(found, expected)}, {seconds * 1e6:6.2f} us a lookup and bill")


def _right(found: Sequence[Decimal | None], expected: Sequence[Decimal | None]) -> str:
    return f"{sum(one == other for one, other in zip(found, expected, strict=True)):2} of {len(expected)} right"


def _best(times: int, work: Callable[[], object]) -> float:
    found = []
    for _ in range(times):
        begun = perf_counter()
        work()
        found.append(perf_counter() - begun)
    return min(found)
