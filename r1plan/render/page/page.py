"""A plan's page as text: its content put into page.html.j2, with everything escaped that is not ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan import __version__
from r1plan.market.compare import ApiOffer
from r1plan.plan.plan import Plan
from r1plan.render.page.content import plan_page
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.template import filled_in

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.plan.outlook.outlook import Outlook

_TEMPLATE = Path(__file__).with_name("page.html.j2")


def page_text(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None,
    points: Mapping[str, float],
    command: str,
    outlook: Outlook | None = None,
) -> str:
    """The whole page, cleaned and ending in a newline; `points` are quality indices by option, `command` made the page.

    It is ASCII, with a reference for every other character, so that it survives whatever encoding a shell writes it in.
    """
    page = plan_page(view, plan, api, headroom, points, (command, __version__), outlook)
    return filled_in(_TEMPLATE, page=page)
