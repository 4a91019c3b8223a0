"""A command as a person pastes it into a shell: into sh, bash, zsh or fish, or into PowerShell on Windows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

# What means itself to PowerShell; it cuts an argument with a dash first at "." and ":".
_BARE = re.compile(r"[A-Za-z0-9_+=:./\\][A-Za-z0-9_+=:./\\-]*|-[A-Za-z0-9_+=/\\-]*")
# What means itself in a POSIX shell's double quotes, in which a list of flags reads as people write it.
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./; -]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellCommand:
    """`words` are a program and its arguments, `environment` what is set for it alone.

    `before` is a line of the shell that must have run first.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    before: str | None = None

    def text(self, *, is_windows: bool = False) -> str:
        """One line, quoted as the shell needs it."""
        if is_windows:
            return self._powershell()
        set_first = [f"{name}={_valued(value)}" for name, value in self.environment.items()]
        line = " ".join([*set_first, shlex.join(self.words)])
        return line if self.before is None else f"{self.before} && {line}"

    def _powershell(self) -> str:
        set_first = "".join(f"$env:{name} = {_literal(value)}; " for name, value in self.environment.items())
        first, *others = self.words
        # A quoted first word is a value to PowerShell unless it is called.
        called = first if _BARE.fullmatch(first) else f"& {_literal(first)}"
        return set_first + " ".join([called, *(each if _BARE.fullmatch(each) else _literal(each) for each in others)])


def _valued(value: str) -> str:
    quoted = shlex.quote(value)
    return f'"{value}"' if quoted != value and _PLAIN.fullmatch(value) else quoted


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
