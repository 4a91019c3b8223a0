"""What it costs to paint an answer on a terminal while 500 pieces a second come: the share of one core.

The pieces hold four characters. Painting takes at most a tenth of a core by design; what is over is this script's own.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from r1plan.engine.chat import Answer
from r1plan.render.chat import region
from r1plan.render.chat.live import LiveScreen, Ticker

ROOT = Path(__file__).parents[2]
PIECES_PER_S = 500
SECONDS = 6


def answers() -> dict[str, str]:
    """Answers of the kinds that cost most to set."""
    mixed = (ROOT / "tests" / "render" / "markdown" / "answer.md").read_text(encoding="utf-8")
    code = Path(region.__file__).read_text(encoding="utf-8")
    return {
        "prose, lists, tables, code": mixed * 20,
        "one long code block": f"```python\n{code * 6}",
        "one long table": "| a | b |\n|---|---|\n" + "| word and word | more words here |\n" * 1000,
        "one long paragraph": "word and other words " * 1000,
    }


def run() -> None:
    """Print the share of a core for each kind of answer."""
    print(f"\nan answer painted at {PIECES_PER_S} pieces a second    share of a core")
    for label, text in answers().items():
        print(f"{label:<40}{_share(text):>14.0%}")


def _share(text: str) -> float:
    with Path(os.devnull).open("w") as sink:
        screen = LiveScreen(sink, "dim", size=lambda: (80, 24))
        screen.show(Answer("\n"))
        screen.paint()  # rich is imported before the clock runs
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        with Ticker(screen):
            for number in range(PIECES_PER_S * SECONDS):
                screen.show(Answer(text[4 * number : 4 * number + 4]))
                time.sleep(max(0.0, start_s + number / PIECES_PER_S - time.perf_counter()))
        return (time.process_time() - start_cpu_s) / (time.perf_counter() - start_s)
