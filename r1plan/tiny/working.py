"""How the answer is worked out, a column at a time: the thinking r1-tiny is taught to write.

Each function gives the lines and the result; a line needs only the two numbers above it and the line before it.
"""

from dataclasses import dataclass
from typing import Literal

from r1plan.tiny.operands import Pair

Language = Literal["en", "zh"]

PLACES: dict[Language, tuple[str, ...]] = {
    "en": ("Ones", "Tens", "Hundreds", "Thousands", "Ten thousands"),
    "zh": ("个位", "十位", "百位", "千位", "万位"),
}


@dataclass(frozen=True, slots=True)
class Working:
    """Thinking lines, their result, and every pair they work through (the asked one first)."""

    lines: tuple[str, ...]
    result: int
    pairs: tuple[Pair, ...]


def _say(lang: Language, en: str, zh: str) -> str:
    return en if lang == "en" else zh


def _digit(number: int, place: int) -> int:
    return int(str(number)[-1 - place]) if place < len(str(number)) else 0


def _together(lang: Language, digits: str) -> str:
    plain = str(int(digits))
    return _say(lang, "Together: ", "合起来：") + (digits if digits == plain else f"{digits} = {plain}")


def add(a: int, b: int, lang: Language) -> Working:
    """Columns from the right, with carries."""
    lines = [_say(lang, f"I add {a} and {b} from the right.", f"从右往左计算 {a} 加 {b}。")]
    carry = 0
    columns = max(len(str(a)), len(str(b)))
    for place in range(columns):
        x, y = _digit(a, place), _digit(b, place)
        total = x + y + carry
        column = f"{x}+{y}" + (f"+{carry}" if carry else "") + f"={total}"
        carry = total // 10
        en = f"{PLACES['en'][place]}: {column}, write {total % 10}" + (f", carry {carry}" if carry else "") + "."
        zh = f"{PLACES['zh'][place]}：{column}，写{total % 10}" + (f"，进{carry}" if carry else "") + "。"
        lines.append(_say(lang, en, zh))
    if carry:
        name = PLACES[lang][columns]
        lines.append(_say(lang, f"{name}: write {carry}.", f"{name}：写{carry}。"))
    lines.append(_together(lang, str(a + b)))
    return Working(tuple(lines), a + b, (Pair("+", a, b),))


def subtract(a: int, b: int, lang: Language) -> Working:
    """A comparison, then columns from the right, with borrows; a smaller first number is turned round under a minus."""
    pairs: tuple[Pair, ...] = (Pair("-", a, b), Pair("<>", a, b))
    found = _say(lang, ", ", "，").join(_first_difference(a, b, lang))
    compared = _say(lang, f"I compare {a} and {b}: {found}.", f"比较 {a} 和 {b}：{found}。")
    if a >= b:
        lines = (compared, *_columns_down(a, b, lang))
    else:
        turn = _say(lang, f"{a} is smaller, so I turn it round under a minus.", f"{a} 更小，所以反过来减，再加负号。")
        minus = _say(lang, f"With the minus: {a - b}", f"加上负号：{a - b}")
        lines = (compared, turn, *_columns_down(b, a, lang), minus)
        pairs = (*pairs, Pair("-", b, a))
    return Working(lines, a - b, pairs)


def _columns_down(a: int, b: int, lang: Language) -> tuple[str, ...]:
    lines = [_say(lang, f"I take {b} from {a}, from the right.", f"从右往左计算 {a} 减 {b}。")]
    borrow = 0
    columns = len(str(a))
    for place in range(columns):
        x, y = _digit(a, place), _digit(b, place)
        rest = f"-{y}" + ("-1" if borrow else "")
        difference = x - y - borrow
        borrow = int(difference < 0)
        written = difference + 10 * borrow
        en_column, zh_column = (
            (f"{x}{rest}<0, borrow, 1{x}{rest}={written}", f"{x}{rest}<0，借1，1{x}{rest}={written}")
            if borrow
            else (f"{x}{rest}={written}",) * 2
        )
        en, zh = (
            f"{PLACES['en'][place]}: {en_column}, write {written}.",
            f"{PLACES['zh'][place]}：{zh_column}，写{written}。",
        )
        lines.append(_say(lang, en, zh))
    lines.append(_together(lang, str(a - b).zfill(columns)))
    return tuple(lines)


def multiply(a: int, b: int, lang: Language) -> Working:
    """Partial products by each digit of the shorter number, then their sum."""
    long, short = (a, b) if len(str(a)) >= len(str(b)) else (b, a)
    asked = Pair("×", a, b)
    lines = [_say(lang, f"I multiply {long} by {short}, digit by digit.", f"逐位计算 {long} 乘 {short}。")]
    if short == 0 or long == 0:
        lines.append(_say(lang, "Anything times 0 is 0.", "任何数乘 0 得 0。"))
        return Working(tuple(lines), 0, (asked,))
    parts = []
    for place in range(len(str(short))):
        if factor := _digit(short, place):
            lines.append(_partial(long, factor, place, lang))
            parts.append(long * factor * 10**place)
    if len(parts) == 1:
        return Working(tuple(lines), parts[0], (asked,))
    total = add(parts[0], parts[1], lang)
    return Working((*lines, *total.lines), total.result, (asked, *total.pairs))


def _partial(long: int, factor: int, place: int, lang: Language) -> str:
    steps = []
    carry = 0
    for column in range(len(str(long))):
        x = _digit(long, column)
        total = x * factor + carry
        step = f"{x}×{factor}" + (f"+{carry}" if carry else "") + f"={total}"
        carry = total // 10
        last = column == len(str(long)) - 1
        steps.append(step + (_say(lang, f", carry {carry}", f"，进{carry}") if carry and not last else ""))
    product = long * factor
    together = _say(lang, f"together {product}", f"合起来 {product}")
    shifted = _say(lang, f", so {product}0", f"，即 {product}0") if place else ""
    colon, semicolon, stop = (": ", "; ", ".") if lang == "en" else ("：", "；", "。")
    return f"{long}×{factor * 10**place}{colon}{semicolon.join((*steps, together))}{shifted}{stop}"


def compare(a: int, b: int, lang: Language) -> Working:
    """By number of digits, then by the first digit that differs; the result is the larger number."""
    pairs = (Pair("<>", a, b),)
    larger = _say(lang, f"So {max(a, b)} is larger.", f"所以 {max(a, b)} 更大。")
    m, n = len(str(a)), len(str(b))
    found = _first_difference(a, b, lang)
    if m != n:
        line = _say(lang, f"{a} has {found[0]}, {b} has {found[1]}.", f"{a} 有{found[0]}，{b} 有{found[1]}。")
        return Working((line, larger), max(a, b), pairs)
    lines = (
        _say(lang, f"{a} and {b} both have {_digits(m, lang)}.", f"{a} 和 {b} 都有{_digits(m, lang)}。"),
        _say(lang, f"From the left: {', '.join(found)}.", f"从左往右：{'，'.join(found)}。"),
        larger if a != b else _say(lang, "So they are equal.", "所以两数相等。"),
    )
    return Working(lines, max(a, b), pairs)


def _digits(count: int, lang: Language) -> str:
    return _say(lang, f"{count} digit{'s' if count > 1 else ''}", f"{count}位")


def _first_difference(a: int, b: int, lang: Language) -> tuple[str, ...]:
    """Both lengths where they differ; else the digits from the left, up to the first that differs."""
    m, n = len(str(a)), len(str(b))
    if m != n:
        return _digits(m, lang), _digits(n, lang)
    signs = []
    for x, y in zip(str(a), str(b), strict=True):
        signs.append(f"{x}{'=' if x == y else '>' if x > y else '<'}{y}")
        if x != y:
            break
    return tuple(signs)


def left_to_right(a: int, first: str, b: int, second: str, c: int, lang: Language) -> Working:
    """Two sums or differences in a row."""
    lines = [
        _say(
            lang,
            f"I go from left to right: {a} {first} {b} {second} {c}.",
            f"从左往右算：{a} {first} {b} {second} {c}。",
        )
    ]
    start = (add if first == "+" else subtract)(a, b, lang)
    x = start.result
    then = [_say(lang, f"Then {x} {second} {c}.", f"然后 {x} {second} {c}。")]
    if x >= 0:
        end = (add if second == "+" else subtract)(x, c, lang)
        result = end.result
    elif second == "+":
        then.append(_say(lang, f"That is {c} - {-x}.", f"就是 {c} - {-x}。"))
        end = subtract(c, -x, lang)
        result = end.result
    else:
        then.append(_say(lang, f"That is -({-x} + {c}).", f"就是 -({-x} + {c})。"))
        end = add(-x, c, lang)
        result = -end.result
        end = Working((*end.lines, _say(lang, f"With the minus: {result}", f"加上负号：{result}")), result, end.pairs)
    return Working((*lines, *start.lines, *then, *end.lines), result, (*start.pairs, *end.pairs))
