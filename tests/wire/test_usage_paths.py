"""A provider that counts in its own way is one file of the user's, and nothing in Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from tests.wire.chunks import DONE, chunk
from tests.wire.server import Reply, serving

# Cached tokens beside the input and not in it, as at api.anthropic.com; the output's count comes last.
PROVIDER = """\
id: acme
name: Acme
dialect: openai
base_url: https://acme.example/v1
needs_key: false
usage:
  input: [[usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens]]
  output: [usage.output_tokens]
  cache_hit: [usage.cache_read_input_tokens]
  reported_usd: [billing.usd]
"""
PRICES = """\
provider: acme
checked: 2026-11-23
prices:
  - model: r1
    rates: {input_cache_miss: '1.00', input_cache_hit: '0.10', output: '5.00'}
    effective_from: 2025-01-20
    effective_from_precision: day
    effective_until: null
    effective_until_precision: open
    sources: [a page]
    confidence: high
"""
ANSWER = (
    chunk(
        {"reasoning_content": "17 + 25"},
        usage={
            "input_tokens": 40,
            "cache_read_input_tokens": 640,
            "cache_creation_input_tokens": 20,
            "output_tokens": 1,
        },
    )
    + chunk({"content": "42"}, finish="stop", usage={"output_tokens": 100}, billing={"usd": 0.0007})
    + DONE
)


def test_one_file_adds_a_provider_whose_counts_are_sums(home: Path) -> None:
    for path, text in (("profiles/providers/acme.yaml", PROVIDER), ("pricing/acme.yaml", PRICES)):
        file = home / "config" / path
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    with serving(Reply(ANSWER)) as wire:
        done = subprocess.run(
            [sys.executable, "-m", "r1plan", "chat", "--model", "acme/r1", "What is 17 + 25?", "--json"],
            capture_output=True,
            text=True,
            env={**os.environ, "R1PLAN_ACME_BASE_URL": wire.url},
            input="",
            check=False,
        )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    found = document["usage"]
    assert (found["input_tokens"], found["cache_hit_tokens"], found["output_tokens"]) == (700, 640, 100)
    assert {name: found["provenance"][name] for name in ("input_tokens", "cache_hit_tokens", "output_tokens")} == {
        "input_tokens": "reported",
        "cache_hit_tokens": "reported",
        "output_tokens": "reported",
    }
    # 60 fresh x 1.00 + 640 cached x 0.10 + 100 written x 5.00, a million tokens each.
    assert Decimal(document["cost"]["total_usd"]) == Decimal("0.000624")
    (log,) = (home / "data" / "logs").glob("*.jsonl")
    row = json.loads(log.read_text("utf-8").splitlines()[-1])
    assert (row["input_tokens"], row["cache_hit_tokens"], Decimal(row["cost_usd"])) == (700, 640, Decimal("0.000624"))
