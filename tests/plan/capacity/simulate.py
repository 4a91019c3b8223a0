"""A server played request by request: the oracle of what capacity computes.

Requests come at random, at the rate of the hour, with lengths drawn from the demand's. They wait in one queue, first
come first served, for one of `slots`. Between two steps the server reads the prompts of those whom it lets in, one
after the other, and does nothing else meanwhile; then a step makes a token for each request at work.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import NamedTuple

from r1plan.plan.capacity.throughput import Throughput
from r1plan.plan.month.demand import RequestLength

WEEK_S = 168 * 3600.0


class Played(NamedTuple):
    """What one request got: when it came, its first token after so many seconds, tokens a second from then on."""

    came_s: float
    ttft_s: float
    tok_s: float


class Day(NamedTuple):
    """All requests that were played, in the order in which their prompts were read, and how long none was at work."""

    requests: list[Played]
    idle_s: float
    ended_s: float


def steady(rate_per_s: float, count: int, random: Random) -> Iterator[float]:
    """Arrivals at one rate."""
    now = 0.0
    for _ in range(count):
        now += random.expovariate(rate_per_s)
        yield now


def by_hours(requests_per_day: float, hour_shares: Sequence[float], until_s: float, random: Random) -> Iterator[float]:
    """Arrivals at the rate of each hour of the week, by thinning."""
    rates = [share * 7 * requests_per_day / 3600 for share in hour_shares]
    most = max(rates)
    now = random.expovariate(most)
    while now < until_s:
        if random.random() * most < rates[int(now % WEEK_S // 3600)]:
            yield now
        now += random.expovariate(most)


def play(
    throughput: Throughput, slots: int, lengths: Sequence[RequestLength], arrivals: Iterator[float], random: Random
) -> Day:
    """What each of the arrivals got of a server with so many slots."""
    shares = list(accumulate(each.share for each in lengths))
    read_s = [throughput.prompt_s(max(each.prompt_tokens, 1), each.cache_hit_tokens) or 0.0 for each in lengths]
    coming = next(arrivals, None)
    queue: deque[float] = deque()
    working: list[tuple[float, int, int]] = []  # by the token of the server's at which each ends: number, kind
    requests: list[Played] = []
    began: list[float] = []
    now = idle = made = 0.0  # `made`: tokens that one who had been there from the beginning would have
    offsets = 0.0  # by how much the depths of all at work are above `made`, together
    while coming is not None or queue or working:
        while coming is not None and coming <= now:
            queue.append(coming)
            coming = next(arrivals, None)
        if queue and len(working) < slots:
            kind = min(bisect(shares, random.random() * shares[-1]), len(lengths) - 1)
            length = lengths[kind]
            now += read_s[kind]
            offsets += length.input_tokens - made
            heappush(working, (made + length.output_tokens, len(requests), kind))
            began.append(now)
            first = throughput.step_s(len(working), made + offsets / len(working))
            came = queue.popleft()
            requests.append(Played(came, now - came + first, 0.0))
        elif working:
            left = working[0][0] - made
            depth = made + offsets / len(working)
            step = throughput.step_s(len(working), depth + left / 2)
            if coming is not None and len(working) < slots and coming < now + left * step:
                step = throughput.step_s(len(working), depth)
                left = min(left, float(int((coming - now) / step) + 1))
            now += left * step
            made += left
            while working and working[0][0] <= made + 1e-6:
                end, index, kind = heappop(working)
                output = lengths[kind].output_tokens
                offsets -= lengths[kind].input_tokens - (end - output)
                requests[index] = requests[index]._replace(tok_s=output / (now - began[index]))
        elif coming is not None:
            idle += coming - now
            now = coming
    return Day(requests, idle, now)
