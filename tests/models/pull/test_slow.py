"""A server that sends a byte now and then: its connection is given up for another, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from r1plan.errors import EngineError
from r1plan.models.pull.access import TransferLimits
from r1plan.models.pull.transfer.pace import paced, within
from r1plan.models.pull.transfer.trouble import ConnectionCut, Trickle
from tests.models.pull.conftest import NAME
from tests.models.pull.hub import Handler, HubDouble
from tests.models.pull.pulling import Pulling
from tests.models.pull.test_cuts import Cutting, failing_once, first_bytes

QUICK = TransferLimits(slow_s=0.2, least_bytes_per_s=2000)


@pytest.fixture
def pulling(pulling: Pulling) -> Pulling:
    """Pulls with little patience."""
    pulling.limits = QUICK
    return pulling


def trickling(hub: HubDouble, after: int) -> Callable[[Handler], bool]:
    """Sends the part that was asked for at once as far as `after` bytes, and then a byte now and then."""

    def hook(request: Handler) -> bool:
        body, first = hub.files[NAME], int(request.headers["Range"][6:].partition("-")[0])
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        request.send_header("Content-Length", str(len(body) - first))
        request.end_headers()
        at = first + after
        request.wfile.write(body[first:at])
        with suppress(OSError):
            while at < len(body):
                request.wfile.write(body[at : at + 1])
                at += 1
                time.sleep(0.02)
        hub.sent_bytes += at - first
        request.close_connection = True
        return True

    return hook


def test_a_trickle_is_given_up_and_the_rest_is_asked_for(pulling: Pulling) -> None:
    hub = pulling.hub
    hub.store_hook = failing_once(trickling(hub, 1_000_000))
    assert pulling().path.read_bytes() == hub.files[NAME]
    asked = first_bytes(hub.gets("store"))
    assert asked[0] == 0
    assert 1_000_000 < asked[1] < 1_000_100
    assert len(asked) == 2
    assert pulling.slept == []


def test_a_server_that_only_trickles_is_given_up_and_what_came_is_kept(pulling: Pulling) -> None:
    pulling.hub.store_hook = trickling(pulling.hub, 10)
    with pytest.raises(EngineError) as error:
        pulling()
    assert error.value.message.endswith("failed 6 times: less than 2 kB/s came.")
    assert error.value.hint == "run the same command again later: what has come is kept"
    asked = first_bytes(pulling.hub.gets("store"))
    assert len(asked) == 6
    [partial] = pulling.partials()
    kept = partial.read_bytes()
    assert kept == pulling.hub.files[NAME][: len(kept)]
    assert len(kept) > asked[-1] > 0


def test_bursts_between_trickles_are_progress(pulling: Pulling) -> None:
    left, burst = [7], trickling(pulling.hub, 1 << 18)

    def hook(request: Handler) -> bool:
        left[0] -= 1
        return left[0] >= 0 and burst(request)

    pulling.hub.store_hook = hook
    assert pulling().path.read_bytes() == pulling.hub.files[NAME]


def test_a_head_that_trickles_is_given_up(pulling: Pulling) -> None:
    hub = pulling.hub

    def slow_head(request: Handler) -> bool:
        with suppress(OSError):
            for each in b"HTTP/1.1 206 Partial Content\r\nX: " + b"y" * 90:
                request.wfile.write(bytes([each]))
                time.sleep(0.02)
        request.close_connection = True
        return True

    hub.store_hook = failing_once(slow_head)
    assert pulling().path.read_bytes() == hub.files[NAME]


@pytest.mark.parametrize("files", [(), (NAME,)], ids=["listing", "head"])
def test_a_hub_whose_answer_trickles_is_given_up(pulling: Pulling, files: tuple[str, ...]) -> None:
    def slow(request: Handler) -> bool:
        with suppress(OSError):
            for each in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 90:
                request.wfile.write(bytes([each]))
                time.sleep(0.02)
        request.close_connection = True
        return True

    pulling.hub.hub_hook = slow
    with pytest.raises(EngineError, match=r"failed 6 times: no whole answer came in 0\.4 s\."):
        pulling(*files)


def test_a_server_that_cuts_after_each_byte_is_given_up(pulling: Pulling) -> None:
    pulling.hub.cut_after = Cutting(10_000, lambda: 1)
    with pytest.raises(EngineError, match="ended 300 connections after a few bytes each"):
        pulling()
    assert [each.stat().st_size for each in pulling.partials()] == [300]


class Clock:
    """A clock, and pieces that take their time by it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pieces(self, *each: tuple[float, int]) -> list[bytes]:
        taken = []
        waits = list(each)

        def come() -> bytes | None:
            if not waits:
                return None
            seconds, count = waits.pop(0)
            self.now += seconds
            return b"x" * count

        limits = TransferLimits(slow_s=60, least_bytes_per_s=1000)
        for piece in paced(iter(come, None), limits, self):
            taken.append(piece)
            self.now += 3600  # a slow disk
        return taken


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([(59.9, 1), (0, 1)], id="not-yet"),
        pytest.param([(60, 60_000)], id="just-enough"),
        pytest.param([(30, 1), (30, 59_999), (1, 1)], id="enough-in-all"),
        pytest.param([(30, 100_000), (29, 1), (30, 100_000), (29, 1)], id="windows-begin-anew"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_pace_that_is_enough_goes_on(pieces: list[tuple[float, int]]) -> None:
    assert len(Clock().pieces(*pieces)) == len(pieces)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([(60, 59_999), (0, 1)], id="a-byte-too-few"),
        pytest.param([(20, 1)] * 4, id="a-byte-now-and-then"),
        pytest.param([(10, 10_000_000)] + [(30, 1)] * 5, id="a-burst-first"),
    ],
)
def test_a_pace_that_is_too_slow_ends(pieces: list[tuple[float, int]]) -> None:
    with pytest.raises(Trickle, match=r"less than 1 kB/s came"):
        Clock().pieces(*pieces)


def test_an_answer_within_its_time_is_given_as_is_its_error() -> None:
    assert within(10, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    with pytest.raises(ConnectionCut, match=r"no whole answer came in 0\.01 s"):
        within(0.01, lambda: time.sleep(0.5))
