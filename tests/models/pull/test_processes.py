"""A pull as a program of its own: killed, started twice, stopped by hand, and on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.models.pull.conftest import NAME
from tests.models.pull.hub import HubDouble, tiny_model
from tests.models.pull.pulling import Pulling

PULL = [sys.executable, "-m", "r1plan", "models", "pull", f"hf:maker/R1-GGUF/{NAME}"]
PATIENCE_S = 60


def started(pulling: Pulling) -> subprocess.Popen[str]:
    environ = {**os.environ, "HF_ENDPOINT": pulling.hub.url, "HF_HOME": str(pulling.folder)}
    return subprocess.Popen(PULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def ended(pull: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = pull.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    return pull.returncode, out, err


def wait_for(hub: HubDouble, sent_bytes: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while hub.sent_bytes < sent_bytes:
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture
def slow(pulling: Pulling) -> Pulling:
    """The hub sends 10 MB in pieces, with pauses."""
    pulling.hub.files = {NAME: tiny_model(10 << 20)}
    pulling.hub.pause_s = 0.005
    return pulling


def test_after_kill_9_the_next_pull_goes_on_with_all_but_the_last_mebibyte(slow: Pulling) -> None:
    hub = slow.hub
    for least in (3 << 20, 7 << 20):
        pull = started(slow)
        wait_for(hub, least)
        pull.send_signal(signal.SIGKILL)
        pull.communicate()
        assert not list(slow.cache.rglob("snapshots/*/*"))
    hub.pause_s = 0
    code, out, err = ended(started(slow))
    assert code == 0, err
    assert Path(out.splitlines()[0]).read_bytes() == hub.files[NAME]
    in_flight = 4 << 20  # what the system held between the two
    assert hub.sent_bytes <= len(hub.files[NAME]) + 2 * ((1 << 20) + in_flight)
    assert slow.partials() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
def test_stopped_by_hand_it_says_what_is_kept(slow: Pulling, number: signal.Signals, code: int) -> None:
    pull = started(slow)
    wait_for(slow.hub, 3 << 20)
    pull.send_signal(number)
    was, _out, err = ended(pull)
    assert was == code
    assert "are kept; the same command goes on from there." in err
    assert [each.stat().st_size > 1 << 20 for each in slow.partials()] == [True]


def test_two_pulls_of_one_file_at_once_fetch_it_once(slow: Pulling) -> None:
    slow.hub.pause_s = 0.2
    first = started(slow)
    wait_for(slow.hub, 1 << 17)
    second = started(slow)
    assert second.stderr is not None
    said = [second.stderr.readline(), second.stderr.readline()]
    assert said[1] == f"{NAME} is being fetched by another program: waiting for it.\n"
    slow.hub.pause_s = 0
    outcomes = [ended(first), ended(second)]
    assert [code for code, _, _ in outcomes] == [0, 0]
    assert outcomes[0][1] == outcomes[1][1]
    assert slow.hub.sent_bytes == len(slow.hub.files[NAME])


def test_pulls_that_begin_together_fetch_it_once_and_both_have_it(slow: Pulling) -> None:
    outcomes = [ended(pull) for pull in [started(slow) for _ in range(3)]]
    assert [code for code, _, _ in outcomes] == [0, 0, 0]
    assert len({out for _, out, _ in outcomes}) == 1
    assert Path(outcomes[0][1].splitlines()[0]).read_bytes() == slow.hub.files[NAME]
    assert slow.hub.sent_bytes == len(slow.hub.files[NAME])


def test_elsewhere_than_on_a_terminal_each_tenth_is_a_line(slow: Pulling) -> None:
    slow.hub.pause_s = 0
    _code, out, err = ended(started(slow))
    told = [int(line.partition(" %")[0]) // 10 for line in err.splitlines() if " %: " in line]
    assert told == list(range(1, 11))
    assert "\x1b" not in err
    assert out.splitlines()[1] == f"Run it: r1plan chat --model {out.splitlines()[0]}"


def test_on_a_terminal_a_bar_shows_the_rate_and_the_time_left(slow: Pulling) -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        environ = {"HF_ENDPOINT": slow.hub.url, "HF_HOME": str(slow.folder), "TERM": "xterm-256color"}
        os.execve(PULL[0], PULL, {**os.environ, **environ})
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    text = shown.decode()
    assert "/10.5 MB" in text
    assert "MB/s" in text
    assert f"Run it: r1plan chat --model {slow.cache}"[:40] in text


def test_without_huggingface_hub_it_says_how_to_get_it(pulling: Pulling, tmp_path: Path) -> None:
    (tmp_path / "huggingface_hub.py").write_text("raise ImportError('No module named huggingface_hub')")
    environ = {**os.environ, "HF_ENDPOINT": pulling.hub.url, "HF_HOME": str(pulling.folder)}
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(PULL, capture_output=True, text=True, env={**environ, "PYTHONPATH": paths}, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1] == "hint:  pip install 'r1plan[hub]'"
