"""The tools whose logs are read."""

from __future__ import annotations

from r1plan.report.importers.agents.claude_code import CLAUDE_CODE
from r1plan.report.importers.agents.cline import CLINE
from r1plan.report.importers.agents.dsh import DSH
from r1plan.report.importers.agents.llm import LLM
from r1plan.report.importers.agents.opencode import OPENCODE
from r1plan.report.importers.deepseek import DEEPSEEK
from r1plan.report.importers.fireworks import FIREWORKS
from r1plan.report.importers.helicone import HELICONE
from r1plan.report.importers.importer import Importer
from r1plan.report.importers.langfuse import LANGFUSE
from r1plan.report.importers.litellm import LITELLM
from r1plan.report.importers.openai import OPENAI
from r1plan.report.importers.openrouter import OPENROUTER
from r1plan.report.importers.otel import OTEL

# Of two whose marks a record has equally many of, the first counts: what many imitate stands last.
IMPORTERS: tuple[Importer, ...] = (
    *(LITELLM, OPENROUTER, DEEPSEEK, FIREWORKS, HELICONE, LANGFUSE),
    *(LLM, OPENCODE, CLAUDE_CODE, DSH, CLINE),
    *(OTEL, OPENAI),
)
