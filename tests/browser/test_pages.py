"""The demo's pages and every figure in Chromium: what they ask for, who can read them, how they print.

On paper, A4 and Letter: marks at the start and at the end of every figure, table, row and card are found on the same
sheet, every number of every table is printed (its details are open there), and nothing stands beyond the right edge of
what a sheet has room for.
"""

import pytest
from looks import beyond_the_edge, cut_on_paper, hard_to_read, unfit

pytestmark = [pytest.mark.service, pytest.mark.slow]
WIDTHS = (1280, 360)
PAPERS = {"A4": (8.27, 11.69), "Letter": (8.5, 11.0)}
MARGINS = 0.8
"""Inches, left and right together: Chromium's own."""


def test_a_page_asks_for_nothing_and_says_nothing_to_the_console(opened, file):
    page = opened(file)
    assert page.requests() == [file.as_uri()]
    assert page.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_use_a_page(opened, file, axe, width, scheme):
    assert unfit(opened(file, width=width, scheme=scheme), axe) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_fits_its_window(opened, file, width):
    page = opened(file, width=width)
    assert beyond_the_edge(page) == []
    assert page("document.querySelector('main').getBoundingClientRect().width") >= min(width, 700)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_writing_in_figures_is_large_enough_whole_and_apart(opened, file, width):
    assert hard_to_read(opened(file, width=width)) == []


@pytest.mark.parametrize("paper", PAPERS)
def test_a_page_prints_whole(opened, file, pdftotext, tmp_path, paper):
    width, height = PAPERS[paper]
    assert beyond_the_edge(opened(file, width=int((width - MARGINS) * 96), medium="print")) == []
    assert cut_on_paper(opened(file, medium="print"), width, height, tmp_path) == []


def test_a_page_is_at_most_600_kilobytes(file):
    assert file.stat().st_size <= 600_000
