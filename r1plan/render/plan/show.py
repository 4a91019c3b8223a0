"""A plan shown as it was asked for: on the terminal, explained, as one JSON document, or as a page."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from r1plan.market.compare import ApiOffer
from r1plan.plan.model_set import ModelSet
from r1plan.plan.plan import Plan
from r1plan.render import output
from r1plan.render.plan.engines.serving_words import MANY_USERS
from r1plan.render.plan.view import EngineView, OptionT
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.headroom import Headroom
    from r1plan.plan.outlook.outlook import Outlook

FormName = Literal["text", "json", "html"]

_EXPLAIN = "r1plan recommend --explain shows the memory in parts."
_PAGE = "That is the page itself; --output plan.html writes it into a file."


class PlanForm(NamedTuple):
    """How a plan is shown: `explained` adds to the text what the other kinds hold anyway; `file` None is stdout."""

    kind: FormName
    explained: bool = False
    file: Path | None = None


def show(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None,
    form: PlanForm,
    models: ModelSet,
    outlook: Outlook | None = None,
) -> None:
    """Print the plan, with what it means for a month where that is asked about.

    Raises NothingFits, after what there is to show, when nothing was found that fits.
    """
    remarks = _remarks(view, plan, outlook)
    match form.kind:
        case "json":
            from r1plan.render.plan.document import plan_document

            _put(output.document_text(plan_document(view, plan, api, headroom, outlook)), form.file)
        case "html":
            from r1plan.render.page.page import page_text

            made_by = shlex.join(["r1plan", *sys.argv[1:]])
            _put(page_text(view, plan, api, headroom, models.quality_indices(), made_by, outlook), form.file)
            if form.file is None and sys.stdout.isatty():
                output.note(_PAGE)
        case "text":
            lines = list(_lines(view, plan, api, headroom, form, len(remarks), outlook))
            if form.file is not None:
                output.to_file(form.file, "".join(f"{line}\n" for line in lines))
            else:
                output.lines(lines)
    if failure := view.failure(plan):
        raise failure
    if form.kind == "text" and not form.explained:
        for line in remarks:
            output.note(line)


def _remarks(view: EngineView[OptionT], plan: Plan[OptionT], outlook: Outlook | None) -> list[str]:
    """What is said beside the plan, on standard error, in lines as wide as the screen."""
    hint = () if plan.rejected else (_EXPLAIN,)  # else the line of the rejected says so
    columns = output.screen().columns
    remarks = [*view.remarks(plan), *hint]
    if outlook is not None and outlook.ways is not None and MANY_USERS in remarks:
        from r1plan.render.outlook.opening import fewer_cards_text

        if fewer_cards_text(plan, outlook):  # which says more of it
            remarks.remove(MANY_USERS)
    return [line for remark in remarks for line in wrapped(remark, columns)]


def _lines(
    view: EngineView[OptionT],
    plan: Plan[OptionT],
    api: Sequence[ApiOffer],
    headroom: Headroom[OptionT] | None,
    form: PlanForm,
    remarks: int,
    outlook: Outlook | None,
) -> Iterator[str]:
    """The plan for a terminal that shows so many lines of remarks too; nothing where only the error is to be said."""
    if plan.choice is None and not form.explained:
        return
    from r1plan.render.plan.terminal import USUAL_LINES, plan_lines

    screen = output.screen()
    if form.file is not None:
        screen = screen._replace(styled=False, colours=False, blocks=True)  # a file is in UTF-8
    yield from plan_lines(view, plan, api, screen, None if form.explained else USUAL_LINES - remarks, outlook)
    if form.explained:
        from r1plan.render.plan.explained import explained

        yield from explained(view, plan, headroom, screen, outlook)


def _put(text: str, file: Path | None) -> None:
    if file is None:
        output.whole(text)
    else:
        output.to_file(file, text)
