"""An address is taken apart without showing its key."""

from __future__ import annotations

import base64
import traceback

import pytest

from r1plan.engine.address import server_address, shown_address, stored_address
from r1plan.errors import UsageError


@pytest.mark.parametrize(
    ("text", "url", "name", "sent"),
    [
        ("http://h/v1", "http://h/v1", "h:80", None),
        ("https://H:8443/v1/", "https://H:8443/v1/", "h:8443", None),
        ("https://h", "https://h", "h:443", None),
        ("http://@h/v1", "http://h/v1", "h:80", None),
        ("http://u:p@[::1]:8080/v1", "http://[::1]:8080/v1", "[::1]:8080", "u:p"),
        ("http://u%40x:p%3Aq@h", "http://h", "h:80", "u@x:p:q"),
        ("http://token@h", "http://h", "h:80", "token:"),
        ("http://:p@h", "http://h", "h:80", ":p"),
        ("http://a@b:p@h", "http://h", "h:80", "a@b:p"),
        ("http://u:pä@h", "http://h", "h:80", "u:pä"),
    ],
)
def test_user_and_password_are_taken_out_and_are_a_key(text: str, url: str, name: str, sent: str | None) -> None:
    found = server_address(text)
    assert (found.url, found.name) == (url, name)
    given = None if found.key is None else found.key.authorization
    assert given == (None if sent is None else f"Basic {base64.b64encode(sent.encode()).decode()}")
    assert stored_address(text) == url


@pytest.mark.parametrize(
    "said", ["no: hunter2pass is wrong", "no: me:hunter2pass", f"no: {base64.b64encode(b'me:hunter2pass').decode()}"]
)
def test_a_server_that_repeats_a_password_does_not_get_it_shown(said: str) -> None:
    key = server_address("http://me:hunter2pass@h").key
    assert key is not None
    assert key.hide_in(said).startswith("no: ")
    for each in ("hunter2", "aHVudGVy", base64.b64encode(b"me:hunter2pass").decode()):
        assert each not in key.hide_in(said) + repr(key) + repr(server_address("http://me:hunter2pass@h"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://u:p@h/v1?key=s", "http://h/v1?..."),
        ("u:p@h/v1", "h/v1"),
        ("http://u:p/q@h", "http://h"),
        ("http://u:p?q@h", "http://h"),
        ("http://h#s", "http://h?..."),
        ("h", "h"),
        ("", ""),
    ],
)
def test_what_is_no_address_is_shown_without_what_it_may_hold_of_a_key(text: str, shown: str) -> None:
    assert shown_address(text) == shown


@pytest.mark.parametrize(
    "text", ["h", "ftp://u:hunter2@h", "http://u:hunter2@", "http://u:hunter2@h:x", "http://h?hunter2"]
)
def test_what_is_no_address_is_refused_and_its_traceback_shows_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="is not a server's address") as raised:
        server_address(text)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value)) + str(raised.value.hint)
