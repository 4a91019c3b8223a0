"""The better model that fits and takes longer than the patience: why a big machine may get a small one."""

from __future__ import annotations

from collections.abc import Sequence

from r1plan.plan.choice.standing import better_beyond
from r1plan.plan.choice.wishes import missed_wish
from r1plan.plan.llamacpp.fit.settle import Settled
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.rank import option_merit
from r1plan.plan.workload import Workload


def larger_model(choice: Option, fitting: Sequence[Option], workload: Workload, exact: Settled) -> Option | None:
    """The soonest of `fitting` that is better than the choice and takes too long, as it would be run; else None.

    A longer patience would take it. `fitting` hold everything in memory.
    """
    by_id = {option.id: option for option in fitting if missed_wish(option, workload) is None}
    merits = [(option, option_merit(option, workload)) for option in by_id.values()]
    for option in better_beyond(choice, option_merit(choice, workload), merits, workload):
        if exact.fits(by_id[option.id]):
            return exact.of(by_id[option.id])
    return None
