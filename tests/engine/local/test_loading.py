"""What is loaded beside the program can be given up at once, and frees what it took."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from threading import Event, Thread, Timer
from typing import Any

import pytest

from r1plan import interrupts
from r1plan.engine.local.llama.loading import GivenUp, Progress, is_loading, loaded_beside


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    interrupts.listen()
    yield
    interrupts.stop_listening()
    signal.signal(signal.SIGINT, before)


class Model:
    """Something that is loaded in two tensors; the second is not read before `goes_on`."""

    def __init__(self) -> None:
        self.goes_on, self.ended, self.closed = Event(), Event(), 0

    def load(self, told: Progress) -> Model:
        try:
            told(0.0)
            assert self.goes_on.wait(20)
            told(1.0)
            return self
        finally:
            self.ended.set()

    def close(self) -> None:
        self.closed += 1


def interrupted(model: Model, load: Any = None) -> None:
    Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        loaded_beside(load or model.load, None, Model.close)


def test_what_loads_is_given_and_its_progress_told() -> None:
    model, told = Model(), list[float]()
    model.goes_on.set()
    assert loaded_beside(model.load, told.append, Model.close) is model
    assert (told, model.closed, is_loading()) == ([0.0, 1.0], 0, False)


def test_a_signal_ends_the_wait_in_the_middle_of_a_tensor_and_the_rest_is_not_read() -> None:
    model = Model()
    interrupted(model)
    assert is_loading()
    assert not model.ended.is_set()
    model.goes_on.set()
    assert model.ended.wait(20)
    assert model.closed == 0  # its next word ended it


def test_what_comes_too_late_is_freed() -> None:
    model = Model()

    def deaf(_told: Progress) -> Model:
        assert model.goes_on.wait(20)
        return model

    interrupted(model, deaf)
    model.goes_on.set()
    other = Model()
    other.goes_on.set()
    loaded_beside(other.load, None, Model.close)  # waits for the first
    assert (model.closed, other.closed) == (1, 0)


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    def fails(_told: Progress) -> Model:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        loaded_beside(fails, None, Model.close)


def test_what_the_progress_raises_ends_it() -> None:
    model = Model()
    model.goes_on.set()

    def refuses(_share: float) -> None:
        raise GivenUp

    with pytest.raises(GivenUp):
        loaded_beside(model.load, refuses, Model.close)


def test_in_another_thread_it_loads_there() -> None:
    model, came = Model(), list[Model]()
    model.goes_on.set()
    thread = Thread(target=lambda: came.append(loaded_beside(model.load, None, Model.close)))
    thread.start()
    thread.join(20)
    assert came == [model]
