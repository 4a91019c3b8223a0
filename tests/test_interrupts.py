"""When a signal ends what runs, and when it is only noted: real signals, sent to this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from r1plan import interrupts
from r1plan.interrupts import Terminated, held, let_through

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        signal.signal(each, signal.default_int_handler)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    for name, value in {"_mode": "free", "_noted": None, "_received": None, "_ends_by": None}.items():
        monkeypatch.setattr(interrupts, name, value)
    interrupts.listen()
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)
    for _ in range(3):  # a handler runs between two steps of the program
        time.sleep(0)


@pytest.mark.parametrize(
    ("number", "raised", "ends"), [(2, KeyboardInterrupt, None), (15, Terminated, 15), (1, Terminated, 1)]
)
def test_a_signal_is_a_keyboard_interrupt_and_two_of_them_end_the_program(
    number: int, raised: type[BaseException], ends: int | None
) -> None:
    with pytest.raises(KeyboardInterrupt) as found:
        send(number)
    assert type(found.value) is raised
    assert (interrupts.received(), interrupts.ends_by()) == (number, ends)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_held_is_done_whatever_comes(number: int) -> None:
    done = False
    with held():
        send(number)
        send(number)
        done = True
    assert done
    assert interrupts.received() == number


@pytest.mark.parametrize("number", SIGNALS)
def test_a_wait_is_ended_at_once_by_what_was_noted_before_it(number: int) -> None:
    waited = False
    with held():
        send(number)
        with pytest.raises(KeyboardInterrupt), let_through():
            waited = True
    assert not waited


def test_one_signal_ends_a_wait_and_the_next_leaves_what_follows_alone() -> None:
    done = False
    with held():
        try:
            with let_through():
                send(signal.SIGINT)
        except KeyboardInterrupt:
            send(signal.SIGINT)
            send(signal.SIGTERM)
            done = True
        with pytest.raises(Terminated), let_through():
            pass
    assert done


def test_a_row_within_a_wait_is_written_before_the_signal_counts() -> None:
    written: list[str] = []

    def row() -> None:
        with held():
            send(signal.SIGTERM)
            written.append("row")
        written.append("more")

    with held(), pytest.raises(Terminated), let_through():
        row()
    assert written == ["row"]


def test_ctrl_c_that_came_too_late_for_one_question_does_not_end_the_next() -> None:
    with held():
        send(signal.SIGINT)
    with held(), let_through():
        pass


def test_outside_of_all_it_every_signal_counts() -> None:
    with let_through():
        pass
    for _ in range(2):
        with pytest.raises(Terminated):
            send(signal.SIGTERM)


def test_a_signal_that_is_ignored_from_the_start_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupts.listen()
    send(signal.SIGHUP)
    assert interrupts.received() is None
    interrupts.stop_listening()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_that_comes_where_nothing_can_be_raised_is_sent_again() -> None:
    class Finalized:
        def __del__(self) -> None:
            send(signal.SIGTERM)

    def waits() -> None:
        found = [Finalized()]
        found.clear()
        time.sleep(60)  # which the signal ends

    with held(), pytest.raises(Terminated), let_through():
        waits()


def test_other_errors_in_a_finalizer_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finalized:
        def __del__(self) -> None:
            raise ValueError

    told: list[object] = []
    monkeypatch.setattr(sys, "__unraisablehook__", told.append)
    found = [Finalized()]
    found.clear()
    assert len(told) == 1


def test_a_wait_that_was_ended_leaves_nothing_behind() -> None:
    with held():
        with pytest.raises(Terminated), let_through():
            send(signal.SIGTERM)
        with let_through():
            pass
    with pytest.raises(Terminated):
        send(signal.SIGTERM)


def test_what_another_thread_holds_is_none_of_the_main_ones() -> None:
    entered, leaves = threading.Event(), threading.Event()

    def works() -> None:
        with held(), let_through():
            entered.set()
            leaves.wait(60)

    thread = threading.Thread(target=works)
    thread.start()
    entered.wait(60)
    with held():
        leaves.set()
        thread.join()
        send(signal.SIGTERM)
    with pytest.raises(Terminated):
        send(signal.SIGTERM)


def test_a_signal_of_an_earlier_run_in_the_process_does_not_end_the_next_one() -> None:
    with pytest.raises(Terminated), held(), let_through():
        send(signal.SIGTERM)
    interrupts.stop_listening()
    interrupts.listen()
    assert (interrupts.received(), interrupts.ends_by()) == (None, None)
