"""The larger model that a machine has room for and that is not recommended: why a big machine may get a small one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from r1plan.plan.llamacpp.fit.settle import Settled
from r1plan.plan.llamacpp.option import Option

_LARGER = 1.2  # times the parameters: of an 8B and a 7B neither is the larger model
_BETTER = 0.5  # points of the quality index


def larger_model(choice: Option, fitting: Iterable[Option], fast: Collection[Option], exact: Settled) -> Option | None:
    """The largest model of `fitting` that is larger and better than the choice, as it would be run; else None.

    `fitting` hold everything in memory, and the `fast` of them as many tokens a second as are any use. Of the fast ones
    that which ranks best is meant, else the fastest. Coarse quants of a large model are often no better.
    """
    quick = {option.id for option in fast}
    better = [
        option
        for option in fitting
        if option.model.params > _LARGER * choice.model.params
        and option.quality.index >= choice.quality.index + _BETTER
    ]

    def rank(option: Option) -> tuple[int, bool, float]:
        is_quick = option.id in quick
        return -option.model.params, not is_quick, -option.score if is_quick else -option.tok_s

    for option in sorted(better, key=rank):
        if exact.fits(option):
            return exact.of(option)
    return None
