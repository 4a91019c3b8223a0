"""DeepSeek-V4, which the catalogue need not hold: the true shapes of Flash and Pro, and a small one of their kind."""

from __future__ import annotations

from dataclasses import replace

from r1plan.catalog.model import Experts, Indexer, Shape, WindowedAttention
from tests.plan.catalogue import model

_R1 = model("DeepSeek-R1")
# deepseek-ai/DeepSeek-V4-Flash, config.json.
V4_FLASH = replace(
    _R1,
    id="DeepSeek-V4-Flash",
    hf_repo="deepseek-ai/DeepSeek-V4-Flash",
    architecture="deepseek4",
    context_max=1_048_576,
    shape=Shape(
        layers=43,
        hidden_size=4096,
        heads=64,
        kv_heads=1,
        head_dim=512,
        ffn_size=2048,
        vocab_size=129_280,
        windowed_attention=WindowedAttention(
            window=128,
            compress_ratios=(0, 0, *((4, 128) * 20), 4),
            q_lora_rank=1024,
            rope_dim=64,
            output_groups=8,
            output_lora_rank=1024,
            hyper_connections=4,
            hash_layers=3,
        ),
        indexer=Indexer(heads=64, head_dim=128, top_k=512),
        experts=Experts(dense_layers=0, ffn_size=2048, routed=256, shared=1, used_per_token=6),
    ),
    quants=(),
)
# deepseek-ai/DeepSeek-V4-Pro, config.json.
V4_PRO = replace(
    V4_FLASH,
    id="DeepSeek-V4-Pro",
    hf_repo="deepseek-ai/DeepSeek-V4-Pro",
    shape=Shape(
        layers=61,
        hidden_size=7168,
        heads=128,
        kv_heads=1,
        head_dim=512,
        ffn_size=3072,
        vocab_size=129_280,
        windowed_attention=WindowedAttention(
            window=128,
            compress_ratios=(128, 128, *((4, 128) * 29), 4),
            q_lora_rank=1536,
            rope_dim=64,
            output_groups=16,
            output_lora_rank=1024,
            hyper_connections=4,
            hash_layers=3,
        ),
        indexer=Indexer(heads=64, head_dim=128, top_k=1024),
        experts=Experts(dense_layers=0, ffn_size=3072, routed=384, shared=1, used_per_token=6),
    ),
)
# Every width another than Flash's, layers in another order, and less experts.
V4_SMALL = replace(
    V4_FLASH,
    id="DeepSeek-V4-small",
    shape=Shape(
        layers=7,
        hidden_size=1024,
        heads=16,
        kv_heads=1,
        head_dim=256,
        ffn_size=512,
        vocab_size=32_000,
        windowed_attention=WindowedAttention(
            window=256,
            compress_ratios=(128, 4, 0, 4, 128, 128, 4),
            q_lora_rank=512,
            rope_dim=64,
            output_groups=4,
            output_lora_rank=256,
            hyper_connections=4,
            hash_layers=2,
        ),
        indexer=Indexer(heads=16, head_dim=64, top_k=256),
        experts=Experts(dense_layers=0, ffn_size=512, routed=32, shared=1, used_per_token=4),
    ),
)
