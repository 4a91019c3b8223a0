"""Where the program starts, and the one place that turns an error into a message and an exit code."""

from __future__ import annotations

import gc
import sys

from r1plan.errors import R1PlanError

_OBJECTS_BETWEEN_COLLECTIONS = 200_000  # a recommendation makes about 60,000 that stay
# They free what they hold when Python ends, and the first complains of what it cannot find then.
_ENDING_BY_THEMSELVES = {"duckdb", "llama_cpp"}


def main() -> None:
    """Run the command line and exit: 0 done, 1 could not, 2 wrong usage, 3 nothing fits, 130 interrupted."""
    # What is imported and read stays: looking for rubbish among it, above all at the end, takes longer than some
    # commands do.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    from r1plan.cli import build
    from r1plan.cli.usage_error import run

    try:
        sys.exit(run(build(), sys.argv[1:]))
    except R1PlanError as error:
        sys.stdout.flush()
        _print_error(error)
        sys.exit(error.exit_code)
    finally:
        if not _ENDING_BY_THEMSELVES & sys.modules.keys():
            gc.freeze()


def _print_error(error: R1PlanError) -> None:
    from r1plan.render.text.sanitize import printable

    print(f"error: {printable(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"hint:  {printable(error.hint)}", file=sys.stderr)


if __name__ == "__main__":
    main()
