"""A headless Chromium for tests: opens a page as a phone or a desktop would, and says what a person would see.

It speaks the browser's own protocol (Chrome DevTools Protocol, stable) through two pipes, messages ending in a zero
byte, so that neither a port nor a library is needed. Nothing but `file:` and `data:` is ever asked for.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where Chromium is; None: nowhere."""
MISSING = "needs Chromium (Debian: apt-get install chromium)"

Scheme = Literal["light", "dark"]
_READS, _WRITES = 3, 4  # the descriptors on which the browser listens and answers
_SENT = "Network.requestWillBeSent"
_MOST_SECONDS = 60


class Opened(NamedTuple):
    """A page that was opened: what it complained of, and what it asked for besides itself."""

    complaints: list[str]
    requests: list[str]


class Browser:
    """One browser with one page. Used as a context; it ends with it."""

    def __init__(self) -> None:
        assert PROGRAM is not None, MISSING
        self._home = tempfile.mkdtemp(prefix="r1plan-browser-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        words = [PROGRAM, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._home}"]
        words += ["--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-background-networking"]
        words += ["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--font-render-hinting=none"]
        words += ["--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")  # Chromium's sandbox refuses root, which CI is
        nowhere = os.open(os.devnull, os.O_RDWR)
        # Moved above 4 first, so that none is overwritten before it was copied.
        high_read, high_write = (fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (to_read, to_write))
        self._pid = os.posix_spawn(
            PROGRAM,
            [*words, "about:blank"],
            {**os.environ, "HOME": self._home, "XDG_CONFIG_HOME": self._home, "XDG_CACHE_HOME": self._home},
            file_actions=[
                *((os.POSIX_SPAWN_DUP2, nowhere, standard) for standard in (0, 1, 2)),
                (os.POSIX_SPAWN_DUP2, high_read, _READS),
                (os.POSIX_SPAWN_DUP2, high_write, _WRITES),
            ],
            setpgroup=0,
        )
        for each in (to_read, to_write, high_read, high_write, nowhere):
            os.close(each)
        self._rest = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._home, ignore_errors=True)

    def opens(
        self,
        path: Path,
        width: int,
        height: int = 800,
        scheme: Scheme = "light",
        scale: float = 1.0,
        *,
        scripts: bool = True,
    ) -> Opened:
        """Load the file `path` into a window of `width` times `height` CSS pixels, a phone's where that is narrow.

        Without `scripts` the page's own do not run.
        """
        self._ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._events.clear()
        self._ask("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._message())
        self.value("document.fonts.ready.then(() => 0)")
        return Opened([*map(str, self._complaints())], [*self._asked_for(path)])

    def value(self, expression: str) -> Any:
        """What a line of JavaScript gives in the page, a promise's value awaited."""
        said = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def press(self, key: Literal["Tab", "Enter", " "], times: int = 1) -> None:
        """Press a key of the keyboard, and let it go."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}[key]
        for _ in range(times):
            self._ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
            self._ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def print_media(self) -> None:
        """Show the page as on paper, until the next is opened."""
        self._ask("Emulation.setEmulatedMedia", media="print")

    def picture(self, *, whole: bool = False) -> bytes:
        """The window as PNG, or the `whole` page."""
        said = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(said["data"])

    def _complaints(self) -> list[object]:
        found: list[object] = []
        for event in self._events:
            match event["method"], event["params"]:
                case "Runtime.exceptionThrown", said:
                    found.append(said["exceptionDetails"]["text"])
                case "Runtime.consoleAPICalled", said:
                    found.append(said["args"])
                case "Log.entryAdded", said:
                    found.append(said["entry"]["text"])
        return found

    def _asked_for(self, path: Path) -> list[str]:
        sent = (event["params"]["request"]["url"] for event in self._events if event["method"] == _SENT)
        return [url for url in sent if url != path.as_uri() and not url.startswith("data:")]

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command and its answer; the events that come between are kept."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        while "id" not in (answer := self._message()):
            self._events.append(answer)
        assert answer["id"] == self._number
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._from], [], [], _MOST_SECONDS)[0], "Chromium says nothing any more"
            data = os.read(self._from, 1 << 20)
            assert data, "Chromium has ended"
            self._rest += data
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message
