"""The parsers that are fuzzed, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz.parser import FuzzedParser
from tests.fuzz.parsers import chat_template, conversation, gguf, log_lines, machine, stream, yaml_files

_MODULES = (gguf, stream, yaml_files, machine, log_lines, conversation, chat_template)
PARSERS: Mapping[str, FuzzedParser] = {each.PARSER.name: each.PARSER for each in _MODULES}
