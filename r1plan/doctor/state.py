"""How something is: it works; it works with less than it could; or it is broken."""

from __future__ import annotations

from typing import Literal

State = Literal["ok", "note", "broken"]
"""`note`: nothing is wrong, but something is not there that a person may want."""
