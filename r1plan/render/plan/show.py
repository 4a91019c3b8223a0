"""A plan shown as it was asked for: on the terminal, explained, or as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from r1plan.market.compare import ApiOffer
from r1plan.plan.plan import Plan
from r1plan.render import output
from r1plan.render.plan.view import EngineView, OptionT

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom

_EXPLAIN = "r1plan recommend --explain shows the memory of each part and every rejected option."


def show(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Print the plan. Raises NothingFits, after what there is to show, when nothing was found that fits."""
    if as_json:
        from r1plan.render.plan.document import plan_document

        output.document(plan_document(view, plan, api, headroom))
    elif plan.choice is not None or explain:
        from r1plan.render.plan.terminal import show_plan

        show_plan(view, plan, api, output.console())
        if explain:
            from r1plan.render.plan.explained import explained

            console = output.console()
            for line in explained(view, plan, headroom, console.width if console.is_terminal else None):
                print(line)
    if failure := view.failure(plan):
        raise failure
    if not as_json and not explain:
        for remark in (*view.remarks(plan), _EXPLAIN):
            output.note(remark)
