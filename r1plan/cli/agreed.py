"""Ask a person at the terminal whether to go on."""

from __future__ import annotations

import sys

from r1plan.render import output

_MEANT = {"y": True, "yes": True, "n": False, "no": False}


def agreed(question: str, *, default: bool) -> bool:
    """Whether the answer to `question`, asked on standard error, is yes; the end of the input is no.

    `default` is what Enter alone means. Raises KeyboardInterrupt for Ctrl-C.
    """
    shown = f"{question} [{'Y/n' if default else 'y/N'}]:"
    while True:
        output.question(shown)
        try:
            # Not input(): readline takes a moment to begin, in which a Ctrl-C would be lost.
            typed = sys.stdin.readline()
        except KeyboardInterrupt:
            output.end_line()  # what comes next begins a line of its own
            raise
        if not typed:
            output.end_line()
            return False
        word = typed.strip().casefold()
        if not word or word in _MEANT:
            return _MEANT.get(word, default)
        shown = f"Type y or n, {'yes' if default else 'no'} by Enter alone:"
