"""Attacks by way of a run: its notebook, its parameters, its names, and what is left when it fails.

Each test is named after its row of the list of attacks. It plants the canary, sees it held back, then switches that
control off and sees the canary get out: so it is this control that holds it, and the test can fail.
"""

import ast
import copy
import json
import re
from html import escape
from pathlib import Path

import nbformat
import pytest
from staged import (
    ABOUT,
    BOOK,
    CANARY,
    LEFT,
    RELEASE,
    VALUES,
    held_by,
    holds,
    made_book,
    nothing,
    passes,
    vouched,
)

from privacy_analytics.errors import NotebookError, NotFound, UsageError
from privacy_analytics.exports import to_csv
from privacy_analytics.gate import notebook
from privacy_analytics.gate.notebook import rebuilt
from privacy_analytics.report import execution, lint, parameters, places, redaction, render, run, shared
from privacy_analytics.report.render import render_html
from privacy_analytics.witness import UNREADABLE, find

EMAIL = "zanzibar.quux@ferrule.example"


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


def test_failed_run_keeps_traceback(store, tmp_path, monkeypatch):
    error = nbformat.v4.new_output("error", **redaction.redacted(RAISED))
    executed = made_book("What people used.", *LEFT, error)
    kept = shared.failed(BOOK, executed, VALUES, store)
    assert not holds(kept, tmp_path, "failed.ipynb")
    assert "ValueError" in kept.decode()
    monkeypatch.setattr(shared, "_is_proven", lambda *_: True)
    assert holds(shared.failed(BOOK, executed, VALUES, store), tmp_path, "failed.ipynb")


def test_logs(empty, monkeypatch, caplog, tmp_path):
    empty.path("notebooks").mkdir()
    nbformat.write(made_book(), empty.path("notebooks", "u.ipynb"))

    def dies(_, book, *__, on_cell_start, **___):
        on_cell_start(cell=book.cells[0], cell_index=0)
        book.cells[-1].outputs = LEFT[:3]
        raise RuntimeError(CANARY)

    monkeypatch.setattr(execution.papermill_engines, "execute_notebook_with_engine", dies)
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
    executed = made_book("What people used.", output)
    pretends = "data-fragment" in str(output)  # what looks like a figure is left to the gate
    if not pretends:
        with pytest.raises(NotebookError) as refused:
            render_html(executed, **ABOUT)
        assert CANARY not in str(refused.value)
        as_html = nbformat.v4.new_output("display_data", {"text/html": str(output)})
        monkeypatch.setattr(render, "_kept", lambda *_: as_html)
    made = render_html(executed, **ABOUT)
    assert CANARY in made
    held_by("fragments" if pretends else "prose", "report.html", made.encode(), store)


# papermill parameters; injected cell


@pytest.mark.parametrize("value", [EMAIL, f"{EMAIL}\n", f'"{CANARY}"', f"{{{CANARY}}}", "a'b", "x" * 99])
def test_papermill_parameters_with_emails(value, monkeypatch):
    book = made_book()
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
    assert not holds(data, tmp_path, "report.ipynb")
    assert not holds(data, tmp_path, "report.ipynb", "ferrule")
    assert passes("report.ipynb", data, store)
    spoiled = rebuilt(shared.cells(executed, {}, shared.outputs(executed)))
    held_by("cells", "report.ipynb", spoiled, store)
    monkeypatch.setattr(notebook.Cell, "digest", next(iter(vouched().cells)))
    assert passes("report.ipynb", spoiled, store)


@pytest.mark.parametrize("text", ['"); import os #', "{0.real}", "{{ 7*7 }}", "{% raw %}", "$(id)", "%s", "\\x00"])
def test_template_and_format_injection(text):
    book = made_book(text)
    assert escape(text) in render_html(book, **ABOUT)  # as it was written
    assigned = ast.parse(shared.given({"who": text})).body[0]
    assert isinstance(assigned, ast.Assign)
    assert ast.literal_eval(assigned.value) == text


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
            places.finished(empty, whole)
    held_by("name", f"{name}.csv", to_csv(RELEASE), store)
    assert sorted(Path(empty.root).rglob("*")) == before


def test_path_traversal_has_only_its_rule_between(empty, monkeypatch):
    nbformat.write(made_book(), empty.root / "outside.ipynb")
    empty.path("notebooks").mkdir()
    monkeypatch.setattr(places, "_REPORT", re.compile(".*"))
    assert places.placed("../outside", "", {}) == "../outside"
    assert run.source_of(empty, "../outside").is_file()
    with pytest.raises(NotFound):
        run.source_of(empty, "missing")


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
    book = made_book(source=READS[attempt])
    with pytest.raises(UsageError, match="Cell 3 "):
        lint.lint(book)
    monkeypatch.setattr(lint, "_broken", nothing)
    if attempt not in ("shell", "magic", "cell magic"):  # those are no Python
        lint.lint(book)
