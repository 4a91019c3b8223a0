"""`r1plan chat --explain`: who would be asked and why, with nothing sent."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1plan.cli.chat.asking import ChatAsker
    from r1plan.conversation.session import Session


def explain(asker: ChatAsker, session: Session, question: str, *, as_json: bool) -> None:
    """Print the decision for `question`. Raises what says that nobody may be asked, after it is printed."""
    from r1plan.ask.plan import is_held
    from r1plan.render.decision.asked import no_candidate_error
    from r1plan.render.decision.document import decision_document
    from r1plan.render.decision.terminal import decision_lines
    from r1plan.render.decision.words import exclusion_text, reason_text
    from r1plan.render.output import document, lines
    from r1plan.route.decision.cause import HeldHere, ServerHere

    found = asker.decide(session, question)
    decision, deferral = found.decision, found.deferral
    named = asker.ready(session.wishes).named
    unpriced = named is not None and not decision.ranked and decision.refused[0].cost is None and not is_held(decision)
    if as_json:
        document(decision_document(decision, deferral))
    elif unpriced:
        why = exclusion_text(decision.refused[0].cause)
        lines([f"{decision.refused[0].id} is asked, as it was named; nothing is forecast: {why}."])
        lines(f"{reason_text(each)}." for each in decision.reasons if isinstance(each, HeldHere | ServerHere))
    else:
        lines(decision_lines(decision, _columns(), deferral))
    if not decision.ranked and not unpriced:
        raise no_candidate_error(found)


def _columns() -> int:
    """The width of the terminal, or of a plain one where the output goes elsewhere."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return 120
