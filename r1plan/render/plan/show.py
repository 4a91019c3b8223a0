"""A plan shown as it was asked for: on the terminal, explained, or as one JSON document."""

from __future__ import annotations

import sys
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
        from r1plan.render.plan.terminal import plan_lines

        output.lines(plan_lines(view, plan, api, output.columns(), styled=output.styled()))
        if explain:
            from r1plan.render.plan.explained import explained

            output.lines(explained(view, plan, headroom, output.columns() if sys.stdout.isatty() else None))
    if failure := view.failure(plan):
        raise failure
    if not as_json and not explain:
        for remark in (*view.remarks(plan), _EXPLAIN):
            output.note(remark)
