"""The YAML that a person writes or is given: prices, routes, budgets, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from r1plan.catalog import assemble
from r1plan.catalog.budgets import load_budgets
from r1plan.catalog.load import load_providers
from r1plan.catalog.reading.files import CatalogFile
from r1plan.engine.keys import find_key
from tests.fuzz.mutation import mutated
from tests.fuzz.parser import FuzzedParser

_ROOT = Path(__file__).parents[3]
_BUDGETS = (b'monthly_usd: "20"\nproviders: {deepseek: "10"}\nprojects: {search: "5"}\n', b"monthly_usd: 5\n")
_KEYS = (b"deepseek: sk-planted-key-123456\ntogether: '123'\n", b'{"deepseek": "sk-planted-key-123456"}\n')
_KINDS = ("price", "route", "budgets", "keys")


@cache
def _seeds(kind: str) -> tuple[tuple[str, bytes], ...]:
    """The name and content of files of a kind."""
    if kind == "price":
        # The smaller ones: a large file has no field that they have not, and takes a hundred times as long.
        files = sorted((_ROOT / "pricing").glob("*.yaml"), key=lambda path: path.stat().st_size)[:4]
    elif kind == "route":
        files = sorted((_ROOT / "profiles" / "routes").glob("*.yaml"))
    else:
        return tuple((kind, content) for content in (_BUDGETS if kind == "budgets" else _KEYS))
    return tuple((path.stem, path.read_bytes()) for path in files)


def _made(random: Random) -> bytes:
    """A line that says the kind and the file's name, then the file."""
    kind = random.choice(_KINDS)
    name, content = random.choice(_seeds(kind))
    return f"{kind} {name}\n".encode() + mutated(random, [content, content, random.choice(_seeds(kind))[1]])


@contextmanager
def _opened() -> Iterator[Callable[[bytes], str]]:
    with TemporaryDirectory() as made:
        folder = Path(made)
        provider = load_providers()["deepseek"]

        def read(content: bytes) -> str:
            head, _, text = content.partition(b"\n")
            kind, _, name = head.decode().partition(" ")
            file = folder / f"{name}.yaml"
            file.write_bytes(text)
            file.chmod(0o600)
            try:
                if kind == "price":
                    return f"{len(assemble.prices([CatalogFile(file, file.name)]))} price lists"
                if kind == "route":
                    return f"{len(assemble.routes([CatalogFile(file, file.name)]))} routes"
                if kind == "budgets":
                    return f"budgets: {load_budgets(folder) is not None}"
                return f"a key: {find_key(provider, {}, folder, ring=lambda _: None) is not None}"
            finally:
                file.unlink()

        yield read


PARSER = FuzzedParser("yaml", _made, _opened)
