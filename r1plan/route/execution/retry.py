"""How long to wait before the same provider is asked again. Pure: randomness is an argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`times`: how often one provider is asked. `longest_s`: the longest wait before it is asked again, in all."""

    times: int = 3
    first_s: float = 1.0
    longest_s: float = 60.0

    def wait_s(self, asked: int, retry_after_s: float | None, random: float) -> float:
        """Seconds to wait after the provider refused for the `asked`-th time; `random` is of [0, 1).

        It doubles from time to time, and half of it is chance, so that many who were refused together do not come back
        together. What the server asks for is the least; the chance comes on top.
        """
        doubled = self.first_s * float(2 ** (asked - 1))
        if retry_after_s is None:
            return doubled / 2 + random * doubled / 2
        return max(0.0, retry_after_s) + random * self.first_s
