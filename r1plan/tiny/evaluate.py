"""Accuracy of the shipped file on unseen questions: `python -m r1plan.tiny.evaluate`.

Every question is about a pair of numbers that training never asked nor worked through (`operands.Pair.held_out`); an
answer counts when the whole sentence after the thinking is the expected one.
"""

import argparse
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from r1plan.tiny import MODEL_PATH
from r1plan.tiny.arithmetic import Question
from r1plan.tiny.dialogue import END_THINK, evaluation, rendered

QUESTIONS = 1_000
SEED = 2026
TOP_P = 0.95
CONTEXT_TOKENS = 1024
"""Room for one question and its reply; a reply that fills it is cut, and wrong."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A question and what the model wrote to it."""

    question: Question
    written: str

    @property
    def answer(self) -> str:
        """The text after the thinking, or nothing when the thinking never closed."""
        return self.written.partition(END_THINK)[2].strip()

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one, to the letter."""
        return self.answer == self.question.answer


def ask(model: Path, questions: Sequence[Question], temperature: float = 0.0, processes: int = 2) -> list[Graded]:
    """Each question put to the model on its own; the processes have a share of the questions each."""
    shares = [questions[n::processes] for n in range(processes)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        done = pool.map(partial(_ask_in_turn, model, temperature), shares)
        return [outcome for share in done for outcome in share]


def _ask_in_turn(model: Path, temperature: float, questions: Sequence[Question]) -> list[Graded]:
    from llama_cpp import Llama

    llama = Llama(str(model), n_ctx=CONTEXT_TOKENS, n_threads=1, n_threads_batch=1, seed=SEED, verbose=False)
    outcomes = []
    for question in questions:
        prompt = llama.tokenize(rendered(question.prompt).encode(), add_bos=False, special=True)
        written: list[int] = []
        for token in llama.generate(prompt, temp=temperature, top_k=0, top_p=TOP_P, min_p=0.0, repeat_penalty=1.0):
            if token == llama.token_eos() or len(prompt) + len(written) == CONTEXT_TOKENS - 1:
                break
            written.append(token)
        outcomes.append(Graded(question, llama.detokenize(written).decode(errors="replace")))
    llama.close()
    return outcomes


def accuracy(outcomes: Sequence[Graded]) -> dict[str, tuple[int, int]]:
    """Right and asked, by kind, then over all."""
    asked = Counter(outcome.question.kind for outcome in outcomes)
    right = Counter(outcome.question.kind for outcome in outcomes if outcome.right)
    return {kind: (right[kind], asked[kind]) for kind in asked} | {"all": (right.total(), asked.total())}


def main() -> None:
    """Prints one line a kind; `--wrong` also prints every wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL_PATH)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--temperature", type=float, default=0.0, help="0 is greedy; R1's own advice is 0.6 (top_p 0.95)"
    )
    parser.add_argument("--wrong", action="store_true")
    arguments = parser.parse_args()
    outcomes = ask(arguments.model, evaluation(arguments.questions, arguments.seed), arguments.temperature)
    for outcome in outcomes:
        if arguments.wrong and not outcome.right:
            print(f"{outcome.question.prompt!r}: {outcome.answer!r}, not {outcome.question.answer!r}")
    for kind, (right, asked) in accuracy(outcomes).items():
        print(f"{kind:12} {right:5} of {asked:5}  {100 * right / asked:6.2f} %")


if __name__ == "__main__":
    main()
