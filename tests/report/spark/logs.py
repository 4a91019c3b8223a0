"""Logs with everything that a report has to do right, for two engines to agree on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from r1plan.ledger.entry import UsageEntry
from tests.report.importers.made import litellm, openrouter
from tests.report.test_exact import entries
from tests.report.test_invalid_line import BAD, line
from tests.report.test_strict_json import with_end


def random_entries(number: int) -> list[UsageEntry]:
    """At least `number` rows, the same ones each time."""
    found: list[UsageEntry] = []

    @seed(20251129)
    @settings(
        max_examples=number // 20,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(entries(), min_size=20, max_size=30))
    def gather(some: list[UsageEntry]) -> None:
        found.extend(some)

    gather()
    return list({each.id: each for each in found}.values())


def quirky(some: Sequence[UsageEntry]) -> Iterator[UsageEntry]:
    """Each of `some`, in one of the ways in which requests go."""
    random = Random(7)
    begun = None
    for number, each in enumerate(some):
        cost = Decimal(random.randrange(10**6)).scaleb(-7)
        match number % 14:
            case 0:
                yield replace(each, ended_at=None, status="started", cost_low_usd=Decimal(0), cost_high_usd=cost)
            case 1:
                begun = replace(each, ended_at=None, status="started")
                yield begun
            case 2 if begun is not None:
                # The end of the one that began before, and a second end of it.
                yield replace(each, id=begun.id, started_at=begun.started_at)
                if number % 4 == 0:
                    yield replace(each, id=begun.id, input_tokens=77)
                yield replace(begun, input_tokens=1)
            case 3:
                yield replace(each, provider="local", model_requested="r1-tiny", cost_usd=cost, energy_wh=cost * 3)
            case 4:
                yield replace(each, provider="local", model_requested="r1-tiny", cost_usd=None)
            case 5:
                yield replace(each, input_tokens=None, output_tokens=random.choice((None, 5)))
            case 6:
                yield replace(each, conversation=f"talk {number % 3}", attempt_of=None, status="ok")
            case 7:
                yield replace(each, attempt_of=some[number - 1].id, status=random.choice(("failed", "ok")))
            case 8:
                yield replace(each, forecast_p50_usd=cost, forecast_p90_usd=cost * 2, model_served="another")
            case 9:
                yield replace(each, flags=("no usage", "wörter"), end_reason="stalled", project="größe 'x' \\ \"y\"")
            case 10:
                yield replace(each, tags={"team": 'x "q" \n', "a/b~c": "ü"}, model_served=each.model_requested)
            case 11:
                yield replace(each, first_token_at=each.started_at + timedelta(seconds=1), input_tokens=10**17)
            case _:
                yield each


def conversations(some: Sequence[UsageEntry]) -> Iterator[UsageEntry]:
    """Turns of which every third one lost its place in the cache."""
    begin = some[0]
    for number in range(60):
        at = begin.started_at + timedelta(seconds=30 * number)
        yield replace(
            begin,
            id=f"turn {number}",
            provider="deepseek",
            model_requested="deepseek-reasoner",
            started_at=at,
            ended_at=at + timedelta(seconds=20),
            status="ok",
            conversation=f"talk {number // 20}",
            input_tokens=5000 + 700 * (number % 20),
            cache_hit_tokens=0 if number % 3 == 0 else 4992 + 640 * (number % 20 - 1),
            output_tokens=900,
            thinking_tokens=600,
            reported_usd=None,
            cost_low_usd=None,
            cost_high_usd=None,
            provenance={},
        )


# What our writer does not write and a report reads all the same, or not: one reader decides.
ODD: tuple[bytes, ...] = (
    *(each for param in BAD if isinstance(each := param.values[0], bytes)),
    *(with_end(text) for text in (',"x":[1,]', ',"x":NaN', ',"output_tokens":0', ",,", ",", " ,\t ")),
    line(id="half a character \ud83d"),
    line(id="zero \0 byte"),
    line(id="spaces", tags={"team": "x", "n": [1.10, 1e22, {"deep": None}]}),
    line(id="escaped ü €", project="ü"),
    line(id="minus nothing").replace(b'"output_tokens": 5', b'"output_tokens": -0'),
    line(id="float").replace(b'"output_tokens": 5', b'"output_tokens": 5.0'),
    line(id="power").replace(b'"output_tokens": 5', b'"output_tokens": 5e0'),
    line(id="long figure", cost_usd="0." + "123456789" * 9, energy_wh="1.0000000000000005"),
    line(id="flags", flags=["a", 1, None]),
    line(id="offset", ended_at="2025-09-06T05:30:00.1+14:59"),
    line(id="newline in an instant", ended_at="2025-09-06T05:30:00Z\n"),
    b"  " + line(id="indented") + b" \t\r",
)


def write_logs(folder: Path, count: int) -> list[Path]:
    """Logs in `folder`: two that workers read, of which one is torn and full of odd lines, and two that they do not."""
    some = random_entries(count)
    rows = [*quirky(some), *conversations(some)]
    lines = [each.to_line().encode() for each in rows]
    part = len(lines) // 4
    odd: list[bytes] = []
    for number, each in enumerate(lines[part : 2 * part]):
        odd.append(each)
        if number < len(ODD):
            odd.append(ODD[number] + b"\n")
        if number % 9 == 0:
            odd.append(b" \t\n")
    # A file may be named as Spark names patterns.
    written = {
        "a ü%20,+.jsonl": b"".join(lines[:part]),
        "b.jsonl": b"".join(odd) + lines[-1][:100],
        "c.jsonl.gz": gzip.compress(b"".join(lines[2 * part : 3 * part])),
        "d {x,y} [1].jsonl": b"".join(lines[3 * part :]),
    }
    for name, content in written.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in written]


def write_exports(folder: Path) -> list[Path]:
    """What two other tools say; the second tells sums of days, and a log of ours single requests on those days."""
    activity = list(openrouter.activity(Random(2), 40))
    exports = {"litellm.jsonl": list(litellm.spend_logs(Random(1), 120)), "activity.jsonl": activity}
    for name, records in exports.items():
        lines = (json.dumps(each.record) + "\n" for each in records)
        (folder / name).write_text("".join(lines), encoding="utf-8")
    days = {str(each.record["date"])[:10] for each in activity}
    noon = [
        line(id=day, provider="openrouter", started_at=f"{day}T12:00:00Z", ended_at=f"{day}T12:00:09Z")
        for day in sorted(days)
    ]
    (folder / "beside.jsonl").write_bytes(b"\n".join(noon))
    return [folder / name for name in (*exports, "beside.jsonl")]
