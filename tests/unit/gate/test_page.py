"""The gate against somebody who wants a page through it."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html import escape
from urllib.parse import quote

import pytest

from privacy_analytics import figures
from privacy_analytics.dp.arithmetic import change
from privacy_analytics.errors import GateError
from privacy_analytics.gate import Vouched, check, enforce
from privacy_analytics.gate.findings import digest
from privacy_analytics.gate.page import blocks
from privacy_analytics.gate.site import house

CSP = house("").csp
ALLOWED = ("October 2026", "2026-10.r0", "1.0", "95", "privacy@tonearm.example")
CANARY = "Zanzibar Quux"


PROSE = '<section class="prose">\n<p>What people <em>used</em>.</p>\n</section>'


def _page(*fragments: str) -> str:
    body = "\n".join(
        (
            "<h1>Usage</h1>\n<p>October 2026, snapshot 2026-10.r0: in 95 cases &amp; more.</p>",
            PROSE,
            *fragments,
            PROSE,
            '<p><a href="mailto:privacy@tonearm.example">privacy@tonearm.example</a> <a href="#top">up</a></p>',
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Usage</title>\n<style>{figures.style()}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


@pytest.fixture(scope="module")
def drawn(world):
    """A page with pictures, slow to check."""
    tiles = figures.fragment("tiles", world["month"], change(world["month"], world["before"]))
    return _page(tiles, figures.figure(world["features"]), figures.fragment("sentence", world["month"]))


@pytest.fixture(scope="module")
def page(world):
    """A page with a table."""
    return _page(figures.table(world["features"]), figures.fragment("sentence", world["month"]))


def _vouched(**more):
    """The blocks of a page as it is made, without fragments."""
    return Vouched(ALLOWED, blocks(_page()), **({"canaries": (CANARY,)} | more))


def _check(page, store, **more):
    return check("report.html", page.encode(), store, _vouched(**more))


def test_an_honest_page_passes(drawn, store):
    assert _check(drawn, store) == []
    enforce("report.html", drawn.encode(), store, _vouched())


def test_every_kind_of_question_passes_and_no_number_of_it_can_be_changed(every_kind):
    releases, store = every_kind
    drawings = [*map(figures.figure, releases), figures.fragment("privacy_box", *releases)]
    assert _check(_page(*drawings), store) == []
    spoiled = [re.sub(r">([\d,.]+)( ms)?<", r">\g<1>1\2<", drawing, count=1) for drawing in drawings]
    assert all(map(str.__ne__, spoiled, drawings))
    findings = [finding for finding in _check(_page(*spoiled), store) if "not what its releases give" in finding]
    assert len(findings) == len(drawings)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('number">12,412<', 'number">12,413<'),
        (">9,000</text>", ">9,900</text>"),
        ("Highest Chat with 9,000", "Highest Chat with 9,001"),
        ("About 12,412", "About 13,412"),
        ('<td class="n">1,240</td>', '<td class="n">1,2400</td>'),
        (">Mix assist</text>", ">Mix Assist</text>"),
        ("Too small to show: Undo history.", "Too small to show: nothing."),
        ('class="tile ok"', 'class="tile unreliable"'),
        ("&quot;r-features&quot;", "&quot;r-missing&quot;"),
        ("&quot;r-month&quot;", "&quot;../r-month&quot;"),
        ("&quot;render&quot;:&quot;figure&quot;", "&quot;render&quot;:&quot;table&quot;"),
        ("&quot;options&quot;:{}", "&quot;options&quot;:{&quot;title&quot;:&quot;Only 4 of them&quot;}"),
        ("{&quot;of&quot;:[&quot;r-feat", "[[[[{&quot;of&quot;:[&quot;r-feat"),
        ("<svg ", '<svg onload="alert()" '),
        ("<svg ", '<svg><image href="https://evil.example/x.png"/></svg><svg '),
        ("</figure>", "<!-- 4,711 --></figure>"),
        ("</div></section>", "</div>"),
        ("<figure>", figures.opening.pattern.replace('([^"]*)', "{}") + "<figure>"),
    ],
)
def test_a_fragment_is_exactly_what_its_releases_give(drawn, store, old, new):
    assert old in drawn
    assert any(
        "a fragment is not what its releases give" in finding for finding in _check(drawn.replace(old, new, 1), store)
    )


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("<p>We have 12,412 users.</p>", "a number in prose"),
        ("<p>We have 12,4<b></b>12 users.</p>", "a number in prose"),
        ("<p>We have &#49;&#50; users.</p>", "a number in prose"),
        ("<p>We have ١٢ users.</p>", "a number in prose"),
        ("<p>We have ½ and Ⅻ.</p>", "a number in prose"),
        ("<p>Policy 11.0, October 20265.</p>", "a number in prose"),
        ("<p>1.0.7 and 950</p>", "a number in prose"),
        ("<p>9595 users</p>", "a number in prose"),
        ("<p>95k users</p>", "a number in prose"),
        ('<p class="n4711">x</p>', "a number in an attribute"),
        ('<p lang="en-4711">x</p>', "a number in an attribute"),
        ('<ol start="4711"><li>x</li></ol>', "a number in an attribute"),
        ("<script>alert()</script>", "an element"),
        ("<SCRIPT/src=//evil.example/x.js></SCRIPT>", "an element"),
        ("<iframe srcdoc='x'></iframe>", "an element"),
        ("<object data='x'></object><embed>", "an element"),
        ("<form action='/x'><input></form>", "an element"),
        ("<base href='https://evil.example/'>", "an element"),
        ("<img alt='x'>", "an element"),
        ("<svg><use xlink:href='https://evil.example/#x'/></svg>", "an element"),
        ("<link rel='stylesheet' href='https://evil.example/x.css'>", "an element"),
        ("<p onload='alert()'>x</p>", "an attribute"),
        ("<p onmouseover=alert()>x</p>", "an attribute"),
        ("<p style='background:url(https://evil.example/x)'>x</p>", "an attribute"),
        ("<p srcset='x'>x</p>", "an attribute"),
        ("<p data-note='x'>x</p>", "an attribute"),
        ("<a href='https://evil.example/'>x</a>", "a link"),
        ("<a href='//evil.example/x.html'>x</a>", "a link"),
        ("<a href='javascript:alert()'>x</a>", "a link"),
        ("<a href='java&#115;cript:alert()'>x</a>", "a link"),
        ("<a href='data:text/html,x'>x</a>", "a link"),
        ("<a href='../../private/key.html'>x</a>", "a link"),
        ("<a href='mailto:jane@tonearm.example'>x</a>", "a link"),
        ("<p href='x.html'>x</p>", "a link"),
        ("<meta http-equiv='refresh' content='url=https://evil.example/'>", "a meta element"),
        ("<style>@import 'https://evil.example/x.css';</style>", "a style sheet"),
        ("<style>.pa::after { content: '4,711' }</style>", "a style sheet"),
        ("<style/>", "a style sheet"),
        ("<!-- a note -->", "a comment"),
        ("<![CDATA[x]]>", "a declaration"),
        ("<!ENTITY x 'y'>", "a comment"),
        ("<?xml version='x'?>", "a processing instruction"),
        ("<p>a < b</p>", "a broken tag"),
        ("<p class='<img'>x</p>", "a broken tag"),
        ("<p>\x1b[31m</p>", "a control character"),
    ],
)
def test_around_the_fragments_stands_only_prose(page, store, planted, rule):
    findings = _check(page.replace("</body>", planted + "</body>"), store)
    assert any(rule in finding for finding in findings), findings


@pytest.mark.parametrize(
    "planted",
    [
        CANARY,
        CANARY.upper(),
        "Zan<em>zib</em>ar  Quux",
        "Zanzi\u200bbar\u00a0Quux",
        "Ｚａｎｚｉｂａｒ Quux",
        "".join(f"&#{ord(c)};" for c in CANARY),
        escape("".join(f"&#x{ord(c):x};" for c in CANARY)),
        quote(CANARY),
        quote(quote(CANARY)),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"x{CANARY}".encode()).decode().rstrip("="),
        "ab" + base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(f"???>>>{CANARY}".encode()).decode(),
        "WmFuemli\nYXIgUXV1eA==",
    ],
)
def test_a_canary_does_not_leave_in_any_disguise(page, store, planted):
    findings = _check(page.replace("</body>", f"<p>{planted}</p></body>"), store)
    assert any("canary" in finding for finding in findings), findings


def test_a_canary_in_a_proven_fragment_is_found_too(page, store, world):
    canary = "Undo history"
    assert any("canary" in finding for finding in _check(page, store, canaries=(canary,)))


@pytest.mark.parametrize(
    ("planted", "shape"),
    [
        ("jane.doe@example.com", "an e-mail address"),
        ("jane.doe&#64;example.com", "an e-mail address"),
        ("+49 30 1234 5678", "a telephone number"),
        ("(555) 010-1999", "a telephone number"),
        ("/home/jane/song.wav", "a home folder"),
        (r"C:\Users\jane", "a home folder"),
    ],
)
def test_what_is_shaped_like_an_identity_does_not_leave(page, store, planted, shape):
    findings = _check(page.replace("</body>", f"<p>{planted}</p></body>"), store)
    assert any(shape in finding for finding in findings), findings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</body>", "<p>More words.</p></body>"),
        ("What people", "What Some people"),
        ("<p>What people <em>used</em>.</p>", "<p>What people used.</p>"),
        ("in 95 cases", "in all cases"),
        (PROSE, PROSE + '<section class="prose">Else.</section>'),
        (PROSE, PROSE.replace("</section>", "<p>Else.</p></section>")),
        ("<h1>Usage", "<h1>Use"),
    ],
)
def test_words_that_nobody_vouched_for_do_not_stand_around_fragments(page, store, old, new):
    assert _check(page, store) == []
    assert any("neither the template's" in finding for finding in _check(page.replace(old, new, 1), store))


def test_prose_may_stand_in_another_order_or_be_left_out_but_not_be_cut(page, store):
    assert _check(page.replace(PROSE, "", 1), store) == []
    assert _check(page.replace(PROSE, PROSE + PROSE, 1), store) == []
    assert _check(page.replace("</p>\n</section>", "</section>", 1), store) != []


def test_a_persons_name_in_prose_is_found_unless_the_prose_is_ours(page, store):
    named = PROSE.replace("What people", "What John Smith from Berlin")
    for shipped, expected in ((frozenset(), True), (frozenset({digest(named)}), False)):
        vouched = _vouched(shipped=shipped)
        vouched = replace(vouched, prose=vouched.prose | {digest(named)})
        findings = check("report.html", page.replace(PROSE, named, 1).encode(), store, vouched)
        assert any("PERSON" in finding for finding in findings) == expected


def test_a_persons_name_in_a_title_is_found(store, world):
    findings = _check(_page(figures.figure(world["features"], title="John Smith from Berlin")), store)
    assert any("figure's title" in finding for finding in findings)


@pytest.mark.parametrize("missing", ["http-equiv", "<!doctype html>", "default-src 'none'; "])
def test_a_page_without_its_policy_does_not_pass(page, store, missing):
    assert _check(page.replace(missing, "", 1), store)


def test_a_style_sheet_that_never_ends_hides_nothing(page, store):
    assert any("without an end" in finding for finding in _check(page.replace("</style>", "", 1), store))


def test_a_fragment_cannot_glue_its_surroundings_together(page, store, world):
    tile = figures.figure(world["month"])
    assert _check(page.replace("</body>", f"<scr{tile}ipt>alert()</script></body>"), store)
    assert _check(page.replace("</body>", f"<p>1{tile}.0</p></body>"), store)


def test_bytes_that_are_not_utf8_do_not_pass(page, store):
    assert check("report.html", page.encode("utf-16"), store, _vouched()) == ["line 1: the page is not UTF-8"]


def test_a_finding_names_rule_and_line_but_not_what_was_found(page, store):
    broken = page.replace("</body>", f"<p>{CANARY} 4711 jane@example.com</p></body>")
    line = broken[: broken.index(CANARY)].count("\n") + 1
    with pytest.raises(GateError) as refused:
        enforce("report.html", broken.encode(), store, _vouched())
    text = str(refused.value)
    assert text.count(f"line {line}:") == 3
    assert "neither the template's nor the notebook's" in text
    assert "release.sentence()" in text
    assert not any(secret in text for secret in (CANARY, "4711", "jane"))
