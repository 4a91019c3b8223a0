"""Parts of a file that come over several connections: the file is exact, whatever becomes of each of them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from r1plan.errors import EngineError
from r1plan.models.pull.access import TransferLimits
from r1plan.models.pull.transfer.connections import ConnectionCount
from tests.files.full_disk import file_size_limit
from tests.models.pull.conftest import NAME
from tests.models.pull.hub import LATER_COMMIT, Handler, Request, some_bytes
from tests.models.pull.pulling import Pulling
from tests.models.pull.test_cuts import CUTS, Cutting, failing_once, first_bytes
from tests.models.pull.test_processes import wait_for

PART = 100_000
FOUR = TransferLimits(connections=4, first_connections=4, part_bytes=PART, parallel_from_bytes=1)


@pytest.fixture
def pulling(pulling: Pulling) -> Pulling:
    """Pulls over four connections."""
    pulling.limits = FOUR
    return pulling


def resolved(requests: list[Request]) -> int:
    """How often the hub was asked for bytes."""
    return sum("/resolve/" in each.path for each in requests)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("piece_bytes", [977, 1 << 16], ids=["odd", "even"])
def test_fifty_cuts_leave_the_file_exact_and_no_byte_is_sent_twice(
    pulling: Pulling, seed: int, piece_bytes: int
) -> None:
    hub, chance = pulling.hub, random.Random(seed)
    hub.piece_bytes = piece_bytes
    cutting = Cutting(CUTS, lambda: chance.randrange(PART))
    hub.cut_after = lambda length: cutting(length) if length > 1 else None
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert cutting.left == 0
    assert hub.sent_bytes == len(hub.files[NAME])
    assert pulling.partials() == []


@pytest.mark.parametrize("size", [1, PART - 1, PART, PART + 1, 8 * PART, 9 * PART + 1])
@pytest.mark.parametrize("connections", [1, 2, 3, 4])
def test_a_file_of_any_length_is_exact_over_any_number_of_connections(
    pulling: Pulling, size: int, connections: int
) -> None:
    pulling.hub.files = {NAME: some_bytes(size)}
    pulling.limits = replace(FOUR, connections=connections)
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]
    assert pulling.hub.sent_bytes == size
    assert sorted(first_bytes(pulling.hub.gets("store"))) == list(range(0, size, PART))


def test_the_store_is_asked_at_the_address_that_the_hub_named_as_long_as_nothing_fails(pulling: Pulling) -> None:
    pulling()
    hub = pulling.hub
    assert len(hub.gets("store")) == 30
    assert resolved(hub.gets("hub")) <= 4  # each of the first parts asks
    assert hub.connections <= 4 + 4 + 2  # kept for the next part, which a store on the net takes long to make anew


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_an_address_that_expires_in_the_middle_is_asked_for_anew_without_a_wait(pulling: Pulling, status: int) -> None:
    hub, answers = pulling.hub, [0]

    def expires(request: Handler) -> bool:
        answers[0] += 1
        # From the eleventh answer on an address holds for one more only.
        return answers[0] > 10 and answers[0] % 2 == 1 and request.answer(status)

    hub.store_hook = expires
    pulling.limits = replace(FOUR, connections=1)
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert pulling.slept == []
    assert hub.sent_bytes == len(hub.files[NAME])


def test_a_store_that_takes_none_of_its_addresses_is_given_up(pulling: Pulling) -> None:
    pulling.hub.store_hook = lambda request: request.answer(403)
    with pytest.raises(EngineError, match=r"refused 6 times \(HTTP 403\)"):
        pulling()
    assert len(pulling.hub.gets("store")) < 6 + 4


def test_a_page_in_the_place_of_a_part_at_a_known_address_is_never_taken(pulling: Pulling) -> None:
    hub, answers = pulling.hub, [0]

    def page(request: Handler) -> bool:
        answers[0] += 1
        return answers[0] == 12 and request.answer(200, {"Content-Type": "text/html"}, b"<html>sign in</html>")

    hub.store_hook = page
    pulling.limits = replace(FOUR, connections=1)
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert pulling.slept == []
    assert hub.sent_bytes == len(hub.files[NAME])


@pytest.mark.parametrize("from_number", [0, 1, 7])
def test_a_store_that_sends_the_whole_for_a_part_is_read_over_one_connection(
    pulling: Pulling, from_number: int
) -> None:
    hub, answers = pulling.hub, [0]
    hub.files = {NAME: some_bytes(8_000_000)}

    def whole(request: Handler) -> bool:
        answers[0] += 1
        if answers[0] <= from_number:
            return False
        request.send_response(200)
        request.send_header("Content-Length", str(len(hub.files[NAME])))
        request.end_headers()
        request.send_cut(hub.files[NAME], None)
        return True

    hub.store_hook = whole
    pulling.limits = replace(FOUR, part_bytes=1 << 20)
    assert pulling().path.read_bytes() == hub.files[NAME]
    # Each of four may have asked at an address that it knew, and again at the one that the hub names.
    assert len(hub.gets("store")) <= from_number + 2 * 4 + 1


def test_a_busy_store_is_asked_over_one_connection_and_keeps_what_came(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.store_hook = failing_once(lambda request: request.answer(429, {"Retry-After": "3"}))
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert pulling.slept == [3]
    assert hub.sent_bytes == len(hub.files[NAME])


def test_connections_that_are_lost_together_are_one_failure(pulling: Pulling) -> None:
    hub, numbers, all_there = pulling.hub, count(1), threading.Barrier(4)

    def fails(request: Handler) -> bool:
        if next(numbers) > 4:
            return False
        all_there.wait(timeout=30)
        request.cut()
        return True

    hub.store_hook = fails
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert pulling.slept == []  # as after a first one


def test_parts_of_two_files_are_never_mixed(pulling: Pulling) -> None:
    hub, seen = pulling.hub, [0]

    def changes(request: Handler) -> bool:
        seen[0] += 1
        if seen[0] == 9:
            hub.files, hub.commit = {NAME: some_bytes(3_000_000, seed=5)}, LATER_COMMIT
            request.cut()
            return True
        return False

    hub.store_hook = changes
    done = pulling()
    assert done.path.read_bytes() == some_bytes(3_000_000, seed=5)
    assert done.model.commit == LATER_COMMIT


def test_one_wrong_part_is_never_used(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.store_hook = lambda request: (
        "bytes=900000-" in request.headers["Range"]
        and request.answer(206, {"Content-Range": "bytes 900000-999999/3000000"}, bytes(PART))
    )
    with pytest.raises(EngineError, match="came with another checksum"):
        pulling()
    assert not list(pulling.cache.rglob("blobs/*"))


def test_what_is_left_behind_is_always_a_beginning_of_the_file(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.store_hook = lambda request: "bytes=500000-" in request.headers["Range"] and request.answer(500)
    with pytest.raises(EngineError, match=r"refused 6 times \(HTTP 500\)"):
        pulling()
    [partial] = pulling.partials()
    assert partial.read_bytes() == hub.files[NAME][:500_000]
    sent = hub.sent_bytes
    assert sent <= 500_000 + 5 * PART  # as many parts wait in memory
    hub.store_hook = lambda _: False
    assert pulling().path.read_bytes() == hub.files[NAME]
    assert hub.sent_bytes == sent + 2_500_000


@pytest.mark.parametrize("most", [0, 450_000, 2_999_999])
def test_a_disk_that_fills_keeps_a_beginning_and_the_next_pull_goes_on(pulling: Pulling, most: int) -> None:
    with file_size_limit(most), pytest.raises(EngineError, match="is full: what has come so far is kept"):
        pulling()
    assert b"".join(each.read_bytes() for each in pulling.partials()) == pulling.hub.files[NAME][:most]
    assert len(pulling.partials()) == (most > 0)
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]


def test_killed_over_and_over_it_loses_no_more_than_what_was_in_memory(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.files, hub.pause_s, hub.piece_bytes = {NAME: some_bytes(80 << 20)}, 0.005, 1 << 18
    program = [sys.executable, "-m", "r1plan", "models", "pull", f"hf:maker/R1-GGUF/{NAME}"]
    environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(pulling.folder)}
    kept = 0
    for least in (20 << 20, 50 << 20):
        pull = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
        wait_for(hub, least)
        pull.send_signal(signal.SIGKILL)
        pull.communicate()
        [partial] = pulling.partials()
        content = partial.read_bytes()
        assert content == hub.files[NAME][: len(content)]
        assert len(content) > kept
        kept = len(content)
    hub.pause_s = 0
    pulling.limits = TransferLimits()
    assert pulling().path.read_bytes() == hub.files[NAME]


def counted(rate_of: Callable[[int], float], seconds: int, limits: TransferLimits = TransferLimits()) -> list[int]:
    """How many connections there are after each second, where so many bring `rate_of` of them."""
    now = [0.0]
    connections = ConnectionCount(limits, lambda: now[0])
    counts = []
    connections.came(1)
    for _ in range(seconds):
        now[0] += 1
        connections.came(int(rate_of(connections.count) * 1000))
        counts.append(connections.count)
    return counts


@pytest.mark.parametrize(
    ("rate_of", "counts"),
    [
        pytest.param(lambda count: 10 * count, [2, 3, 4, 4, 4], id="each-is-limited"),
        pytest.param(lambda count: 10, [2, 1, 1, 1, 1], id="the-line-is-full"),
        pytest.param(lambda count: min(10 * count, 20), [2, 3, 2, 2, 2], id="two-fill-it"),
        pytest.param(lambda count: 10 / count, [2, 1, 1, 1, 1], id="more-are-slower"),
        pytest.param(lambda count: 0, [2, 3, 4, 4, 4], id="nothing-comes"),
    ],
)
def test_one_more_connection_stays_as_long_as_it_brings_more(
    rate_of: Callable[[int], float], counts: list[int]
) -> None:
    assert counted(rate_of, 5) == counts


def test_one_more_is_tried_again_later() -> None:
    counts = counted(lambda count: 10, 70)
    assert [at for at, count in enumerate(counts) if count == 2] == [0, 32, 64]


def test_a_server_that_asks_for_less_keeps_one() -> None:
    connections = ConnectionCount(TransferLimits(first_connections=4), lambda: 0.0)
    connections.one_only()
    assert connections.count == 1
