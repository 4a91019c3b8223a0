"""The prompt of `r1plan chat`: files, the question, standard input."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from r1plan.cli.options.asking import check_text
from r1plan.errors import UsageError
from r1plan.files.pipe import given_bytes
from r1plan.files.text import decoded

_MOST_BYTES = 16 << 20  # ten times what the longest context holds
# As DeepSeek-R1's README, "Official Prompts", joins a file to a question.
_FILE = "[file name]: {name}\n[file content begin]\n{content}\n[file content end]"


def joined(prompt: str | None, files: list[Path], needed_by: Mapping[str, bool]) -> str | None:
    """The whole prompt. None: there is none, and a person sits at a terminal.

    `needed_by` has the options that need one, as they are written, and whether each was given. Raises UsageError.
    """
    text = _joined(prompt, files)
    for option, given in needed_by.items():
        if text is None and given:
            example = f'r1plan chat "What is 17 + 25?" {option}'
            raise UsageError(f"{option.partition(' ')[0]} needs a prompt.", f"example: {example}")
    return text


def check_question(text: str | None) -> None:
    """Raise UsageError when `text` is a command of a conversation: nobody means to pay for an answer to `/quit`."""
    from r1plan.conversation.commands import is_command

    if text is not None and is_command(text):
        raise UsageError(f"'{text.strip()}' is a command of a conversation, no question.", "begin one: r1plan chat")


def _joined(prompt: str | None, files: list[Path]) -> str | None:
    check_text({"the prompt": prompt, "the name given to --file": "\n".join(path.name for path in files)})
    parts = [_FILE.format(name=path.name, content=_read(path)) for path in files]
    is_named = prompt == "-"  # standard input, as other programs have it
    parts += [prompt] if prompt and not is_named else []
    piped = sys.stdin is not None and (is_named or not sys.stdin.isatty())
    if piped:
        try:
            parts.append(decoded(_piped()).strip("\n"))
        except UnicodeDecodeError as error:
            raise UsageError("standard input is not UTF-8 text.", "only text can join the prompt.") from error
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UsageError(f"standard input cannot be read: {why}.", "< /dev/null leaves it out.") from error
    text = "\n\n".join(part for part in parts if part.strip())
    if text:
        return text
    if piped or sys.stdin is None:
        raise UsageError("the prompt is empty.", 'example: r1plan chat "What is 17 + 25?"')
    return None


def _piped() -> bytes:
    content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise UsageError(f"standard input is larger than {_MOST_BYTES >> 20} MiB.", "no model reads so much at once.")
    return content


def _read(path: Path) -> str:
    try:
        text = decoded(given_bytes(path, _MOST_BYTES))
        return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", "only text files can join the prompt.") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}.", "check the path given to --file.") from error
