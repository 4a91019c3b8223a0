"""Trains r1-tiny on one GPU: `python -m r1plan.tiny.training.train --out DIR --seed 0`; then `…training.export`.

Needs the extra `train`. Text is generated as it goes, never twice; the same seed gives the same text in the same order.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from r1plan.tiny.training.batches import NOT_LEARNED, ROW_TOKENS, ROWS, Batches
from r1plan.tiny.training.model import NetworkShape, Weights, logits, new_weights
from r1plan.tiny.training.tokenizer import train_tokenizer

STEPS = 12_000
PEAK_RATE = 2e-3
WARMUP_STEPS = 300
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.98)
GRADIENT_NORM = 1.0


def rate(step: int, steps: int) -> float:
    """Learning rate: a linear warm-up, then a cosine to zero."""
    if step < WARMUP_STEPS:
        return PEAK_RATE * (step + 1) / WARMUP_STEPS
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * (step - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)))


def loss_of(weights: Weights, batch: Tensor, shape: NetworkShape) -> Tensor:
    """Mean cross-entropy of the reply's tokens."""
    tokens, targets, conversations = batch
    with torch.autocast(batch.device.type, dtype=torch.bfloat16):
        scores = logits(weights, tokens, conversations, shape)
    return functional.cross_entropy(scores.float().flatten(0, 1), targets.flatten(), ignore_index=NOT_LEARNED)


def train(batches: Batches, shape: NetworkShape, device: str, workers: int) -> Weights:
    """Weights after one pass over the batches."""
    torch.set_float32_matmul_precision("high")
    weights = new_weights(shape, batches.seed, device)
    matrices = [tensor for tensor in weights.values() if tensor.ndim == 2]
    vectors = [tensor for tensor in weights.values() if tensor.ndim == 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=BETAS, fused=device == "cuda")
    step_loss: Callable[[Weights, Tensor, NetworkShape], Tensor] = (
        torch.compile(loss_of) if device == "cuda" else loss_of
    )
    loader = DataLoader(batches, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None)
    start = time.monotonic()
    for step, batch in enumerate(loader):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, batches.count)
        loss = step_loss(weights, batch.to(device).long(), shape)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0 or step == batches.count - 1:
            tokens = (step + 1) * batches.rows * batches.row_tokens
            seconds = time.monotonic() - start
            print(
                f"step {step:6d}  loss {loss.item():.4f}  {seconds:6.1f} s  {tokens / seconds:,.0f} tokens/s",
                flush=True,
            )
    return weights


def main() -> None:
    """Writes DIR/tokenizer.json and DIR/weights.npz (half precision)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rows", type=int, default=ROWS, help="conversation rows a batch")
    parser.add_argument("--workers", type=int, default=14, help="processes that generate text")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(arguments.seed)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    shape = NetworkShape()
    batches = Batches(tokenizer, arguments.seed, arguments.steps, arguments.rows, ROW_TOKENS)
    weights = train(batches, shape, device, arguments.workers)
    halves = {name: tensor.detach().half().cpu().numpy() for name, tensor in weights.items()}
    np.savez(arguments.out / "weights.npz", **halves)
    print(f"{sum(tensor.size for tensor in halves.values()):,} parameters")


if __name__ == "__main__":
    main()
