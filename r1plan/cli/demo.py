"""`r1plan demo`: the three jobs as the real commands, run one after another in a throw-away home."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from r1plan.errors import UsageError
from r1plan.settings import expanded

QUESTION = "Tom has 17 apples and buys 25 more. How many has he now?"

THROWN_AWAY = "R1PLAN_DEMO"
"""Set for commands whose home is gone after them, so that they name no file in it."""

STEPS = (
    ("1/3  What can this machine run?", ["recommend"]),
    (
        "2/3  Ask here, and watch it think (r1-tiny is a demonstration model, not R1)",
        ["chat", QUESTION],
    ),
    ("3/3  What did it cost? A generated month, 2025-09, and the request just made", ["cost-report", "{logs}"]),
)
NEXT = (
    "  r1plan recommend --gpu rtx-4090 --ram 64   another machine",
    '  r1plan chat --provider deepseek "…"        a real model, with its key',
    "  r1plan cost-report --by day                your own month",
    "  r1plan doctor                              what works here, what is missing",
)


def command(
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep logs and all else in DIR, which is new or empty.")
    ] = None,
) -> None:
    """Show the three jobs in under ten seconds, with no key, no GPU and no network.

    Everything happens in a throw-away directory, or in the one that is kept; your own logs and settings are neither
    read nor written.

    Example: r1plan demo --keep /tmp/r1plan-demo
    """
    from r1plan.render import output
    from r1plan.report.sample import write_sample
    from r1plan.settings import directories

    with _home(keep) as home:
        environment = {**_without_settings(), "R1PLAN_HOME": str(home)}
        # What is piped into the demo is no part of its question.
        typed = None if sys.stdin is not None and sys.stdin.isatty() else subprocess.DEVNULL
        if keep is None:
            environment[THROWN_AWAY] = "1"
        logs = directories(environment).logs
        logs.mkdir(parents=True)
        write_sample(logs / "2025-09.jsonl")
        for title, words in STEPS:
            arguments = [word.format(logs=logs) for word in words]
            output.lines(_heading(title, words, logs if keep else Path(logs.name)), flush=True)
            program = [sys.executable, "-m", "r1plan", *arguments]
            code = subprocess.run(program, env=environment, stdin=typed, check=False).returncode
            if code:
                raise typer.Exit(code)
    output.lines(_heading("Next", None, logs))
    if keep is not None:
        again = f"R1PLAN_HOME={shlex.quote(str(home))} r1plan cost-report --month 2025-09 --by day"
        # A line of its own: it is to be copied, however long the directory's name is.
        output.lines(["  what was kept, again:", f"  {again}"])
    output.lines(NEXT, flush=True)


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    """A directory for all that is written: `keep`, or one that is gone afterwards.

    Raises UsageError when `keep` holds anything.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="r1plan-demo-") as home:
            yield Path(home)
        return
    keep = expanded(keep)
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise UsageError(f"--keep {keep} cannot be used: {error.strerror}.", "name a new directory") from error
    if not os.access(keep, os.W_OK | os.X_OK):
        raise UsageError(f"--keep {keep} cannot be written to.", "name a new directory")
    if not is_empty:
        raise UsageError(f"--keep {keep} is not empty.", "name a new directory, or an empty one")
    yield keep.absolute()


def _without_settings() -> dict[str, str]:
    """The environment less our own settings and every provider's key: the demo sends nothing to anybody."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("R1PLAN_") and not name.endswith(("_API_KEY", "_API_TOKEN"))
    }


def _heading(title: str, words: list[str] | None, logs: Path) -> list[str]:
    """The lines before a step; its logs are shown as `logs`."""
    from r1plan.render import output
    from r1plan.render.text.bold import bold

    head = ["", bold(title) if output.styled() else title]
    if words is None:
        return head
    return [*head, f"$ r1plan {shlex.join(word.format(logs=logs) for word in words)}", ""]
