"""Records which type llama.cpp's quantiser gives each tensor: `python -m tests.oracle.quantize_types`.

Its dry run, called through llama-cpp-python 0.3.36, needs no weights, so a header-only F16 file of each model's true
shape is enough. One line a model, quant and kind of file: `most` is the type that most tensors get, `others` the types
of the tensors that differ, layer by layer as `TYPE*count`. The recipes (plan.llamacpp.weights) are compared with these
lines, and these with the engine at hand.
"""

import ctypes
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import llama_cpp

from r1plan.catalog.load import load_models
from r1plan.catalog.model import Model
from r1plan.models.gguf.naming import FILE_TYPES
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES, PLAIN_QUANTS
from tests.oracle.dry_run import captured_log
from tests.oracle.gguf_writer import write_header
from tests.plan.deepseek4 import V4_FLASH
from tests.plan.deepseek32 import V32

RECORDED = Path(__file__).parent.parent / "measured" / "quantize_types.jsonl"
# The plans of these differ without an importance matrix.
WITHOUT_IMATRIX = ("IQ3_XXS", "IQ4_NL", "IQ4_XS", "Q4_0", "Q5_0")
_FILE_TYPE_NUMBERS = {name: number for number, name in FILE_TYPES.items()}
_LINE = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) .*\((\w+)\)$")


def distinct_shapes() -> list[Model]:
    """One model of each shape among R1 and its distills, the catalogue's models that are no successors."""
    family = [model for model in load_models().values() if model.kind != "successor"]
    return list({model.shape: model for model in reversed(family)}.values())


def recorded_models() -> list[Model]:
    """Those of the catalogue, DeepSeek-V3.2 as it is converted, with its block that predicts further tokens, and V4."""
    known = distinct_shapes()
    return [*known, *(each for each in (V32, V4_FLASH) if each.shape not in [model.shape for model in known])]


def record() -> Iterator[dict[str, object]]:
    """Every model, stock quant and kind of file."""
    with TemporaryDirectory() as folder:
        for model in recorded_models():
            for joined in (False, True) if model.architecture == "deepseek2" else (False,):
                source = write_header(Path(folder) / "f16.gguf", model, "F16", joined_kv_b=joined)
                for quant in BASE_TYPES:
                    if quant in PLAIN_QUANTS:
                        continue
                    for imatrix in (True, False) if quant in WITHOUT_IMATRIX else (True,):
                        types = _types(_printed(source, quant, imatrix=imatrix))
                        yield {"model": model.id, "quant": quant, "imatrix": imatrix, "joined_kv_b": joined, **types}


def _printed(source: Path, quant: str, *, imatrix: bool) -> str:
    """What the engine's quantiser says that it would do."""
    wanted = llama_cpp.llama_model_quantize_default_params()
    wanted.ftype, wanted.dry_run, wanted.nthread = _FILE_TYPE_NUMBERS[quant], True, 1
    if imatrix:
        numbers = (ctypes.c_float * 1)(1.0)
        entries = (llama_cpp.llama_model_imatrix_data * 2)()  # the last one has no name
        entries[0].name, entries[0].data, entries[0].size = b"blk.0.attn_q.weight", numbers, 1
        wanted.imatrix = entries
    with captured_log() as log:
        failed = llama_cpp.llama_model_quantize(str(source).encode(), b"none.gguf", ctypes.byref(wanted))
    assert not failed, "".join(log)[-2000:]
    return "".join(log)


def _types(printed: str) -> dict[str, object]:
    by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in printed.splitlines():
        if match := _LINE.match(line.strip()):
            layer, name = (int(match[1].split(".")[1]), match[1].split(".", 2)[2]) if "blk." in line else (0, match[1])
            by_name[name].append((layer, match[2].upper()))
    most = Counter(type_ for types in by_name.values() for _, type_ in types).most_common(1)[0][0]
    others = {}
    for name, types in sorted(by_name.items()):
        in_order = [type_ for _, type_ in sorted(types)]
        if set(in_order) != {most}:
            others[name] = " ".join(f"{type_}*{len(list(run))}" for type_, run in groupby(in_order))
    return {"most": most, "others": others}


def main() -> None:
    """Writes tests/measured/quantize_types.jsonl."""
    rows = [json.dumps(row) for row in record()]
    RECORDED.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print(f"{RECORDED.name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
