"""Writes the shipped file: `python -m r1plan.tiny.training.export --weights DIR`; matrices become Q8_0, vectors F32."""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np

from r1plan.tiny import MODEL_PATH
from r1plan.tiny.dialogue import BOS, CHAT_TEMPLATE, EOS
from r1plan.tiny.training.model import NetworkShape
from r1plan.tiny.training.tokenizer import CONTROL, VISIBLE

DESCRIPTION = (
    "A demonstration model that ships with r1plan: small arithmetic with visible thinking, in the shape of DeepSeek "
    "R1's distills. It is not DeepSeek R1, nor made from it. For a real model: r1plan models pull"
)


def export(trained: Path, target: Path) -> None:
    """From tokenizer.json and weights.npz to one GGUF of architecture qwen2."""
    shape = NetworkShape()
    writer = gguf.GGUFWriter(target, "qwen2")
    _describe(writer, shape)
    _vocabulary(writer, json.loads((trained / "tokenizer.json").read_text(encoding="utf-8"))["model"])
    with np.load(trained / "weights.npz") as weights:
        for name, tensor in weights.items():
            full = tensor.astype(np.float32)
            kind = gguf.GGMLQuantizationType.Q8_0 if full.ndim == 2 else gguf.GGMLQuantizationType.F32
            writer.add_tensor(name, gguf.quants.quantize(full, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, shape: NetworkShape) -> None:
    writer.add_name("r1-tiny")
    writer.add_description(DESCRIPTION)
    writer.add_author("r1plan")
    writer.add_license("mit")
    writer.add_size_label("7M")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)


def _vocabulary(writer: gguf.GGUFWriter, bpe: dict[str, object]) -> None:
    ids, merges = bpe["vocab"], bpe["merges"]
    if not isinstance(ids, dict) or not isinstance(merges, list):
        raise TypeError("tokenizer.json: model: expected a BPE with vocab and merges")
    tokens = sorted(ids, key=ids.__getitem__)
    kinds = dict.fromkeys(CONTROL, gguf.TokenType.CONTROL) | dict.fromkeys(VISIBLE, gguf.TokenType.USER_DEFINED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(tokens)
    writer.add_token_types([kinds.get(token, gguf.TokenType.NORMAL) for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(ids[BOS])
    writer.add_eos_token_id(ids[EOS])
    writer.add_pad_token_id(ids[EOS])
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def main() -> None:
    """Writes into the package unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="the folder that train wrote")
    parser.add_argument("--to", type=Path, default=MODEL_PATH)
    arguments = parser.parse_args()
    export(arguments.weights, arguments.to)
    print(f"{arguments.to}: {arguments.to.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
