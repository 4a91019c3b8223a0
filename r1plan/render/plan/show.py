"""A plan shown as it was asked for: on the terminal, explained, or as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from r1plan.market.compare import ApiOffer
from r1plan.plan.plan import Plan
from r1plan.render import output
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom

_EXPLAIN = "r1plan recommend --explain shows the memory in parts."


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
    screen = output.screen()
    # Otherwise the line of the rejected says so.
    hint = () if plan.rejected else (_EXPLAIN,)
    remarks = [line for remark in (*view.remarks(plan), *hint) for line in wrapped(remark, screen.columns)]
    if as_json:
        from r1plan.render.plan.document import plan_document

        output.document(plan_document(view, plan, api, headroom))
    elif plan.choice is not None or explain:
        from r1plan.render.plan.terminal import USUAL_LINES, plan_lines

        output.lines(plan_lines(view, plan, api, screen, None if explain else USUAL_LINES - len(remarks)))
        if explain:
            from r1plan.render.plan.explained import explained

            output.lines(explained(view, plan, headroom, screen))
    if failure := view.failure(plan):
        raise failure
    if not as_json and not explain:
        for line in remarks:
            output.note(line)
