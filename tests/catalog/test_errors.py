"""A wrong file is named with its field and its value, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from r1plan.catalog.load import load_hardware, load_holidays, load_models, load_prices, load_providers
from r1plan.errors import CatalogError
from tests.catalog.conftest import WriteOwn, shipped
from tests.catalog.ours import MODELS

MODEL = shipped("profiles/models/r1-distill-llama-70b.yaml")
PRICES = """provider: acme
checked: 2026-11-23
prices:
  - model: r1
    rates: {input_cache_miss: '0.55', input_cache_hit: null, output: '2.19'}
    effective_from: 2025-01-20
    effective_from_precision: day
    effective_until: null
    effective_until_precision: open
    sources: [a page]
    confidence: high
"""
GPU = """sources: {a: a data sheet}
gpus:
  - {id: card, name: Card, gpu_class: amd, vram_gib: 8, bandwidth_gb_s: 100, tdp_w: null, fp32_tflops: null,
     fp16_tensor_tflops: null, memory_type: GDDR6, released: null, confidence: low, sources: [a]}
"""

IN_MODEL = "profiles/models/r1-distill-llama-70b.yaml"
IN_PRICES = "pricing/acme.yaml"
IN_GPUS = "profiles/hardware/mine.yaml"


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        pytest.param(
            IN_MODEL,
            changed(MODEL, "layers: 80", "layers: eighty"),
            "shape.layers: expected a whole number, got 'eighty'",
            id="wrong type",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "layers: 80", "layers: '80'"),
            "shape.layers: expected a whole number, got '80'",
            id="a number in quotes",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "layers: 80", "layers: 0"),
            "shape.layers: expected 1 or more, got 0",
            id="too small",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "layers: 80", "layer: 80"),
            "shape: unknown field 'layer', did you mean layers? (1 more in this file)",
            id="unknown field with a near name",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "{name: IQ1_S,", "{name: IQ1_S, zzz: 1,"),
            "quants[IQ1_S]: unknown field 'zzz'; known are name, bits_per_weight, tensor_bytes, metadata_bytes, "
            "token_embd_bytes, decode_read_bytes, decode_read_range_bytes, basis, engine, confidence, note, source",
            id="unknown field without one, in a row",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "  layers: 80\n", ""),
            "shape.layers: this field is missing",
            id="missing field",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "architecture: llama", "architecture: lama"),
            "architecture: expected 'qwen2', 'llama', 'qwen3', 'deepseek2', 'deepseek32', 'deepseek4' or 'deepseek41', "
            "got 'lama'",
            id="not one of the choices",
        ),
        pytest.param(
            IN_MODEL,
            changed(MODEL, "released: 2025-01-20", "released: 2025-01-32"),
            "released: expected a day such as 2025-01-20, got '2025-01-32'",
            id="no such day",
        ),
        pytest.param(
            IN_MODEL,
            MODEL + "quants_like: R1-Destill\n",
            "quants_like: expected a model with quants of its own, got 'R1-Destill'",
            id="quants like nobody's",
        ),
        pytest.param(
            IN_MODEL, changed(MODEL, "kind: ", "id: twice\nkind: "), "line 7: 'id' is said twice.", id="key twice"
        ),
        pytest.param(IN_MODEL, "- a\n- b\n", "expected a mapping of fields, got a list", id="a list"),
        pytest.param(IN_MODEL, "# nothing yet\n", "the file is empty.", id="only a comment"),
        pytest.param(IN_MODEL, "id: [1,\n2", "line 2: did not find expected ',' or ']'.", id="truncated"),
        pytest.param(
            IN_MODEL,
            "id: &a [*a]",
            "line 1: '&' begins an anchor, which is not read here; put text that begins so in quotes.",
            id="a value inside itself",
        ),
        pytest.param(
            IN_MODEL,
            "id: !!python/name:os.system x",
            "line 1: '!' begins a tag, which is not read here; put text that begins so in quotes.",
            id="a tag of Python's",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "'0.55'", "0.55"),
            "prices[0].rates.input_cache_miss: expected a price in quotes, '0.55', got 0.55 without quotes "
            "(a float loses digits)",
            id="float price",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "'2.19'", "'-2.19'"),
            "prices[0].rates.output: expected a price of 0 or more, got '-2.19'",
            id="negative price",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "'2.19'", "'NaN'"),
            "prices[0].rates.output: expected a price in quotes such as '0.55', got 'NaN'",
            id="not a number",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "from: 2025-01-20", "from: 2025-13-20"),
            "prices[0].effective_from: expected an instant such as 2025-02-26T16:30:00Z, or a day such as 2025-02-26, "
            "got '2025-13-20'",
            id="bad date",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "from: 2025-01-20", "from: 2025-01-20T16:30:00"),
            "prices[0].effective_from: expected an instant with its zone, such as 2025-02-26T16:30:00Z, "
            "got '2025-01-20T16:30:00'",
            id="instant without a zone",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "until: null", "until: 2025-01-20"),
            "prices[0].effective_until: expected an instant after effective_from (2025-01-20T00:00:00+00:00), "
            "got 2025-01-20T00:00:00+00:00",
            id="empty interval",
        ),
        pytest.param(
            IN_PRICES,
            changed(PRICES, "provider: acme", "provider: other"),
            "provider: expected 'acme', as the file is called, got 'other'",
            id="file called after another provider",
        ),
        pytest.param(
            "pricing/deepseek.yaml",
            changed(changed(PRICES, "acme", "deepseek"), "checked", "currency: CNY\nchecked"),
            "currency: expected 'USD', as in our own file, got 'CNY'",
            id="another currency than ours",
        ),
        pytest.param(
            IN_GPUS,
            changed(GPU, "vram_gib: 8", "vram_gib: .nan"),
            "gpus[card].vram_gib: expected a number, got '.nan'",
            id="no number",
        ),
        pytest.param(
            IN_GPUS,
            changed(GPU, "bandwidth_gb_s: 100", "bandwidth_gb_s: -1"),
            "gpus[card].bandwidth_gb_s: expected more than 0, got -1",
            id="negative bandwidth",
        ),
        pytest.param(
            "pricing/calendars/mine.yaml",
            "{id: a, name: A, zone: UTC, checked: 2026-11-23, days: [yesterday], sources: []}",
            "days[0]: expected a day such as 2025-01-20, got 'yesterday'",
            id="calendar day",
        ),
        pytest.param(
            "profiles/providers/mine.yaml",
            "{id: a, name: A, dialect: none, offers: {model: r1}}",
            "offers: expected a list, got a mapping",
            id="not a list",
        ),
        pytest.param(
            "profiles/providers/mine.yaml",
            "{id: a, name: A, dialect: openai, usage: {input: usage.input_tokens}}",
            "usage.input: expected a list, got 'usage.input_tokens'",
            id="one way to read a count is still a list",
        ),
        pytest.param(
            "profiles/providers/mine.yaml",
            "{id: a, name: A, dialect: openai, usage: {input: [usage..input_tokens]}}",
            "usage.input[0]: expected a dotted path such as usage.prompt_tokens, or a list of those to add up, "
            "got 'usage..input_tokens'",
            id="no path",
        ),
        pytest.param(
            "profiles/providers/mine.yaml",
            "{id: a, name: A, dialect: openai, usage: {input: [[]]}}",
            "usage.input[0]: expected a dotted path such as usage.prompt_tokens, or a list of those to add up, "
            "got a list",
            id="a sum of nothing",
        ),
        pytest.param(
            "profiles/providers/mine.yaml",
            "{id: a, name: A, dialect: openai, usage: {inputs: [usage.prompt_tokens]}}",
            "usage: unknown field 'inputs', did you mean input?",
            id="unknown count",
        ),
        pytest.param(
            "profiles/dialects/mine.yaml",
            "{id: grpc, usage: {input: [usage.prompt_tokens]}}",
            "id: expected 'openai' or 'replicate', got 'grpc'",
            id="a dialect that nobody speaks",
        ),
    ],
)
def test_a_wrong_file_is_named_with_field_and_value(write_own: WriteOwn, path: str, text: str, message: str) -> None:
    file = write_own(path, text)
    with pytest.raises(CatalogError) as caught:
        load_all()
    assert caught.value.message == f"{path}: {message}"
    assert caught.value.hint is not None
    assert str(file) in caught.value.hint


def load_all() -> None:
    for load in (load_models, load_hardware, load_providers, load_prices, load_holidays):
        load()


def test_the_hint_gives_the_line(write_own: WriteOwn) -> None:
    text = changed(MODEL, "layers: 80", "layers: eighty")
    line = text[: text.index("eighty")].count("\n") + 1
    file = write_own(IN_MODEL, text)
    with pytest.raises(CatalogError) as caught:
        load_models()
    assert caught.value.hint == f"{file}, line {line}"


@pytest.mark.parametrize(
    ("old", "new"),
    [("layers: 80", '"lay\\ners": 80'), ("layers: 80", 'layers: "8\\n0"'), ("id: ", 'quants_like: "a\\nb"\nid: ')],
)
def test_a_value_or_a_name_of_several_lines_is_shown_in_one(write_own: WriteOwn, old: str, new: str) -> None:
    write_own(IN_MODEL, changed(MODEL, old, new))
    with pytest.raises(CatalogError) as caught:
        load_models()
    assert "\n" not in caught.value.message


def test_a_value_of_any_length_is_cut(write_own: WriteOwn) -> None:
    write_own(IN_MODEL, MODEL + f"quants_like: '{'R' * 100_000}'\n")
    with pytest.raises(CatalogError, match=r"got 'R+\.\.\.$") as caught:
        load_models()
    assert len(caught.value.message) < 700


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "{a: " * 20_000, "params: " + "9" * 9_000],
    ids=["lists in lists", "mappings in mappings", "a number of 9,000 digits"],
)
def test_a_file_beyond_all_measure_is_refused(write_own: WriteOwn, text: str) -> None:
    write_own(IN_MODEL, text)
    with pytest.raises(CatalogError, match=r"profiles/models/r1-distill-llama-70b\.yaml: "):
        load_models()


def test_a_file_that_is_not_utf8_is_named(write_own: WriteOwn) -> None:
    write_own(IN_MODEL, "").write_bytes(MODEL.encode("utf-16"))
    with pytest.raises(CatalogError, match=r"r1-distill-llama-70b\.yaml: byte 0 is not UTF-8\.$"):
        load_models()


def test_a_byte_order_mark_does_no_harm(write_own: WriteOwn) -> None:
    write_own(IN_MODEL, "\ufeff" + MODEL)
    assert len(load_models()) == len(MODELS)


def test_a_file_in_the_place_of_a_folder_is_named(write_own: WriteOwn) -> None:
    write_own("profiles/models", "")
    with pytest.raises(CatalogError, match=r"^profiles/models: not a directory\.$"):
        load_models()


@pytest.mark.parametrize("load", [load_models, load_hardware, load_providers])
def test_a_folder_in_the_place_of_a_file_is_named(home: Path, load: Callable[[], object]) -> None:
    folder = load.__name__.removeprefix("load_")
    (home / "config" / "profiles" / folder / "mine.yaml").mkdir(parents=True)
    with pytest.raises(CatalogError, match=rf"^profiles/{folder}/mine\.yaml: is a directory\.$"):
        load()
