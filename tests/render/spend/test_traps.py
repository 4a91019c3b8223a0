"""Every trap that an importer knows has a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from r1plan.render.spend.sources import tool_name
from r1plan.render.spend.traps import left_out_text, noted_text
from r1plan.report.importers.importer import RecordShape
from r1plan.report.importers.known import IMPORTERS


def shapes() -> Iterator[RecordShape]:
    for importer in IMPORTERS:
        yield from importer.shapes


def test_every_trap_has_a_sentence_of_its_own() -> None:
    said = {trap: left_out_text(trap, 2) for shape in shapes() for trap in shape.left_out}
    assert [trap for trap, text in said.items() if text == f"left out: 2 records {trap.replace('_', ' ')}"] == []
    said = {trap: noted_text(trap, 2) for shape in shapes() for trap in shape.noted}
    assert [trap for trap, text in said.items() if text == f"noted: 2 rows {trap.replace('_', ' ')}"] == []


def test_every_tool_is_called_as_its_makers_do() -> None:
    assert [each.name for each in IMPORTERS if tool_name(each.name) == each.name] == ["llm", "opencode", "dsh"]
