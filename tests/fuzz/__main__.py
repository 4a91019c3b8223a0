"""`python -m tests.fuzz [PARSER…] [--inputs N] [--seed N] [--save FOLDER] [--outcomes]`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import gettempdir

from tests.fuzz.driver import HEADING, run
from tests.fuzz.table import PARSERS


def main() -> None:
    """Fuzz the parsers that are named, all by default; exit with 1 where one fails."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("parser", nargs="*", choices=[[], *PARSERS], help="which; all by default")
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--save", type=Path, default=Path(gettempdir()) / "r1plan-fuzz", help="where failures go")
    options.add_argument("--outcomes", action="store_true", help="show the commonest outcomes too")
    given = options.parse_args()
    print(HEADING, flush=True)
    failed = False
    for name in given.parser or PARSERS:
        outcome = run(PARSERS[name], given.inputs, given.seed, given.save)
        print(outcome.line(), flush=True)
        for problem, count in Counter(outcome.failures).most_common(20):
            print(f"  {count:>6,} x {problem}", flush=True)
        if given.outcomes:
            for label, count in outcome.outcomes.most_common(25):
                print(f"  {count:>8,} {label[:150]}", flush=True)
        failed |= bool(outcome.failures)
    sys.exit(failed)


if __name__ == "__main__":
    main()
