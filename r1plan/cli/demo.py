"""`r1plan demo`: the three jobs as the real commands, run one after another in a throw-away home."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

QUESTION = "Tom has 17 apples and buys 25 more. How many has he now?"

STEPS = (
    ("1/3  What can this machine run?", ["recommend"]),
    (
        "2/3  Ask here, and watch it think (r1-tiny is a demonstration model, not R1)",
        ["chat", QUESTION],
    ),
    ("3/3  What did it cost? A generated month, 2025-09, and the request just made", ["cost-report", "{logs}"]),
)


def command() -> None:
    """Show the three jobs in under ten seconds, with no key, no GPU and no network.

    Everything happens in a throw-away directory; your own logs and settings are neither read nor written.

    Example: r1plan demo
    """
    from r1plan.report.sample import write_sample
    from r1plan.settings import directories

    with tempfile.TemporaryDirectory(prefix="r1plan-demo-") as home:
        environment = {**_without_settings(), "R1PLAN_HOME": home}
        # What is piped into the demo is no part of its question.
        typed = None if sys.stdin.isatty() else subprocess.DEVNULL
        logs = directories(environment).logs
        logs.mkdir(parents=True)
        write_sample(logs / "2025-09.jsonl")
        for title, words in STEPS:
            arguments = [word.format(logs=logs) for word in words]
            _heading(title, words)
            program = [sys.executable, "-m", "r1plan", *arguments]
            code = subprocess.run(program, env=environment, stdin=typed, check=False).returncode
            if code:
                raise typer.Exit(code)
    _heading("Next", None)
    print("  r1plan recommend --gpu rtx-4090 --ram 64   another machine")
    print('  r1plan chat --provider deepseek "…"        a real model, with DEEPSEEK_API_KEY')
    print("  r1plan cost-report --by day                your own month")


def _without_settings() -> dict[str, str]:
    """The environment less our own settings and every provider's key: the demo sends nothing to anybody."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("R1PLAN_") and not name.endswith(("_API_KEY", "_API_TOKEN"))
    }


def _heading(title: str, words: list[str] | None) -> None:
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{title}{plain}")
    if words is not None:
        shown = [Path(word).name if word == "{logs}" else word for word in words]
        print(f"$ r1plan {shlex.join(word.replace('{logs}', 'logs') for word in shown)}\n")
    sys.stdout.flush()
