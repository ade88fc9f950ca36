"""The demo's pages: what they hold, and how they stand in Chromium on a desk and on a telephone."""

import itertools
import json
import os
import re
import shutil
import subprocess
from contextlib import closing, contextmanager

import pytest
import websocket  # of jupyter-server
from steps import MONTH

pytestmark = pytest.mark.slow
PAGES = {
    "site": "published/index.html",
    "usage_report": f"published/{MONTH}/usage_report/index.html",
    "case_study": f"published/{MONTH}/case_study/index.html",
}


@pytest.fixture(params=PAGES)
def page(demo, request):
    return demo.root / PAGES[request.param]


@pytest.fixture
def text(page):
    return page.read_text()


def test_a_page_loads_and_runs_nothing(text):
    assert "<script" not in text.lower()
    assert """content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">""" in text
    targets = set(re.findall(r'(?:src|href|action|data)="([^"#][^"]*)"', text)) - {"mailto:privacy@example.com"}
    assert targets <= {f"{MONTH}/usage_report/index.html", f"{MONTH}/case_study/index.html"}  # the site's own
    assert not re.findall(r"url\(\s*['\"]?[^#)'\"]", text)
    assert set(re.findall(r"\w+://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


@pytest.mark.parametrize("page", ["usage_report"], indirect=True)
def test_a_usage_report_has_six_figures_each_with_words_and_numbers(text):
    drawn = [part for part in re.findall(r'<section class="pa".*?</section>', text, re.DOTALL) if "<figure" in part]
    assert len(drawn) >= 6
    for part in drawn:
        assert re.search(r'<div role="img" aria-label="[^"]{40,}">', part)
        figure, _, numbers = part.partition("<details>")
        assert "</figure>" in figure
        assert numbers.count("<td") >= 3


@pytest.mark.parametrize("width", [1280, 400])
def test_a_page_fits_its_window(page, width):
    with opened(page, width) as evaluate:
        assert evaluate("innerWidth") == width
        shown = evaluate("document.documentElement.clientWidth")  # without the scroll bar
        assert evaluate("document.documentElement.scrollWidth") <= shown
        assert evaluate("document.querySelector('main').getBoundingClientRect().width") >= min(shown, 700)
        assert evaluate("performance.getEntriesByType('resource').length") == 0


@contextmanager
def opened(page, width):
    """A page in headless Chromium, and what asks it from outside: its own policy lets no script in."""
    binary = shutil.which("chromium")
    if binary is None:
        assert not os.environ.get("CI"), "CI looks at the pages: install chromium"
        pytest.skip("no chromium on PATH; on Debian: apt install chromium")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--remote-allow-origins=*"]
    with subprocess.Popen([binary, *flags, "about:blank"], stderr=subprocess.PIPE, text=True) as browser:
        try:
            address = next(found[0] for line in browser.stderr if (found := re.search(r"ws://\S+", line)))
            with closing(websocket.create_connection(address, timeout=60)) as socket:
                yield _evaluator(socket, page, width)
        finally:
            browser.kill()


def _evaluator(socket, page, width):
    numbers = itertools.count(1)

    def send(method, session=None, **parameters):
        number = next(numbers)
        about = {"sessionId": session} if session else {}
        socket.send(json.dumps({"id": number, "method": method, "params": parameters, **about}))
        return wait(lambda message: message.get("id") == number)["result"]

    def wait(wanted):
        return next(message for message in iter(lambda: json.loads(socket.recv()), None) if wanted(message))

    target = send("Target.createTarget", url="about:blank")["targetId"]
    session = send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    send("Emulation.setDeviceMetricsOverride", session, width=width, height=900, deviceScaleFactor=1, mobile=False)
    send("Page.enable", session)
    send("Page.navigate", session, url=page.as_uri())
    wait(lambda message: message.get("method") == "Page.loadEventFired")
    return lambda asked: send("Runtime.evaluate", session, expression=asked, returnByValue=True)["result"]["value"]
