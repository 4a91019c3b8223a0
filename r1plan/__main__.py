"""Where the program starts, and the one place that turns an error into a message and an exit code."""

from __future__ import annotations

import gc
import os
import sys

from r1plan import interrupts, streams
from r1plan.errors import R1PlanError

_COMPLETES = "_R1PLAN_COMPLETE"
# As a shell tells of what a signal has ended: 128 and its number.
_INTERRUPTED, _CLOSED_PIPE = 130, 141
_OBJECTS_BETWEEN_COLLECTIONS = 200_000  # a recommendation makes about 60,000 that stay
_LOADS_BESIDE = "r1plan.engine.local.llama.loading"
_CALCULATES_BESIDE = "r1plan.engine.local.llama.at_work"
# They free what they hold when Python ends, and the first complains of what it cannot find then.
_ENDING_BY_THEMSELVES = {"duckdb", "_duckdb", "llama_cpp"}


def main() -> None:
    """Run the command line and exit.

    0 done, 1 could not, 2 wrong usage, 3 nothing fits, 4 over budget, 130 interrupted; 128 and the number of SIGTERM,
    SIGHUP, or of SIGPIPE where nobody reads the output any more.
    """
    # What is imported and read stays: looking for rubbish among it, above all at the end, takes longer than some
    # commands do.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        try:
            interrupts.listen()
            code = _ended()
        finally:
            interrupts.stop_listening()
    except KeyboardInterrupt:
        code = _INTERRUPTED
        interrupts.stop_listening()
    if not _ENDING_BY_THEMSELVES & sys.modules.keys():
        gc.freeze()
    number = interrupts.ends_by()
    if number is not None:
        code = 128 + number
    loading, calculating = sys.modules.get(_LOADS_BESIDE), sys.modules.get(_CALCULATES_BESIDE)
    goes_on = (loading is not None and loading.is_loading()) or (calculating and calculating.is_calculating())
    if isinstance(code, int) and goes_on:
        os._exit(code)  # taken apart around what still loads or calculates, the program might crash
    sys.exit(code)


def _ended() -> int | str | None:
    """Run the command line to its end, and tell what is left to be told; the exit code."""
    error: R1PlanError | None = None
    code: int | str | None = 0
    try:
        streams.take()
        if _COMPLETES in os.environ:  # a shell asks, whatever the words are
            from r1plan.cli.completion.answer import answer

            return answer(os.environ)
        from r1plan.cli import build
        from r1plan.cli.usage_error import run

        code = run(build(), sys.argv[1:])
    except SystemExit as ended:
        code = ended.code
    except R1PlanError as raised:
        error = raised
    except OSError as raised:
        where = f"{raised.filename}: " if raised.filename else ""
        error = R1PlanError(f"{where}{raised.strerror or raised}.")
    except Exception:
        # A library that a signal has broken off says so in its own words.
        if interrupts.received() is None:
            raise
        code = _INTERRUPTED
    lost = streams.flushed()
    if lost is not None:
        if streams.is_closed_pipe(lost):
            return _CLOSED_PIPE
        error = streams.output_error(lost)
    if error is None or interrupts.ends_by() is not None:
        return code
    _print_error(error)
    return error.exit_code


def _print_error(error: R1PlanError) -> None:
    from r1plan.render import output

    output.error(error.message, error.hint)


if __name__ == "__main__":
    main()
