r"""LaTeX as a person would write it in a line of text: `\frac{1}{2} \times x^{2}` as "1/2 × x²".

What is not known stays as it came: a formula is never made wrong to make it pretty.
"""

from __future__ import annotations

import re

_SYMBOLS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "equiv": "≡", "sim": "∼", "infty": "∞", "partial": "∂", "nabla": "∇",
    "sum": "∑", "prod": "∏", "int": "∫", "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪",
    "cap": "∩", "emptyset": "∅", "forall": "∀", "exists": "∃", "neg": "¬", "land": "∧", "lor": "∨", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒", "implies": "⇒", "iff": "⇔", "Leftrightarrow": "⇔",
    "mapsto": "↦", "ldots": "…", "dots": "…", "cdots": "⋯", "therefore": "∴", "because": "∵", "mid": "|",
    "degree": "°", "circ": "∘", "angle": "∠", "perp": "⊥", "parallel": "∥", "ast": "∗", "star": "⋆",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
    "Psi": "Ψ", "Omega": "Ω", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨",
    "rangle": "⟩", "quad": "  ", "qquad": "    ", "left": "", "right": "", "displaystyle": "", "limits": "",
}  # fmt: skip
# Functions are words already: \sin x is read as sin x.
_WORDS = frozenset({
    "sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min", "gcd", "lcm", "det", "dim", "arcsin", "arccos",
    "arctan", "sinh", "cosh", "tanh",
})  # fmt: skip
_MARKS = {",": " ", ";": " ", ":": " ", "!": "", " ": " ", "%": "%", "$": "$", "&": "\ue000", "#": "#", "|": "‖"}
# What LaTeX would read as its own is put aside until the end: private characters stand for it.
_ASIDE = {"_": "\ue001", "{": "\ue002", "}": "\ue003"}
_BACK = str.maketrans({"\ue000": "&", "\ue001": "_", "\ue002": "{", "\ue003": "}"})
_LETTERS = {"R": "ℝ", "N": "ℕ", "Z": "ℤ", "Q": "ℚ", "C": "ℂ", "P": "ℙ"}
_PLAIN = ("text", "textbf", "textit", "mathrm", "mathbf", "mathit", "mathsf", "operatorname", "boxed", "mbox", "tag")
_UP = dict(zip("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", strict=True))
_DOWN = dict(zip("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", strict=True))

_GROUP = r"\{([^{}\\]*)\}"  # nothing is left to do inside it
_FRACTION = re.compile(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}")
_ROOT = re.compile(rf"\\sqrt\s*{_GROUP}")
_NAMED = re.compile(rf"\\({'|'.join(_PLAIN)})\s*{_GROUP}")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}\\]*)\}|([0-9A-Za-z+-]))")
_WORD = re.compile(r"\\([A-Za-z]+)(?![A-Za-z])[ ]?")
_MARK = re.compile(r"\\([,;:! %$&#_|{}])(?:(?<=[,;:! ])[ ]*)?")
_LETTER = re.compile(r"\\mathbb\s*(?:\{([A-Z])\}|([A-Z]))")
_NO_BRACKET = re.compile(r"\\(?:left|right)\s*\.")
_NEW_LINE = re.compile(r"[ ]*\\\\(?:\[[^\]\n]*\])?[ ]*\n?")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{(?:aligned|align\*?|equation\*?|gathered|split|cases)\}")
_ATOM = re.compile(r"(?:\d+(?:\.\d+)?|\w[²³₀-₉]?|\ue002.*\ue003)?\Z")
_ROUNDS = 20


def readable(source: str) -> str:
    """`source`, a formula without its delimiters, with what is known of it replaced by characters."""
    text = _ENVIRONMENT.sub("", source)
    aligned = text != source
    text = _NEW_LINE.sub("\n", _NO_BRACKET.sub("", text))
    text = _MARK.sub(lambda found: (_MARKS | _ASIDE)[found.group(1)], text)
    text = _LETTER.sub(_letter, text)
    text = _WORD.sub(_word, text)
    for _ in range(_ROUNDS):  # from the inside out
        before = text
        text = _NAMED.sub(lambda found: _named(found.group(1), found.group(2)), text)
        text = _SCRIPT.sub(_script, text)
        text = _ROOT.sub(lambda found: f"√{_operand(found.group(1))}", text)
        text = _FRACTION.sub(lambda found: f"{_operand(found.group(1))}/{_operand(found.group(2))}", text)
        if text == before:
            break
    if aligned:
        text = text.replace("&", "")
    text = text.replace("^∘", "°").translate(_BACK)
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _letter(found: re.Match[str]) -> str:
    return _LETTERS.get(found.group(1) or found.group(2), found.group())


def _word(found: re.Match[str]) -> str:
    name = found.group(1)
    if name in _WORDS:
        follows = found.string[found.end() : found.end() + 1]
        return f"{name} " if follows.isalnum() or follows == "\\" else name
    if name not in _SYMBOLS:
        return found.group()
    return _SYMBOLS[name] + (found.group()[len(name) + 1 :] if _SYMBOLS[name] else "")


def _named(name: str, inside: str) -> str:
    return f"[{inside}]" if name == "boxed" else f"({inside})" if name == "tag" else inside


def _operand(text: str) -> str:
    """`text` as one operand: in brackets unless it is one number or name."""
    return text if _ATOM.match(text) else f"({text})"


def _script(found: re.Match[str]) -> str:
    mark, inside = found.group(1), found.group(2) if found.group(2) is not None else found.group(3)
    table = _UP if mark == "^" else _DOWN
    if inside and all(each in table for each in inside):
        return "".join(table[each] for each in inside)
    if inside == "∘":
        return f"{mark}∘"
    return f"{mark}{inside}" if len(inside) == 1 else f"{mark}({inside})"
