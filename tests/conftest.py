"""Every test has its own home, no keys and no way out but loopback."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# Whoever started the tests may ignore hangups (nohup does) and Ctrl-C (a shell does for what runs in its background),
# and every program that they start would too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own. No provider's key or address and no model leaks in from the outside."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_API_TOKEN")) or name.startswith("R1PLAN_"):
            monkeypatch.delenv(name)
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "OLLAMA_MODELS", "LLAMA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "home"
    monkeypatch.setenv("HOME", str(path))  # where other programs keep their models
    monkeypatch.setenv("R1PLAN_HOME", str(path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TZ", "UTC")  # an assumed day is one of the local clock
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return path
