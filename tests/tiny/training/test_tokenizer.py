"""The vocabulary r1-tiny is trained with; needs the extra `train`."""

import random

import pytest

from r1plan.tiny import MODEL_PATH
from r1plan.tiny.dialogue import sample

pytest.importorskip("tokenizers", reason="needs the extra `train`")


def test_training_again_gives_the_shipped_vocabulary_and_llama_cpp_the_same_tokens() -> None:
    llama_cpp = pytest.importorskip("llama_cpp", reason="needs the extra `local`")
    from r1plan.tiny.training.tokenizer import train_tokenizer

    tokenizer = train_tokenizer(seed=0)
    llama = llama_cpp.Llama(str(MODEL_PATH), vocab_only=True, verbose=False)
    texts = ["".join(sample(random.Random(seed))) for seed in range(2_000)]
    for text in texts:
        expected = tokenizer.encode(text).ids
        assert llama.tokenize(text.encode(), add_bos=False, special=True) == expected
        assert tokenizer.decode(expected, skip_special_tokens=False) == text
