"""A spend report in one of the forms that a person can ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from r1plan.errors import UsageError

if TYPE_CHECKING:
    from r1plan.report.spend import Detail, SpendReport

Format = Literal["table", "json", "csv", "md", "html", "parquet", "focus", "prom"]

# What the end of a file's name says; the first is meant where a form is not asked for.
_ENDINGS: tuple[tuple[str, tuple[Format, ...]], ...] = (
    (".focus.csv", ("focus",)),
    (".csv", ("csv", "focus")),
    (".json", ("json",)),
    (".md", ("md",)),
    (".markdown", ("md",)),
    (".html", ("html",)),
    (".htm", ("html",)),
    (".parquet", ("parquet",)),
    (".prom", ("prom",)),
)
_PLAIN = ("", ".txt")
# Forms of one table, of groups or charges; a world is neither.
_WITHOUT_WORLDS: tuple[Format, ...] = ("csv", "parquet", "focus")
_WITH_WORLDS: tuple[Format, ...] = tuple(each for each in get_args(Format) if each not in _WITHOUT_WORLDS)


def chosen_format(asked: Format | None, file: Path | None, *, by_json: bool = False) -> Format:
    """The form that was `asked` for, else the one that the name of `file` says, else a table.

    `by_json`: it was asked for by --json. Raises UsageError where the name says another form than the one that was
    asked for, and where it says one that there is not.
    """
    name = "" if file is None else file.name.lower()
    meant = next((forms for ending, forms in _ENDINGS if name.endswith(ending)), None)
    if asked is None:
        if meant is None and Path(name).suffix not in _PLAIN:
            endings = ", ".join(ending for ending, _ in _ENDINGS)
            raise UsageError(
                f"'{file}' has no ending that says a format.",
                f"let it end in one of {endings}, or say --format {', '.join(get_args(Format)[:-1])} or prom",
            )
        return meant[0] if meant else "table"
    if meant is not None and asked not in meant:
        said = "--json" if by_json else f"--format {asked}"
        raise UsageError(
            f"{said} and the name of '{file}' contradict each other.",
            f"leave out {said.partition(' ')[0]} for {meant[0]}, or give the file another name",
        )
    return asked


def refuse_what_if(form: Format) -> None:
    """Raise UsageError where `form` has no place for other worlds, which would be missing without a word."""
    if form in _WITHOUT_WORLDS:
        raise UsageError(
            f"--format {form} has no place for what --what-if asks.",
            f"add --format {', '.join(_WITH_WORLDS[:-1])} or {_WITH_WORLDS[-1]}, or leave --what-if out",
        )


def detail_of(form: Format) -> Detail | None:
    """What the report must hold beside its sums to be shown as `form`."""
    return "series" if form == "html" else "charges" if form == "focus" else None


def spend_text(report: SpendReport, form: Format, width: int, command: str = "r1plan cost-report") -> str:
    """The report as `form`, cleaned, ending in a newline; a table is for a terminal of `width` columns.

    `command` made a page. A form that is no text is `spend_bytes`'s.
    """
    from r1plan.render.text.sanitize import printable

    return printable(_text(report, form, width, command))


def spend_bytes(report: SpendReport) -> bytes:
    """The report as Parquet: the lines of the CSV form, with their types."""
    from r1plan.render.spend.exports.parquet import spend_parquet

    return spend_parquet(report)


def _text(report: SpendReport, form: Format, width: int, command: str) -> str:
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
        case "html":
            from r1plan.render.spend.page.page import spend_page

            return spend_page(report, command)
        case "focus":
            from r1plan.render.spend.exports.focus import spend_focus

            return spend_focus(report)
        case "prom":
            from r1plan.render.spend.exports.prometheus import spend_metrics

            return spend_metrics(report)
        case "parquet":
            raise ValueError(f"{form} is no text")
