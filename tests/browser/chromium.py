"""Chromium over its DevTools protocol: pages opened from disk as a reader sees them, on a desk, a telephone, on paper.

A page's own policy lets no script in; what is asked here is asked from outside of it.
https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import websocket  # of jupyter-server

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip
INCH = 96
"""CSS pixels."""


@contextmanager
def chromium(profile: Path) -> Iterator["Browser"]:
    """A headless browser with an empty profile."""
    binary = shutil.which("chromium")
    if binary is None:
        assert not os.environ.get("CI_SERVICES"), "the pages are to be looked at: install chromium"
        pytest.skip("no chromium on PATH; on Debian: apt install chromium")
    line = [binary, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = next(found[0] for said in process.stderr if (found := re.search(r"ws://\S+", said)))
            with closing(websocket.create_connection(address, timeout=60)) as socket:
                yield Browser(socket)
        finally:
            process.kill()


@dataclass
class Browser:
    socket: websocket.WebSocket
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Every event so far, in order."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        about = {"sessionId": session} if session else {}
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters, **about}))
        answer = self.wait(lambda message: message.get("id") == number)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return answer["result"]

    def wait(self, wanted) -> dict[str, Any]:
        while True:
            message = json.loads(self.socket.recv())
            if "method" in message:
                self.heard.append(message)
            if wanted(message):
                return message

    def open(self, file: Path | str, *, width: int = 1280, scheme: str = "light", medium: str = "screen") -> "Page":
        """A page from disk, or an address, in a window of this width; ``scheme`` is light or dark, ``medium`` screen
        or print.
        """
        url = file if isinstance(file, str) else file.as_uri()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"], target)
        for domain in ("Page", "Network", "Log", "Runtime", "Audits"):
            page.send(f"{domain}.enable")
        page.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        wish = [{"name": "prefers-color-scheme", "value": scheme}]
        page.send("Emulation.setEmulatedMedia", media=medium, features=wish)
        assert "errorText" not in page.send("Page.navigate", url=url), "there is no such page"
        self.wait(lambda message: message.get("method") == "Page.loadEventFired")
        return page


@dataclass(frozen=True)
class Page:
    browser: Browser
    session: str
    target: str

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **parameters)

    def __call__(self, expression: str) -> Any:
        """What an expression of JavaScript says, awaited."""
        said = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def heard(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of this page's events of these methods."""
        return [
            each["params"]
            for each in self.browser.heard
            if each.get("sessionId") == self.session and each["method"] in methods
        ]

    def requests(self) -> list[str]:
        """Every address that was asked for."""
        return [each["request"]["url"] for each in self.heard("Network.requestWillBeSent")]

    def complaints(self) -> list[dict[str, Any]]:
        """Console messages, exceptions, log entries, violations of the content security policy and other issues."""
        self("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")  # what was said late is heard, too
        return self.heard("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded")

    def paper(self, width: float, height: float) -> bytes:
        """A PDF on paper of this size, in inches, with Chromium's own margins."""
        self.send("Emulation.setEmulatedMedia", media="print", features=[])
        made = self.send("Page.printToPDF", paperWidth=width, paperHeight=height, printBackground=True)
        return base64.b64decode(made["data"])

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        made = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(made["data"])

    def close(self) -> None:
        self.browser.send("Target.closeTarget", targetId=self.target)
