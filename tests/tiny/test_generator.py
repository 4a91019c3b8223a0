"""The generator's own arithmetic, and the wall between training and evaluation."""

import random
import re

import pytest

from r1plan.tiny.arithmetic import KINDS, Kind, question
from r1plan.tiny.beyond import beyond
from r1plan.tiny.dialogue import BOS, EOS, Turn, evaluation, rendered, sample
from r1plan.tiny.operands import Pair, draw, in_range
from r1plan.tiny.replies import COMMAND
from r1plan.tiny.spelled import chinese, english
from r1plan.tiny.working import Working, add, compare, left_to_right, multiply, subtract

STATED = re.compile(r"(?<![\d,+×<-])(\d+(?:[+×-]\d+)+)=(\d+)")
"""A worked step such as `1+2+1=4`."""


def value(expression: str) -> int:
    """A step's left side, worked out by Python."""
    return int(eval(expression.replace("×", "*")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_every_step_of_the_thinking_is_true(kind: Kind, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        drawn = question(rng, kind, held_out=False)
        for left, right in STATED.findall(drawn.thinking):
            assert value(left) == int(right), drawn


@pytest.mark.parametrize("kind", ["sum", "difference", "product", "chain"])
@pytest.mark.parametrize("seed", range(5))
def test_every_answer_is_what_python_computes(kind: Kind, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        left, _, right = question(rng, kind, held_out=bool(seed % 2)).answer.partition(" = ")
        assert value(left) == int(right)


@pytest.mark.parametrize(
    ("worked", "result", "lines"),
    [
        pytest.param(
            add(17, 25, "en"),
            42,
            (
                "I add 17 and 25 from the right.",
                "Ones: 7+5=12, write 2, carry 1.",
                "Tens: 1+2+1=4, write 4.",
                "Together: 42",
            ),
            id="a carry",
        ),
        pytest.param(
            subtract(12, 9, "en"),
            3,
            (
                "I compare 12 and 9: 2 digits, 1 digit.",
                "I take 9 from 12, from the right.",
                "Ones: 2-9<0, borrow, 12-9=3, write 3.",
                "Tens: 1-0-1=0, write 0.",
                "Together: 03 = 3",
            ),
            id="a borrow",
        ),
        pytest.param(
            subtract(3, 8, "zh"),
            -5,
            (
                "比较 3 和 8：3<8。",
                "3 更小，所以反过来减，再加负号。",
                "从右往左计算 8 减 3。",
                "个位：8-3=5，写5。",
                "合起来：5",
                "加上负号：-5",
            ),
            id="below zero",
        ),
        pytest.param(
            multiply(7, 12, "en"),
            84,
            ("I multiply 12 by 7, digit by digit.", "12×7: 2×7=14, carry 1; 1×7+1=8; together 84."),
            id="a product",
        ),
        pytest.param(
            compare(845, 832, "en"),
            845,
            ("845 and 832 both have 3 digits.", "From the left: 8=8, 4>3.", "So 845 is larger."),
            id="a comparison",
        ),
    ],
)
def test_the_working_reads_like_school(worked: Working, result: int, lines: tuple[str, ...]) -> None:
    assert (worked.result, worked.lines) == (result, lines)


@pytest.mark.parametrize(("first", "second"), [("+", "+"), ("+", "-"), ("-", "+"), ("-", "-")])
def test_three_numbers_go_left_to_right_through_zero(first: str, second: str) -> None:
    for a, b, c in ((3, 8, 4), (3, 8, 9), (0, 0, 0), (120, 20, 100)):
        assert left_to_right(a, first, b, second, c, "en").result == value(f"{a}{first}{b}{second}{c}")


def test_training_never_asks_nor_works_through_a_held_out_pair() -> None:
    rng = random.Random(1)
    for kind in KINDS:
        for _ in range(1_000):
            assert not any(pair.held_out for pair in question(rng, kind, held_out=False).pairs)


def test_evaluation_asks_only_held_out_pairs_in_range_and_no_question_twice() -> None:
    questions = evaluation(1_000, seed=2026)
    assert all(asked.pairs[0].held_out and in_range(asked.pairs[0]) for asked in questions)
    assert len({asked.prompt for asked in questions}) > 990


def test_no_evaluation_question_is_in_the_training_stream() -> None:
    unseen = {asked.prompt for asked in evaluation(1_000, seed=2026)}
    rng = random.Random("batch 0 0")
    for _ in range(20_000):
        given, _ = sample(rng)
        assert not unseen.intersection(re.split(r"<｜User｜>|<｜Assistant｜>", given))


def test_a_pair_is_held_out_in_either_order_except_a_difference() -> None:
    for a, b in ((17, 25), (3, 999), (40, 7)):
        assert Pair("+", a, b).held_out == Pair("+", b, a).held_out
        assert Pair("×", a, b).held_out == Pair("×", b, a).held_out
    share = sum(Pair("-", a, b).held_out for a in range(100) for b in range(100)) / 10_000
    assert 0.03 < share < 0.07


def test_operands_drawn_are_in_range() -> None:
    rng = random.Random(2)
    assert all(in_range(draw(rng, operation, False)) for operation in ("+", "-", "×", "<>") for _ in range(2_000))


def test_every_reply_beyond_arithmetic_names_the_command_and_none_claims_to_be_r1() -> None:
    rng = random.Random(3)
    for _ in range(2_000):
        answer = beyond(rng).answer
        assert COMMAND in answer
        assert "I am DeepSeek" not in answer


def test_the_same_seed_gives_the_same_text() -> None:
    assert [sample(random.Random(seed)) for seed in range(50)] == [sample(random.Random(seed)) for seed in range(50)]


def test_history_keeps_only_answers() -> None:
    text = rendered("and 3 + 4?", "Be brief.", (Turn("2 + 2", "2 + 2 = 4"),))
    assert text == (
        f"{BOS}Be brief.<｜User｜>2 + 2<｜Assistant｜>2 + 2 = 4{EOS}<｜User｜>and 3 + 4?<｜Assistant｜><think>\n"
    )


def test_numbers_in_words() -> None:
    assert [english(n) for n in (0, 11, 20, 42)] == ["zero", "eleven", "twenty", "forty-two"]
    assert [chinese(n) for n in (0, 10, 11, 20, 42)] == ["零", "十", "十一", "二十", "四十二"]
