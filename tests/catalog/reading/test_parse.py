"""YAML from anybody is read within bounds or refused at once: one sentence with file and line, and one hint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog.budgets import load_budgets
from r1plan.catalog.load import load_hardware, load_holidays, load_models, load_prices, load_providers, load_routes
from r1plan.catalog.priors import load_priors
from r1plan.catalog.quality import load_quant_tables
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.parse import MOST_BYTES, MOST_DEPTH, MOST_VALUES, line_of, read
from r1plan.catalog.rentals import load_rentals
from r1plan.catalog.served_scores import load_served_scores
from r1plan.errors import CatalogError
from r1plan.settings import catalog_folders

LABEL = "mine.yaml"
ANCHORS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
QUOTES = "not read here; put text that begins so in quotes"


def written(folder: Path, content: str | bytes) -> CatalogFile:
    path = folder / LABEL
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return CatalogFile(path, LABEL)


def refused(folder: Path, content: str | bytes) -> str:
    """The sentence that `content` is refused with, after the file's name."""
    file = written(folder, content)
    with pytest.raises(CatalogError) as caught:
        read(file)
    assert caught.value.message.startswith(f"{LABEL}: ")
    assert caught.value.message.endswith(".")
    assert len(caught.value.message) < 300
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert str(file.path) in caught.value.hint
    line_of(file, ("a", 0, "b"))  # never an error of its own
    return caught.value.message.removeprefix(f"{LABEL}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(ANCHORS, f"line 1: '&' begins an anchor, which is {QUOTES}.", id="anchors in anchors"),
        pytest.param("a: 1\nb: *a", f"line 2: '*' begins an alias, which is {QUOTES}.", id="alias"),
        pytest.param("a: &a {<<: *a}", f"line 1: '&' begins an anchor, which is {QUOTES}.", id="merge"),
        pytest.param("&k a: 1", f"line 1: '&' begins an anchor, which is {QUOTES}.", id="anchor on a key"),
        pytest.param("a: !!bool x", f"line 1: '!' begins a tag, which is {QUOTES}.", id="a bool that is none"),
        pytest.param("a: !!int x", f"line 1: '!' begins a tag, which is {QUOTES}.", id="an int that is none"),
        pytest.param("a: !!str 1", f"line 1: '!' begins a tag, which is {QUOTES}.", id="even a harmless tag"),
        pytest.param("a: !x 1", f"line 1: '!' begins a tag, which is {QUOTES}.", id="a tag of nobody's"),
        pytest.param("a: ! 1", f"line 1: '!' begins a tag, which is {QUOTES}.", id="a tag without a name"),
        pytest.param("!!set {a}", f"line 1: '!' begins a tag, which is {QUOTES}.", id="set"),
        pytest.param(
            "a: !!python/object/apply:os.system [id]",
            f"line 1: '!' begins a tag, which is {QUOTES}.",
            id="python/object",
        ),
        pytest.param(
            "a: 1\nb: !!python/object:os.x {}", f"line 2: '!' begins a tag, which is {QUOTES}.", id="python/object 2"
        ),
        pytest.param(
            "%TAG ! tag:x,2000:\n--- a",
            "line 1: '%' begins a directive, which is not read here.",
            id="directive",
        ),
        pytest.param("a: 1\r%TAG", "line 2: '%' begins a directive, which is not read here.", id="directive 2"),
        pytest.param("a: 1\x85%TAG", "line 2: '%' begins a directive, which is not read here.", id="directive 3"),
        pytest.param("a: 1\r\n\n...", "line 3: '...' ends the document.", id="end"),
        pytest.param("a: 1\n...\nb: 2", "line 2: '...' ends the document.", id="end of document"),
        pytest.param(
            "--- {a: 1}\n--- {b: 2}", "line 2: a second document begins, and only one is read.", id="second document"
        ),
        pytest.param("? [a]\n: 1", "line 1: a key must be text, not a list or a mapping.", id="a list for a key"),
        pytest.param("{{a: 1}: 1}", "line 1: a key must be text, not a list or a mapping.", id="a mapping for a key"),
        pytest.param("a: 1\nb: 2\n'a': 3", "line 3: 'a' is said twice.", id="key twice"),
        pytest.param('{"a\\nb": 1, "a\\nb": 2}', "line 1: 'a b' is said twice.", id="key of two lines twice"),
        pytest.param(f"? {'k' * 201}\n: 1", "line 1: a key of more than 200 characters.", id="long key"),
        pytest.param(
            f"{'a: [' * MOST_DEPTH}", "line 1: more than 64 lists and mappings in one another.", id="deep, flow"
        ),
        pytest.param(
            "- " * (MOST_DEPTH + 1) + "a", "line 1: more than 64 lists and mappings in one another.", id="deep, block"
        ),
        pytest.param(
            "a: 1e999999", "line 1: a number beyond measure: 0, or from 1e-18 to 1e18, is read.", id="1e999999"
        ),
        pytest.param("a: -1e18", "line 1: a number beyond measure: 0, or from 1e-18 to 1e18, is read.", id="-1e18"),
        pytest.param("a: 1e-19", "line 1: a number beyond measure: 0, or from 1e-18 to 1e18, is read.", id="1e-19"),
        pytest.param(
            f"a: 1{'0' * 18}", "line 1: a number beyond measure: 0, or from 1e-18 to 1e18, is read.", id="10^18"
        ),
        pytest.param(f"a:\n- {'9' * 4_000}", "line 2: a number of more than 40 characters.", id="4,000 digits"),
        pytest.param(f"a: 0.{'9' * 4_000}", "line 1: a number of more than 40 characters.", id="4,000 decimals"),
        pytest.param("a: 1\nb: x\0y", "line 2: the character U+0000 cannot be in YAML.", id="NUL"),
        pytest.param("\0", "line 1: the character U+0000 cannot be in YAML.", id="NUL alone"),
        pytest.param("a: \x1b[31m", "line 1: the character U+001B cannot be in YAML.", id="ESC"),
        pytest.param("a: 1\r\rb: \x7f", "line 3: the character U+007F cannot be in YAML.", id="DEL"),
        pytest.param(b"a: caf\xe9", "byte 6 is not UTF-8.", id="Latin-1"),
        pytest.param("a: 1".encode("utf-16"), "byte 0 is not UTF-8.", id="UTF-16"),
        pytest.param("a: \ud800", "byte 3 is not UTF-8.", id="lone surrogate"),
        pytest.param(b"", "the file is empty.", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "the file is empty.", id="a byte order mark alone"),
        pytest.param("a: [", "line 1: did not find expected node content.", id="torn"),
        pytest.param("a: 'x", "line 1: found unexpected end of stream.", id="open quote"),
        pytest.param("a:\n\t- b", "line 2: found character that cannot start any token.", id="tab"),
        pytest.param("a: @b", "line 1: found character that cannot start any token.", id="reserved"),
        pytest.param("a: b: c", "line 1: mapping values are not allowed in this context.", id="two colons"),
    ],
)
def test_what_is_not_read_is_refused_in_one_sentence(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert refused(tmp_path, text) == said


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &secret x", id="anchor"),
        pytest.param("a: *secret", id="alias"),
        pytest.param("a: !secret x", id="tag"),
        pytest.param("a: !!bool secret", id="value under a tag"),
        pytest.param("a: secret: x", id="not YAML"),
        pytest.param("a: 'secret", id="open quote"),
        pytest.param("a: secret\0", id="NUL"),
        pytest.param("a: [secret", id="torn"),
        pytest.param('a: "\\qsecret"', id="escape"),
        pytest.param("a: %secret", id="cannot begin"),
    ],
)
def test_no_value_is_in_the_message(tmp_path: Path, text: str) -> None:
    assert "secret" not in refused(tmp_path, text)


def test_a_bomb_of_anchors_is_refused_without_being_built(tmp_path: Path) -> None:
    assert len(ANCHORS) < 1_000
    file = written(tmp_path, ANCHORS)
    tracemalloc.start()
    try:
        with pytest.raises(CatalogError):
            read(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("begin", ["[", "{a: ", "- ", "[{a: ", "[[], "])
def test_nesting_of_100_000_is_refused_by_a_program_that_goes_on(tmp_path: Path, begin: str) -> None:
    file = written(tmp_path, begin * 100_000)
    program = (
        "import sys; from pathlib import Path; from r1plan.catalog.reading.files import CatalogFile; "
        "from r1plan.catalog.reading.parse import read\n"
        f"try: read(CatalogFile(Path({str(file.path)!r}), 'x'))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "CatalogError x: line 1: more than 64 lists and mappings in one another.\n"


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_nesting_is_read_up_to_64_and_no_deeper(tmp_path: Path, opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    assert read(written(tmp_path, opening * 64 + "x" + closing * 64))
    assert "more than 64" in refused(tmp_path, opening * 65 + "x" + closing * 65)


def test_a_file_is_read_up_to_4_mib_and_no_further(tmp_path: Path) -> None:
    assert read(written(tmp_path, "a: 1 #" + "x" * (MOST_BYTES - 6))) == {"a": 1}
    assert refused(tmp_path, "a: 1 #" + "x" * (MOST_BYTES - 5)) == "is larger than 4 MiB."
    assert refused(tmp_path, "a: 1\n" * (1 << 20)) == "is larger than 4 MiB."  # 5 MiB


def test_a_file_without_end_is_read_no_further_than_its_bound(tmp_path: Path) -> None:
    path = tmp_path / LABEL
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(CatalogError, match="is larger than 4 MiB"):
        read(CatalogFile(path, LABEL))


def test_values_are_read_up_to_50_000_and_no_more(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "- a\n" * (MOST_VALUES - 1)))) == MOST_VALUES - 1
    assert refused(tmp_path, "- a\n" * MOST_VALUES) == f"line {MOST_VALUES}: more than 50,000 values are not read."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" + "a," * (MOST_BYTES // 2), id="many"),
        pytest.param("[" + "[]," * (MOST_BYTES // 3), id="many lists"),
        pytest.param("".join(f"{n}: b\n" for n in range(MOST_BYTES // 10)), id="many keys"),
        pytest.param("".join(f"%TAG !{n}! x\n" for n in range(MOST_BYTES // 16)), id="directives"),
        pytest.param("a: 1\n...\n" + "".join(f"%TAG !{n}! x\n" for n in range(MOST_BYTES // 16)), id="directives 2"),
        pytest.param("---\n" * (MOST_BYTES // 4), id="documents"),
        pytest.param("? " * (MOST_BYTES // 2), id="complex keys"),
        pytest.param("a: &" + "x" * (MOST_BYTES - 4), id="long anchor"),
        pytest.param("a: " + "9" * (MOST_BYTES - 3), id="digits"),
        pytest.param("a: 0." + "9" * (MOST_BYTES - 5), id="decimals"),
        pytest.param("{" + "a" * 1_000 + "," + "b," * (MOST_BYTES // 2 - 600), id="keys without values"),
        pytest.param('"' + "\\u0041" * (MOST_BYTES // 6 - 1), id="escapes"),
        pytest.param("a: |\n" + " \n" * (MOST_BYTES // 2 - 4) + "\0", id="blank lines"),
    ],
)
def test_4_mib_of_anything_end_soon(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    refused(tmp_path, text)
    assert time.process_time() - start < 4  # twice what is asked of one file: refused() reads it twice


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: [x]\r\n")) == {"a": 1, "b": ["x"]}


@pytest.mark.parametrize(
    ("written_as", "value"),
    [
        *((each, None) for each in ("", "~", "null", "Null", "NULL")),
        *((each, True) for each in ("true", "True", "TRUE")),
        *((each, False) for each in ("false", "False", "FALSE")),
        *((each, int(each)) for each in ("0", "1", "-1", "+7", "999999999999999999")),
        *(
            (each, float(each))
            for each in ("1.5", "1.", ".5", "-.5", "1e3", "1E-3", "+1.5e+3", "0.0", "0e5", "9.99e17")
        ),
        *((each, each) for each in ("no", "on", "yes", "16:30", "2025-01-20", "01", "0x1F", "0o7", "1_000", ".inf")),
        *(
            (each, each)
            for each in ("-.inf", ".nan", "NaN", "inf", "tRUE", "e5", ".", "-", "+", "1e", "=", "<<", "nulL")
        ),
    ],
)
def test_a_scalar_is_a_number_a_boolean_nothing_or_else_text(tmp_path: Path, written_as: str, value: object) -> None:
    if written_as == "-":
        written_as = value = "- "  # alone, it begins a list
        assert read(written(tmp_path, f"a: ['{written_as}']")) == {"a": [value]}
        return
    got = read(written(tmp_path, f"a: {written_as}\nb: '{written_as}'\nc: |-\n  {written_as}\n"))
    assert (got["a"], type(got["a"])) == (value, type(value))
    assert (got["b"], got["c"]) == (written_as, written_as)


def test_a_key_is_text_as_it_is_written(tmp_path: Path) -> None:
    text = "2025: a\ntrue: b\n~: c\n1.0: d\n'x': e\n<<: f\n"
    assert read(written(tmp_path, text)) == {"2025": "a", "true": "b", "~": "c", "1.0": "d", "x": "e", "<<": "f"}


# PyYAML follows YAML 1.1 and leaves a text such as 1E5 bare; here, as in YAML 1.2, that is a number.
_BARE_NUMBER = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.floats(1e-18, 9e17)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).filter(
        lambda text: not _BARE_NUMBER.fullmatch(text)
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:# -'\"&*!%{[é", max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=9), VALUES, min_size=1, max_size=4), st.booleans())
def test_what_a_program_writes_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any], flow: bool
) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    folder = tmp_path_factory.mktemp("dumped")
    if any(each in text for each in ("!!float", "\n...", "\n%")) or "&id" in text:
        return
    assert read(written(folder, text)) == value


@given(st.binary(max_size=200) | st.text("[]{}:,-?&*!%'\"|>#ab1 \n\t", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = written(tmp_path_factory.mktemp("any"), content)
    line_of(file, ("a", 0))
    with suppress(CatalogError):
        read(file)


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 2),
        (("a",), 2),
        (("b",), 3),
        (("b", 0), 4),
        (("b", 1), 5),
        (("b", 1, "c"), 5),
        (("b", 1, "d"), 6),
        (("b", 1, "d", "e"), 7),
        (("b", 1, "d", "x"), 6),
        (("b", 2), 8),
        (("b", 9, "c"), 3),
        (("b", "c"), 3),
        (("zzz", 0), 2),
        (("f", 1), 9),
        (("f", "g"), 9),
    ],
)
def test_a_place_has_the_line_of_its_key_or_item_or_of_its_nearest_parent(
    tmp_path: Path, location: tuple[int | str, ...], line: int
) -> None:
    text = "# x\na: 1\nb:\n- x\n- c: 1\n  d:\n    e: 2\n- z\nf: {g: 1,\n    h: 2}\n"
    assert line_of(written(tmp_path, text), location) == line


def test_without_a_line_there_is_none(tmp_path: Path) -> None:
    assert line_of(CatalogFile(tmp_path / "none", "none"), ("a",)) is None
    assert line_of(written(tmp_path, "# nothing"), ("a",)) is None


def test_none_of_our_own_files_needs_what_is_not_read() -> None:
    files = [path for kind in ("profiles", "pricing") for path in catalog_folders(kind)[0].rglob("*.y*ml")]
    assert len(files) > 60
    for path in files:
        assert read(CatalogFile(path, path.name)) == yaml.load(path.read_text("utf-8"), Loader=_AsText), path


class _AsText(yaml.SafeLoader):
    """What another reader makes of our files: the same, but days and times stay text, as ours has them."""


_AsText.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0].rpartition(":")[2] in ("null", "bool", "int", "float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

LOADERS: dict[str, tuple[str, Callable[[], object]]] = {
    "models": ("profiles/models/mine.yaml", load_models),
    "hardware": ("profiles/hardware/mine.yaml", load_hardware),
    "providers": ("profiles/providers/mine.yaml", load_providers),
    "routes": ("profiles/routes/mine.yaml", load_routes),
    "prices": ("pricing/mine.yaml", load_prices),
    "calendars": ("pricing/calendars/mine.yaml", load_holidays),
    "forecast": ("profiles/forecast.yaml", load_priors),
    "rentals": ("profiles/rentals.yaml", load_rentals),
    "served scores": ("profiles/served-scores.yaml", load_served_scores),
    "quality": ("profiles/quant-quality.yaml", load_quant_tables),
}


def place(home: Path, kind: str) -> tuple[Path, str, Callable[[], object]]:
    """Where a user's file of this kind is, its label, and what reads it."""
    label, load = LOADERS.get(kind, ("budgets.yaml", lambda: load_budgets(home / "config")))
    path = home / "config" / label
    path.parent.mkdir(parents=True, exist_ok=True)
    return path, label, load


KINDS = pytest.mark.parametrize("kind", [*LOADERS, "budgets"])


@KINDS
@pytest.mark.parametrize("text", [ANCHORS, "[" * 100_000, "a: !!bool x", "a: 1e999999", "a: \0"], ids=range(5))
def test_every_file_of_the_catalogue_is_read_within_the_bounds(home: Path, kind: str, text: str) -> None:
    path, label, load = place(home, kind)
    path.write_text(text, "utf-8")
    with pytest.raises(CatalogError) as caught:
        load()
    assert caught.value.message.startswith(f"{label}: line 1: ")


@KINDS
def test_every_file_of_the_catalogue_is_a_plain_file(home: Path, kind: str) -> None:
    path, label, load = place(home, kind)
    os.mkfifo(path)
    with pytest.raises(CatalogError) as caught:
        load()
    assert caught.value.message == f"{label}: is a named pipe, where a plain file is needed."
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(CatalogError) as caught:
        load()
    assert caught.value.message == f"{label}: is a link to a file that is not there."


def test_the_memory_of_a_program_that_reads_the_worst_file_is_bounded(tmp_path: Path) -> None:
    file = written(tmp_path, "[" + "[]," * (MOST_VALUES - 2) + "]" + " " * (3 << 20))
    program = (
        "import resource, sys; from pathlib import Path; from r1plan.catalog.reading.files import CatalogFile; "
        "from r1plan.catalog.reading.parse import read; "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        f"print(len(read(CatalogFile(Path({str(file.path)!r}), 'x')))); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    length, grown = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert length == MOST_VALUES - 2
    assert grown * unit < 100 << 20
