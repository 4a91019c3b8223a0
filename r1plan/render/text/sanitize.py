"""Text that came from a model, a server, a file or the environment, made safe for whoever reads it."""

from __future__ import annotations

import re

# What takes part in an emoji; letters of the scripts whose words hold joiners: Arabic, Syriac, Indic, Khmer and so on.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINED = (
    "\u0620-\u07bf\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u17ff\u1807-\u180a\u1820-\u18aa"
    "\u1b00-\u1bff\ufb50-\ufdff\ufe70-\ufefc"
)

# C0 but tab and newline, DEL, C1 (where 0x9B starts a sequence too): what steers a terminal.
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
# What reorders text or is not seen: Unicode's Default_Ignorable_Code_Point, the marks of direction, the separators of
# lines, the annotation characters and the halves of characters.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROL = re.compile(f"[{_CONTROLS}]")
JOINERS = "\u180b\u180c\u180d\u180f\u200c\u200d\ufe0e\ufe0f"
"""What joins or selects the form of what stands before it."""
_SUSPECT = re.compile(f"[{_CONTROLS}{_HIDDEN}{JOINERS}]")
# Joiners and selectors stay where they join or select: one behind a letter or an emoji of theirs.
_UNSAFE = re.compile(
    f"[{_CONTROLS}{_HIDDEN}]"
    f"|(?<![{_JOINED}])\u200c"
    f"|(?<![{_JOINED}{_EMOJI}])(?<![{_EMOJI}][\ufe0e\ufe0f])\u200d"
    f"|(?<![{_EMOJI}])(?:(?<![#*0-9])[\ufe0e\ufe0f]|[\ufe0e\ufe0f](?!\u20e3))"
    "|(?<![\u1807-\u180a\u1820-\u18aa])[\u180b-\u180d\u180f]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_SEPARATORS = re.compile("[\u2028\u2029]")

# What follows ESC would stay as litter: CSI sequences, strings (OSC, DCS, APC, PM, SOS) up to their end, and the rest.
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*"
_SEQUENCE = re.compile(rf"{_CSI}[@-~]|{_STRING}(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-Z\\`-~]")
UNFINISHED_SEQUENCE = re.compile(rf"(?:{_CSI}|{_STRING}\x1b?|\x1b[ -/]*)\Z")
"""A control sequence that a text may end in the middle of."""

_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")


def printable(text: str) -> str:
    """`text` without control sequences and without what is not seen; newlines and tabs stay.

    Joiners stay within emoji and within words of the scripts that need them. The separators of lines become blanks, a
    character in two halves becomes one, half a character U+FFFD.
    """
    if text.isascii():
        if text.isprintable() or not _CONTROL.search(text):
            return text
    elif not _SUSPECT.search(text):
        return text
    return _UNSAFE.sub("", _SEPARATORS.sub(" ", _SEQUENCE.sub("", _joined(text))))


def one_line(text: str) -> str:
    """`printable`, with blanks for what would begin a new line or column."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def coloured(row: str) -> str:
    """A row of the terminal with the colours that we gave it, and otherwise `printable`: one row, whatever it holds."""
    if "\x1b" not in row:
        return printable(row).replace("\n", " ")
    parts = _COLOURS.split(row)
    parts[::2] = [printable(part).replace("\n", " ") for part in parts[::2]]
    return "".join(parts)


def escaped(document: str) -> str:
    """JSON text with what `printable` would take out written as escapes; the values stay what they are.

    Half a character, which no document may hold, becomes U+FFFD.
    """
    if not _SUSPECT.search(document):
        return document
    return _UNSAFE.sub(lambda found: json_escape(found.group()), _joined(document))


def _joined(text: str) -> str:
    """`text` with its halves of characters joined where they follow one another, and else replaced."""
    if not _HALVES.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_escape(character: str) -> str:
    """A character as JSON escapes it, in two halves where it has them."""
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
