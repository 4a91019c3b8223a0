"""Records which type llama-quantize gives each tensor: `python -m tests.oracle.quantize_types --program PATH`.

The program is built from the source distribution of llama-cpp-python 0.3.36 (target llama-quantize); its --dry-run
needs no weights, so a header-only F16 file of each model's true shape is enough. One line a model, quant and kind of
file: `most` is the type that most tensors get, `others` the types of the tensors that differ, layer by layer as
`TYPE*count`. The test-suite compares the recipes (plan.llamacpp.weights) with these lines and needs no program.
"""

import argparse
import json
import re
import struct
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from r1plan.catalog.load import load_models
from r1plan.catalog.model import Model
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES
from tests.oracle.gguf_writer import write_header

RECORDED = Path(__file__).parent.parent / "measured" / "quantize_types.jsonl"
# The plans of these differ without an importance matrix.
WITHOUT_IMATRIX = ("IQ3_XXS", "IQ4_NL", "IQ4_XS", "Q4_0", "Q5_0")
_LINE = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) .*\((\w+)\)$")


def distinct_shapes() -> list[Model]:
    """One model of each shape in the catalogue."""
    return list({model.shape: model for model in reversed(load_models().values())}.values())


def record(program: Path) -> Iterator[dict[str, object]]:
    """Every model, stock quant and kind of file."""
    with TemporaryDirectory() as folder:
        matrix = Path(folder) / "imatrix.dat"
        name = b"blk.0.attn_q.weight"
        entry = struct.pack("<i", len(name)) + name + struct.pack("<iif", 1, 1, 1.0)
        matrix.write_bytes(struct.pack("<i", 1) + entry + struct.pack("<ii", 1, 1) + b"x")
        for model in distinct_shapes():
            for joined in (False, True) if model.shape.latent_attention else (False,):
                source = write_header(Path(folder) / "f16.gguf", model, "F16", joined_kv_b=joined)
                for quant in BASE_TYPES:
                    if quant in ("F16", "BF16", "F32"):
                        continue
                    for imatrix in (True, False) if quant in WITHOUT_IMATRIX else (True,):
                        options = ["--imatrix", str(matrix)] if imatrix else []
                        run = subprocess.run(
                            [program, "--dry-run", *options, source, quant], capture_output=True, text=True, check=True
                        )
                        types = _types(run.stdout + run.stderr)
                        yield {"model": model.id, "quant": quant, "imatrix": imatrix, "joined_kv_b": joined, **types}


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True, help="llama-quantize of build 0c1e57098")
    rows = [json.dumps(row) for row in record(parser.parse_args().program)]
    RECORDED.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    print(f"{RECORDED.name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
