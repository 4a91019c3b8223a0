"""A provider's key: from the environment, else the system's keyring, else a file that only its owner can read.

It is never taken from the command line, which other people on the machine can see.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Literal

from r1plan.catalog.provider import Provider
from r1plan.errors import CatalogError, ProviderError
from r1plan.files.system import is_own, others_may, user_id

SERVICE = "r1plan"
FILE_NAME = "keys.yaml"
_SHOWN = "[key]"
# Shorter ones, and those of one kind of character, are what servers at home are given: EMPTY, ollama, 1.
_SECRET = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.+/=~-]{16,}", re.ASCII)
_SHORTEST_WORD = 4
_QUOTES = "\"'`"
# As the documentation of vLLM, SGLang, Ollama, LM Studio and llama.cpp has them.
_PLACEHOLDERS = frozenset(
    [
        *("empty", "none", "null", "dummy", "fake", "test", "key", "api-key", "no-key", "nokey", "not-needed"),
        *("unused", "local", "ollama", "lm-studio", "vllm", "sglang", "llama.cpp", "sk-no-key-required"),
    ]
)

Ring = Callable[[str], str | None]
"""What a keyring holds for a provider's id; None when it holds nothing or does not work."""


class ApiKey:
    """A key that shows itself nowhere: neither printed nor in a traceback's list of variables.

    `scheme` is the word before it in its header; `also` are other texts that tell it, such as the password in it.
    """

    __slots__ = ("_also", "_is_secret", "_scheme", "_text")

    def __init__(self, text: str, *, scheme: Literal["Bearer", "Basic"] = "Bearer", also: tuple[str, ...] = ()) -> None:
        self._text = text
        self._scheme = scheme
        self._also = tuple(ApiKey(each) for each in also)
        self._is_secret = _SECRET.fullmatch(text) is not None

    def __repr__(self) -> str:
        return _SHOWN

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be stored")

    @property
    def authorization(self) -> str:
        """The value of the one header that carries it."""
        return f"{self._scheme} {self._text}"

    @property
    def is_placeholder(self) -> bool:
        """Whether it is a word that servers at home are given where a client wants some key."""
        return self._scheme == "Bearer" and (len(self._text) < _SHORTEST_WORD or self._text.casefold() in _PLACEHOLDERS)

    def hide_in(self, text: str) -> str:
        """`text`, which others wrote and a person will read, without the key, however it is escaped or cut.

        A word that stands in for a key is hidden where it stands alone, and a shorter one not at all: "x" would be
        hidden in "Exist".
        """
        for each in self._also:
            text = each.hide_in(text)
        if self._is_secret:
            return self._cut_in(_escaped(self._text).sub(_SHOWN, text))
        if len(self._text) < _SHORTEST_WORD:
            return text
        return re.sub(rf"(?<!\w){_escaped(self._text).pattern}(?!\w)", _SHOWN, text)

    def _cut_in(self, text: str) -> str:
        """`text` without a half of the key or more, as where somebody has cut it."""
        half = len(self._text) // 2
        begin, end = self._text[:half], self._text[-half:]
        if begin not in text and end not in text:
            return text
        for length in range(len(self._text) - 1, half - 1, -1):
            text = text.replace(self._text[:length], _SHOWN).replace(self._text[-length:], _SHOWN)
        return text


def _escaped(key: str) -> re.Pattern[str]:
    """`key` as it may stand in JSON, in an address, or in Python's own spelling of a text."""
    forms = (
        rf"(?:{re.escape(each)}|\\{re.escape(each)}|\\u(?i:{ord(each):04x})|%(?i:{ord(each):02x}))" for each in key
    )
    return re.compile("".join(forms))


def from_keyring(provider_id: str, wait_s: float = 60.0) -> str | None:
    """What the system's keyring holds under the service "r1plan" for `provider_id`. No keyring holds nothing.

    It may ask a person to unlock it, who has `wait_s` for that. Raises ProviderError when it never answers.
    """
    found: Queue[object] = Queue()

    def look() -> None:
        try:
            import keyring

            found.put(keyring.get_password(SERVICE, provider_id))
        except BaseException:  # a backend may raise anything: no D-Bus, a locked keychain, a missing library
            found.put(None)

    Thread(target=look, daemon=True).start()
    try:
        text = found.get(timeout=wait_s)
    except Empty:
        raise ProviderError(
            f"the system's keyring did not answer within {wait_s:g} s.",
            f"unlock it, or set the key of {provider_id} in the environment.",
            fault="timeout",
        ) from None
    return text if isinstance(text, str) else None


def find_key(
    provider: Provider, environ: Mapping[str, str], folder: Path | None, ring: Ring = from_keyring
) -> ApiKey | None:
    """The key for `provider`, or None. `folder` is the user's configuration directory, which may hold keys.yaml.

    Raises ProviderError for what cannot be a key, for a file that others may read, and a keyring that never answers.
    """
    variable = provider.key_variable
    if variable and (text := environ.get(variable, "").strip()):
        return _checked(text, variable)
    if text := (ring(provider.id) or "").strip():
        return _checked(text, f"the keyring's entry '{provider.id}' of '{SERVICE}'")
    kept = _from_file(folder / FILE_NAME, provider.id) if folder is not None else None
    return _checked(kept, f"{FILE_NAME}: {provider.id}:") if kept else None


def where_to_put(provider: Provider, folder: Path | None) -> str:
    """How a person gives the key of `provider`, as part of a sentence."""
    ways = [f"set {provider.key_variable}"] if provider.key_variable else []
    ways.append(f"run keyring set {SERVICE} {provider.id}")
    if folder is not None:
        ways.append(f"write '{provider.id}: KEY' into {folder / FILE_NAME} (chmod 600)")
    return ", or ".join(ways)


def _checked(text: str, where: str) -> ApiKey:
    if (wrong := _not_a_key(text)) is not None:
        raise ProviderError(f"{where} {wrong}.", "set it again; perhaps more than the key was copied.", fault="refused")
    return ApiKey(text)


def _not_a_key(text: str) -> str | None:
    """Why `text` is no key, as the end of a sentence that does not show it; None: it may be one."""
    if any(unicodedata.category(each) == "Cf" for each in text):
        return "holds characters that no key has: one that cannot be seen, such as a byte order mark"
    if not (text.isascii() and text.isprintable() and " " not in text):
        return "holds characters that no key has"
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        return "holds quotes, which are no part of a key"
    if re.match(r"(export\b|[A-Z][A-Z0-9_]*=)", text):
        return "holds the name of a variable before the key"
    return None


def _from_file(path: Path, provider_id: str) -> str | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return None
        raise ProviderError(
            f"{path} is a link to a file that is not there.", "mend the link or remove it.", fault="refused"
        ) from None
    except OSError as error:
        raise ProviderError(f"cannot read {path}: {error.strerror}.", "check who owns it.", fault="refused") from None
    if not stat.S_ISREG(status.st_mode):
        raise ProviderError(
            f"{path} is no plain file.", f"write lines such as '{provider_id}: KEY' into one.", fault="refused"
        )
    if not is_own(status):
        raise ProviderError(
            f"{path} holds keys, and it belongs to another user (id {status.st_uid}).",
            f"run as that user, or: chown {user_id()} {path}",
            fault="refused",
        )
    mode = status.st_mode
    if others_may(status):
        raise ProviderError(
            f"{path} holds keys, and others may read it (mode {stat.S_IMODE(mode):04o}).",
            f"run: chmod 600 {path}",
            fault="refused",
        )
    from r1plan.catalog.reading.files import CatalogFile
    from r1plan.catalog.reading.parse import read

    try:
        content = read(CatalogFile(path, FILE_NAME))
    except CatalogError:
        content = None  # its message may quote the file
    if not isinstance(content, dict) or not all(isinstance(each, str) for each in content.values()):
        # Not even the line is shown: it may be the key's.
        raise ProviderError(
            f"{path} does not hold one key a line.",
            f"write lines such as '{provider_id}: KEY', a key of digits in quotes.",
        ) from None
    if provider_id not in content and (other := next((each for each in content if _same(each, provider_id)), None)):
        raise ProviderError(
            f"{path} has a key of '{other}', which no provider is called.",
            f"write the id as it is: {provider_id}",
            fault="refused",
        )
    text = content.get(provider_id)
    return text.strip() or None if isinstance(text, str) else None


def _same(one: str, other: str) -> bool:
    """Whether two ids differ in case, width and blanks alone."""
    plain = [unicodedata.normalize("NFKC", each).casefold().strip() for each in (one, other)]
    return plain[0] == plain[1]


def keyring_backend(wait_s: float = 5.0) -> str | None:
    """What holds the system's passwords, by its name; None where nothing does or none answers. Nothing is read."""
    found: Queue[str | None] = Queue()

    def look() -> None:
        try:
            import keyring

            backend = keyring.get_keyring()
            found.put(backend.name if backend.priority > 0 else None)
        except BaseException:  # as in from_keyring
            found.put(None)

    Thread(target=look, daemon=True).start()
    try:
        return found.get(timeout=wait_s)
    except Empty:
        return None
