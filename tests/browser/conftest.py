"""A browser, the checker of accessibility, and the pages: the demo's, and one with everything that can be drawn."""

import os
import runpy
import shutil
import sys
from operator import itemgetter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "road")]

import gallery  # noqa: E402
from chromium import chromium  # noqa: E402
from steps import MONTH  # noqa: E402

once, demo = itemgetter("once", "demo")(runpy.run_path(str(HERE.parent / "road" / "conftest.py")))
AXE = HERE.parents[1] / ".venv" / "axe" / "axe.min.js"
PAGES = {
    "site": "published/index.html",
    "usage report": f"published/{MONTH}/usage_report/index.html",
    "case study": f"published/{MONTH}/case_study/index.html",
}


def _needed(there, what):
    if not there:
        assert not os.environ.get("CI_SERVICES"), what
        pytest.skip(what)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    _needed(shutil.which("chromium"), "no chromium on PATH; on Debian: apt install chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core."""
    _needed(AXE.exists(), "no axe-core; run .ci/axe, which takes it from npm")
    return AXE.read_text()


@pytest.fixture(scope="session")
def pdftotext():
    _needed(shutil.which("pdftotext"), "no pdftotext on PATH; on Debian: apt install poppler-utils")


@pytest.fixture(scope="session", params=[*PAGES, "gallery"])
def file(request, tmp_path_factory):
    if request.param == "gallery":
        made = tmp_path_factory.mktemp("gallery") / "index.html"
        made.write_text(gallery.page())
        return made
    return request.getfixturevalue("demo").root / PAGES[request.param]


@pytest.fixture
def opened(browser):
    """``opened(file, width=1280, scheme="light", medium="screen")``; closed after the test."""
    pages = []

    def at(file, **how):
        pages.append(browser.open(file, **how))
        return pages[-1]

    yield at
    for page in pages:
        page.close()
