"""The README's console blocks: run them, compare them, and write them anew with `make readme`.

A block is fenced as `console`; a line that starts with `$ ` is a command, what follows is everything that it prints.
All blocks run in order in one fresh home, which holds `sample`, the generated month of `r1plan demo`. Between
`<!-- peers -->` and `<!-- end -->` stands the table of tests/bench/peers.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from r1plan.report.sample import write_sample
from tests.bench import peers

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PEERS = re.compile(r"(?<=^<!-- peers -->\n\n).*?(?=\n<!-- end -->$)", re.MULTILINE | re.DOTALL)
# What differs from run to run, or from hour to hour, and says nothing about the program.
_VOLATILE = (
    (re.compile(r"[\d,]+ tok/s · "), "# tok/s · "),
    (re.compile(r"logged in \S+"), "logged in #"),
    (re.compile(r"^At an API instead, .*?\n\n", re.MULTILINE | re.DOTALL), "At an API instead: #\n\n"),
)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of the README with the output that stands under it."""
    for block in _BLOCK.finditer(text):
        for piece in re.split(r"^\$ ", block.group(1), flags=re.MULTILINE)[1:]:
            command, _, output = piece.partition("\n")
            yield command, output


def peers_table(text: str) -> str:
    """The table that stands in the README."""
    found = _PEERS.search(text)
    return found.group(0) if found else ""


def furnish(home: Path) -> None:
    """Put the sample month into `home`."""
    (home / "sample").mkdir()
    write_sample(home / "sample" / "2025-09.jsonl")


def run(command: str, home: str) -> str:
    """Everything that `command` prints on 100 columns without colours."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")},
        "R1PLAN_HOME": home,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        ["bash", "-c", command],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "\n".join(line.rstrip() for line in done.stdout.replace(home, "~").splitlines()) + "\n"


def steady(output: str) -> str:
    """`output` without what differs from run to run."""
    for pattern, instead in _VOLATILE:
        output = pattern.sub(instead, output)
    return output


def rewrite() -> None:
    """Write the README with what its commands print now."""
    with tempfile.TemporaryDirectory() as home:
        furnish(Path(home))

        def renewed(block: re.Match[str]) -> str:
            pieces = [f"$ {command}\n{run(command, home)}" for command, _ in commands(block.group(0))]
            return "```console\n" + "".join(pieces) + "```"

        text = _PEERS.sub(lambda _: peers.markdown(), README.read_text(encoding="utf-8"))
        README.write_text(_BLOCK.sub(renewed, text), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
