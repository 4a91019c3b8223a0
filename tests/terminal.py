"""A terminal for tests: what a person would see of the bytes that a program writes, and a program run inside one.

It knows the sequences that this program uses and fails on any other, so that nothing passes unseen.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Mapping
from types import TracebackType

from rich.cells import cell_len

_SEQUENCE = re.compile(r"\x1b\[([?]?)([0-9;]*)([A-Za-z])")
_UNFINISHED = re.compile(r"\x1b(?:\[[?]?[0-9;]*)?\Z")


class Screen:
    """Rows of a screen, and above them those that scrolled away. `replies` is what the terminal answers."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns, self.height = columns, rows
        self._rows: list[list[str]] = [[]]
        self._top = 0  # index of the first row that is on the screen
        self._row = self._column = 0
        self._wrap = True
        self._rest = ""
        self.replies = ""
        self.above_changed = 0  # how often a row was written that had scrolled away: never, in a good program

    def feed(self, text: str) -> None:
        """Take some output; a sequence may be cut."""
        text = self._rest + text
        cut = _UNFINISHED.search(text)
        self._rest = cut.group() if cut else ""
        text = text[: len(text) - len(self._rest)]
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                found = _SEQUENCE.match(text, position)
                if not found:
                    raise AssertionError(f"unknown sequence {text[position : position + 12]!r}")
                self._control(found.group(1), found.group(2), found.group(3))
                position = found.end()
            else:
                self._put(text[position])
                position += 1

    @property
    def lines(self) -> list[str]:
        """Every row, from the first that scrolled away, without the empty ones at the end."""
        lines = ["".join(row).rstrip() for row in self._rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        """All rows as one text."""
        return "\n".join(self.lines)

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down()
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character == "\t":
            self._column = min(self.columns - 1, (self._column // 8 + 1) * 8)
        else:
            assert character >= " ", repr(character)
            self._print(character, cell_len(character))

    def _print(self, character: str, width: int) -> None:
        if self._column + width > self.columns:
            if not self._wrap:
                return
            self._column = 0
            self._down()
        row = self._rows[self._row]
        row += [" "] * (self._column + width - len(row))
        if width:
            row[self._column : self._column + width] = [character, *[""] * (width - 1)]
        elif self._column:
            row[self._column - 1] += character
        self._column += width

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append([])
        self._top = max(self._top, self._row - self.height + 1)

    def _control(self, private: str, numbers: str, letter: str) -> None:
        if letter in "hl" and private:
            if numbers == "7":
                self._wrap = letter == "h"
            return
        if letter == "m":
            return
        count = int(numbers.split(";")[0] or 0)
        row = self._rows[self._row]
        match letter:
            case "A":
                wanted = self._row - max(1, count)
                self.above_changed += wanted < self._top
                self._row = max(self._top, wanted)
            case "B":
                for _ in range(max(1, count)):
                    self._down()
            case "C":
                self._column = min(self.columns - 1, self._column + max(1, count))
            case "D":
                self._column = max(0, self._column - max(1, count))
            case "J" if count == 0:
                del row[self._column :]
                del self._rows[self._row + 1 :]
            case "K" if count == 0:
                del row[self._column :]
            case "K" if count == 2:
                row.clear()
            case "n" if count == 6:
                self.replies += f"\x1b[{self._row - self._top + 1};{self._column + 1}R"
            case _:
                raise AssertionError(f"unknown sequence CSI {private}{numbers}{letter}")


class Terminal:
    """A person at a terminal: types, and reads what is shown."""

    def __init__(
        self, words: list[str], environment: Mapping[str, str] | None = None, columns: int = 80, rows: int = 24
    ) -> None:
        self.screen = Screen(columns, rows)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(1, termios.TIOCSWINSZ, size)
            os.environ.pop("COLUMNS", None)
            os.environ |= {"TERM": "xterm-256color", **(environment or {})}
            os.execv(words[0], words)
        self._code: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        os.close(self._descriptor)  # hangs up on whatever still runs
        if self._code is None:
            os.waitpid(self._pid, 0)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._descriptor, text.encode())

    def hand_over(self, data: bytes) -> None:
        """Give it bytes that need not be text, however many."""
        while data:
            data = data[os.write(self._descriptor, data) :]

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self._pid, number)

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until `text` is to be seen, anywhere on the screen or above it."""
        deadline = time.monotonic() + seconds
        while text not in self.screen.text:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.screen.text}"
            assert self._read(0.1), f"ended without {text!r}:\n{self.screen.text}"

    def prompt(self, number: int, seconds: float = 60) -> None:
        """Read until the prompt has come for the `number`th time and waits, with the line below it."""
        deadline = time.monotonic() + seconds
        while not (
            sum(line.startswith(">") for line in self.screen.lines) >= number
            and self.screen.lines[-1].endswith("/help")
        ):
            assert time.monotonic() < deadline, f"no prompt {number} in:\n{self.screen.text}"
            assert self._read(0.1), f"ended at prompt {number}:\n{self.screen.text}"

    def ended(self, seconds: float = 60) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen.text}"
        self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def _read(self, seconds: float) -> bool:
        """Read what comes within some time. False: nothing comes any more."""
        if select.select([self._descriptor], [], [], seconds)[0]:
            try:
                data = os.read(self._descriptor, 65536)
            except OSError:  # Linux says so when the other end is closed
                return False
            if not data:
                return False
            self.screen.feed(self._decoder.decode(data))
            if self.screen.replies:
                os.write(self._descriptor, self.screen.replies.encode())
                self.screen.replies = ""
        return True
