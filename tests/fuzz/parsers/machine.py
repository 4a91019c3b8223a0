"""A machine's JSON, as `--machine FILE` reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import Any

from r1plan.hardware.stored import document, parse
from tests.fuzz.mutation import mutated_json
from tests.fuzz.parser import FuzzedParser

_CARDS = ("rtx-4090:2", "h100-sxm-80gb:8", "m3-max-40c", "mi300x")


@cache
def _seeds() -> tuple[Any, ...]:
    from r1plan.catalog.load import load_hardware
    from r1plan.hardware.described import Description, UnnamedCard, describe
    from r1plan.hardware.names.cards import cards_of

    sheets = load_hardware()
    described = [describe(cards_of([card], sheets)) for card in _CARDS]
    return tuple(
        json.loads(json.dumps(document(each)))
        for each in (*described, describe((), Description(unnamed=(UnnamedCard(24),))))
    )


def _made(random: Random) -> bytes:
    return mutated_json(random, random.choice(_seeds()))


def _read(content: bytes) -> str:
    machine = parse(content.decode("utf-8", "replace"), "box.json")
    json.dumps(document(machine), allow_nan=False, ensure_ascii=False).encode()
    return f"a machine with {len(machine.gpus)} cards"


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    yield _read


PARSER = FuzzedParser("machine", _made, _opened)
