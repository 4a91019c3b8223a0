"""The README's console blocks and pictures: run them, compare them, and write them anew with `make readme`.

A block is fenced as `console`; a line that starts with `$ ` is a command, what follows is everything that it prints.
All blocks run in order in one fresh home, which holds `sample`, the generated month of `r1plan demo`. Between
`<!-- peers -->` and `<!-- end -->` stands the table of tests/bench/peers.py, and between `<!-- knows -->` and its end
what the catalogue holds. The pictures are tests/pictures.py's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from r1plan.catalog.load import load_cpus, load_hardware, load_models, load_prices
from r1plan.report.sample import write_sample
from tests import pictures
from tests.bench import peers

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PEERS = re.compile(r"(?<=^<!-- peers -->\n\n).*?(?=\n<!-- end -->$)", re.MULTILINE | re.DOTALL)
_KNOWS = re.compile(r"(?<=^<!-- knows -->\n\n).*?(?=\n\n<!-- end -->$)", re.MULTILINE | re.DOTALL)
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


def known(text: str) -> str:
    """What the README says that the program knows."""
    found = _KNOWS.search(text)
    return found.group(0) if found else ""


def knowledge() -> str:
    """What the catalogue holds, in the README's words."""
    hardware = load_hardware()
    said = (
        f"It knows the exact bytes of {len(load_models())} models in all their published quantisations, "
        f"{len(hardware.gpus)} graphics cards, {len(hardware.apple)} Apple chips and {len(load_cpus())} processors, "
        f"and the dated prices of {len(load_prices())} providers, through DeepSeek's night discount of 2025 and its "
        "peak hours of 2026."
    )
    return textwrap.fill(said, 120)


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
            pieces = [f"$ {command}\n{now(command, old)}" for command, old in commands(block.group(0))]
            return "```console\n" + "".join(pieces) + "```"

        def now(command: str, old: str) -> str:
            """What the command prints; what stood there where that is as good."""
            new = run(command, home)
            return old if steady(new) == steady(old) else new

        text = _PEERS.sub(lambda _: peers.markdown(), README.read_text(encoding="utf-8"))
        text = _KNOWS.sub(lambda _: knowledge(), text)
        README.write_text(_BLOCK.sub(renewed, text), encoding="utf-8")
        pictures.rewrite(Path(home))


if __name__ == "__main__":
    rewrite()
