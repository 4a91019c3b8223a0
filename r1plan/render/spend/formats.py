"""A spend report in one of the forms that a person can ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from r1plan.report.spend import SpendReport

Format = Literal["table", "json", "csv", "md"]


def spend_text(report: SpendReport, form: Format, width: int) -> str:
    """The report as `form`, cleaned, ending in a newline; a table is for a terminal of `width` columns."""
    from r1plan.render.text.sanitize import printable

    return printable(_text(report, form, width))


def _text(report: SpendReport, form: Format, width: int) -> str:
    from r1plan.render.spend.document import spend_csv, spend_json
    from r1plan.render.spend.terminal import spend_lines, spend_markdown

    match form:
        case "table":
            return "\n".join(spend_lines(report, width)) + "\n"
        case "md":
            return "\n".join(spend_markdown(report)) + "\n"
        case "csv":
            return spend_csv(report)
        case "json":
            return spend_json(report)
