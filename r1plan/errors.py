"""Every error a person can see: one sentence with the value, one hint, one exit code.

R1PlanError                 1  could not
├── UsageError              2  the command line is wrong
├── NothingFits             3  no option fits the machine
├── OverBudget              4  the request would cost more than allowed
├── CatalogError            1  a file of profiles/ or pricing/ is wrong
├── NotFound                2  an id that nobody knows; the hint offers near names
├── EngineError             1  a local engine or a model file failed
├── ProviderError           1  a server refused, failed or could not be reached
├── LogError                1  a usage log cannot be read or written
└── OutputError             1  standard output cannot be written
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

ProviderFault = Literal[
    "refused",  # an answer of another status than 200
    "unreachable",  # no connection: nothing was sent
    "first_token_timeout",  # taken, and no word of an answer came in time
    "stalled",  # an answer that began and did not go on in time
    "timeout",  # too long in all, or while sending
    "connection_lost",
    "server_failed",  # the server said so, in a stream that had begun
    "bad_stream",  # what came cannot be read as an answer, or is too much of it
]

# What is wrong with the request would be refused elsewhere too. All else is this server's alone: its load and its
# faults, what it has (404, 410, 413) and who may ask it (401, 402, 403). A key that is wrong at one provider is the
# user's to mend, but on a route somebody else has been chosen to answer then; the refusal is said all the same.
_THE_REQUESTS = frozenset({400, 422})


class R1PlanError(Exception):
    """Something r1plan could not do.

    `message` is one sentence that holds the offending value; `hint` says what to do next, or is None.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(R1PlanError):
    """The command line asks for something that cannot be meant."""

    exit_code = 2


class NothingFits(R1PlanError):
    """No model, quant and layout fits the machine."""

    exit_code = 3


class OverBudget(R1PlanError):
    """Sending would cost more than the user allowed."""

    exit_code = 4


class CatalogError(R1PlanError):
    """A YAML file of the catalogue is wrong; the message names file, field and value.

    `problem` is the message without the file, `line` the line that it is about; None where that is not known.
    """

    def __init__(
        self, message: str, hint: str | None = None, problem: str | None = None, line: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.problem = message if problem is None else problem
        self.line = line

    @classmethod
    def in_file(cls, label: str, problem: str, hint: str, line: int | None = None) -> CatalogError:
        """The error for `problem` in the file that is shown as `label`."""
        return cls(f"{label}: {problem}", hint, problem, line)


class NotFound(R1PlanError):
    """An id that the catalogue does not hold. `near` are known ones that may be meant."""

    exit_code = 2

    def __init__(self, message: str, hint: str | None = None, near: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.near = near

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], hint: str | None = None) -> NotFound:
        """The error for an unknown `name`, with up to three near names of `known` as its hint."""
        from difflib import get_close_matches

        by_folded = {each.casefold(): each for each in known}
        typed = name.casefold()
        parts = [each for each in by_folded if len(typed) > 1 and typed in each]  # "32b" of "r1-distill-qwen-32b"
        close = get_close_matches(typed, by_folded, n=3, cutoff=0.5)
        if len(parts) <= 3:  # a part of many says nothing
            close = parts + close
        near = tuple(by_folded[each] for each in dict.fromkeys(close))[:3]
        if near:
            hint = f"did you mean {', '.join(near)}?"
        return cls(f"unknown {kind} '{name}'.", hint, near)


class EngineError(R1PlanError):
    """The local engine or a model file failed."""


class ProviderError(R1PlanError):
    """A provider refused, failed, or could not be reached.

    `status` is the HTTP status, or None when there was no response. `fault` says what went wrong: when "refused" or
    "unreachable" nothing was generated, so nothing is billed. `retry_after_s` is how long the server asks to wait, or
    None when it did not say. `here_alone`: what the server said is about itself, so that another may well answer.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        status: int | None = None,
        fault: ProviderFault = "server_failed",
        retry_after_s: float | None = None,
        here_alone: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.fault = fault
        self.retry_after_s = retry_after_s
        self.here_alone = here_alone

    @property
    def worth_failing_over(self) -> bool:
        """Whether another provider, or this one later, may well answer the same request."""
        if self.here_alone:
            return True
        if self.status is not None:
            return self.status not in _THE_REQUESTS
        return self.fault != "refused"


class LogError(R1PlanError):
    """A usage log cannot be read or written."""


class OutputError(R1PlanError):
    """Standard output cannot be written."""
