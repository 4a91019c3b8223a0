"""A keyring for tests: it holds what the file named by PLANTED_KEYRING holds, under any name."""

from __future__ import annotations

import os
from pathlib import Path

from keyring.backend import KeyringBackend


class PlantedKeyring(KeyringBackend):
    """One key for all."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """The planted key, for our own service alone."""
        return Path(os.environ["PLANTED_KEYRING"]).read_text(encoding="utf-8") if service == "r1plan" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing can be kept."""
        raise NotImplementedError
