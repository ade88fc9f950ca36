"""The index of statistics in Chromium: found by words, by feature, by month, copied, with and without its script."""

from pathlib import Path

import pytest
import quoted
from looks import beyond_the_edge, cut_on_paper, hard_to_read, unfit

pytestmark = [pytest.mark.service, pytest.mark.slow]
SHOWN = "[...document.querySelectorAll('.card')].filter(each => each.getClientRects().length).length"
STATUS = "document.querySelector('.found').textContent"
TYPE = """(text => {
  const words = document.querySelector('.words');
  words.focus(); words.value = text; words.dispatchEvent(new Event('input', {bubbles: true}));
})"""
CHOOSE = """((name, words) => [...document.querySelectorAll(`input[name=${name}]`)]
  .find(each => each.nextElementSibling.textContent === words).click())"""


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    return quoted.site(tmp_path_factory.mktemp("quoted") / "w")


@pytest.fixture(scope="module", params=["index", "statistic", "notice"])
def any_page(index, request) -> Path:
    pages = sorted((index.parent / "statistics").glob("*/index.html"))
    whole = [page for page in pages if len(list(page.parent.iterdir())) > 1]
    return {"index": index, "statistic": whole[0], "notice": next(page for page in pages if page not in whole)}[
        request.param
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_use_a_page_of_the_site_wherever(opened, any_page, axe, width, scheme):
    page = opened(any_page, width=width, scheme=scheme)
    assert page.requests() == [any_page.as_uri()]
    assert page.complaints() == []
    assert beyond_the_edge(page) == []
    assert hard_to_read(page) == []
    assert unfit(page, axe) == []


def test_words_find_sentences_and_what_they_are_about(opened, index):
    page = opened(index)
    assert page(SHOWN) == quoted.SENTENCES
    assert page(STATUS) == f"{quoted.SENTENCES} of {quoted.SENTENCES} shown"
    page(f"{TYPE}('MIX  export')")
    assert page(SHOWN) == 1
    assert page(STATUS) == f"1 of {quoted.SENTENCES} shown"
    page(f"{TYPE}('theremin')")
    assert page(SHOWN) == 0
    assert page(STATUS).startswith("No statistic fits")
    page(f"{TYPE}('')")
    assert page(SHOWN) == quoted.SENTENCES


def test_words_and_choices_work_together(opened, index):
    page = opened(index)
    page(f"{CHOOSE}('month', 'September 2026')")
    assert page(SHOWN) == 2
    page(f"{CHOOSE}('feature', 'Lyric ideas')")
    assert page(SHOWN) == 2
    page(f"{TYPE}('export')")
    assert page(SHOWN) == 1
    page(f"{CHOOSE}('feature', 'Mix assist')")
    assert page(SHOWN) == 0


def test_without_its_script_everything_is_read_and_chosen(browser, opened, index):
    page = opened(index)
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.send("Page.reload")
    browser.wait(lambda message: message.get("method") == "Page.loadEventFired")
    assert page(SHOWN) == quoted.SENTENCES
    page(f"{CHOOSE}('feature', 'Mix assist')")
    assert page(SHOWN) == 2
    assert page("[...document.querySelectorAll('.copy, .search')].every(each => each.hidden)")
    assert page("getComputedStyle(document.querySelector('.card .said')).userSelect") == "all"


def test_a_sentence_is_copied_as_it_stands(browser, opened, index):
    page = opened(index)
    browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.send("Page.bringToFront")
    sentence = page("document.querySelector('.card .said').textContent")
    page("new Promise(done => { document.querySelector('.copy').click(); "
         "new MutationObserver(done).observe(document.querySelector('.copy'), {childList: true}) })")  # fmt: skip
    assert page("document.querySelector('.copy').textContent") == "Copied"
    assert page(STATUS) == "The sentence is copied."
    assert page("navigator.clipboard.readText()") == sentence


def test_the_keyboard_reaches_search_choices_copy_and_files_in_their_order(opened, index):
    page = opened(index)
    met = []
    for _ in range(14):
        for kind in ("keyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        met.append(page("(at => at.className || at.name || at.textContent)(document.activeElement)"))
    first = met.index("words")
    assert met[first : first + 8] == ["words", "feature", "month", "copy", "CSV", "JSON", "SVG", "PNG"]


def test_a_changed_script_does_not_run(opened, index, tmp_path):
    spoiled = tmp_path / "index.html"
    text = index.read_text()
    spoiled.write_text(text.replace('"use strict";', '"use strict"; document.title = "changed";'))
    assert spoiled.read_text() != text
    page = opened(spoiled)
    assert page("document.title") != "changed"
    assert page.complaints()


def test_the_site_prints_whole(opened, any_page, pdftotext, tmp_path):
    assert cut_on_paper(opened(any_page, medium="print"), 8.27, 11.69, tmp_path) == []
