from __future__ import annotations

import re

import nbformat
import pytest

from privacy_analytics import figures
from privacy_analytics.errors import NotebookError
from privacy_analytics.gate import check
from privacy_analytics.report.manifest import vouch
from privacy_analytics.report.render import Facts, expressions, render_html

FACTS = Facts("Tonearm", "2026-10", "2026-10.r0", "1.0", "privacy@tonearm.example")


def _output(**data):
    mime = {name.replace("_", "/"): text for name, text in data.items()}
    return nbformat.v4.new_output("display_data", mime)


@pytest.fixture
def render():
    def rendered(*cells, title="Usage report"):
        return render_html(nbformat.v4.new_notebook(cells=list(cells)), title=title, facts=FACTS)

    return rendered


def _check(page, store, *cells):
    vouched = vouch(nbformat.v4.new_notebook(cells=list(cells)), {}, title="Usage report", facts=FACTS)
    return check("report.html", page.encode(), store, vouched)


def _code(*outputs, source="session.release(secret_question)"):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


@pytest.fixture
def book(world):
    markdown = nbformat.v4.new_markdown_cell
    return [
        markdown("# Usage report\n\nWhat people *used*."),
        _code(source='month = "2026-10"'),
        markdown("## Features"),
        _code(_output(text_html=figures.figure(world["features"]), text_plain="Release(r-features)")),
        _code(_output(text_html=figures.table(world["month"]) + "\n" + figures.fragment("sentence", world["month"]))),
    ]


def test_a_rendered_report_passes_the_gate(render, book, store):
    assert _check(render(*book), store, *book) == []


def test_fragments_keep_their_bytes_and_code_and_text_stay_behind(render, book, world):
    page = render(*book)
    assert figures.figure(world["features"]) in page
    assert "secret_question" not in page
    assert "Release(r-features)" not in page


def test_the_title_stands_once(render, book):
    page = render(*book)
    assert len(re.findall(r"<h1", page)) == 1
    assert "<p>What people <em>used</em>.</p>" in page


def test_the_page_says_what_it_is(render, book):
    page = render(*book)
    for said in ("October 2026", "Anonymous statistics", "Snapshot 2026-10.r0", "privacy policy 1.0", 'lang="en"'):
        assert said in page
    assert 'href="mailto:privacy@tonearm.example"' in page


def test_the_page_loads_and_runs_nothing(render, book):
    page = render(*book)
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)


@pytest.mark.parametrize(
    "raw", ["<script>alert()</script>", "<b onclick=x>b</b>", "<!-- note -->", "![x](http://e.example/x)"]
)
def test_raw_html_in_prose_becomes_text(render, store, raw):
    cell = nbformat.v4.new_markdown_cell(f"Before {raw} after.\n\n{raw}\n\n[out](https://e.example) [in](#here)")
    page = render(cell)
    assert _check(page, store, cell) == []
    assert 'href="#here"' in page


@pytest.mark.parametrize(
    "output",
    [
        nbformat.v4.new_output("stream", name="stdout", text="jane"),
        nbformat.v4.new_output("stream", name="stderr", text="jane"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="jane", traceback=["jane"]),
        _output(text_plain="jane"),
        _output(text_html="<p>jane</p>"),
        _output(text_html="<p>jane</p>", image_png="jane"),
        _output(text_plain="jane", text_markdown="jane"),
    ],
    ids=["stdout", "stderr", "error", "plain", "html", "png", "markdown"],
)
def test_any_other_output_fails_and_names_its_cell_alone(render, output):
    with pytest.raises(NotebookError, match=r"Cell 2 ") as refused:
        render(nbformat.v4.new_markdown_cell("# x"), _code(output))
    assert "jane" not in str(refused.value)


@pytest.mark.parametrize("extra", ["<p>x</p>{}", "{}<p>x</p>", "<style>x</style>{}", "{}{{}}", "{0}<p>x</p>{0}"])
def test_a_fragment_with_anything_beside_it_fails(render, world, extra):
    with pytest.raises(NotebookError):
        render(_code(_output(text_html=extra.format(figures.table(world["month"])))))


def test_a_fragment_beside_a_picture_of_another_kind_fails(render, world):
    with pytest.raises(NotebookError):
        render(_code(_output(text_html=figures.table(world["month"]), image_png="aGVsbG8=")))


def test_a_page_tells_its_expressions_in_order(render, book):
    assert expressions(render(*book)) == ["r-features", "r-month", "r-month"]
