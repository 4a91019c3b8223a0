"""A real shell in a terminal of its own, into which somebody types and presses Tab."""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import sys
import time
from pathlib import Path

START = {
    "bash": ["bash", "--noprofile", "--rcfile", "{home}/.bashrc", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "-i"],
}
_PATIENCE_S = 60.0


def program(folder: Path) -> Path:
    """A folder with an `r1plan` that answers Tab as the real one, and else says which words it got."""
    folder.mkdir()
    script = folder / "r1plan"
    real = f"{shlex.quote(sys.executable)} -m r1plan"
    script.write_text(
        "#!/bin/sh\n"
        f'if [ -n "$_R1PLAN_COMPLETE" ]; then exec {real} "$@"; fi\n'
        'printf "<GOT"; for word in "$@"; do printf "|%s" "$word"; done; printf "|GOT>\\n"\n'
    )
    script.chmod(0o755)
    return folder


class Typist:
    """Types into the shell `name`, whose home is `home`."""

    def __init__(self, name: str, home: Path, programs: Path) -> None:
        words = [each.format(home=home) for each in START[name]]
        self.shown = ""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            kept = {key: value for key, value in os.environ.items() if key.startswith(("PYTHON", "R1PLAN"))}
            os.chdir(home)
            environment = {
                **kept,
                "HOME": str(home),
                "TERM": "dumb",
                "LANG": "C.UTF-8",
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": str(Path(__file__).parents[3]),
            }
            os.execvpe(words[0], words, environment)
        self._until_silent(first=True)

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def completed(self, line: str) -> list[str]:
        """The words that the program gets when `line` is typed, Tab pressed, and then Enter."""
        at = len(self.shown)
        self._press(f"{line}\t\r")  # a shell takes one key after the other, however long Tab takes
        self._until(lambda shown: "|GOT>" in shown[at:])
        got = self.shown[at:].rpartition("<GOT|")[2].partition("|GOT>")[0]
        return got.replace("\r", "").replace("\n", "").split("|")

    def _press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def _until(self, seen: object) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not seen(self.shown):  # type: ignore[operator]
            assert time.monotonic() < deadline, self.shown
            self._read(0.1)

    def _until_silent(self, *, first: bool = False) -> None:
        """Read until nothing comes any more for a while."""
        if first:
            self._until(lambda shown: shown != "")
        while self._read(1.0):
            pass

    def _read(self, seconds: float) -> bool:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return False
        self.shown += os.read(self._terminal, 65536).decode("utf-8", "replace")
        return True
