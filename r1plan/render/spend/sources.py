"""The sentences of a spend report on other tools' files: what was read of them, and why one was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from r1plan.render.spend.traps import left_out_text, noted_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.units import count
from r1plan.report.spend import FileFault, ImportedFiles, RecordFault, ReportWarning

_TOOLS: Mapping[str, str] = {
    "litellm": "LiteLLM",
    "openrouter": "OpenRouter",
    "deepseek": "DeepSeek",
    "helicone": "Helicone",
    "langfuse": "Langfuse",
    "otel": "OpenTelemetry",
    "openai": "OpenAI-style bodies or usage",
    "llm": "llm",
    "fireworks": "Fireworks",
    "opencode": "opencode",
    "claude-code": "Claude Code",
    "cline": "Cline and its like",
}
_FILE_FAULTS: Mapping[FileFault, str] = {
    "folder": "a folder, where a log was expected",
    "device": "a device, where a log was expected",
    "broken_link": "a link to what is not there",
    "silent_pipe": "a pipe that nobody writes to",
    "pipe": "a pipe in a folder of logs",
    "socket": "a socket, where a log was expected",
    "compressed": "compressed with lz4: pip install 'r1plan[lz4]', or pipe what `lz4 -dc` makes of it into this",
    "bomb": "it holds hundreds of times its own size: unpack it yourself if that is right",
    "no_room": "there is no room on the disk for what it holds",
    "no_memory": "there is not enough memory for what it holds: give it in smaller parts",
    "damaged": "read in part at most, as it is damaged or ends in the middle",
    "damaged_json": "its JSON is damaged or ends in the middle, and it is no file of one record a line",
    "encrypted": "it is encrypted: unpack it and give what was in it",
    "outside": "its name leads out of the archive",
    "archive_in_archive": "an archive in an archive: unpack the outer one",
    "archived_link": "a link or device in an archive, which is not followed",
    "empty_archive": "an archive without a log or an export",
    "many_members": "an archive of more than 10,000 members: unpack it and give the folder",
    "busy": "another program holds the database: try again when that is done, or give a copy",
    "sql_inserts": "a dump in SQL without rows that can be read: dump the data too, and the names of its columns",
    "too_large": "one value of it is larger than 256 MB: give it as one record a line, as `jq -c '.data[]'` does",
    "no_records": "neither text nor a table that can be read",
}
_RECORD_FAULTS: Mapping[RecordFault, str] = {
    "no_instant": "without a time that can be read",
    "far_instant": "of a time before 1999 or after 2100",
    "negative": "with a negative number of tokens",
    "columns": "with more or fewer cells than the header",
    "not_text": "whose quotes or characters cannot be read",
}


def tool_name(importer: str) -> str:
    """What a tool is called by its makers."""
    return _TOOLS.get(importer, importer)


def imported_notes(imported: Sequence[ImportedFiles], *, in_full: bool = False) -> Iterator[str]:
    """What was read of other tools' files, what of it was left out, and what is noted of it.

    Of several tools each is one line, unless it is to be said `in_full`.
    """
    tools = list(dict.fromkeys(each.importer for each in imported))
    is_short, has_traps = len(tools) > 1 and not in_full, False
    for tool in tools:
        found = [each for each in imported if each.importer == tool]
        names = [name for each in found for name in each.files]
        where = printable(names[0]) if len(names) == 1 else count(len(names), "file")
        rows = sum(each.rows for each in found)
        left_out, noted = Counter[str](), Counter[str]()
        for each in found:
            left_out.update(each.left_out)
            noted.update(each.noted)
        more = f"{_few('left out', left_out)}{_few('noted', noted)}" if is_short else ""
        has_traps = has_traps or bool(more)
        yield f"imported: {count(rows, 'row')} of {tool_name(tool)} from {where}{more}."
        if not is_short:
            yield from (f"{left_out_text(trap, number)}." for trap, number in left_out.items())
            yield from (f"{noted_text(trap, number)}." for trap, number in noted.items())
    if has_traps:
        yield "imported: --explain says of each what it means that it is left out or noted."


def _few(what: str, traps: Mapping[str, int]) -> str:
    """How many records are left out or noted, with a word for each reason."""
    if not traps:
        return ""
    names = [(trap.replace("_", " "), number) for trap, number in traps.items()]
    reasons = names[0][0] if len(names) == 1 else ", ".join(f"{number:,} {name}" for name, number in names)
    return f"; {what} {sum(traps.values()):,} ({reasons})"


def file_fault_text(warning: ReportWarning) -> str:
    """Why a file was not read, without a full stop."""
    fields = ", ".join(printable(each) for each in warning.fields)
    match warning.file_fault:
        case "unknown_fields" if set(warning.fields) & {"resourceMetrics", "resource_metrics"}:
            return "metrics of OpenTelemetry, which tell no request: give its traces"
        case "unknown_fields":
            nearest = ""
            if warning.nearest and warning.missing:
                missing = ", ".join(warning.missing)
                nearest = f"; nearest is {tool_name(warning.nearest)}, without {missing}"
            return f"no log or export that is known: its fields are {fields}{nearest}"
        case "unknown_tables":
            return f"no database that is known: it has {fields}"
        case None:
            return warning.os_error or ""
        case fault:
            return _FILE_FAULTS[fault]


def bad_record_text(warning: ReportWarning) -> str:
    """Which records of a file could not be used, and why."""
    lines = ", ".join(f"{line:,}" for line in warning.lines)
    places = f" (line {lines})" if warning.lines else ""
    if not places and warning.ids:
        places = f" ({', '.join(printable(each) for each in warning.ids)})"
    fault = _RECORD_FAULTS[warning.record_fault] if warning.record_fault else ""
    return f"{warning.file}: left out: {count(warning.count, 'record')} {fault}{places}."


def imported_document(imported: Sequence[ImportedFiles]) -> list[dict[str, Any]]:
    """What was read of other tools' files, for JSON."""
    return [
        {
            "importer": each.importer,
            "files": list(each.files),
            "rows": each.rows,
            "skipped": each.skipped,
            "left_out": dict(each.left_out),
            "noted": dict(each.noted),
        }
        for each in imported
    ]
