"""How long a person waits for a prompt's answer: our commands and those of peers that install from PyPI.

The runs of all commands alternate, so that a busy moment of the machine meets them all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
OWN = Path(sys.executable).parent
PEERS = ROOT / ".venv-bench"
ROUNDS = 15

OURS: dict[str, list[str]] = {
    "bare python": [str(OWN / "python"), "-c", "pass"],
    "r1plan --help": [str(OWN / "r1plan"), "--help"],
    "r1plan detect": [str(OWN / "r1plan"), "detect"],
    "r1plan recommend": [str(OWN / "r1plan"), "recommend"],
    "r1plan recommend, 8 x H100": [str(OWN / "r1plan"), "recommend", "--gpu", "h100-sxm-80gb:8"],
    "  the same with --json": [str(OWN / "r1plan"), "recommend", "--gpu", "h100-sxm-80gb:8", "--json"],
    "r1plan cost-report (empty)": [str(OWN / "r1plan"), "cost-report"],
}
PEER_COMMANDS: dict[str, list[str]] = {
    "llm --help": ["llm", "--help"],
    "hf --help": ["hf", "--help"],
    "whichllm --help": ["whichllm", "--help"],
    "hf-mem --help": ["hf-mem", "--help"],
    "llmfit --help": ["llmfit", "--help"],
    "genai-prices --help": ["genai-prices", "--help"],
}


def install_peers() -> dict[str, list[str]]:
    """The peers' commands, from a venv of their own; empty when they cannot be installed."""
    wanted = Path(__file__).with_name("peers.txt")
    stamp = PEERS / "peers.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print("Installing the peers into .venv-bench …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", PEERS], check=True)
        done = subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", "-r", wanted], check=False)
        if done.returncode:
            print("The peers could not be installed; they are left out.")
            return {}
        shutil.copy(wanted, stamp)
    found = {label: [str(PEERS / "bin" / words[0]), *words[1:]] for label, words in PEER_COMMANDS.items()}
    return {label: words for label, words in found.items() if Path(words[0]).exists()}


def once(words: list[str], home: str) -> float:
    """Seconds that one run of a command takes, its output thrown away."""
    environment = {**os.environ, "R1PLAN_HOME": home, "HOME": home}
    start = time.perf_counter()
    subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.perf_counter() - start


def run() -> None:
    """Print the median milliseconds of each command and how many bare Pythons that is."""
    commands = {**OURS, **install_peers()}
    times: dict[str, list[float]] = {label: [] for label in commands}
    with tempfile.TemporaryDirectory() as home:
        for label in list(commands):
            try:
                once(commands[label], home)  # the first run fills Python's byte-code cache
            except subprocess.CalledProcessError as error:
                print(f"{label}: left out, exit {error.returncode}")
                del commands[label]
        for _ in range(ROUNDS):
            for label, words in commands.items():
                times[label].append(once(words, home))
    bare = median(times["bare python"])
    print(f"\n{'start-up':<32}{'median ms':>10}{'x bare python':>15}")
    for label in commands:
        middle = median(times[label])
        print(f"{label:<32}{middle * 1000:>10.0f}{middle / bare:>15.1f}")
