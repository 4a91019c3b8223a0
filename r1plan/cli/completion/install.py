"""`r1plan --install-completion`: put the script where the shell finds it, and say what was written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r1plan.cli.completion.scripts import SCRIPTS, Shell
from r1plan.errors import R1PlanError, UsageError

_ALSO = {"pwsh": "powershell"}
_MOST_BYTES = 4 << 20


def show(shell: str | None) -> None:
    """Print the script of `shell`, None: the one that runs. Raises UsageError."""
    from r1plan.render import output

    output.whole(SCRIPTS[_shell(shell)])


def install(shell: str | None, environ: Mapping[str, str] = os.environ) -> None:
    """Install the script of `shell`, None: the one that runs. Raises UsageError, and R1PlanError where it cannot be."""
    from r1plan.render import output

    name = _shell(shell)
    if name == "powershell":
        raise UsageError(
            "PowerShell's profile is not written to.",
            "add it yourself: r1plan --show-completion powershell | Out-File -Append $PROFILE",
        )
    home = Path(environ.get("HOME") or Path.home())
    if name == "fish":
        script = _folder(environ, "XDG_CONFIG_HOME", home / ".config") / "fish" / "completions" / "r1plan.fish"
        _write(script, SCRIPTS[name])
        output.lines([f"fish completes r1plan from now on: {script}"])
        return
    script = _folder(environ, "XDG_DATA_HOME", home / ".local" / "share") / "r1plan" / f"completion.{name}"
    _write(script, SCRIPTS[name])
    start = _folder(environ, "ZDOTDIR", home) / ".zshrc" if name == "zsh" else home / ".bashrc"
    line = f"[ ! -r {shlex.quote(str(script))} ] || . {shlex.quote(str(script))}"
    added = _add(start, line)
    output.lines(
        [
            f"{name} completes r1plan in every new shell: {script}",
            f"{'A line was added to' if added else 'The line that reads it was there, in'} {start}.",
            f"For this shell: . {shlex.quote(str(script))}",
        ]
    )


def _shell(named: str | None) -> Shell:
    name = _running() if named is None else named.strip().casefold()
    name = _ALSO.get(name, name)
    if name not in SCRIPTS:
        kinds = f"{', '.join(list(SCRIPTS)[:-1])} or {list(SCRIPTS)[-1]}"
        what = (
            "the shell that runs could not be told." if not name else f"there is no completion for the shell '{name}'."
        )
        raise UsageError(what, f"name one of {kinds}: r1plan --install-completion bash")
    return name


def _running() -> str:
    """The shell from which this was called, else that of the login; "" where there is none."""
    from importlib import import_module

    shellingham: Any = import_module("shellingham")  # typer brings it
    try:
        return str(shellingham.detect_shell()[0])
    except (shellingham.ShellDetectionFailure, OSError):
        return Path(os.environ.get("SHELL", "")).name


def _folder(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    value = environ.get(variable, "")
    return Path(value) if value.startswith("/") else default


def _write(path: Path, text: str) -> None:
    from r1plan.files.exported import write_exported

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_exported(path, text.encode(), replaces=True)
    except OSError as error:
        raise R1PlanError(
            f"{path} cannot be written: {error.strerror or error}.", "print the script: r1plan --show-completion bash"
        ) from error


def _add(start: Path, line: str) -> bool:
    """Add `line` to the file that the shell reads when it starts; False where it is there. Raises R1PlanError."""
    from r1plan.files.exported import write_exported
    from r1plan.files.plain import plain_bytes

    try:
        try:
            before = plain_bytes(start, _MOST_BYTES)
        except FileNotFoundError:
            before = b""
        if line.encode() in before.splitlines():
            return False
        gap = b"" if not before or before.endswith(b"\n") else b"\n"
        write_exported(start, before + gap + line.encode() + b"\n", replaces=True)
    except OSError as error:
        raise R1PlanError(
            f"{start} cannot be changed: {error.strerror or error}.", f"add this line to it: {line}"
        ) from error
    return True
